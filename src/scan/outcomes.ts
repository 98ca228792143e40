/** What follows from an answer, from a silence, and from want of room at home: asked again, watched, or finished. */
import { PROTO_TCP } from '../batch.ts';
import { ERRNO } from '../errno.ts';
import { ANSWER } from '../match/facts.ts';
import { icmpMeaning } from '../match/icmpMeaning.ts';
import type { Match } from '../match/match.ts';
import type { OwnSide } from '../model.ts';
import { lossOf, type ScanContext } from './context.ts';
import { noteAnswer } from './evidence.ts';
import { F64, PHASE, U8, U32 } from './probeState.ts';
import type { Sender } from './sender.ts';
import { isFromOwnAddress } from './settling.ts';
import { isNextHopSilent, NEXT_HOP } from './targetState.ts';
import type { Timeouts } from './timeouts.ts';
import type { Walks } from './walks.ts';

/** What becomes of a probe after an answer or a silence. */
export interface Outcomes {
  /** An answer to an ordinary probe. */
  answered(match: Match, nowMs: number): void;
  timedOut(probe: number, nowMs: number): void;
  /** A probe is still waited for: of a target that is silent so far, our own side may know that nothing leaves. */
  looked(probe: number): void;
  /** What our own side said of a target. */
  ownSide(said: OwnSide): void;
  /** Ends the attempt in flight, for the pace. */
  release(probe: number, answered: boolean): void;
}

/** The parts of the scheduler that outcomes act on. */
export interface OutcomesOptions {
  readonly sender: Sender;
  readonly timeouts: Timeouts;
  readonly walks: Walks;
  readonly onFinished: (probe: number, nowMs: number) => void;
}

/** How often a send that our own kernel refused for want of room is tried again before that is the verdict. */
const MAX_LOCAL_RETRIES = 50;
const LOCAL_RETRY_MS = 20;
/** How long a connection without a send window is watched, ms: the time that a proxy takes to reach its backend. */
const HOLD_MS = 1000;
/** Linux routers report a dead next hop after 3.07 s (3 solicitations, 1 s each); only a target that never answered is waited for. */
const LATE_UNREACHABLE_MS = 3400;
/** Timing templates that have the patience for that. */
const MOST_PATIENT_TIMING = 3;

/** errnos that say "no room at the moment", not "no". */
const WANT_OF_ROOM: ReadonlySet<number> = new Set([
  ERRNO.EAGAIN,
  ERRNO.ENOBUFS,
  ERRNO.EMFILE,
  ERRNO.ENFILE,
  ERRNO.EADDRNOTAVAIL,
]);

/** Neighbours that have not answered our kernel. */
const UNRESOLVED: ReadonlySet<OwnSide['neighbour']> = new Set(['incomplete', 'failed']);

/** Retries after which no port of the run was silent for lost packets alone, as sure as is asked for; 0 where nothing was lost. */
function retriesFor({ plan, counters }: ScanContext): number {
  if (counters.answeredLate === 0) return 0;
  const nats = Math.log(plan.space.count / (1 - plan.certainty));
  return Math.ceil(nats / -Math.log(lossOf(counters))) - 1;
}

