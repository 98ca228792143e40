import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createIpView, isHeaderIntact, readIp } from '../../src/packet/ip.ts';
import { TCP_FLAG } from '../../src/packet/tcp.ts';
import { checkTransport } from '../../src/packet/transport.ts';
import {
  addressOf,
  ask,
  makePacket,
  openNetwork,
  type PacketOptions,
  receiveAll,
} from './packets.ts';

const FAMILIES = [4, 6] as const;
const THREE = [{}, {}, {}];

describe.each(FAMILIES)('IPv%i', (family) => {
  const target = (routers: number) => addressOf(routers, 10, family);
  const to = (routers: number, options: Omit<PacketOptions, 'family' | 'to'>) =>
    makePacket({ family, to: target(routers), ...options });
  const exceeded = family === 4 ? '11/0' : '3/0';
  const portUnreachable = family === 4 ? '3/3' : '1/4';
  const prohibited = family === 4 ? '3/13' : '1/1';
  const hop = (number: number) => addressOf(number - 1, 2, family);

  test('a host answers SYN, datagram and echo with its own TTL', () => {
    const network = openNetwork({
      routers: THREE,
      targets: [{ tcp: { 22: 'accept', 23: 'zero-window' }, udp: { 7: 'echo' } }],
    });
    const window = family === 4 ? 64_240 : 64_800;
    expect(ask(network, to(3, { protocol: 'tcp', port: 22 }))).toEqual([
      `${target(3)} 61 tcp 22 SYN+ACK window ${window}`,
    ]);
    expect(ask(network, to(3, { protocol: 'tcp', port: 23 }))).toEqual([
      `${target(3)} 61 tcp 23 SYN+ACK window 0`,
    ]);
    expect(ask(network, to(3, { protocol: 'tcp', port: 24 }))).toEqual([
      `${target(3)} 61 tcp 24 RST+ACK window 0`,
    ]);
    const payload = new Uint8Array(5);
    expect(ask(network, to(3, { protocol: 'udp', port: 7, payload }))).toEqual([
      `${target(3)} 61 udp 7 5`,
    ]);
    expect(ask(network, to(3, { protocol: 'udp', port: 8 }))).toEqual([
      `${target(3)} 61 icmp ${portUnreachable} quoted 61`,
    ]);
    expect(ask(network, to(3, { protocol: 'echo' }))).toEqual([
      `${target(3)} 61 icmp ${family === 4 ? '0/0' : '129/0'}`,
    ]);
  });

  test('an ACK out of nowhere is reset, one of a handshake is not', () => {
    const network = openNetwork({ targets: [{ tcp: { 22: 'accept' } }] });
    const flags = TCP_FLAG.ACK;
    expect(ask(network, to(0, { protocol: 'tcp', port: 22, flags, ack: 5 }))).toEqual([
      `${target(0)} 64 tcp 22 RST window 0`,
    ]);
    network.send(to(0, { protocol: 'tcp', port: 22 }), 0);
    const { bytes } = network.receive(1)!;
    const at = (family === 4 ? 20 : 40) + 4;
    const isn = new DataView(bytes.buffer, bytes.byteOffset).getUint32(at);
    const ack = (isn + 1) >>> 0;
    expect(ask(network, to(0, { protocol: 'tcp', port: 22, flags, ack }))).toEqual([]);
  });

  test.each([1, 2, 3])('TTL %i runs out at that hop, with a quote of 1', (ttl) => {
    const network = openNetwork({ routers: THREE });
    expect(ask(network, to(3, { protocol: 'udp', port: 53, ttl }))).toEqual([
      `${hop(ttl)} ${65 - ttl} icmp ${exceeded} quoted 1`,
    ]);
  });

  test.each([
    ['forward', 2, ['1', '2']],
    ['postrouting', 2, ['1', '2']],
    ['prerouting', 2, ['1']],
  ] as const)('a drop in %s of hop %i lets these hops answer: %s', (hook, at, alive) => {
    const rules = [{ hook, protocol: 'udp', dport: 53, verdict: 'drop' }];
    const routers = THREE.map((_, index) => (index + 1 === at ? { rules } : {}));
    const network = openNetwork({ routers });
    const answering = [1, 2, 3, 4].filter((ttl) => {
      return ask(network, to(3, { protocol: 'udp', port: 53, ttl })).length > 0;
    });
    expect(answering.map(String)).toEqual(alive);
  });

  test('a reject in FORWARD comes from the address towards the scanner and quotes its own hop', () => {
    const rules = [
      { hook: 'forward', protocol: 'udp', verdict: 'reject', with: 'admin-prohibited' },
      { hook: 'forward', protocol: 'tcp', verdict: 'reject', with: 'tcp-reset' },
    ];
    const network = openNetwork({ routers: [{}, { rules }, {}] });
    expect(ask(network, to(3, { protocol: 'udp', port: 53 }))).toEqual([
      `${hop(2)} 63 icmp ${prohibited} quoted 62`,
    ]);
    expect(ask(network, to(3, { protocol: 'tcp', port: 22 }))).toEqual([
      `${target(3)} 63 tcp 22 RST+ACK window 0`,
    ]);
  });

  test('a route to nowhere is told before the TTL is touched', () => {
    const routes = {
      unreachable: family === 4 ? '3/1' : '1/0',
      prohibit: prohibited,
      none: family === 4 ? '3/0' : '1/0',
    };
    for (const [route, code] of Object.entries(routes)) {
      const network = openNetwork({ routers: [{}, { route }, {}] });
      expect(ask(network, to(3, { protocol: 'udp', port: 53, ttl: 2 }))).toEqual([
        `${hop(2)} 63 icmp ${code} quoted 1`,
      ]);
    }
    const blackhole = openNetwork({ routers: [{ route: 'blackhole' }] });
    expect(ask(blackhole, to(1, { protocol: 'udp', port: 53 }))).toEqual([]);
  });

  test('a packet too big for a link is told with the MTU, and quoted before the decrement', () => {
    const network = openNetwork({ routers: THREE, links: [{}, {}, { mtu: 1280 }] });
    const payload = new Uint8Array(1350);
    expect(ask(network, to(3, { protocol: 'udp', port: 53, payload }))).toEqual([
      `${hop(2)} 63 icmp ${family === 4 ? '3/4' : '2/0'} mtu 1280 quoted 63`,
    ]);
  });

  test('what waits for a host that is not there fails after three seconds', () => {
    const network = openNetwork({ routers: [{}], targets: [{ present: false }] });
    network.send(to(1, { protocol: 'udp', port: 53 }), 100);
    expect(network.nextAtMs()).toBeCloseTo(3150, 0);
    expect(network.receive(3100)).toBeNull();
    expect(receiveAll(network, 3200)).toEqual([
      `${hop(1)} 64 icmp ${family === 4 ? '3/1' : '1/3'} quoted 63`,
    ]);
  });

  test('a SYN proxy answers without a window, then asks the service', () => {
    const rules = [{ hook: 'forward', protocol: 'tcp', verdict: 'synproxy' }];
    const network = openNetwork({
      routers: [{ rules }, {}],
      targets: [{ tcp: { 443: 'accept' } }],
    });
    const flags = TCP_FLAG.ACK;
    expect(ask(network, to(2, { protocol: 'tcp', port: 443 }))).toEqual([
      `${target(2)} 64 tcp 443 SYN+ACK window 0`,
    ]);
    const opened = ask(network, to(2, { protocol: 'tcp', port: 443, flags, ack: 1 }));
    expect(opened).toEqual([
      `${target(2)} 64 tcp 443 ACK window ${family === 4 ? 64_240 : 64_800}`,
    ]);
    expect(ask(network, to(2, { protocol: 'tcp', port: 444, flags, ack: 1 }))).toEqual([
      `${target(2)} 62 tcp 444 RST window 0`,
    ]);
  });

  test('every answer carries right checksums', () => {
    const network = openNetwork({ routers: [{}], targets: [{ tcp: { 22: 'accept' } }] });
    const ip = createIpView();
    for (const [protocol, port] of [
      ['tcp', 22],
      ['tcp', 23],
      ['udp', 9],
      ['echo', 0],
    ] as const) {
      network.send(to(1, { protocol, port }), 0);
      const { bytes } = network.receive(10)!;
      expect(readIp(bytes, 0, bytes.length, ip)).toBe(true);
      expect(isHeaderIntact(bytes, 0, bytes.length)).toBe(true);
      expect(checkTransport(bytes, ip)).toBe('ok');
    }
  });

  test('a packet with a wrong checksum is answered by nobody, a rejecting filter included', () => {
    const rules = [
      { hook: 'forward', protocol: 'tcp', dport: 23, verdict: 'reject', with: 'port-unreach' },
    ];
    const network = openNetwork({ routers: [{ rules }] });
    for (const port of [22, 23]) {
      const packet = to(1, { protocol: 'tcp', port });
      packet[packet.length - 4]! ^= 1;
      expect(ask(network, packet)).toEqual([]);
    }
  });

  test('loss is decided by the seed alone', () => {
    const run = (seed: number) => {
      const network = openNetwork({ targets: [{}], links: [{ loss: 0.3 }] }, seed);
      for (let port = 1; port <= 300; port++) {
        network.send(to(0, { protocol: 'tcp', port, srcPort: 5 }), port);
      }
      return receiveAll(network, 1e6);
    };
    const first = run(7);
    expect(run(7)).toEqual(first);
    expect(run(8)).not.toEqual(first);
    // Each way loses 30 %: 147 of 300 are expected back, four standard deviations are 35.
    expect(first.length).toBeGreaterThan(112);
    expect(first.length).toBeLessThan(182);
  });

  test('a loop ends where the TTL is used up', () => {
    const network = openNetwork({ routers: [{}, { route: 'loop' }] });
    const answers = [2, 3, 4].map((ttl) => ask(network, to(2, { protocol: 'udp', port: 53, ttl })));
    const second = family === 4 ? hop(1) : addressOf(1, 1, 6);
    expect(answers).toEqual([
      [`${hop(2)} 63 icmp ${exceeded} quoted 1`],
      [`${second} 64 icmp ${exceeded} quoted 1`],
      [`${hop(2)} 63 icmp ${exceeded} quoted 1`],
    ]);
  });
});

