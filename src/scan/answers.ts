/** Whom an answer concerns: a port of the plan, what is asked of one besides, or a control row. */
import { SHAPED_TAG } from '../batch.ts';
import { ANSWER } from '../match/facts.ts';
import type { Match, MatchListener, MatchResult } from '../match/match.ts';
import type { Closing } from './closing.ts';
import type { ScanContext } from './context.ts';
import { createAnswerIds, noteTarget } from './evidence.ts';
import type { Outcomes } from './outcomes.ts';
import type { Passage } from './passage.ts';
import { PHASE } from './probeState.ts';

/** Who takes answers, and who is told of each row. */
export interface AnswersOptions {
  readonly outcomes: Pick<Outcomes, 'answered'>;
  readonly closing: Pick<Closing, 'answered'>;
  readonly passage: Pick<Passage, 'heard' | 'attempts'>;
  readonly onMatch?: MatchListener | undefined;
}

/** Takes row `row`, as the matching engine has read it. */
export type TakeAnswer = (row: number, read: MatchResult, match: Match, nowMs: number) => void;

/** Creates what takes the answers of a run. */
export function createAnswers(
  context: ScanContext,
  { outcomes, closing, passage, onMatch }: AnswersOptions,
): TakeAnswer {
  const { probes, counters } = context;
  const giveId = createAnswerIds(context);

  const takeMatched = (row: number, match: Match, nowMs: number): void => {
    const { probe, tag, answer } = match;
    const isShaped = tag === SHAPED_TAG;
    const hasId = (isShaped || tag === 0) && answer !== ANSWER.SEND_FAILED;
    if (hasId) giveId(match, isShaped ? passage.attempts.made(probe) : 0);
    const isLate = tag === 0 && probes.phase[probe]! >= PHASE.DONE;
    onMatch?.(row, isLate ? 'late' : 'matched', match);
    if (isShaped) passage.heard(match);
    else if (tag === 0) outcomes.answered(match, nowMs);
    else closing.answered(tag, answer, nowMs);
  };

  return (row, read, match, nowMs) => {
    if (read === 'matched') {
      counters.matched += 1;
      noteTarget(context, match);
      takeMatched(row, match, nowMs);
      return;
    }
    if (read === 'bad-token') counters.badToken += 1;
    else counters.foreign += 1;
    onMatch?.(row, read, match);
  };
}
