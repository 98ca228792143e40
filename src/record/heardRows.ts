/** What the matching engine made of the rows of one batch, kept until they are written. */
import type { MatchListener } from '../match/match.ts';
import { HEARD, type HeardRow } from './labels.ts';

/** The rows of one batch. */
export interface HeardRows {
  readonly note: MatchListener;
  /** What was made of a row; one record, valid until the next call. */
  of(row: number): HeardRow;
  clear(): void;
}

const RESULTS = {
  matched: HEARD.ANSWER,
  late: HEARD.LATE,
  'not-an-answer': HEARD.NO_ANSWER,
  'bad-token': HEARD.BAD_TOKEN,
  foreign: HEARD.FOREIGN,
} as const;

/** Numbers kept of a row: those of HeardRow. */
const FIELDS = 7;
/** Rows of a batch, to begin with. */
const BATCH_ROWS = 1024;

/** Creates an empty batch of heard rows. */
export function createHeardRows(): HeardRows {
  // All 0 is a row that nobody looked at.
  let kept = new Uint32Array(BATCH_ROWS * FIELDS);
  let end = 0;
  const one = { heard: 0, probe: 0, tag: 0, attempt: 0, idAttempt: 0, idNumber: 0, answer: 0 };
  return {
    note(row, result, match) {
      const at = row * FIELDS;
      if (at >= kept.length) {
        const larger = new Uint32Array(2 * at);
        larger.set(kept);
        kept = larger;
      }
      kept[at] = RESULTS[result];
      kept[at + 1] = match.probe;
      kept[at + 2] = match.tag;
      kept[at + 3] = match.attempt;
      kept[at + 4] = match.idAttempt;
      kept[at + 5] = match.idNumber;
      kept[at + 6] = match.answer ?? 0;
      if (at + FIELDS > end) end = at + FIELDS;
    },
    of(row) {
      const at = row * FIELDS;
      one.heard = kept[at] ?? HEARD.NOTHING;
      one.probe = kept[at + 1] ?? 0;
      one.tag = kept[at + 2] ?? 0;
      one.attempt = kept[at + 3] ?? 0;
      one.idAttempt = kept[at + 4] ?? 0;
      one.idNumber = kept[at + 5] ?? 0;
      one.answer = kept[at + 6] ?? 0;
      return one;
    },
    clear() {
      kept.fill(0, 0, end);
      end = 0;
    },
  };
}