test('errors quote what RFC 1812 and RFC 4443 allow', () => {
  const lengths = FAMILIES.map((family) => {
    const network = openNetwork({});
    const payload = new Uint8Array(1400);
    const packet = makePacket({ family, to: addressOf(0, 10, family), protocol: 'udp', payload });
    network.send(packet, 0);
    return network.receive(10)!.bytes.length;
  });
  expect(lengths).toEqual([576, 1280]);
});

test('answers of near routers overtake those of far hosts', () => {
  const network = openNetwork({ routers: [{}, {}], links: [{}, {}, { delayMs: 50 }] });
  const udp = { family: 4, to: '10.90.2.10', protocol: 'udp', port: 9 } as const;
  network.send(makePacket(udp), 0);
  network.send(makePacket({ ...udp, ttl: 1 }), 1);
  expect(receiveAll(network, 1000)).toEqual([
    '10.90.0.2 64 icmp 11/0 quoted 1',
    '10.90.2.10 62 icmp 3/3 quoted 62',
  ]);
});

test('answers to an address that is not the scanner never arrive', () => {
  const network = openNetwork({});
  const packet = makePacket({ family: 4, to: '10.90.0.10', protocol: 'echo' });
  packet[15] = 77;
  // The checksums of header and message stay right: one word up, another one down.
  packet[11]! -= 76;
  expect(ask(network, packet)).toEqual([]);
  expect(network.counters()).toMatchObject({ lost: 1, garbage: 0 });
});

