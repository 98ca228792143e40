/** Compares verdicts with what a scenario expects; every difference is a line. */
import type { Family, Verdict } from '../../src/model.ts';
import type { ExpectedVerdict } from './scenario.ts';

/** Certain from here on (contract.md). */
const CERTAIN = 0.999;

/** What a run said. */
export interface RunSaid {
  readonly verdicts: readonly Verdict[];
  readonly warnings: readonly string[];
  readonly counters: Readonly<Record<string, number>>;
}

/** Differences between the verdicts of a run and the expected rows, in words; empty when all is as written. */
export function differences(
  expected: readonly ExpectedVerdict[],
  said: RunSaid,
  family: Family,
): readonly string[] {
  return expected.flatMap((row) => {
    const label = `${row.port}/${row.protocol}`;
    const found = said.verdicts.filter(
      ({ port, protocol }) => port === row.port && protocol === row.protocol,
    );
    if (found.length !== 1) return [`${label}: ${found.length} verdicts`];
    return compare(row, found[0]!, said, family).map((line) => `${label}: ${line}`);
  });
}

function compare(
  row: ExpectedVerdict,
  verdict: Verdict,
  { warnings, counters }: RunSaid,
  family: Family,
): readonly string[] {
  const lines: string[] = [];
  const must = (holds: boolean, line: string): void => {
    if (!holds) lines.push(line);
  };
  const { state, reason, detail, by, confidence, why } = verdict;
  must(row.states.includes(state), `state ${state} (${confidence}; ${why}), not ${row.states}`);
  const reasons = row.reasons[family];
  must(reasons?.includes(reason) ?? true, `reason ${reason}, not ${reasons}`);
  must(row.details?.includes(detail) ?? true, `detail ${detail}, not ${row.details}`);
  if (row.by === null) must(by === null, `by ${JSON.stringify(by)}, not null`);
  else if (row.by !== undefined) {
    must(by?.role === row.by.role, `by ${JSON.stringify(by)}, not ${row.by.role}`);
    const isHop = row.by.hop === undefined || by?.hop === row.by.hop;
    must(isHop, `hop ${by?.hop}, not ${row.by.hop}`);
  }
  if (row.certain === true) must(confidence >= CERTAIN, `confidence ${confidence}, not certain`);
  // That it could not be checked may be certain: it says nothing about the port.
  if (row.certain === false && state !== 'unknown')
    must(confidence < CERTAIN, `confidence ${confidence}, too certain`);
  const { warning, counted } = row;
  if (counted !== undefined) must((counters[counted] ?? 0) > 0, `nothing counted as ${counted}`);
  if (warning !== undefined) {
    must(
      warnings.some((text) => text.includes(warning)),
      `no warning with '${warning}' in ${JSON.stringify(warnings)}`,
    );
  }
  return lines;
}
