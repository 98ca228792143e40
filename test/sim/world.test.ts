import { describe, expect, test } from 'vitest';
import { UsageError } from '../../src/errors.ts';
import { formatIp } from '../../src/packet/address.ts';
import { parseWorld } from '../../src/sim/world.ts';

test('an empty world is a scanner and one target on its link', () => {
  const world = parseWorld({}, 'w.json');
  expect(world.routers).toEqual([]);
  expect(world.targets).toHaveLength(1);
  expect(world.links).toEqual([{ delayMs: 0.015, loss: 0, mtu: 1500, up: true, carrier: true }]);
  expect(formatIp(world.targets[0]!.address[4].bytes, 0, 4)).toBe('10.90.0.10');
  expect(formatIp(world.targets[0]!.address[6].bytes, 0, 6)).toBe('fd90::a');
  expect(world.targets[0]!.limiter).toEqual({
    4: { ratelimitMs: 1000, burst: 6 },
    6: { ratelimitMs: 100, burst: 6 },
  });
});

test('addresses follow the line: near 2, far 1, targets from 10 on', () => {
  const world = parseWorld({ routers: [{}, {}], targets: [{}, {}, { v4: '10.128.0.0/9' }] }, 'w');
  const text = (place: { 4: { bytes: Uint8Array }; 6: { bytes: Uint8Array } }) => [
    formatIp(place[4].bytes, 0, 4),
    formatIp(place[6].bytes, 0, 6),
  ];
  expect(text(world.routers[1]!.near)).toEqual(['10.90.1.2', 'fd90:0:0:1::2']);
  expect(text(world.routers[1]!.far)).toEqual(['10.90.2.1', 'fd90:0:0:2::1']);
  expect(text(world.targets[1]!.address)).toEqual(['10.90.2.11', 'fd90:0:0:2::b']);
  expect(world.targets[2]!.address[4].bits).toBe(9);
});

test('a reject may answer differently in each family', () => {
  const rule = {
    hook: 'forward',
    protocol: 'tcp',
    dport: '80-90',
    verdict: 'reject',
    with: { 4: 'host-prohibited', 6: 'policy-fail' },
  };
  const world = parseWorld({ routers: [{ rules: [rule] }] }, 'w');
  expect(world.routers[0]!.rules).toEqual([
    { ...rule, family: null, dport: [80, 90], sport: null, daddr: null, icmp: null },
  ]);
});

const inRule = (rule: object) => ({ routers: [{ rules: [rule] }] });

