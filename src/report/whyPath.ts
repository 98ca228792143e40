/** The sentence catalogue of traces: every `whyId` that begins with `path.` (trace/locate.ts), its hypotheses and next steps. */
import type { PathEntry } from './pathWords.ts';
import { printable } from './printable.ts';
import type { WhyArgs } from './why.ts';
import { ANSWERED_PATH_WHY } from './whyPathAnswers.ts';
import { HOPS_PATH_WHY } from './whyPathHops.ts';
import { MTU_PATH_WHY } from './whyPathMtu.ts';
import { PASSAGE_PATH_WHY } from './whyPathPassage.ts';
import { SILENT_PATH_WHY } from './whyPathSilence.ts';

const PATH_WHY: Readonly<Record<string, PathEntry>> = {
  ...ANSWERED_PATH_WHY,
  ...SILENT_PATH_WHY,
  ...MTU_PATH_WHY,
  ...HOPS_PATH_WHY,
  ...PASSAGE_PATH_WHY,
};

/** All ids, for tests. */
export const PATH_WHY_IDS: readonly string[] = Object.keys(PATH_WHY);

/** The words for a result; facts in them are made printable. An id without words gives the id itself. */
export function pathWords(
  whyId: string,
  args: WhyArgs,
): {
  readonly why: string;
  readonly hypotheses: readonly string[];
  readonly next: readonly string[];
} {
  const entry = PATH_WHY[whyId];
  if (entry === undefined) return { why: `${printable(whyId)}.`, hypotheses: [], next: [] };
  const safe = Object.fromEntries(
    Object.entries(args).map(([key, value]) => [
      key,
      typeof value === 'string' ? printable(value) : value,
    ]),
  );
  return {
    why: entry.sentence(safe),
    hypotheses: entry.hypotheses(safe),
    next: entry.next(safe),
  };
}
