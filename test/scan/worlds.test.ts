/** Random small worlds: what the scan says must be what an independent reading of the world says (oracle.ts). */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Verdict } from '../../src/model.ts';
import { parseWorld } from '../../src/sim/world.ts';
import type { Scenario, WireColumn } from '../scenarios/scenario.ts';
import { runInSimulator } from '../scenarios/simRun.ts';
import {
  ASKED,
  type Expected,
  expectedOf,
  HOOKS,
  passageOf,
  SERVICES,
  type SmallRule,
  type SmallWorld,
} from './oracle.ts';

const WORLDS = 300;
const LOSSY_WORLDS = 200;
const CERTAIN = 0.999;
/** Limits of ICMP are a subject of their own: here every error is sent. */
const UNLIMITED = { ratelimitMs: 0, burst: 1_000_000 };

const QUESTION_HOOKS = {
  router: HOOKS.filter((hook) => hook !== 'input' && hook !== 'output'),
  target: ['prerouting', 'input'] as const,
};
const ANSWER_HOOKS = { router: QUESTION_HOOKS.router, target: ['output', 'postrouting'] as const };

const rule = (routerCount: number): fc.Arbitrary<SmallRule> =>
  fc
    .record({
      node: fc.integer({ min: 1, max: routerCount + 1 }),
      protocol: fc.constantFrom('tcp' as const, 'udp' as const),
      way: fc.constantFrom('dport' as const, 'dport' as const, 'sport' as const),
    })
    .chain(({ node, protocol, way }) => {
      const place = node > routerCount ? 'target' : 'router';
      const hooks = (way === 'dport' ? QUESTION_HOOKS : ANSWER_HOOKS)[place];
      return fc.record({
        node: fc.constant(node),
        protocol: fc.constant(protocol),
        way: fc.constant(way),
        hook: fc.constantFrom(...hooks),
        port: fc.constantFrom(...ASKED[protocol]),
        verdict: fc
          .constantFrom<SmallRule['verdict']>(
            'drop',
            'tcp-reset',
            'port-unreach',
            'admin-prohibited',
            'host-unreach',
          )
          .filter((verdict) => verdict !== 'tcp-reset' || protocol === 'tcp'),
      });
    })
    // Nothing can be rejected in POSTROUTING; what answers an answer goes to the target and is not seen.
    .map((one) =>
      one.hook === 'postrouting' || one.way === 'sport' ? { ...one, verdict: 'drop' } : one,
    );

const world: fc.Arbitrary<SmallWorld> = fc
  .record({ family: fc.constantFrom(4 as const, 6 as const), routerCount: fc.nat(3) })
  .chain(({ family, routerCount }) =>
    fc.record({
      family: fc.constant(family),
      routerCount: fc.constant(routerCount),
      rules: fc.array(rule(routerCount), { maxLength: 5 }),
    }),
  );

function toScenario({ family, routerCount, rules }: SmallWorld, loss: number): Scenario {
  const rulesOf = (node: number) =>
    rules
      .filter((each) => each.node === node)
      .map(({ hook, protocol, way, port, verdict }) =>
        verdict === 'drop'
          ? { hook, protocol, [way]: port, verdict }
          : { hook, protocol, [way]: port, verdict: 'reject', with: verdict },
      );
  const json = {
    routers: Array.from({ length: routerCount }, (_, index) => ({
      rules: rulesOf(index + 1),
      limiter: UNLIMITED,
    })),
    targets: [{ ...SERVICES, rules: rulesOf(routerCount + 1), limiter: UNLIMITED }],
    links: [{ loss }],
  };
  const ports = `U:${ASKED.udp.join()},T:${ASKED.tcp.join()}`;
  const name = `IPv${family}`;
  return {
    name,
    title: name,
    truth: name,
    world: parseWorld(json, 'random world'),
    command: ['scan', 'TARGET', '-p', ports, '-sU', '-sT'],
    expect: { P: [], E: [], C: [] },
    namespaces: 'random',
  };
}

const toFound = ({ state, reason, detail, by }: Verdict): Expected => ({
  state,
  reason,
  detail,
  role: by === null || by.role === 'local' ? null : by.role,
  hop: by?.hop ?? null,
});

