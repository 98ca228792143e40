/** The sentence catalogue of captures: every `whyId` of explain/ in English words. Another language is another catalogue with the same keys. */
import type { Step } from '../explain/finding.ts';
import { CAUSE_WORDS, type CauseWords } from './explainCauses.ts';
import { ICMP_EXPLAIN } from './explainIcmp.ts';
import { LIMIT_WORDS } from './explainLimits.ts';
import { PROBE_EXPLAIN } from './explainProbes.ts';
import { TCP_EXPLAIN } from './explainTcp.ts';
import { TRANSIT_EXPLAIN } from './explainTransit.ts';
import { UDP_EXPLAIN } from './explainUdp.ts';
import type { ExplainEntry } from './explainWords.ts';
import { printable } from './printable.ts';
import { safeArgs, upperFirst } from './sentences.ts';
import type { WhyArgs } from './why.ts';

const CATALOGUE: Readonly<Record<string, ExplainEntry>> = {
  ...ICMP_EXPLAIN,
  ...TRANSIT_EXPLAIN,
  ...TCP_EXPLAIN,
  ...UDP_EXPLAIN,
  ...PROBE_EXPLAIN,
};

/** All ids that have words, for the test that those in use have. */
export const EXPLAIN_IDS: readonly string[] = [
  ...Object.keys(CATALOGUE),
  ...Object.keys(CAUSE_WORDS),
  ...Object.keys(LIMIT_WORDS),
];

/** A finding in words; all facts in them are made printable. */
export interface FindingWords {
  readonly title: string;
  readonly why: string;
  readonly meaning: string;
  readonly next: readonly Step[];
}

/** Puts a finding into words; an id without words (of a later version) gives the id itself. */
export function findingWords(whyId: string, whyArgs: WhyArgs): FindingWords {
  const entry = Object.hasOwn(CATALOGUE, whyId) ? CATALOGUE[whyId]! : null;
  if (entry === null) {
    const text = `${printable(whyId)}.`;
    return { title: text, why: text, meaning: '', next: [] };
  }
  const args = safeArgs(whyArgs);
  return {
    title: upperFirst(entry.title(args)),
    why: upperFirst(entry.sentence(args)),
    meaning: upperFirst(entry.meaning(args)),
    next: entry.steps(args),
  };
}

/** What a capture cannot show, as one sentence. */
export function limitSentence(whyId: string, args: WhyArgs): string {
  return LIMIT_WORDS[whyId]?.(safeArgs(args)) ?? `${printable(whyId)}.`;
}

/** The words of a known cause; null for an unknown id. */
export function causeWords(id: string): CauseWords | null {
  return CAUSE_WORDS[id] ?? null;
}
