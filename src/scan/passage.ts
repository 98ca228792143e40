/**
 * `--passage`: whether packets to the silent UDP ports of an IPv6 target come to its own stack. They are asked once more behind
 * a destination option that the stack has to refuse (Parameter Problem, code 2: RFC 8200 section 4.2), which Linux does behind
 * INPUT and before the port (ADR 0025).
 *
 * A walk like that of closed ports: each refusal costs a token of the same limiter, and a silence is told from a want of
 * tokens by what was refused behind it. Closed ports go first; without a refusal of one of them nothing is said.
 */
import { PROTO_UDP } from '../batch.ts';
import { ANSWER } from '../match/facts.ts';
import type { Match } from '../match/match.ts';
import { ICMP6_TYPE } from '../packet/icmp.ts';
import type { ScanContext } from './context.ts';
import { createDeadlines } from './deadlines.ts';
import { isClosed, isProvenSilent } from './decided.ts';
import { createLatestAttempt } from './latestAttempt.ts';
import { createPassageAttempts, type PassageAttempts } from './passageAttempts.ts';
import { createRanks, groupOf } from './portRanks.ts';
import { PHASE, U8 } from './probeState.ts';
import { RANK, type Rank } from './waitingPorts.ts';
import { createWalk, type Walk } from './walk.ts';
import { type WalkProgress, walkProgressOf } from './walkProgress.ts';
import { createDraws, mayWalk, proofNats, type WalkSource, type Walks } from './walks.ts';
import { createWalkTable } from './walkTable.ts';

/** What was asked of one target, and how much of it was told. */
export interface PassageCount {
  readonly target: number;
  readonly silent: number;
  readonly asked: number;
  readonly told: number;
  /** Why nothing was: no port is known to be closed, or none of those was refused. */
  readonly without: 'control' | 'refusal' | null;
}

/** The passage of a run. */
export interface Passage extends WalkSource {
  /** All probes of a target are done; false where there is nothing to ask. */
  begin(target: number, probes: readonly number[], nowMs: number): boolean;
  /** Something came about what was asked here. */
  heard(match: Match): void;
  readonly attempts: PassageAttempts;
  /** Goes on; `onEnd` gets each target of which all is told that can be. */
  advance(nowMs: number, onEnd: (target: number) => void): void;
  wakeAtMs(): number;
  progress(): WalkProgress | null;
  counts(): readonly PassageCount[];
}

/** Ports of one target that are asked. */
const MAX_PASSAGE_PORTS = 64;
/** Closed ports that go first; those of a fast limiter prove silences by their number (walkPlan.ts). */
const CONTROLS = 2;
const FAST_CONTROLS = 16;
/** Others that take the place of those that answer in other words. */
const SPARE_CONTROLS = 8;
/** Without a refusal for so long, where no limiter can be the cause, such packets do not pass, ms. */
const FAST_WAIT_MS = 500;
/** Code of a Parameter Problem. */
const UNKNOWN_OPTION = 2;

/** The work on one target. */
interface Check {
  readonly silent: number;
  readonly ports: ReadonlySet<number>;
  /** Those of them that wait until a closed port was refused. */
  waiting: readonly number[];
  /** Further closed ports. */
  readonly spare: number[];
  /** When it ends in any case, ms. */
  untilMs: number;
}

