/** What `explain` found, as the report that is written (schema pu-probe/explain/1). */
import { CAUSES } from '../explain/causes.ts';
import type { Explained, ExplainedFinding } from '../explain/explainer.ts';
import type { CaptureFinding, ExplainReport, FittingCause } from '../explain/finding.ts';
import { causeWords, findingWords, limitSentence } from './explainSentences.ts';

/** What the report says besides the findings. */
export interface ExplainHead {
  readonly tool: ExplainReport['tool'];
  /** The file was read to its end. */
  readonly complete: boolean;
  readonly warnings: readonly string[];
  /** RFC 3339 of a time since the epoch, ms; null for stamps that are no time. */
  readonly toTime: (ms: number) => string | null;
}

/** Puts everything into words. */
export function buildExplainReport(explained: Explained, head: ExplainHead): ExplainReport {
  const { counts, flows, findings, furtherFindings, limits } = explained;
  const { packets, firstMs, lastMs, ...others } = counts;
  return {
    schema: 'pu-probe/explain/1',
    tool: head.tool,
    command: 'explain',
    complete: head.complete,
    capture: {
      startedAt: packets === 0 ? null : head.toTime(firstMs),
      durationMs: round(lastMs - firstMs),
      packets,
      flows,
      counts: others,
    },
    findings: findings.map((finding, index) => toFinding(finding, index, firstMs)),
    furtherFindings,
    limits: limits.map(({ whyId, whyArgs }) => limitSentence(whyId, whyArgs)),
    warnings: head.warnings,
  };
}

function toFinding(finding: ExplainedFinding, index: number, startMs: number): CaptureFinding {
  const { rank: _rank, firstMs, lastMs, cited, causeIds, whyId, whyArgs, ...rest } = finding;
  const { title, why, meaning, next } = findingWords(whyId, whyArgs);
  return {
    id: `f${index + 1}`,
    title,
    ...rest,
    whyId,
    whyArgs,
    why,
    meaning,
    causes: causeIds.flatMap(toCause),
    next,
    firstS: round((firstMs - startMs) / 1000),
    lastS: round((lastMs - startMs) / 1000),
    packets: cited.packets,
    frames: cited.frames,
    filter: cited.filter,
  };
}

function toCause(id: string): FittingCause[] {
  const row = CAUSES.find((cause) => cause.id === id);
  const words = causeWords(id);
  if (row === undefined || words === null) return [];
  return [{ id, certainty: row.certainty, ...words, source: row.source }];
}

/** Three decimals: microseconds of a capture's stamps are not what a person reads. */
function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

/** The report as one JSON document, ending in a newline. */
export function explainJson(report: ExplainReport): string {
  return `${JSON.stringify(report, null, 2)}\n`;
}
