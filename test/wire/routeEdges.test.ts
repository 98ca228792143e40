/** Where the kernel's routes change, against look-ups of every single address (routeEdgesChild.js). */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseIp } from '../../src/packet/address.ts';
import { loadNative } from '../../src/wire/native.ts';
import {
  createNamespace,
  link,
  type Namespace,
  removeAll,
  run,
  whyNoNamespaces,
} from '../netns/namespaces.ts';

const loaded = loadNative();
const reason = whyNoNamespaces() ?? ('unavailable' in loaded ? loaded.unavailable : null);
const addon =
  process.env['PU_PROBE_NATIVE'] ?? join(import.meta.dirname, '../../build/pu_probe.node');

interface Seen {
  readonly edges: readonly string[] | null;
  readonly asked: number;
  /** Different answers. */
  readonly ways: number;
  /** Addresses whose answer is not that of others between the same two edges. */
  readonly different: readonly string[];
}

/** Routes, rules and labels that overlap, nest and end where others begin. */
const SCENES = {
  4: `route add default via 10.1.0.2
route add 10.7.0.0/16 via 10.1.0.3
route add 10.7.128.0/17 via 10.2.0.4
route add 10.7.128.7/32 via 10.1.0.5 mtu 1400
route add 10.8.0.0/16 dev left
route add blackhole 10.9.0.0/24
route add unreachable 10.9.1.0/24
route add prohibit 10.9.2.0/24
route add throw 10.7.129.0/24
route add 172.16.0.0/12 via 10.1.0.6 src 10.1.0.77
route add 224.0.0.0/3 via 10.1.0.7
route add 10.20.0.0/15 via 10.2.0.8 table 77
rule add to 10.20.128.0/17 lookup 77 priority 50
rule add to 10.30.0.0/16 prohibit priority 51`,
  6: `route add default via fd01::2
route add fd07::/32 via fd01::3
route add fd07:0:8000::/33 via fd02::4
route add fd07:0:8000::7/128 via fd01::5
route add fd08::/16 dev left
route add blackhole fd09::/64
route add unreachable fd09:0:0:1::/64
route add 2001:db8::/32 via fd01::6 src fd01::77
route add fd20::/15 via fd02::8 table 77
rule add to fd20:8000::/17 lookup 77 priority 50
rule add to fd30::/16 prohibit priority 51
addrlabel add prefix fd40:4000::/18 label 77
addrlabel add prefix fd44::/16 label 77
addrlabel add prefix fdc0:4000::/18 label 77`,
} as const;

const hexOf = (text: string): string =>
  Buffer.from(parseIp(text)!.bytes.subarray(0, 16)).toString('hex');

/** The any-address, multicast and beyond are no targets, and the kernel has ways of its own there. */
const NO_TARGET = { 4: /^(0{32}|[ef])/, 6: /^(0{32}|ff)/ } as const;

/** What decides besides the scenes: addresses of our own. */
const OWN = {
  4: ['10.1.0.1/24', '10.1.0.77/24', '10.2.0.1/24'],
  6: [
    ...['fd01::1/64', 'fd02::1/64', 'fd01::77/64', 'fd44::1/128', 'fd40:4000::1/20'],
    ...['2001:db9::1/128', '2a00::1/16'],
  ],
} as const;

/**
 * Addresses around both ends of everything that is named above, each bit turned: the edges under test have no part in the
 * choice, so that one that is missing is seen.
 */
function around(family: 4 | 6): string[] {
  const bits = family === 4 ? 32 : 128;
  const words = SCENES[family].split(/\s/).filter((word) => /[.:]/.test(word));
  const all = new Set<string>();
  for (const text of [...OWN[family], ...words, ...(family === 6 ? ['fe80::/10'] : [])]) {
    const [ip, length = bits] = text.split('/');
    const value = BigInt(`0x${hexOf(ip!)}`) >> BigInt(128 - bits);
    const size = 1n << BigInt(bits - Number(length));
    const first = value - (value % size);
    for (const end of [value, first, first + size]) {
      const near = [end - 1n, end, end + 1n];
      for (let bit = 0; bit < bits; bit++) near.push(end ^ (1n << BigInt(bit)));
      for (const one of near) {
        if (one < 0n || one >= 1n << BigInt(bits)) continue;
        all.add((one << BigInt(128 - bits)).toString(16).padStart(32, '0'));
      }
    }
  }
  return [...all].filter((one) => !NO_TARGET[family].test(one));
}

