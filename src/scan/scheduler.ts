/**
 * The scheduler: which probe is asked next, how long it is waited for, when it is asked again, when it is enough.
 *
 * An engine in the sense of model.ts: it reads no clock and touches no socket. Every probe goes WAITING -> IN_FLIGHT ->
 * (WAITING again, or HELD) -> DONE -> SETTLED. This file turns the wheel; its parts are
 *   sender.ts     what leaves now           asking.ts   which probe is next
 *   timeouts.ts   how long it is waited for outcomes.ts what follows from an answer or a silence
 *   walks.ts      silent UDP ports, at the pace of a limiter
 *   passage.ts    whether packets to those come to their target (`--passage`)
 *   answers.ts    whom an answer concerns
 *   settling.ts   whose verdict is final    closing.ts  what is still found out about a target at its end
 * and the state that they share is context.ts, probeState.ts and targetState.ts.
 */
import { SIGNAL, type SignalBatch } from '../batch.ts';
import { ANSWER } from '../match/facts.ts';
import type { MatchListener } from '../match/match.ts';
import { createMatchingEngine } from '../match/matchingEngine.ts';
import type {
  Engine,
  IcmpLimiter,
  Ip,
  Judgement,
  OwnSide,
  Plan,
  SilentOdds,
  WireCan,
} from '../model.ts';
import { ROUTED_RATE_PPS } from '../timing/templates.ts';
import { type AlikeScope, groupAlike } from './alike.ts';
import { createAnswers } from './answers.ts';
import { type Closing, createClosing } from './closing.ts';
import { createScanContext, type ScanContext, type ScanCounters } from './context.ts';
import { createHostTimeout } from './hostTimeout.ts';
import { createJudging } from './judging.ts';
import { createRowLoop } from './lookAhead.ts';
import { createOutcomes } from './outcomes.ts';
import { createPassage, type Passage, type PassageCount } from './passage.ts';
import { type Allocate, PHASE, U8 } from './probeState.ts';
import { createProvenSilences } from './provenSilences.ts';
import { createRangeInference, type RangeInference } from './rangeInference.ts';
import { createSender } from './sender.ts';
import { createSettling, type Settling } from './settling.ts';
import { createTimeouts } from './timeouts.ts';
import type { WalkProgress } from './walkProgress.ts';
import { createWalks, type Walks } from './walks.ts';

/** What a scheduler is made of. */
export interface SchedulerOptions {
  readonly plan: Plan;
  readonly can: WireCan;
  readonly ownAddresses: ReadonlySet<Ip>;
  /** The reserved source port of a packet wire; 0 on socket wires. */
  readonly srcPort: number;
  /** Gives the memory of what is known of the probes; the engine makes its own without it. */
  readonly allocate?: Allocate | undefined;
  readonly onMatch?: MatchListener | undefined;
}

/** How many probes are decided, of how many, and what was sent for it; those that are not asked so far, and may never be, are left out. */
export interface ScanProgress {
  readonly done: number;
  readonly total: number;
  readonly sent: number;
  /** What waits for ICMP limiters; null where nothing does. */
  readonly walk: WalkProgress | null;
}

/** What a run has found when it is over, or when it was stopped. */
export interface ScanResult {
  /** Probes that have a verdict, in the order of the plan. */
  readonly settled: readonly number[];
  /** Those of them whose verdict was not handed out: the run was stopped while they waited. */
  readonly unsettled: readonly number[];
  /** Probes that were not finished: host timeout, or the run was stopped. */
  readonly notDone: readonly number[];
  /** How many have a verdict without having been asked. */
  readonly inferred: number;
  /** Control ports that the tool chose itself. */
  readonly controls: readonly { readonly target: number; readonly port: number }[];
  readonly isAlive: (target: number) => boolean;
  /** What limits the ICMP errors of a target; null where its silent ports were not asked at the pace of a limit. */
  readonly limiterOf: (target: number) => IcmpLimiter | null;
  /** What `--passage` has asked, and could not. */
  readonly passage: readonly PassageCount[];
  /** The settled probes in groups about which the same is known; each of one target, or across all of them. */
  readonly alike: (scope: AlikeScope) => readonly (readonly number[])[];
  readonly counters: Readonly<ScanCounters>;
}

