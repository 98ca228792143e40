/**
 * What a trace looks into when its own steps are done, each only where it was asked for: one study after the other, each
 * a row of rounds. A study says what a round asks; here it is waited for.
 */
import type { Cells } from './cells.ts';
import type { Step } from './steps.ts';
import type { TraceAsk } from './traceRows.ts';

/** One round of a study. */
export interface StudyRound {
  readonly asks: readonly TraceAsk[];
  /** Least time since the last packet before, ms: what a limiter needs to have an answer again. */
  readonly pauseMs: number;
  /** How long it is waited for where that is no matter of round trips, ms. */
  readonly waitMs?: number;
  /** What is waited for, where it is not one answer to each ask. */
  readonly isWhole?: () => boolean;
  /** Asks for our own side. */
  readonly inquire?: true;
}

/** What is looked into. */
export type StudyName = 'flows' | 'mtu' | 'passage' | 'fragment';

/** One thing that is looked into. */
export interface Study {
  readonly name: StudyName;
  /** Most that it takes, ms; left out: that depends on what is heard. */
  readonly mostMs?: number;
  /** The next round, once the one before is answered or given up; null: it is done. */
  next(): StudyRound | null;
}

/** The study that is under way. */
export interface StudyNow {
  readonly name: StudyName;
  /** When its first round was decided. */
  readonly sinceMs: number;
  readonly mostMs: number | null;
}

/** The studies of a trace. */
export interface Studies {
  next(nowMs: number): Step;
  /** Null: none has begun, or all are done. */
  now(): StudyNow | null;
  noteSent(sentMs: number): void;
}

/** Shortest wait for an answer, ms, and how many of the longest round trips it is. */
const MIN_WAIT_MS = 20;
const RTT_WAITS = 4;
/** Before anything was heard, ms. */
const FIRST_WAIT_MS = 1000;

const NOTHING: Step = { asks: [], inquire: false, wakeAtMs: undefined };

/** Runs the studies in their order. */
export function createStudies(
  studies: readonly Study[],
  cells: Cells,
  isOwnSideKnown: () => boolean,
): Studies {
  const left = [...studies];
  let lastSentMs = Number.NEGATIVE_INFINITY;
  /** What leaves when its pause is over. */
  let delayed: StudyRound | null = null;
  /** What is waited for. */
  let asked: StudyRound | null = null;
  /** Answers there were to each ask before it left: an ask may be repeated. */
  let before: readonly number[] = [];

  const answersOf = ({ asks }: StudyRound): readonly number[] =>
    asks.map(({ flow, ttl }) => cells.answers(flow.index, ttl));

  const deadlineMs = ({ waitMs }: StudyRound): number => {
    const rttMs = cells.maxRttMs();
    const waits = rttMs === 0 ? FIRST_WAIT_MS : Math.max(MIN_WAIT_MS, RTT_WAITS * rttMs);
    return lastSentMs + (waitMs ?? waits);
  };

  let now: StudyNow | null = null;

  const nextRound = (nowMs: number): StudyRound | null => {
    for (let study = left[0]; study !== undefined; study = left[0]) {
      const round = study.next();
      const { name, mostMs = null } = study;
      if (round !== null && now?.name !== name) now = { name, sinceMs: nowMs, mostMs };
      if (round !== null) return round;
      left.shift();
    }
    now = null;
    return null;
  };

  return {
    now: () => now,
    noteSent(sentMs) {
      lastSentMs = Math.max(lastSentMs, sentMs);
    },
    next(nowMs) {
      if (asked !== null) {
        const isWhole =
          (asked.isWhole?.() ?? answersOf(asked).every((count, i) => count > before[i]!)) &&
          (asked.inquire !== true || isOwnSideKnown());
        const untilMs = deadlineMs(asked);
        if (!isWhole && nowMs < untilMs) return { ...NOTHING, wakeAtMs: untilMs };
        asked = null;
      }
      delayed ??= nextRound(nowMs);
      if (delayed === null) return NOTHING;
      const sendAtMs = lastSentMs + delayed.pauseMs;
      if (nowMs < sendAtMs) return { ...NOTHING, wakeAtMs: sendAtMs };
      asked = delayed;
      delayed = null;
      before = answersOf(asked);
      return { ...NOTHING, asks: asked.asks, inquire: asked.inquire === true };
    },
  };
}
