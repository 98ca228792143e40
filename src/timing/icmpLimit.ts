/**
 * What is learned of the limiter that a host puts on its ICMP errors: the time that one more error costs.
 *
 * A limiter that was emptied gives one answer each `gapMs`; what is seen of it are the pauses between answers while we
 * ask all the time. Which kind it is (a bucket for each asker, one for the whole host, a window) is not asked for.
 */

/** The estimate for one sender of ICMP errors, as one of our addresses sees it. */
export interface IcmpLimit {
  /** Time between two errors of an emptied limiter, ms. */
  readonly gapMs: () => number;
  /** Notes one pause between two answers while we kept asking, ms. */
  noteGap(ms: number): void;
  /** Notes that so many answers came in a time in which the limiter never was full, ms. */
  noteTokens(tokens: number, ms: number): void;
  /** Notes that this many errors came within `spanMs` when ports were asked faster than any limiter allows. */
  noteFlood(answers: number, spanMs: number): void;
  /** Notes that answers failed to come at half of the rate that was thought. */
  noteTooFast(): void;
  /** Whether `gapMs` rests on what was seen. */
  readonly isMeasured: () => boolean;
  /** How many pauses were seen. */
  readonly gaps: () => number;
  /** Whether answers come so fast that tokens are no concern: then a refill between two probes proves nothing. */
  readonly isFast: () => boolean;
  /** Time without an answer after which any limiter has one in store, ms. */
  readonly sureAfterMs: () => number;
}

/** Before anything is known: short, so that a refill between two probes is thought likely. */
const FIRST_GAP_MS = 50;
const MAX_GAP_MS = 4000;
/** Pauses that are remembered. */
const MAX_GAPS = 15;
/** So many of them are a measurement. */
const MEASURED_GAPS = 3;
/** Share of the pauses below the estimate: half of them are too long, as polls come late. */
const GAP_QUANTILE = 0.4;
/** Tokens over their time are an estimate too, from so many rounds on; late polls do not lengthen it, lost answers do. */
const MEAN_ROUNDS = 8;
/** A limiter faster than this is polled no better than a missing one, ms. */
const FAST_GAP_MS = 30;
/** No known bucket holds more than 10, so that further answers of a flood are its rate. */
const MAX_BURST = 10;
const MIN_FLOOD_ANSWERS = 20;
/** The slowest known limiter is 2 s (Linux with a raised icmp_ratelimit); a bucket fills by one in this time, ms. */
const SAFE_GAP_MS = 2200;
/** How many gaps make sure: a gap is an estimate. */
const SURE_GAPS = 1.5;

/** What Linux allows one asker by default, ms: icmp_ratelimit, and that of IPv6 since 2026 (ADR 0015). */
export const LINUX_GAP_MS: Readonly<Record<4 | 6, number>> = { 4: 1000, 6: 100 };

/** Creates the estimate before anything was seen; `firstGapMs` is what is thought until then. */
export function createIcmpLimit(firstGapMs: number = FIRST_GAP_MS): IcmpLimit {
  const gaps: number[] = [];
  const rounds: { readonly tokens: number; readonly ms: number }[] = [];
  let gapMs = firstGapMs;

  const quantileMs = (): number => {
    const sorted = [...gaps].sort((a, b) => a - b);
    return sorted[Math.floor(GAP_QUANTILE * sorted.length)]!;
  };

  /** Never so short that another way to ask follows from it. */
  const meanMs = (): number => {
    if (rounds.length < MEAN_ROUNDS) return MAX_GAP_MS;
    const ms = rounds.reduce((sum, round) => sum + round.ms, 0);
    return Math.max(FAST_GAP_MS, ms / rounds.reduce((sum, { tokens }) => sum + tokens, 0));
  };

  const estimate = (): void => {
    gapMs = Math.min(MAX_GAP_MS, quantileMs(), meanMs());
  };

  return {
    gapMs: () => gapMs,
    noteGap(ms) {
      gaps.push(ms);
      if (gaps.length > MAX_GAPS) gaps.shift();
      estimate();
    },
    noteTokens(tokens, ms) {
      // Before the first pause there may have been tokens in store.
      if (gaps.length === 0) return;
      rounds.push({ tokens, ms });
      if (rounds.length > MAX_GAPS) rounds.shift();
      estimate();
    },
    noteFlood(answers, spanMs) {
      if (answers < MIN_FLOOD_ANSWERS || gaps.length > 0) return;
      gapMs = Math.min(MAX_GAP_MS, spanMs / (answers - MAX_BURST));
    },
    noteTooFast() {
      gapMs = Math.min(MAX_GAP_MS, 2 * gapMs);
    },
    isMeasured: () => gaps.length >= MEASURED_GAPS || gapMs < FAST_GAP_MS,
    gaps: () => gaps.length,
    isFast: () => gapMs < FAST_GAP_MS,
    sureAfterMs: () => SURE_GAPS * Math.max(gapMs, SAFE_GAP_MS),
  };
}