/** The scheduler as the loop and the report see it. */
export interface ScanEngine extends Engine<ScanResult> {
  /** Probes whose verdict became final since the last call. */
  takeSettled(): readonly number[];
  judgementOf(probe: number): Judgement;
  /** What a port that stayed silent may be, by what was known when it was settled; null of all others. */
  oddsOf(probe: number): SilentOdds | null;
  /** Whether the port itself answered that it is open; told by the answer alone, without judging. */
  isOpen(probe: number): boolean;
  progress(): ScanProgress;
}

/** Routes without a router between us and the target. */
const LINK_ROUTES: ReadonlySet<OwnSide['route']> = new Set(['local', 'on-link']);
/** Runs from this size on ask for the route first, to choose the rate. */
const ROUTE_MATTERS_PROBES = 1000;

/** Creates the scheduler of one run. */
export function createScheduler(options: SchedulerOptions): ScanEngine {
  const { plan, srcPort } = options;
  const context = createScanContext(plan, options.can, options.ownAddresses, options.allocate);
  const { targets, pace, counters } = context;
  const timeouts = createTimeouts(context);
  const settling = createSettling(context);
  const hostTimeout = createHostTimeout(context);
  const walks = createWalks(context);
  const ranges = createRangeInference(context);
  const passage = createPassage(context, walks);

  const paced = { walks, passage };
  const sender = createSender(context, paced, ranges, (probe, target, protocol, nowMs) => {
    if (Number.isNaN(targets.startedMs[target]!)) targets.startedMs[target] = nowMs;
    timeouts.start(probe, target, protocol, nowMs);
  });
  const judgementOf = createJudging(context);
  const proven = createProvenSilences(context, { sender, settling, judgementOf });
  const closing = createClosing(context, sender, passage, (closed) => {
    proven.check(closed);
    settling.settle(closed);
  });
  const matching = createMatchingEngine({ plan, srcPort, controlAt: closing.controlAt });
  const eachRow = createRowLoop(context);
  /** Closes a target that has become done; -1: none has. */
  const closeDone = (target: number, nowMs: number): void => {
    if (target < 0) return;
    const waiting = settling.takeWaiting(target);
    closing.begin(target, waiting.probes, waiting.needsOwnSide, nowMs);
  };
  const finish = (probe: number, nowMs: number): void => closeDone(settling.finish(probe), nowMs);
  const onFinished = (probe: number, nowMs: number): void => {
    finish(probe, nowMs);
    for (const one of ranges.finished(probe, sender.retry)) finish(one, nowMs);
  };
  const outcomes = createOutcomes(context, { sender, timeouts, walks, onFinished });
  const { onMatch } = options;
  const takeAnswer = createAnswers(context, { outcomes, closing, passage, onMatch });

  const asksForRoute = plan.space.count >= ROUTE_MATTERS_PROBES && plan.ratePps === undefined;
  let isRouteKnown = false;
  if (asksForRoute) sender.inquire(0);

  const expire = (nowMs: number): void => {
    const timedOut = (probe: number): void => {
      ranges.timedOut(probe, sender.retry);
      outcomes.timedOut(probe, nowMs);
    };
    timeouts.expire(nowMs, timedOut, outcomes.looked);
    for (const probe of hostTimeout.expire(nowMs)) {
      outcomes.release(probe, false);
      walks.gone(probe);
      ranges.gone(probe);
      closeDone(settling.drop(probe), nowMs);
    }
    walks.advance(nowMs, (probe) => {
      onFinished(probe, nowMs);
      if (targets.remaining[plan.space.targetOf(probe)]! > 0) proven.note(probe);
    });
    closing.advance(nowMs);
  };

  const wakeAtMs = (nowMs: number): number | undefined => {
    const isDone = settling.doneCount() >= plan.space.count && closing.active() === 0;
    if (isDone && !sender.hasPending()) return undefined;
    const isReady = walks.isReady() || passage.isReady();
    const walkMs = isReady ? pace.nextRateMs(nowMs) : walks.wakeAtMs();
    const waitMs = Math.min(timeouts.wakeAtMs(), closing.wakeAtMs(), hostTimeout.wakeAtMs());
    const timer = Math.min(waitMs, walkMs);
    if (!sender.hasPending() || sender.isHeldUp()) return timer;
    if (sender.isBatchFull()) return nowMs;
    return Math.min(timer, pace.nextSendMs(nowMs, sender.inFlight()));
  };

  const takeOwnSide = (said: OwnSide, nowMs: number): void => {
    if (asksForRoute) noteRoute(context, said, !isRouteKnown);
    isRouteKnown ||= asksForRoute;
    outcomes.ownSide(said);
    closing.ownSide(said, nowMs);
    proven.ownSide(said);
  };

  const takeSignal = (signals: SignalBatch, row: number, nowMs: number): void => {
    const ownSide = signals.kind[row] === SIGNAL.OWN_SIDE ? signals.ownSide[row] : undefined;
    if (ownSide !== undefined) {
      takeOwnSide(ownSide, nowMs);
      return;
    }
    counters.received += 1;
    takeAnswer(row, matching.read(signals, row), matching.match, nowMs);
  };

  return {
    advance(nowMs) {
      sender.commit();
      expire(nowMs);
      const send = sender.fill(nowMs);
      return { send, wakeAtMs: wakeAtMs(nowMs) };
    },
    receive(signals, nowMs) {
      sender.commit();
      eachRow(signals, (row) => takeSignal(signals, row, nowMs));
    },
    takeSettled: settling.takeSettled,
    judgementOf,
    oddsOf: settling.oddsOf,
    isOpen: (probe) => context.probes.answer[probe * U8]! >= ANSWER.SYN_ACK,
    progress: () => progressOf(context, { settling, ranges, walks, passage }),
    result: () => resultOf(context, closing, { walks, passage }, settling),
  };
}

