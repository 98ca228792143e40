/** Routers that change packets or share out flows. */
import { describe, expect, test } from 'vitest';
import { readExtensions } from '../../src/packet/extensions.ts';
import { createIcmpView, readIcmp } from '../../src/packet/icmp.ts';
import { createIpView, isHeaderIntact, readIp } from '../../src/packet/ip.ts';
import { checkTransport } from '../../src/packet/transport.ts';
import { addressOf, ask, makePacket, openNetwork, type PacketOptions } from './packets.ts';

describe.each([4, 6] as const)('IPv%i', (family) => {
  const target = addressOf(4, 10, family);
  const to = (options: Omit<PacketOptions, 'family' | 'to'>) =>
    makePacket({ family, to: target, ...options });
  const exceeded = family === 4 ? '11/0' : '3/0';
  const portUnreachable = family === 4 ? '3/3' : '1/4';
  const hop = (number: number) => addressOf(number - 1, 2, family);
  const backend = { 4: addressOf(3, 2, 4), 6: addressOf(3, 2, 6) };
  const dns = { protocol: 'udp', port: 53 } as const;
  const second = (rule: object) => [{}, { rules: [rule] }, {}, { tcp: { 8443: 'accept' } }];

  test('behind DNAT every answer wears the address that was asked, and quotes are as they were sent', () => {
    const rule = { hook: 'prerouting', protocol: 'udp', dport: 53, verdict: 'dnat' };
    const routers = second({ ...rule, to: backend, toPort: 5353 });
    const network = openNetwork({ routers });
    expect(ask(network, to({ ...dns, ttl: 1 }))).toEqual([
      `${hop(1)} 64 icmp ${exceeded} quoted 1`,
    ]);
    expect(ask(network, to({ ...dns, ttl: 2 }))).toEqual([
      `${target} 63 icmp ${exceeded} quoted 1`,
    ]);
    expect(ask(network, to({ ...dns, ttl: 3 }))).toEqual([
      `${target} 62 icmp ${exceeded} quoted 1`,
    ]);
    const sent = to(dns);
    network.send(sent, 0);
    const { bytes } = network.receive(10)!;
    const ip = createIpView();
    expect(readIp(bytes, 0, bytes.length, ip)).toBe(true);
    expect(checkTransport(bytes, ip)).toBe('ok');
    const quoted = bytes.slice(bytes.length - sent.length);
    // TTL, and the checksum that holds it.
    for (const at of family === 4 ? [8, 10, 11] : [7]) quoted[at] = sent[at]!;
    expect(quoted).toEqual(sent);
  });

  test('a service behind DNAT on another port answers from the asked one', () => {
    const rule = { hook: 'prerouting', protocol: 'tcp', dport: 443, verdict: 'dnat' };
    const network = openNetwork({ routers: second({ ...rule, to: backend, toPort: 8443 }) });
    const window = family === 4 ? 64_240 : 64_800;
    expect(ask(network, to({ protocol: 'tcp', port: 443 }))).toEqual([
      `${target} 61 tcp 443 SYN+ACK window ${window}`,
    ]);
  });

  test('DNAT without an address is the router itself', () => {
    const rule = { hook: 'prerouting', protocol: 'udp', dport: 53, verdict: 'dnat' };
    const network = openNetwork({ routers: second(rule) });
    expect(ask(network, to({ ...dns, ttl: 2 }))).toEqual([
      `${target} 63 icmp ${portUnreachable} quoted 1`,
    ]);
  });

  test('SNAT cannot be seen from its inside', () => {
    const plain = openNetwork({ routers: [{}, {}, {}, {}] });
    const rule = {
      hook: 'postrouting',
      verdict: 'snat',
      protocol: 'udp',
      dport: '1-99',
      toPort: 7,
    };
    const network = openNetwork({ routers: second(rule) });
    for (const ttl of [1, 2, 3, 4, 5]) {
      const packet = to({ ...dns, ttl });
      network.send(packet, 0);
      plain.send(packet, 0);
      // The identification that we give to errors is one of the translated packet.
      const got = network.receive(10)!.bytes.slice(family === 4 ? 12 : 8);
      expect(got).toEqual(plain.receive(10)!.bytes.slice(family === 4 ? 12 : 8));
    }
  });

  test('a TTL that is set anew begins anew', () => {
    const rule = { hook: 'prerouting', protocol: 'udp', dport: 53, verdict: 'set', ttl: 64 };
    const network = openNetwork({ routers: second(rule) });
    expect(ask(network, to({ ...dns, ttl: 1 }))).toEqual([
      `${hop(1)} 64 icmp ${exceeded} quoted 1`,
    ]);
    expect(ask(network, to({ ...dns, ttl: 2 }))).toEqual([
      `${target} 60 icmp ${portUnreachable} quoted 61`,
    ]);
  });

  test('another DSCP is quoted by the routers behind', () => {
    const rule = { hook: 'forward', protocol: 'udp', verdict: 'set', dscp: 46 };
    const network = openNetwork({ routers: second(rule) });
    const tosAt = (ttl: number) => {
      network.send(to({ ...dns, ttl }), 0);
      const { bytes } = network.receive(10)!;
      const ip = createIpView();
      const quoteAt = family === 4 ? 28 : 48;
      readIp(bytes, quoteAt, bytes.length, ip);
      expect(isHeaderIntact(bytes, quoteAt, bytes.length)).toBe(true);
      return ip.tos;
    };
    expect([tosAt(2), tosAt(3)]).toEqual([0, 184]);
  });

  test.each([
    ['blackhole', []],
    ['unreachable', [family === 4 ? '3/1' : '1/0']],
    ['prohibit', [family === 4 ? '3/13' : '1/1']],
  ])('a route %s for one port', (route, codes) => {
    const rule = { hook: 'prerouting', protocol: 'udp', dport: 53, verdict: 'route', route };
    const network = openNetwork({ routers: second(rule) });
    expect(ask(network, to({ ...dns, ttl: 2 }))).toEqual(
      codes.map((code) => `${hop(2)} 63 icmp ${code} quoted 1`),
    );
    expect(ask(network, to({ protocol: 'udp', port: 54, ttl: 3 }))).toHaveLength(1);
  });

  test('raw stands before DNAT, prerouting behind it', () => {
    const dnat = { hook: 'prerouting', protocol: 'udp', verdict: 'dnat', dport: 53, toPort: 5353 };
    const drop = { protocol: 'udp', dport: 53, verdict: 'drop' };
    const answers = (['raw', 'prerouting'] as const).map((hook) => {
      const rules = [
        { hook, ...drop },
        { ...dnat, to: backend },
      ];
      return ask(openNetwork({ routers: [{}, { rules }, {}, {}] }), to(dns)).length;
    });
    expect(answers).toEqual([0, 1]);
  });

  test('flows are shared out among routers beside each other, each keeps to its way', () => {
    const beside = [{ ttl: 128 }, { ttl: 255 }];
    const network = openNetwork({ routers: [{}, { ttl: 64, beside }, {}, {}] });
    let atMs = 0;
    const takes = (srcPort: number) => {
      // Long enough for a new token.
      atMs += 20_000;
      return ask(network, to({ ...dns, ttl: 2, srcPort }), atMs);
    };
    const ways = Array.from({ length: 40 }, (_, index) => takes(2000 + index));
    const [first, other, third] = [2, 3, 4].map((number) => addressOf(1, number, family));
    const from = [`${first} 63`, `${other} 127`, `${third} 254`];
    expect(new Set(ways.flat())).toEqual(
      new Set(from.map((head) => `${head} icmp ${exceeded} quoted 1`)),
    );
    expect(takes(2000)).toEqual(ways[0]);
  });
});