/** Creates the passage of a run; without `--passage` it never begins anything. */
export function createPassage(context: ScanContext, { of: walkOf }: Pick<Walks, 'of'>): Passage {
  const { plan, probes, targets, passages, can } = context;
  const { space, hostTimeoutMs = Number.POSITIVE_INFINITY } = plan;
  const isAsked = plan.passage === true && can.packets && mayWalk(context);
  const table = createWalkTable();
  const checks = new Map<number, Check>();
  const counts = new Map<number, PassageCount>();
  const due = createDeadlines(16);
  const attempts = createPassageAttempts(probes);
  const latest = createLatestAttempt(context);
  const ranks = createRanks(plan);
  const random = createDraws(plan.seed);

  const rankOf = (probe: number): Rank => ranks(space.targetOf(probe), space.portOf(probe));
  const hostEndsMs = (target: number): number => targets.startedMs[target]! + hostTimeoutMs;

  /** A closed port was refused: such packets come to the target. */
  const passesControl = (target: number, check: Check, walk: Walk): void => {
    for (const probe of check.waiting) walk.add(probe, rankOf(probe));
    check.waiting = [];
    check.untilMs = hostEndsMs(target);
    if (check.untilMs < Number.POSITIVE_INFINITY) due.push(check.untilMs, target);
  };

  const refused = (match: Match, check: Check, walk: Walk): void => {
    const { probe, target, idAttempt, idNumber } = match;
    walk.answered(probe, match.atMs, latest.has(match));
    if (check.waiting.length > 0) passesControl(target, check, walk);
    const isKnown = passages.get(probe)?.result === 'passes';
    if (isKnown || !check.ports.has(probe) || probes.phase[probe] !== PHASE.DONE) return;
    passages.set(probe, { result: 'passes', asked: attempts.made(probe), idAttempt, idNumber });
  };

  const noteFinal = ({ ports }: Check, walk: Walk): void => {
    for (const { probe, isCertified } of walk.takeFinal()) {
      if (!isCertified || !ports.has(probe)) continue;
      const asked = attempts.made(probe);
      passages.set(probe, { result: 'lost', asked, idAttempt: 0, idNumber: 0 });
    }
  };

  /** What passes and may be closed is not told. */
  const isTold = (probe: number): boolean =>
    passages.get(probe)?.result === 'lost' ||
    (passages.has(probe) && isProvenSilent(context, probe));

  /** `isCut`: a stop or a host timeout has ended it. */
  const noteCount = (target: number, { silent, ports, waiting }: Check, isCut: boolean): void => {
    const told = [...ports].filter(isTold).length;
    const without = waiting.length > 0 && !isCut ? 'refusal' : null;
    counts.set(target, { target, silent, asked: ports.size, told, without });
  };

  return {
    begin(target, done, nowMs) {
      if (!isAsked || plan.targets.families[target] !== 6) return false;
      const silent = silentOf(context, done);
      if (silent.length === 0) return false;
      if (nowMs >= hostEndsMs(target)) {
        counts.set(target, { target, silent: silent.length, asked: 0, told: 0, without: null });
        return false;
      }
      const closed = closedOf(context, target);
      const ports = closed.length === 0 ? [] : firstOf(silent, rankOf);
      const check = { silent: silent.length, ports: new Set(ports), waiting: ports };
      if (closed.length === 0) {
        counts.set(target, { target, ...check, asked: 0, told: 0, without: 'control' });
        return false;
      }
      const walk = walkAfter(context, target, walkOf(target), random);
      const isFast = walk.limit.isFast();
      const first = isFast ? FAST_CONTROLS : CONTROLS;
      for (const probe of closed.slice(0, first)) walk.add(probe, RANK.NAMED);
      const spare = closed.slice(first, first + SPARE_CONTROLS);
      const waitMs = isFast ? FAST_WAIT_MS : walk.limit.sureAfterMs();
      const untilMs = Math.min(hostEndsMs(target), nowMs + waitMs);
      checks.set(target, { ...check, spare, untilMs });
      due.push(untilMs, target);
      table.add(target, walk);
      table.wake(target, nowMs);
      return true;
    },
    heard(match) {
      const { probe, target } = match;
      const check = checks.get(target);
      const walk = table.walks.get(target);
      if (check === undefined || walk === undefined || attempts.made(probe) === 0) return;
      if (match.answer === ANSWER.SEND_FAILED) walk.unsent(probe);
      else if (isRefusal(match)) refused(match, check, walk);
      else {
        walk.gone(probe);
        const other = check.waiting.length > 0 ? check.spare.shift() : undefined;
        if (other !== undefined) walk.add(other, RANK.NAMED);
      }
      table.told(target);
    },
    attempts,
    take: table.take,
    sent: (probe, atMs) => table.walks.get(space.targetOf(probe))?.sent(probe, atMs),
    isReady: table.isReady,
    advance(nowMs, onEnd) {
      const ended = new Set<number>();
      table.advance(nowMs, (target, walk) => {
        const check = checks.get(target)!;
        noteFinal(check, walk);
        if (check.waiting.length === 0 && walk.waiting() === 0) ended.add(target);
      });
      while (due.peekMs() <= nowMs) {
        const target = due.pop();
        if ((checks.get(target)?.untilMs ?? Number.POSITIVE_INFINITY) <= nowMs) ended.add(target);
      }
      for (const target of ended) {
        noteCount(target, checks.get(target)!, nowMs >= hostEndsMs(target));
        checks.delete(target);
        table.remove(target);
        onEnd(target);
      }
    },
    wakeAtMs: () => Math.min(due.peekMs(), table.wakeAtMs()),
    progress: () => walkProgressOf(table.walks, () => 6, false),
    counts() {
      for (const [target, check] of checks) noteCount(target, check, true);
      return [...counts.values()];
    },
  };
}

/** The refusal that is asked for. */
const isRefusal = ({ fromIsTarget, icmpType, icmpCode }: Match): boolean =>
  fromIsTarget && icmpType === ICMP6_TYPE.PARAMETER_PROBLEM && icmpCode === UNKNOWN_OPTION;

/** Those that were asked and stayed silent. */
const silentOf = (
  { plan, probes, ranges }: ScanContext,
  done: readonly number[],
): readonly number[] =>
  done.filter(
    (probe) =>
      plan.space.protocolOf(probe) === PROTO_UDP &&
      probes.answer[probe * U8] === ANSWER.NONE &&
      !ranges.has(probe),
  );

const closedOf = (context: ScanContext, target: number): readonly number[] =>
  (groupOf(context.plan, target)?.udpPorts ?? [])
    .map((port) => context.plan.space.indexOf(target, PROTO_UDP, port))
    .filter((probe) => isClosed(context, probe));

/** As many as are asked, in the order of the walk. */
const firstOf = (silent: readonly number[], rankOf: (probe: number) => Rank): readonly number[] =>
  silent
    .map((probe) => ({ probe, rank: rankOf(probe) }))
    .sort((a, b) => a.rank - b.rank)
    .slice(0, MAX_PASSAGE_PORTS)
    .map(({ probe }) => probe);

/** The walk of what has to be refused, with what the walk of the closed ports has learned of the target. */
function walkAfter(
  context: ScanContext,
  target: number,
  after: Walk | undefined,
  random: () => number,
): Walk {
  const { targets, rtt } = context;
  return createWalk({
    sources: 1,
    markNats: proofNats(context),
    srttMs: () => rtt.srttMs(target),
    random,
    startedMs: targets.startedMs[target]!,
    lastAnswerMs: targets.udpErrorMs[target]!,
    answers: targets.udpErrors[target]!,
    ...(after && { after }),
    isCautious: true,
  });
}
