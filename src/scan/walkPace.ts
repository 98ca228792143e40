/** How a walk keeps step with its limiter: how many probes a round has, and when the next one begins. */
import { createIcmpLimit, type IcmpLimit } from '../timing/icmpLimit.ts';
import type { RoundResult, WalkRound } from './walkRound.ts';

/** What is known of a target when its walk begins. */
export interface WalkStart {
  /** When the target was first asked, and when its limiter answered last, ms. */
  readonly startedMs: number;
  readonly lastAnswerMs: number;
  /** Errors that came by then. */
  readonly answers: number;
  /** Uniform in [0, 1), seeded. */
  readonly random: () => number;
  /** Time between two errors by what an earlier walk has learned, ms. */
  readonly gapMs?: number;
  /** How many of our addresses ask: until a gap is known, all of them together keep the pace of one. */
  readonly askers: () => number;
}

/** The pace of one walk. */
export interface WalkPace {
  readonly limit: IcmpLimit;
  /** Probes of a round that looks for closed ports. */
  readonly size: () => number;
  /** Rounds without an answer, one after the other. */
  readonly dry: () => number;
  /** The last round was answered for its known closed ports alone: the others are likely to be silent. */
  readonly isProving: () => boolean;
  /** Distance of probes of a mixed round, ms, at least. */
  readonly mixedGapMs: () => number;
  /** When the next round may begin, ms. */
  readonly nextMs: () => number;
  /** By what was learned there should have been an answer by then, ms. */
  overdueMs(): number;
  isOverdue(nowMs: number): boolean;
  /** The limiter has a token, without doubt. */
  isSure(nowMs: number): boolean;
  /** It has answered nothing for so long that it will not. */
  hasStopped(nowMs: number): boolean;
  /** The limiter answered something that was no round. */
  noteToken(nowMs: number): void;
  learn(kind: WalkRound['kind'], result: RoundResult, nowMs: number): void;
}

/** Probes of a first round, of one that brought nothing, and of one whose every probe was answered. */
const FIRST_ROUND = 4;
const MIN_ROUND = 6;
const MAX_DRY_ROUND = 16;
const MAX_ROUND = 200;
/** Once a limiter refused: the global bucket of a Linux host holds 50 errors for everybody (icmp_msgs_burst). */
const MAX_REFUSED_ROUND = 30;
/** Shortest pause between two rounds, and the share of a gap. */
const MIN_PAUSE_MS = 5;
const PAUSE_SHARE = 0.25;
/** Gaps between two rounds of proof: then the token is there before the round begins. */
const PROOF_PAUSE = 1.25;
/** From so many gaps on their length is known, and nothing is asked before most of one has passed: so much, by chance. */
const KNOWN_GAPS = 5;
const EARLIEST_SHARE = 0.6;
const LATEST_SHARE = 0.9;
/** A limiter that gives nothing for so long has stopped answering us: what is left stays unproven, ms. */
const STOPPED_MS = 30_000;
const STOPPED_ROUNDS = 12;
/** Closest distance of probes where answers cost nothing, ms. */
export const FAST_PROBE_GAP_MS = 0.05;

/** Creates the pace of a walk before its first round. */
export function createWalkPace(start: WalkStart): WalkPace {
  const { startedMs, lastAnswerMs, answers, random, askers } = start;
  const limit = createIcmpLimit(start.gapMs);
  if (start.gapMs === undefined) limit.noteFlood(answers, lastAnswerMs - startedMs);
  let size = limit.isFast() ? MAX_ROUND : FIRST_ROUND;
  let dry = 0;
  let isProving = false;
  let mixedGapMs = FAST_PROBE_GAP_MS;
  let lastMs = lastAnswerMs;
  let nextMs = Number.NEGATIVE_INFINITY;

  const overdueMs = (): number => lastMs + PROOF_PAUSE * limit.gapMs();

  /** By chance: polls in step with the limiter would meet its refill in the middle of a round, again and again. */
  const pauseMs = (): number =>
    (0.5 + random()) *
    Math.max(MIN_PAUSE_MS, PAUSE_SHARE * limit.gapMs()) *
    (limit.gaps() === 0 ? askers() : 1);

  const learnDry = (nowMs: number): void => {
    dry += 1;
    size = Math.min(MAX_DRY_ROUND, Math.max(MIN_ROUND, size + 1));
    nextMs = nowMs + pauseMs();
  };

  const learnTokens = (result: RoundResult, nowMs: number): void => {
    // A fast limiter's pauses are those of rounds without a closed port.
    if (!limit.isFast()) {
      limit.noteTokens(result.tokens, nowMs - lastMs);
      if (dry > 0) limit.noteGap((nowMs - lastMs) / result.tokens);
    }
    lastMs = nowMs;
    dry = 0;
    const wanted = result.isWhole ? 2 * size : Math.max(MIN_ROUND, 2 * result.tokens + 2);
    size = Math.min(wanted, result.isWhole || limit.isFast() ? MAX_ROUND : MAX_REFUSED_ROUND);
    if (isProving && !limit.isFast()) nextMs = nowMs + PROOF_PAUSE * limit.gapMs();
    else if (result.endsAnswered) nextMs = nowMs;
    else {
      const polled = nowMs + pauseMs();
      const isKnown = limit.gaps() >= KNOWN_GAPS && !limit.isFast();
      const share = EARLIEST_SHARE + (LATEST_SHARE - EARLIEST_SHARE) * random();
      nextMs = isKnown ? Math.max(polled, lastMs + share * limit.gapMs()) : polled;
    }
  };

  const learnMixed = (result: RoundResult, nowMs: number): void => {
    nextMs = nowMs;
    if (2 * result.silentCanaries <= result.canaries) return;
    mixedGapMs *= 2;
    limit.noteTooFast();
  };

  return {
    limit,
    size: () => size,
    dry: () => dry,
    isProving: () => isProving,
    mixedGapMs: () => mixedGapMs,
    nextMs: () => nextMs,
    overdueMs,
    isOverdue: (nowMs) => nowMs > overdueMs(),
    isSure: (nowMs) => nowMs - lastMs >= limit.sureAfterMs(),
    hasStopped: (nowMs) => dry >= STOPPED_ROUNDS && nowMs - lastMs > STOPPED_MS,
    noteToken(nowMs) {
      lastMs = nowMs;
    },
    learn(kind, result, nowMs) {
      isProving = result.tokens > 0 && result.closed === 0;
      if (result.tokens === 0) learnDry(nowMs);
      else learnTokens(result, nowMs);
      if (kind === 'mixed') learnMixed(result, nowMs);
    },
  };
}
