/**
 * The certified walk over the silent ports of one target: asks them again at the pace of the target's ICMP limiter, until
 * each has answered or its silence is proven not to be a want of tokens.
 *
 * Pure: it is told the time, what left and what was answered. Nothing here is the size of the run.
 */
import type { IcmpLimit } from '../timing/icmpLimit.ts';
import { createSilenceEvidence } from './silenceEvidence.ts';
import { createWaitingPorts, type Rank } from './waitingPorts.ts';
import { createWalkPace, type WalkStart } from './walkPace.ts';
import { createWalkPlan } from './walkPlan.ts';
import { createWalkProofs, type FinalSilence } from './walkProofs.ts';
import { evaluateRound, ORDER_GUARD_MS, type WalkRound } from './walkRound.ts';

/** What a walk is made with. */
export interface WalkOptions extends WalkStart {
  /** Nats against "closed" that a silence needs: ln(ports of the run / accepted chance of one wrong). */
  readonly markNats: number;
  /** Smoothed round-trip time of the target, ms; negative without one. */
  readonly srttMs: () => number;
}

/** The walk over one target. */
export interface Walk {
  /** A port that was silent. */
  add(probe: number, rank: Rank): void;
  /** A port that is known to be closed by an error of the limiter. */
  addCanary(probe: number): void;
  /** The next probe that is due, or -1. */
  take(nowMs: number): number;
  sent(probe: number, atMs: number): void;
  /** Our own side did not send it. */
  unsent(probe: number): void;
  /** An error of the limiter came for a probe. `isLatest` is false where it surely answers an earlier attempt. */
  answered(probe: number, atMs: number, isLatest: boolean): void;
  /** The port was decided otherwise, by an answer of its own. */
  gone(probe: number): void;
  /** Draws conclusions that are due. */
  advance(nowMs: number): void;
  /** Ports whose silence is final, with what is known of it; each is handed out once. */
  takeFinal(): readonly FinalSilence[];
  /** When there is something to send or to conclude, ms; Infinity when the walk has ended. */
  wakeAtMs(): number;
  /** Whether a probe is asked as one that is known to be closed. */
  isCanary(probe: number): boolean;
  /** Ports that are not final, and those of them that were named before ranges. */
  readonly waiting: () => number;
  readonly namedWaiting: () => number;
  readonly limit: IcmpLimit;
}

/** Answers are waited for at least so long, ms: scheduling noise of both machines. */
const MIN_WAIT_MS = 30;
const WAIT_SRTTS = 4;

/** Creates the walk of one target, with nothing to do yet. */
export function createWalk(options: WalkOptions): Walk {
  const { markNats } = options;
  const evidence = createSilenceEvidence();
  const ports = createWaitingPorts();
  const pace = createWalkPace(options);
  const plan = createWalkPlan({ ports, pace, random: options.random });
  const { limit } = pace;
  const proofs = createWalkProofs({ evidence, ports, limit, markNats });

  let round: WalkRound | null = null;
  let lastSentMs = Number.NEGATIVE_INFINITY;

  const waitMs = (): number => Math.max(MIN_WAIT_MS, WAIT_SRTTS * options.srttMs());

  /** When the round can be evaluated: all answered, or the last one with time for overtaken answers, or waited for. */
  const dueMs = ({ probes, taken, open, lastAnsweredMs }: WalkRound): number => {
    if (taken < probes.length) return Number.POSITIVE_INFINITY;
    if (open === 0) return Number.NEGATIVE_INFINITY;
    const waited = lastSentMs + waitMs();
    return Number.isNaN(lastAnsweredMs)
      ? waited
      : Math.min(waited, lastAnsweredMs + ORDER_GUARD_MS);
  };

  const evaluate = (done: WalkRound, nowMs: number): void => {
    round = null;
    const result = evaluateRound(done, evidence, ports.isWaiting);
    const lateUntilMs = lastSentMs + waitMs();
    const isFree = done.kind === 'plain';
    const lastToken = done.answered.lastIndexOf(1);
    for (const [index, probe] of done.probes.entries()) {
      if (!ports.isWaiting(probe)) continue;
      proofs.sort(probe, { lateUntilMs, isSuspect: index < lastToken, isFree });
    }
    pace.learn(done.kind, result, nowMs);
    if (result.tokens > 0) proofs.learned(lateUntilMs);
  };

  const leave = (probe: number): void => {
    ports.remove(probe);
    evidence.refute(probe, limit.gapMs());
  };

  const noteAnswer = (probe: number, atMs: number, kind: 1 | 2): void => {
    const index = round?.at.get(probe) ?? -1;
    if (round === null || index < 0 || Number.isNaN(round.sentMs[index]!)) return;
    if (round.answered[index] === 0) round.open -= 1;
    round.answered[index] = kind;
    if (index === round.probes.length - 1 && kind === 1) round.lastAnsweredMs = atMs;
  };

  const wakeOfRoundMs = (): number => {
    if (round !== null) {
      if (round.taken < round.probes.length) return lastSentMs + round.afterMs[round.taken]!;
      return dueMs(round);
    }
    if (ports.size() > 0) return pace.nextMs();
    return ports.proven().length > 0 ? lastSentMs + waitMs() : Number.POSITIVE_INFINITY;
  };

  return {
    add(probe, rank) {
      ports.add(probe, rank);
    },
    addCanary: plan.addCanary,
    take(nowMs) {
      if (round === null) {
        if (nowMs < pace.nextMs() || ports.size() === 0) return -1;
        round = plan.next(nowMs, nowMs - lastSentMs);
      }
      if (round.taken >= round.probes.length) return -1;
      if (nowMs < lastSentMs + round.afterMs[round.taken]!) return -1;
      const probe = round.probes[round.taken]!;
      round.taken += 1;
      round.open += 1;
      lastSentMs = nowMs;
      return probe;
    },
    sent(probe, atMs) {
      const index = round?.at.get(probe);
      if (round === null || index === undefined) return;
      round.sentMs[index] = atMs;
      lastSentMs = Math.max(lastSentMs, atMs);
    },
    unsent(probe) {
      const index = round?.at.get(probe);
      if (round === null || index === undefined) return;
      round.sentMs[index] = Number.NaN;
    },
    answered(probe, atMs, isLatest) {
      const isKnown = plan.isCanary(probe);
      noteAnswer(probe, atMs, isLatest ? 1 : 2);
      if (isKnown) return;
      leave(probe);
      plan.addCanary(probe);
    },
    gone(probe) {
      noteAnswer(probe, 0, 2);
      ports.remove(probe);
    },
    advance(nowMs) {
      if (round !== null && dueMs(round) <= nowMs) evaluate(round, nowMs);
      proofs.advance(nowMs);
      if (round !== null) return;
      if (pace.hasStopped(nowMs)) proofs.stop();
      if (ports.size() > 0) return;
      // By what is known now, and when late answers have had their time.
      proofs.review();
      if (ports.size() === 0 && nowMs >= lastSentMs + waitMs()) proofs.conclude();
    },
    takeFinal: proofs.takeFinal,
    wakeAtMs() {
      if (proofs.hasFinal()) return Number.NEGATIVE_INFINITY;
      return Math.min(proofs.wakeAtMs(), wakeOfRoundMs());
    },
    isCanary: plan.isCanary,
    waiting: ports.undecided,
    namedWaiting: ports.namedUndecided,
    limit,
  };
}