describe.skipIf(reason !== null)(
  `edges between routes${reason === null ? '' : ` (skipped: ${reason})`}`,
  () => {
    let ns: Namespace;
    beforeAll(() => {
      ns = createNamespace('edges');
      link({ ns, device: 'left', addresses: [] }, { ns, device: 'right', addresses: [] });
      const lines = [...OWN[4], ...OWN[6]].map((address) => {
        const device = /^(10\.2|fd02)/.test(address) ? 'right' : 'left';
        return `address add ${address} dev ${device}${address.includes(':') ? ' nodad' : ''}`;
      });
      run(ns, ['ip', '-batch', '-'], { input: lines.join('\n') });
      run(ns, ['ip', '-batch', '-'], { input: SCENES[4] });
      run(ns, ['ip', '-6', '-batch', '-'], { input: SCENES[6] });
    });
    afterAll(removeAll);

    const child = (family: 4 | 6, addresses: readonly string[]): Seen => {
      const file = join(import.meta.dirname, 'routeEdgesChild.js');
      const argv = [process.execPath, file, addon, String(family)];
      return JSON.parse(run(ns, argv, { input: addresses.join('\n') })) as Seen;
    };

    test.each([4, 6] as const)(
      'IPv%i: between two edges all addresses are reached alike',
      (family) => {
        const seen = child(family, around(family));
        expect(seen.different).toEqual([]);
        expect(seen.asked).toBeGreaterThan(1000);
        expect(seen.ways).toBeGreaterThan(10);
      },
    );

    test('both ends of a route are edges, and so is the one of a rule', () => {
      const { edges } = child(4, []);
      for (const ip of ['0.0.0.0', '10.7.0.0', '10.8.0.0', '10.7.128.7', '10.7.128.8']) {
        expect(edges).toContain(hexOf(ip));
      }
      expect(edges).toContain(hexOf('10.20.128.0'));
      expect(edges).toEqual([...new Set(edges)].sort());
    });

    test.each([
      'route add 10.60.0.0/16 via 10.1.0.2',
      'rule add to 10.61.0.0/16 lookup 77',
      '-6 route add fd60::/32 via fd01::2',
      '-6 rule add to fd61::/32 lookup 77',
      'address add 10.62.0.1/24 dev left',
      '-6 address add fd62::1/64 dev left nodad',
      'link set right mtu 1400',
    ])('a change is counted: ip %s', (change) => {
      const script = `const n = require(process.argv[1]);
        const counts = [n.routeChanges(), n.routeChanges()];
        require('node:child_process').execFileSync('ip', process.argv.slice(2));
        console.log(JSON.stringify([...counts, n.routeChanges(), n.routeChanges()]))`;
      const text = run(ns, [process.execPath, '-e', script, '--', addon, ...change.split(' ')]);
      const [first, second, third, fourth] = JSON.parse(text) as number[];
      expect(second).toBe(first);
      expect(third).toBeGreaterThan(second!);
      expect(fourth).toBe(third);
    });

    test.each([
      [4, '10.77.0.0/16', ['10.1.0.2', '10.1.0.3']],
      [6, 'fd77::/64', ['fd01::2', 'fd01::3']],
    ] as const)('IPv%i: several next hops leave none to tell', (family, prefix, gateways) => {
      const hops = gateways.flatMap((via) => ['nexthop', 'via', via]);
      run(ns, ['ip', `-${family}`, 'route', 'add', prefix, ...hops]);
      expect(child(family, []).edges).toBeNull();
      run(ns, ['ip', `-${family}`, 'route', 'del', prefix]);
      expect(child(family, []).edges).not.toBeNull();
    });
  },
);
