/** Golden counts, all measured on Linux 6.18 in namespaces. */
import { describe, expect, test } from 'vitest';
import type { Family } from '../../src/model.ts';
import { createLimiter } from '../../src/sim/limiter.ts';
import { createRandom } from '../../src/sim/random.ts';
import { addressOf, makePacket, openNetwork } from './packets.ts';

const STOCK = { 4: { ratelimitMs: 1000, burst: 6 }, 6: { ratelimitMs: 100, burst: 6 } };

/** Asks closed ports of a target at these times and counts the answers. */
function countAnswers(world: unknown, family: Family, times: readonly number[]): number {
  const network = openNetwork(world);
  const to = addressOf(1, 10, family);
  times.forEach((time, index) => {
    network.send(makePacket({ family, to, protocol: 'udp', port: 1000 + (index % 9) }), time);
  });
  let count = 0;
  while (network.receive(1e9) !== null) count += 1;
  return count;
}

/** Times of probes at a rate, for some seconds. */
function every(gapMs: number, seconds: number): readonly number[] {
  return Array.from({ length: Math.floor((seconds * 1000) / gapMs) }, (_, index) => index * gapMs);
}

/** Times of bursts, 1 ms from probe to probe. */
function bursts(size: number, gapMs: number, count: number): readonly number[] {
  return Array.from({ length: size * count }, (_, index) => {
    return Math.floor(index / size) * gapMs + (index % size);
  });
}

const PLAIN = { routers: [{}] };
const REJECTING = {
  routers: [{}],
  targets: [
    {
      rules: [
        {
          hook: 'input',
          protocol: 'udp',
          dport: '1000-1004',
          verdict: 'reject',
          with: 'port-unreach',
        },
      ],
    },
  ],
};
const NO_ROUTE = { routers: [{ route: 'unreachable' }] };

describe('one source', () => {
  test.each([
    ['flood 200/s, 20 s', PLAIN, 4, every(5, 20), 25],
    ['2/s, 20 s', PLAIN, 4, every(500, 20), 25],
    ['1/s, 20 s', PLAIN, 4, every(1000, 20), 20],
    ['four bursts of 6, 6 s apart', PLAIN, 4, bursts(6, 6000, 4), 24],
    ['four bursts of 50, 6 s apart', PLAIN, 4, bursts(50, 6000, 4), 24],
    ['v6 flood, 20 s', PLAIN, 6, every(5, 20), 205],
    [
      'v6 flood with a limit of 1000 ms',
      { routers: [{}], targets: [{ limiter: { 6: { ratelimitMs: 1000 } } }] },
      6,
      every(5, 20),
      25,
    ],
    ['rejects and closed ports share one bucket', REJECTING, 4, every(5, 20), 25],
    ['unreachable route, flood 100/s', NO_ROUTE, 4, every(10, 20), 2],
    ['unreachable route, 1/s', NO_ROUTE, 4, every(1000, 20), 4],
    ['unreachable route, 0.5/s', NO_ROUTE, 4, every(2000, 20), 10],
    ['unreachable route, bursts of 4, 5 s apart', NO_ROUTE, 4, bursts(4, 5000, 4), 8],
    ['v6 unreachable route, flood, 10 s', NO_ROUTE, 6, every(5, 10), 105],
  ] as const)('%s', (_, world, family, times, measured) => {
    const counted = countAnswers(world, family, times);
    expect(Math.abs(counted - measured), `${counted} against ${measured}`).toBeLessThanOrEqual(1);
  });

  test('the first six of a burst are answered, in the order of sending', () => {
    const network = openNetwork(PLAIN);
    for (let index = 0; index < 40; index++) {
      const packet = { family: 4, to: '10.90.1.10', protocol: 'udp', port: 2000 + index } as const;
      network.send(makePacket(packet), index * 0.01);
    }
    const ports: number[] = [];
    for (let next = network.receive(100); next !== null; next = network.receive(100)) {
      // Outer and quoted header, ICMP header, source port.
      ports.push((next.bytes[20 + 8 + 20 + 2]! << 8) | next.bytes[20 + 8 + 20 + 3]!);
    }
    expect(ports).toEqual([2000, 2001, 2002, 2003, 2004, 2005]);
  });

  test('resets are not limited, nor is anything with a limit of 0', () => {
    const network = openNetwork({ routers: [{}], targets: [{ limiter: { ratelimitMs: 0 } }] });
    for (let port = 1; port <= 1000; port++) {
      for (const protocol of ['tcp', 'udp'] as const) {
        network.send(makePacket({ family: 4, to: '10.90.1.10', protocol, port }), 0);
      }
    }
    expect(network.counters()).toMatchObject({ delivered: 2000, icmpLimited: 0 });
  });
});

describe('several sources', () => {
  /** Floods from `sources` addresses at a rate and counts what each family lets through. */
  function flood(sources: number, ratePps: number, seconds: number, family: Family): number {
    const limiter = createLimiter(STOCK, createRandom(1));
    const address = new Uint8Array(16);
    let allowed = 0;
    for (let index = 0; index < ratePps * seconds; index++) {
      address[3] = index % sources;
      if (limiter.allow(address, 0, family, (index * 1000) / ratePps)) allowed += 1;
    }
    return allowed;
  }

  test.each([
    [4, 100],
    [16, 400],
    [30, 750],
  ])('%i addresses have a bucket each: %i answers in 20 s', (sources, measured) => {
    expect(Math.abs(flood(sources, 1000, 20, 4) - measured)).toBeLessThanOrEqual(sources);
  });

  test('170 IPv6 addresses meet the limit of the whole node: 985 answers a second', () => {
    const perSecond = flood(170, 3000, 20, 6) / 20;
    expect(perSecond).toBeGreaterThan(960);
    expect(perSecond).toBeLessThan(1010);
  });

  test('the families have buckets of their own', () => {
    const limiter = createLimiter(STOCK, createRandom(1));
    const address = new Uint8Array(16);
    const count = { 4: 0, 6: 0 };
    for (let ms = 0; ms < 20_000; ms += 5) {
      for (const family of [4, 6] as const) {
        if (limiter.allow(address, 0, family, ms)) count[family] += 1;
      }
    }
    expect(Math.abs(count[4] - 25)).toBeLessThanOrEqual(1);
    expect(Math.abs(count[6] - 205)).toBeLessThanOrEqual(1);
  });
});
