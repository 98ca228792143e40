import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ANSWER, RESET_CHECK, SILENCE } from '../../src/match/facts.ts';
import type { OwnSide } from '../../src/model.ts';
import { createPlan } from '../../src/plan/plan.ts';
import { groupAlike } from '../../src/scan/alike.ts';
import { createScanContext, type ScanContext } from '../../src/scan/context.ts';
import { createJudging } from '../../src/scan/judging.ts';
import { F32, F64, FROM_TARGET, U8, U16, U32 } from '../../src/scan/probeState.ts';
import { CAN } from '../../src/wire/can.ts';

const plan = await createPlan(
  { targets: ['10.2.0.5', '10.2.0.6'], ports: 'T:1-8,U:1-8', tcp: true, udp: true },
  { resolve: async () => [], interfaces: [], seed: [1, 2] },
);
const { count } = plan.space;
const LATE_MS = 4000;
const NAMES = [
  'answer',
  'attempts',
  'from',
  'fromPort',
  'ttl',
  'quotedTtl',
  'icmpType',
  'icmpCode',
  'errno',
  'resetCheck',
  'silence',
  'rttMs',
  'waitedMs',
  'range',
] as const;
/** Something was dropped here: it counts against what was not proven before (match/judgeOwnSide.ts). */
const ownSide: Omit<OwnSide, 'target'> = {
  route: 'on-link',
  routeErrno: null,
  gateway: null,
  interface: 'eth0',
  carrier: true,
  neighbour: 'reachable',
  outDropped: 0,
  inDropped: 1,
  retransFailed: 0,
  unsent: 0,
  overflow: false,
};

/** Those with even numbers were all asked. */
const asked = fc.nat(count / 2 - 1).map((half) => 2 * half);
/** Few values each, so that many probes are alike but for one of them. */
const probe = fc.record({
  answer: fc.constantFrom(
    ANSWER.NONE,
    ANSWER.SEND_FAILED,
    ANSWER.ICMP,
    ANSWER.RESET,
    ANSWER.SYN_ACK,
  ),
  attempts: fc.integer({ min: 1, max: 2 }),
  from: fc.integer({ min: 0, max: 2 }),
  fromPort: fc.constantFrom(0, 53),
  ttl: fc.constantFrom(0, 62),
  quotedTtl: fc.constantFrom(0, 1),
  icmpType: fc.constantFrom(0, 3),
  icmpCode: fc.constantFrom(3, 13),
  errno: fc.constantFrom(1, 24),
  resetCheck: fc.constantFrom(RESET_CHECK.NONE, RESET_CHECK.NEARER),
  silence: fc.constantFrom(SILENCE.PLAIN, SILENCE.CERTIFIED, SILENCE.CHECKED),
  rttMs: fc.constantFrom(1, LATE_MS),
  waitedMs: fc.constantFrom(10, 10_000),
  /** By which it is told where it was not asked. */
  range: fc.record({ isClosed: fc.boolean(), low: asked, high: asked }),
});

type Column = typeof probe extends fc.Arbitrary<infer Value> ? Value : never;
type Columns = readonly Column[];

/** Probes that differ from one another in two columns at most. */
const columnsOfAll = fc
  .tuple(
    probe,
    fc.array(fc.tuple(fc.constantFrom(...NAMES), probe), { minLength: count, maxLength: count }),
  )
  .map(([base, others]) =>
    others.map(([name, other]): Column => ({ ...base, [name]: other[name] })),
  );

function fill({ probes, ranges, targets }: ScanContext, columns: Columns): void {
  expect(probes.refOf(plan.targets.ip(1))).toBe(FROM_TARGET + 1);
  for (const target of [0, 1]) targets.ownSide.set(target, { ...ownSide, target });
  const bytes = ['attempts', 'answer', 'ttl', 'quotedTtl', 'icmpType', 'icmpCode'] as const;
  for (const [n, said] of columns.entries()) {
    for (const name of [...bytes, 'resetCheck', 'silence'] as const) {
      probes[name][n * U8] = said[name];
    }
    probes.from[n * U32] = said.from;
    probes.fromPort[n * U16] = said.fromPort;
    probes.errno[n * U16] = said.errno;
    probes.rttMs[n * F32] = said.rttMs;
    probes.waitedUntilMs[n * F64] = said.waitedMs;
    if (n % 2 === 1 && said.answer === ANSWER.NONE) ranges.set(n, said.range);
  }
}

it('of those that stand together the same is judged', () => {
  fc.assert(
    fc.property(columnsOfAll, (columns) => {
      const context = createScanContext(plan, CAN.errqueue, new Set());
      fill(context, columns);
      const judgementOf = createJudging(context);
      const settled = columns.map((_, n) => n);
      const said = (n: number): unknown => {
        const { state, reason, detail, confidence, whyId, by, icmp } = judgementOf(n);
        const who = by?.role === 'target' ? { ...by, ip: null } : by;
        return { state, reason, detail, confidence, whyId, who, icmp };
      };
      for (const scope of ['target', 'run'] as const) {
        const groups = groupAlike(context, settled, scope);
        expect(groups.flat().toSorted((a, b) => a - b)).toEqual(settled);
        for (const group of groups) {
          for (const n of group) expect(said(n)).toEqual(said(group[0]!));
        }
      }
    }),
    { numRuns: 500, seed: 7 },
  );
});
