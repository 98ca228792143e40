/** Routers that quote 28 bytes, seen by a wire of sockets: the probe is told by a socket of its own. */
import { describe, expect, it } from 'vitest';
import { parseWorld } from '../../src/sim/world.ts';
import { traceInSimulator } from '../scenarios/traceSimRun.ts';

const SHORT = { quoteBytes: 8 };
const BOTH = { tcp: { '443': 'accept' }, udp: { '53': 'dns' } };
const DROP = [{ hook: 'forward', protocol: 'udp', dport: 53, verdict: 'drop' }];
/** Its answers come back over more hops than they look: what their TTL says of the hop is wrong. */
const FAR_BACK = { ...SHORT, icmpTtl: 60 };

/** No control but that of UDP passes. */
const BLOCKED = [
  { hook: 'forward', protocol: 'tcp', verdict: 'drop' },
  { hook: 'forward', icmp: 'echo-request', verdict: 'drop' },
];

const trace = (world: object, family: 4 | 6, more: object = {}) =>
  traceInSimulator({
    world: parseWorld({ targets: [BOTH], ...world }, 'test'),
    view: 'errqueue',
    family,
    protocol: 'udp',
    port: 53,
    seed: 5,
    ...more,
  });

describe.each([4, 6] as const)('IPv%i', (family) => {
  it.each([
    ['as far as they look', [SHORT, SHORT, SHORT, SHORT]],
    ['further than they look', [SHORT, FAR_BACK, FAR_BACK, SHORT]],
  ])('without controls each hop is told, of routers that are %s', async (_, routers) => {
    const { path } = await trace({ routers }, family, { control: false });
    expect(path).toMatchObject({ end: 'reached', finding: null });
    const [flow] = path.flows;
    expect(flow).toMatchObject({ isConstant: false, isEstimated: false });
    expect(flow!.hops.map(({ ttl, reason }) => [ttl, reason])).toEqual([
      [1, 'time-exceeded'],
      [2, 'time-exceeded'],
      [3, 'time-exceeded'],
      [4, 'time-exceeded'],
      [5, 'udp-response'],
    ]);
    expect(new Set(flow!.hops.map(({ ip }) => ip)).size).toBe(5);
  });

  it('a drop is located beside controls that go no further, and is no more than medium', async () => {
    const routers = [
      { ...FAR_BACK, rules: BLOCKED },
      FAR_BACK,
      { ...FAR_BACK, rules: DROP },
      SHORT,
      SHORT,
    ];
    const { path } = await trace({ routers }, family);
    expect(path.flows.map(({ isEstimated }) => isEstimated)).not.toContain(true);
    expect(path.finding).toMatchObject({
      kind: 'drop',
      after: { ttl: 3 },
      before: { ttl: 4 },
      certainty: 'medium',
    });
  });

  it('of the six errors of a router five are enough', async () => {
    const limiter = { ratelimitMs: 10_000, burst: 5 };
    const five = { ...FAR_BACK, limiter };
    for (const hop of [1, 2, 3, 4]) {
      const routers = [1, 2, 3, 4, 5].map((at) => ({
        ...five,
        rules: [...(at === hop ? DROP : []), ...(at === 3 ? BLOCKED : [])],
      }));
      const { path } = await trace({ routers }, family);
      expect(path.finding).toMatchObject({
        kind: 'drop',
        after: { ttl: hop },
        before: { ttl: hop + 1 },
        certainty: 'medium',
      });
      expect(path.flows.map(({ isEstimated }) => isEstimated)).not.toContain(true);
    }
  });

  it('a path longer than a hop has answers', async () => {
    const routers = Array.from({ length: 22 }, (_, at) => ({
      ...SHORT,
      rules: [...(at === 0 ? BLOCKED : []), ...(at === 19 ? DROP : [])],
    }));
    const { path } = await trace({ routers }, family);
    expect(path.finding).toMatchObject({
      kind: 'drop',
      after: { ttl: 20 },
      before: { ttl: 21 },
      certainty: 'medium',
    });
  });

  it('a router that has said all it may is waited for', async () => {
    const rules = DROP.map((rule) => ({ ...rule, verdict: 'reject', with: 'admin-prohibited' }));
    const routers = [SHORT, FAR_BACK, { ...FAR_BACK, rules }, SHORT];
    const { path, virtualMs } = await trace({ routers }, family, { control: false });
    expect(path).toMatchObject({
      end: 'rejected',
      finding: { kind: 'reject', after: { ttl: 3 }, by: { hop: 3 } },
      flows: [{ isEstimated: false }],
    });
    expect(virtualMs).toBeGreaterThan(family === 4 ? 2000 : 500);
  });

  it('one flow where the quotes or another flow tell the hop', async () => {
    for (const routers of [
      [{}, {}, {}],
      [SHORT, SHORT, SHORT],
    ]) {
      const { path } = await trace({ routers }, family);
      expect(path.flows[0]).toMatchObject({ isConstant: true, isEstimated: false });
    }
  });
});