/** Chooses the rate by the first route, as a later inquiry must not undo what congestion has taught since. */
function noteRoute({ rtt, pace }: ScanContext, { route, target }: OwnSide, isFirst: boolean): void {
  const isOnLink = LINK_ROUTES.has(route);
  if (isOnLink) rtt.noteOnLink(target);
  if (isOnLink && isFirst) pace.startLarge();
  if (route === 'gateway') pace.limitRate(ROUTED_RATE_PPS);
}

function progressOf(
  { plan, counters }: ScanContext,
  parts: {
    readonly settling: Pick<Settling, 'doneCount'>;
    readonly ranges: Pick<RangeInference, 'spared'>;
    readonly walks: Pick<Walks, 'progress'>;
    readonly passage: Pick<Passage, 'progress'>;
  },
): ScanProgress {
  return {
    done: parts.settling.doneCount(),
    total: plan.space.count - parts.ranges.spared(),
    sent: counters.sent,
    walk: parts.walks.progress() ?? parts.passage.progress(),
  };
}

/** What is known when a run is over. */
function resultOf(
  context: ScanContext,
  closing: Pick<Closing, 'controls'>,
  { walks, passage }: { readonly walks: Walks; readonly passage: Passage },
  { noteOdds }: Pick<Settling, 'noteOdds'>,
): ScanResult {
  const { plan, probes, targets, counters } = context;
  const settled: number[] = [];
  const unsettled: number[] = [];
  const notDone: number[] = [];
  for (let probe = 0; probe < plan.space.count; probe++) {
    const phase = probes.phase[probe]!;
    const hasVerdict = phase === PHASE.SETTLED || phase === PHASE.DONE;
    (hasVerdict ? settled : notDone).push(probe);
    if (phase === PHASE.DONE) unsettled.push(probe);
  }
  noteOdds(unsettled);
  return {
    settled,
    unsettled,
    notDone,
    inferred: context.ranges.size,
    controls: closing.controls().map(({ target, port }) => ({ target, port })),
    isAlive: (target) => targets.alive[target] === 1,
    limiterOf: walks.limiterOf,
    passage: passage.counts(),
    alike: (scope) => groupAlike(context, settled, scope),
    counters,
  };
}