const FIELDS = ['state', 'reason', 'detail', 'role'] as const;

/** A socket does not see the TTL of a TCP answer: its hop may be left open, but not be another one. */
const isSame = (found: Expected, expected: Expected, column: WireColumn): boolean =>
  FIELDS.every((field) => found[field] === expected[field]) &&
  (found.hop === expected.hop || (found.hop === null && column !== 'P'));

it(`--passage says of ${WORLDS} worlds what their rules mean`, async () => {
  const told = new Set<string | null>();
  await fc.assert(
    fc.asyncProperty(world, fc.nat(1_000_000), async (any, seed) => {
      const small = { ...any, family: 6 as const };
      const scenario = toScenario(small, 0);
      const asking = { ...scenario, command: [...scenario.command, '--passage'] };
      const { verdicts } = await runInSimulator(asking, 'P', 6, seed);
      for (const { protocol, port, state, detail } of verdicts) {
        const expected = expectedOf(small, protocol, port);
        const wanted = protocol === 'udp' ? passageOf(small, port) : expected.detail;
        const found = [port, protocol, state, detail, seed, describeWorld(small)];
        expect(found).toEqual([port, protocol, expected.state, wanted, ...found.slice(4)]);
        told.add(detail);
      }
    }),
    { numRuns: WORLDS, seed: 20_261_120 },
  );
  expect([...told]).toEqual(expect.arrayContaining(['open-silent', 'dropped']));
});

const describeWorld = (small: SmallWorld): string => JSON.stringify(small);

describe.each<[WireColumn, string]>([
  ['P', 'packet'],
  ['E', 'errqueue'],
])('%s, the %s view', (column) => {
  it(`says what the rules of ${WORLDS} worlds mean`, async () => {
    await fc.assert(
      fc.asyncProperty(world, fc.nat(1_000_000), async (small, seed) => {
        const { verdicts } = await runInSimulator(toScenario(small, 0), column, small.family, seed);
        expect(verdicts).toHaveLength(ASKED.tcp.length + ASKED.udp.length);
        for (const verdict of verdicts) {
          const { protocol, port } = verdict;
          const expected = expectedOf(small, protocol, port);
          const found = toFound(verdict);
          if (!isSame(found, expected, column)) {
            const [got, wanted] = [JSON.stringify(found), JSON.stringify(expected)];
            expect.fail(
              `${port}/${protocol}: ${got}, not ${wanted}, seed ${seed}, ${describeWorld(small)}`,
            );
          }
          expect(verdict.confidence).toBeGreaterThan(0);
          expect(verdict.confidence).toBeLessThanOrEqual(1);
          expect(verdict.why).toMatch(/^\S.*\.$/);
          // A state rests on an answer, or on attempts that had none.
          const isAnswered = verdict.reason !== 'no-response';
          expect(verdict.evidence.some((id) => id.startsWith('r'))).toBe(isAnswered);
          expect(verdict.evidence.length).toBeGreaterThan(0);
        }
      }),
      { numRuns: WORLDS, seed: 20_261_120 },
    );
  });

  it(`is never wrong with certainty in ${LOSSY_WORLDS} worlds that lose packets`, async () => {
    await fc.assert(
      fc.asyncProperty(
        world,
        fc.nat(1_000_000),
        fc.double({ min: 0.01, max: 0.4, noNaN: true }),
        async (small, seed, loss) => {
          const scenario = toScenario(small, loss);
          const { verdicts } = await runInSimulator(scenario, column, small.family, seed);
          for (const verdict of verdicts) {
            const { protocol, port, state, confidence } = verdict;
            const expected = expectedOf(small, protocol, port);
            if (state !== expected.state && confidence >= CERTAIN) {
              expect.fail(
                `${port}/${protocol}: ${state} (${confidence}, ${verdict.why}), not ${expected.state}, seed ${seed}, ` +
                  `loss ${loss}, ${describeWorld(small)}`,
              );
            }
          }
        },
      ),
      { numRuns: LOSSY_WORLDS, seed: 20_261_120 },
    );
  });
});