/** Creates the outcomes of a run. */
export function createOutcomes(context: ScanContext, options: OutcomesOptions): Outcomes {
  const { plan, can, template, probes, targets, rtt, pace, counters } = context;
  const { sender, timeouts, walks, onFinished } = options;
  const isPatient = plan.timing <= MOST_PATIENT_TIMING;
  const localRetries = new Map<number, number>();
  let highestAnswered = 1;

  const allowedAttempts = (): number => {
    const wanted = Math.max(template.retries, highestAnswered, retriesFor(context));
    return 1 + (plan.retries ?? Math.min(template.maxRetries, wanted));
  };

  const release = (probe: number, answered: boolean): void => {
    if (probes.phase[probe] !== PHASE.IN_FLIGHT) return;
    sender.release(probe);
    const cohort = probes.cohort[probe * U32]!;
    probes.cohort[probe * U32] = 0;
    pace.settled(cohort, answered && probes.attempts[probe * U8] === 1);
  };

  /** One transient unreachable is no verdict yet: it is asked once more. */
  const isTransient = (probe: number, target: number): boolean => {
    if (probes.answer[probe * U8] !== ANSWER.ICMP || probes.attempts[probe * U8]! > 1) return false;
    if (allowedAttempts() === 1 || isFromOwnAddress(context, probe)) return false;
    const family = plan.targets.families[target] === 6 ? 6 : 4;
    const meaning = icmpMeaning(family, probes.icmpType[probe * U8]!, probes.icmpCode[probe * U8]!);
    return meaning.kind === 'state' && meaning.transient;
  };

  /**
   * Back-pressure of our own kernel: the attempt does not count, and is made again. False for another error, and when it has
   * lasted too long.
   */
  const waitForRoom = (probe: number, errno: number, nowMs: number): boolean => {
    if (!WANT_OF_ROOM.has(errno)) return false;
    const tries = (localRetries.get(probe) ?? 0) + 1;
    if (tries > MAX_LOCAL_RETRIES) return false;
    localRetries.set(probe, tries);
    probes.attempts[probe * U8]! -= 1;
    const isTcp = plan.space.protocolOf(probe) === PROTO_TCP;
    if (isTcp && (errno === ERRNO.EMFILE || errno === ERRNO.ENFILE)) {
      // What is open is what there is room for: this one waits until another is closed. Nothing limits datagrams.
      sender.release(probe);
      sender.lowerTcpLimit();
      sender.retry(probe);
    } else if (probes.phase[probe] !== PHASE.WALKING) timeouts.arm(probe, nowMs + LOCAL_RETRY_MS);
    return true;
  };

  /** Whether a router's word that nobody is there is waited for (ADR 0016). */
  const waitsForRouters = (target: number): boolean =>
    isPatient &&
    (plan.ratePps !== Number.POSITIVE_INFINITY || !targets.provenWays.has(targets.way[target]!));

  /** Until when something may still come from or about a target that has said nothing. */
  const mayComeUntilMs = (probe: number, target: number): number => {
    const answerMs = isNextHopSilent(targets, target)
      ? 0
      : probes.lastSentMs[probe * F64]! + rtt.rtoMs(target);
    const lateMs = targets.startedMs[target]! + LATE_UNREACHABLE_MS;
    return waitsForRouters(target) ? Math.max(answerMs, lateMs) : answerMs;
  };

  const hold = (probe: number, untilMs: number): void => {
    probes.phase[probe] = PHASE.HELD;
    timeouts.arm(probe, untilMs);
  };

  /** An answer to a first attempt that comes after the second has left is late, but nothing was lost. */
  const countAnswer = ({ probe, attempt }: Match): void => {
    const answered = attempt > 0 ? attempt : probes.attempts[probe * U8]!;
    counters.answered += 1;
    if (answered === 1) return;
    counters.answeredLate += 1;
    highestAnswered = Math.max(highestAnswered, answered);
  };

  const late = (match: Match): void => {
    counters.late += 1;
    // A verdict that is out stays; one that is not may still learn from a late answer.
    const isStronger = match.answer > probes.answer[match.probe * U8]!;
    if (isStronger && probes.phase[match.probe] === PHASE.DONE) noteAnswer(context, match);
  };

  return {
    release,
    answered(match, nowMs) {
      const { probe, target, answer } = match;
      if (walks.heard(match)) return;
      if (probes.phase[probe]! >= PHASE.DONE) {
        late(match);
        return;
      }
      if (answer === ANSWER.SEND_FAILED && waitForRoom(probe, match.errno, nowMs)) return;
      const isFirst = probes.answer[probe * U8]! <= ANSWER.STRANGER;
      // A stranger's answer is kept; the asked one may still come.
      if (!noteAnswer(context, match) || answer === ANSWER.STRANGER) return;
      if (isFirst) countAnswer(match);
      if (answer === ANSWER.SEND_FAILED) walks.gone(probe);
      release(probe, answer !== ANSWER.SEND_FAILED);
      if (answer === ANSWER.WINDOWLESS && !can.packets) {
        hold(probe, nowMs + HOLD_MS);
      } else if (isTransient(probe, target)) {
        sender.retry(probe);
      } else {
        onFinished(probe, nowMs);
      }
    },
    timedOut(probe, nowMs) {
      const target = plan.space.targetOf(probe);
      const isSilent = targets.alive[target] === 0;
      const isWatched = probes.answer[probe * U8] === ANSWER.WINDOWLESS;
      const isHeld = probes.phase[probe] === PHASE.HELD && (isWatched || isSilent);
      const isLast =
        isHeld ||
        isNextHopSilent(targets, target) ||
        probes.attempts[probe * U8]! >= allowedAttempts();
      const untilMs =
        isSilent && probes.answer[probe * U8] === ANSWER.NONE
          ? mayComeUntilMs(probe, target)
          : nowMs;
      release(probe, false);
      // Of what has not left nothing is silent.
      const hasLeft = probes.attempts[probe * U8]! > 0;
      if (!isHeld && hasLeft && walks.accept(probe, nowMs)) return;
      if (isLast && nowMs < untilMs) {
        hold(probe, untilMs);
        return;
      }
      if (isLast) onFinished(probe, nowMs);
      else sender.retry(probe);
    },
    looked(probe) {
      const target = plan.space.targetOf(probe);
      if (targets.alive[target] === 1 || targets.nextHop[target] !== NEXT_HOP.NOT_ASKED) return;
      targets.nextHop[target] = NEXT_HOP.ASKED;
      // A gateway that has brought answers is there.
      if (!targets.provenWays.has(targets.way[target]!)) sender.inquire(target);
    },
    ownSide({ target, neighbour }) {
      targets.nextHop[target] = UNRESOLVED.has(neighbour) ? NEXT_HOP.UNRESOLVED : NEXT_HOP.ASKED;
    },
  };
}