test('a prefix of targets: services and presence are shares of its addresses', () => {
  const network = openNetwork({
    routers: [{}],
    targets: [{ v4: '10.128.0.0/16', present: 0.5, tcp: { 80: { kind: 'accept', share: 0.25 } } }],
  });
  let open = 0;
  let closed = 0;
  for (let i = 0; i < 2000; i++) {
    const to = `10.128.${i >> 8}.${i & 255}`;
    const [answer] = ask(
      network,
      makePacket({ family: 4, to, protocol: 'tcp', port: 80 }),
      i * 20_000,
    );
    if (answer?.includes('SYN')) open += 1;
    else if (answer?.includes('RST')) closed += 1;
  }
  // 1000 hosts, 250 of them listening; bounds are six standard deviations.
  expect(open + closed).toBeGreaterThan(860);
  expect(open + closed).toBeLessThan(1140);
  expect(open).toBeGreaterThan(165);
  expect(open).toBeLessThan(335);
});

test('no bytes make it throw, and all are counted', () => {
  const world = {
    routers: [{ rules: [{ hook: 'forward', protocol: 'tcp', verdict: 'synproxy' }] }],
    targets: [{ udp: { '0-65535': 'dns' }, tcp: { 22: 'accept' } }],
  };
  const network = openNetwork(world);
  let sent = 0;
  const feed = (bytes: Uint8Array) => {
    network.send(bytes, sent);
    sent += 1;
    while (network.receive(sent) !== null);
  };
  fc.assert(fc.property(fc.uint8Array({ maxLength: 120 }), feed), { numRuns: 5000 });
  const golden = FAMILIES.flatMap((family) =>
    (['tcp', 'udp', 'echo'] as const).map((protocol) =>
      makePacket({
        family,
        to: addressOf(1, 10, family),
        protocol,
        port: 22,
        payload: new Uint8Array(20),
      }),
    ),
  );
  const edits = fc.array(fc.tuple(fc.nat(99), fc.nat(255)), { maxLength: 4 });
  fc.assert(
    fc.property(fc.constantFrom(...golden), edits, fc.nat(120), (packet, changes, cut) => {
      const bytes = packet.slice(0, Math.max(1, cut));
      for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
      feed(bytes);
    }),
    { numRuns: 10_000 },
  );
  expect(network.counters()['sent']).toBe(sent);
});
