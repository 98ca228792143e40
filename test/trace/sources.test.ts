/** The asked port walked from many source ports: what is asked, and what is made of it. */
import { describe, expect, it } from 'vitest';
import { parseWorld } from '../../src/sim/world.ts';
import type { SourceFacts } from '../../src/trace/facts.ts';
import { traceInSimulator } from '../scenarios/traceSimRun.ts';
import { factsOf, located } from './paths.ts';

const DROP = { hook: 'forward', protocol: 'tcp', dport: 443, verdict: 'drop' };
const OPEN = { tcp: { '443': 'accept' } };

const walk = (world: object, flows: number, family: 4 | 6 = 4, seed = 5) =>
  traceInSimulator({
    world: parseWorld(world, 'test'),
    view: 'packet',
    family,
    protocol: 'tcp',
    port: 443,
    seed,
    flows,
  });

describe('over the simulator', () => {
  it.each([4, 6] as const)('where all go one way, there is one group, IPv%i', async (family) => {
    const { path } = await walk({ routers: [{}, {}], targets: [OPEN] }, 12, family);
    expect(path.sources).toMatchObject({ asked: 12, groups: [{ ways: [], end: 'reached' }] });
    expect(path.sources!.groups).toHaveLength(1);
    expect(path.finding).toBeNull();
  });

  it('each way is named by its router, none twice', async () => {
    const world = { routers: [{}, { beside: [{}, {}] }, {}], targets: [OPEN] };
    const { path } = await walk(world, 32);
    const ways = path.sources!.groups.map(({ ways: [first] }) => first?.ip);
    expect(ways.toSorted()).toEqual(['10.90.1.2', '10.90.1.3', '10.90.1.4']);
  });

  it('a router of one ICMP error a second is waited for, and never taken for a loss', async () => {
    const slow = { limiter: { ratelimitMs: 1000, burst: 1 } };
    const world = { routers: [slow, { beside: [{}] }, slow], targets: [OPEN] };
    const { path, virtualMs } = await walk(world, 16);
    expect(path.sources!.groups.map(({ end }) => end)).toEqual(['reached', 'reached']);
    expect(virtualMs).toBeLessThan(60_000);
  });

  it('a router that answers more slowly than it is asked is not taken for a loss', async () => {
    const slow = { limiter: { ratelimitMs: 4000, burst: 1 } };
    const world = { routers: [{}, slow, {}], targets: [OPEN] };
    const { path } = await walk(world, 8);
    expect(path.sources!.groups.map(({ end }) => end)).toEqual(['reached']);
  });

  it('a port that all lose is a drop as before, asked from more ports', async () => {
    const world = { routers: [{}, { rules: [DROP] }, {}], targets: [OPEN] };
    const { path, virtualMs } = await walk(world, 16);
    expect(path.finding).toMatchObject({ kind: 'drop', rule: 7, certainty: 'high' });
    expect(path.sources!.groups).toMatchObject([{ end: 'silent', last: { ttl: 2 } }]);
    expect(virtualMs).toBeLessThan(20_000);
  });
});

describe.each([4, 6] as const)('one packet in twenty is lost on each link, IPv%i', (family) => {
  const links = Array.from({ length: 7 }, () => ({ loss: 0.05 }));
  const kinds = async (third: object, flows: number, seeds: number) => {
    const routers = [{}, {}, third, {}, {}, {}];
    const said: (string | undefined)[] = [];
    for (let seed = 1; seed <= seeds; seed++) {
      const { path } = await walk({ routers, links, targets: [OPEN] }, flows, family, seed);
      said.push(path.finding?.kind);
    }
    return said.filter((kind) => kind === 'path-variant').length;
  };

  it.each([0, 8])(
    'losses make no lost way in more than one run of 100, %i flows',
    async (flows) => {
      expect(await kinds({}, flows, 200)).toBeLessThanOrEqual(2);
    },
  );

  it('a way that loses the port is found', async () => {
    expect(await kinds({ beside: [{ rules: [DROP] }] }, 16, 20)).toBe(20);
  });
});

/** Source ports of which each word text is one; it is silent where it has a star. */
function sourcesOf(texts: readonly string[]): readonly SourceFacts[] {
  return texts
    .flatMap((text) => factsOf({ asked: text }).flows)
    .map((flow, i) => ({
      srcPort: 61_000 + i,
      flow,
      silent: flow.hops.map(({ answers }) => answers.length === 0),
    }));
}

describe('the rule', () => {
  const left = 'r1 r2 * *';
  const right = 'r1 r3 r4 T:syn';
  const finding = (texts: readonly string[], isExplained = false) => {
    const sources = sourcesOf(texts).map((one) => (isExplained ? { ...one, silent: [] } : one));
    const control = 'r1 r3 r4 T:rst';
    return located({ asked: texts[0]!, same: control, facts: { sources } });
  };
  const times = (count: number, text: string) => Array.from({ length: count }, () => text);

  it('eight of each kind, parted by a router, are certain', () => {
    expect(finding([...times(8, left), ...times(8, right)])).toMatchObject({
      end: 'dropped',
      whyId: 'path.variant.way',
      whyArgs: { lostBy: '10.0.2.2', passingBy: '10.0.3.2', lost: 8, passing: 8 },
      finding: { kind: 'path-variant', certainty: 'high', after: { ttl: 2 }, before: { ttl: 4 } },
    });
  });

  it('so few that chance may part them are not', () => {
    expect(finding([...times(4, left), ...times(4, right)]).finding?.certainty).toBe('medium');
    expect(finding([...times(2, left), ...times(14, right)]).finding?.certainty).toBe('medium');
  });

  it('an asked flow that passes keeps its end', () => {
    expect(finding([...times(8, right), ...times(8, left)])).toMatchObject({
      end: 'reached',
      finding: { kind: 'path-variant', certainty: 'high' },
    });
  });

  it('a router that both take is no way of the lost ones', () => {
    const same = 'r1 r3 * *';
    expect(finding([...times(4, same), ...times(4, right)])).toMatchObject({
      whyId: 'path.variant',
      finding: { certainty: 'low' },
    });
  });

  it('a silence that a limiter may explain is no loss', () => {
    expect(finding([...times(4, right), ...times(4, left)], true).finding).toBeNull();
  });
});
