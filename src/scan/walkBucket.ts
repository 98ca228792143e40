/**
 * The rounds that one of our addresses asks of a target: at a limiter that counts by asker, each has a bucket of its own.
 */
import type { WaitingPorts } from './waitingPorts.ts';
import type { WalkPace } from './walkPace.ts';
import type { WalkPlan } from './walkPlan.ts';
import { ORDER_GUARD_MS, type WalkRound } from './walkRound.ts';

/** What one of our addresses asks. */
export interface WalkBucket {
  /** Its place in the list of our addresses. */
  readonly source: number;
  readonly pace: WalkPace;
  /** The next probe that is due, or -1; `mayBegin` says whether a new round may begin. */
  take(nowMs: number, mayBegin: () => boolean): number;
  sent(probe: number, atMs: number): void;
  unsent(probe: number): void;
  /** 1: by the limiter, 2: otherwise (WalkRound.answered). */
  answered(probe: number, atMs: number, kind: 1 | 2): void;
  /** The round, once it can be evaluated; it has then ended. */
  takeDone(nowMs: number): WalkRound | null;
  /** A round is on its way. */
  isAsking(): boolean;
  /** Ports of its round that still wait. */
  asks(): number;
  lastSentMs(): number;
  /** When there is something to send or to evaluate in its round, or when the next one may begin, ms. */
  wakeAtMs(): number;
}

/** What a bucket is made with. */
export interface BucketOptions {
  readonly source: number;
  readonly pace: WalkPace;
  readonly plan: WalkPlan;
  readonly ports: WaitingPorts;
  /** How long answers are waited for, ms. */
  readonly waitMs: () => number;
}

/** Creates a bucket before its first round. */
export function createWalkBucket({ source, pace, plan, ports, waitMs }: BucketOptions): WalkBucket {
  let round: WalkRound | null = null;
  let lastSentMs = Number.NEGATIVE_INFINITY;

  /** When the round can be evaluated: all answered, or the last one with time for overtaken answers, or waited for. */
  const dueMs = ({ probes, taken, open, lastAnsweredMs }: WalkRound): number => {
    if (taken < probes.length) return Number.POSITIVE_INFINITY;
    if (open === 0) return Number.NEGATIVE_INFINITY;
    const waited = lastSentMs + waitMs();
    return Number.isNaN(lastAnsweredMs)
      ? waited
      : Math.min(waited, lastAnsweredMs + ORDER_GUARD_MS);
  };

  return {
    source,
    pace,
    take(nowMs, mayBegin) {
      if (round === null) {
        if (nowMs < pace.nextMs() || !mayBegin()) return -1;
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
    answered(probe, atMs, kind) {
      const index = round?.at.get(probe) ?? -1;
      if (round === null || index < 0 || Number.isNaN(round.sentMs[index]!)) return;
      if (round.answered[index] === 0) round.open -= 1;
      round.answered[index] = kind;
      if (index === round.probes.length - 1 && kind === 1) round.lastAnsweredMs = atMs;
    },
    takeDone(nowMs) {
      if (round === null || dueMs(round) > nowMs) return null;
      const done = round;
      round = null;
      return done;
    },
    isAsking: () => round !== null,
    asks: () => round?.probes.filter(ports.isWaiting).length ?? 0,
    lastSentMs: () => lastSentMs,
    wakeAtMs() {
      if (round === null) return pace.nextMs();
      if (round.taken < round.probes.length) return lastSentMs + round.afterMs[round.taken]!;
      return dueMs(round);
    },
  };
}