describe('a mistake is one line with the file, the place and the text', () => {
  test.each([
    [[], 'w.json: top level: []: an object is wanted here'],
    [null, 'w.json: top level: null: an object is wanted here'],
    [
      { router: [] },
      'w.json: router: unknown key "router"; known here: scanner, routers, targets, links, title',
    ],
    [{ routers: {} }, 'w.json: routers: {}: an array is wanted here'],
    [
      { targets: [{ v4: '10.0.0.300' }] },
      'w.json: targets[0].v4: "10.0.0.300": an IPv4 address or prefix is wanted here',
    ],
    [
      { targets: [{ v6: '10.0.0.3' }] },
      'w.json: targets[0].v6: "10.0.0.3": an IPv6 address or prefix is wanted here',
    ],
    [
      { targets: [{ v4: '10.0.0.1/8' }] },
      'w.json: targets[0].v4: "10.0.0.1/8": 10.0.0.1 has bits beyond the prefix length 8',
    ],
    [
      inRule({ hook: 'forward', verdict: 'drop', daddr: { 4: 'fd00::/8' } }),
      'w.json: routers[0].rules[0].daddr.4: "fd00::/8": an IPv4 address or prefix is wanted here',
    ],
    [
      { scanner: { v4: '10.0.0.0/8' } },
      'w.json: scanner.v4: "10.0.0.0/8": an address is wanted here, not a prefix',
    ],
    [
      { targets: [{ udp: { dns: 'dns' } }] },
      'w.json: targets[0].udp["dns"]: "dns": a port (53) or a range of ports ("6000-6009") is wanted here',
    ],
    [
      { targets: [{ udp: { 53: 'bind' } }] },
      'w.json: targets[0].udp["53"]: "bind": one of dns, ntp, echo, silent is wanted here',
    ],
    [{ links: [{ loss: 2 }] }, 'w.json: links[0].loss: 2: a number from 0 to 1 is wanted here'],
    [{ links: [{}, {}] }, 'w.json: links: [{},{}]: 0 routers make 1 links'],
    [
      { routers: [{ route: 'loop' }] },
      'w.json: routers[0].route: "loop": a loop begins at the second router',
    ],
    [
      { scanner: { rules: [{ hook: 'forward', verdict: 'drop' }] } },
      'w.json: scanner.rules[0].hook: "forward": one of ingress, prerouting, input, output, postrouting, egress is wanted here',
    ],
    [
      inRule({ hook: 'forward', verdict: 'dnat' }),
      'w.json: routers[0].rules[0].verdict: "dnat": this verdict needs the hook prerouting',
    ],
    [
      inRule({ hook: 'forward', verdict: 'set' }),
      'w.json: routers[0].rules[0]: {"hook":"forward","verdict":"set"}: "set" needs "ttl" or "dscp"',
    ],
    [
      inRule({ hook: 'forward', verdict: 'drop', ttl: 3 }),
      'w.json: routers[0].rules[0].ttl: 3: "ttl" does not belong to the verdict "drop"',
    ],
    [
      inRule({ hook: 'prerouting', verdict: 'dnat', toPort: 53 }),
      'w.json: routers[0].rules[0].verdict: "dnat": "toPort" needs a "dport" or "sport" to match',
    ],
    [
      { targets: [{ rules: [{ hook: 'postrouting', verdict: 'snat' }] }] },
      'w.json: targets[0].rules[0].verdict: "snat": this is a verdict for a router',
    ],
    [
      { routers: [{ beside: [{ beside: [{}] }] }] },
      'w.json: routers[0].beside[0]: {"beside":[{}]}: a router beside one has none itself',
    ],
    [
      inRule({ hook: 'egress', verdict: 'drop' }),
      'w.json: routers[0].rules[0].hook: "egress": one of raw, prerouting, input, forward, output, postrouting is wanted here',
    ],
    [
      { scanner: { rules: [{ hook: 'egress', verdict: 'reject', with: 'port-unreach' }] } },
      'w.json: scanner.rules[0].verdict: "reject": accept or drop is wanted at a device',
    ],
    [
      { scanner: { limits: { ports: '1000-1003' } } },
      'w.json: scanner.limits.ports: "1000-1003": ports from 1024 on are wanted here',
    ],
    [
      { scanner: { limits: { files: 64 } } },
      'w.json: scanner.limits.files: unknown key "files"; known here: descriptors, ports, flows, receiveBytes',
    ],
    [
      inRule({ hook: 'forward', verdict: 'drop', dport: 53 }),
      'w.json: routers[0].rules[0]: {"hook":"forward","verdict":"drop","dport":53}: a rule with ports needs "protocol": "tcp" or "udp"',
    ],
    [
      inRule({ hook: 'forward', verdict: 'reject' }),
      'w.json: routers[0].rules[0]: {"hook":"forward","verdict":"reject"}: "with" and the verdict "reject" belong together',
    ],
    [
      inRule({ hook: 'forward', verdict: 'reject', with: 'proto-unreach' }),
      'w.json: routers[0].rules[0].with: "proto-unreach": IPv6 has no such answer; {"4": …, "6": …} names one for each',
    ],
    [
      inRule({ hook: 'forward', verdict: 'reject', with: 'tcp-reset' }),
      'w.json: routers[0].rules[0].with: "tcp-reset": "tcp-reset" needs "protocol": "tcp"',
    ],
    [
      inRule({ hook: 'postrouting', verdict: 'reject', with: 'port-unreach' }),
      'w.json: routers[0].rules[0].with: "port-unreach": nothing can be rejected in postrouting',
    ],
  ])('%j', (json, message) => {
    const parse = () => parseWorld(json, 'w.json');
    expect(parse).toThrow(UsageError);
    expect(parse).toThrow(message);
  });
});
