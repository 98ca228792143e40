/**
 * Whether another of our addresses has a bucket of its own at a target's limiter: it is asked for while that of the first one is
 * empty. Known closed ports are asked from the first address, then ports from the other one, then known closed ports from the
 * first one again. Where the first one is silent to the end and the other one was answered, they do not share a limiter: one that
 * they shared would have had to fill up after the first probes, and to be empty again before the last ones.
 */
import { ORDERED_GAP_MS } from './walkRound.ts';

/** What a test has shown; `dry`: the other address was not answered either. */
export type SourceTestOutcome = 'separate' | 'dry' | 'unclear';

/** One test. */
export interface SourceTest {
  /** Every probe of it, and the address that each is asked from. */
  readonly probes: readonly number[];
  readonly from: readonly number[];
  /** The place of the next probe that is due, or -1. */
  take(nowMs: number): number;
  sent(probe: number, atMs: number): void;
  answered(probe: number): void;
  /** When there is something to send or to conclude, ms. */
  wakeAtMs(): number;
  isDone(nowMs: number): boolean;
  outcome(): SourceTestOutcome;
  /** Answers that each address got: the first one, the other one. */
  answers(): readonly [number, number];
}

/** What is asked: known closed ports around ports that are asked from the other address. */
export interface SourceTestOptions {
  readonly before: readonly number[];
  readonly others: readonly number[];
  readonly after: readonly number[];
  /** The other address. */
  readonly source: number;
  readonly waitMs: () => number;
}

/** Distance of the probes of one address, ms. */
const GAP_MS = 0.3;
/** Answers to the other address that are more than a refill in between. */
const MIN_ANSWERS = 2;

/** Creates a test before its first probe. */
export function createSourceTest(options: SourceTestOptions): SourceTest {
  const { before, others, after, source, waitMs } = options;
  const probes = [...before, ...others, ...after];
  const from = probes.map((_, index) => {
    const isOther = index >= before.length && index < before.length + others.length;
    return isOther ? source : 0;
  });
  const answered = new Set<number>();
  let taken = 0;
  let lastSentMs = Number.NEGATIVE_INFINITY;
  const nextMs = (): number => {
    const isTurn = taken > 0 && from[taken] !== from[taken - 1];
    return lastSentMs + (isTurn ? ORDERED_GAP_MS : GAP_MS);
  };
  const count = (some: readonly number[]): number => some.filter((one) => answered.has(one)).length;
  const wakeAtMs = (): number => (taken < probes.length ? nextMs() : lastSentMs + waitMs());
  return {
    probes,
    from,
    take(nowMs) {
      if (taken >= probes.length || nowMs < nextMs()) return -1;
      lastSentMs = nowMs;
      return taken++;
    },
    sent(probe, atMs) {
      if (probes.includes(probe)) lastSentMs = Math.max(lastSentMs, atMs);
    },
    answered(probe) {
      if (probes.includes(probe)) answered.add(probe);
    },
    wakeAtMs,
    isDone: (nowMs) => taken === probes.length && nowMs >= wakeAtMs(),
    outcome() {
      if (count(after) > 0) return 'unclear';
      return count(others) >= MIN_ANSWERS ? 'separate' : 'dry';
    },
    answers: () => [count(before) + count(after), count(others)],
  };
}