test('a router may quote little, and add labels and the name of its interface', () => {
  const routers = [{ quoteBytes: 8 }, { mpls: [16, 299_776], interface: 'ge-0/0/1' }];
  const network = openNetwork({ routers });
  const icmpOf = (ttl: number) => {
    const payload = new Uint8Array(40);
    const to = addressOf(2, 10, 4);
    network.send(makePacket({ family: 4, to, protocol: 'udp', port: 53, payload, ttl }), ttl);
    const { bytes } = network.receive(10)!;
    const ip = createIpView();
    expect(readIp(bytes, 0, bytes.length, ip)).toBe(true);
    expect(checkTransport(bytes, ip)).toBe('ok');
    const icmp = createIcmpView();
    readIcmp(bytes, ip.payloadAt, ip.payloadEnd, 4, icmp);
    return { bytes, icmp };
  };
  const short = icmpOf(1).icmp;
  expect([short.quoteEnd - short.quoteAt, short.extensionsAt]).toEqual([28, -1]);
  const { bytes, icmp } = icmpOf(2);
  expect(icmp.quoteEnd - icmp.quoteAt).toBe(128);
  const label = { trafficClass: 0, ttl: 1 };
  expect(readExtensions(bytes, icmp.extensionsAt, icmp.extensionsEnd).objects).toMatchObject([
    {
      kind: 'mpls',
      labels: [
        { ...label, label: 16, bottomOfStack: false },
        { ...label, label: 299_776, bottomOfStack: true },
      ],
    },
    { kind: 'interface', role: 'incoming', name: 'ge-0/0/1' },
  ]);
});
