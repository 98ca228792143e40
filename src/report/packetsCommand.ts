/** The command that shows the packets of verdicts in a recording: a display filter of Wireshark over the evidence ids. */
import type { Report, Verdict } from '../model.ts';
import { MAX_SAVED_PROBES } from '../plan/savedPlan.ts';
import { paragraph } from './layout.ts';
import { printable } from './printable.ts';

/** Verdicts whose packets are named; a filter of more would be no line to read. */
const MAX_NAMED = 8;

/**
 * `tshark -r FILE -Y 'frame.comment contains "s17."'`: what asked, and what answered it, since an answer names its probe.
 * Null where no verdict has evidence.
 */
export function packetsCommand(recording: string, verdicts: readonly Verdict[]): string | null {
  const probes = verdicts
    .flatMap(({ evidence }) => evidence.slice(0, 1))
    .flatMap((id) => /^s(\d+)\./.exec(id)?.[1] ?? [])
    .slice(0, MAX_NAMED);
  if (probes.length === 0) return null;
  const filter =
    probes.length === 1
      ? `frame.comment contains "s${probes[0]}."`
      : `frame.comment matches "s(${probes.join('|')})[.]"`;
  return `tshark -r ${shellWord(printable(recording))} -Y '${filter}'`;
}

/** The same of the evidence of a path: what was asked and heard on both sides of its place. */
export function evidenceCommand(recording: string, evidence: readonly string[]): string | null {
  const numbers = new Set(evidence.flatMap((id) => /^[rs](\d+)\./.exec(id)?.[1] ?? []));
  if (numbers.size === 0) return null;
  const filter = `frame.comment matches "[rs](${[...numbers].join('|')})[.]"`;
  return `tshark -r ${shellWord(printable(recording))} -Y '${filter}'`;
}

/** How a recorded run is computed again, or that it cannot be; nothing where it was not recorded. */
export function recordedLines(
  { recording, plan }: Pick<Report, 'recording' | 'plan'>,
  width: number,
): readonly string[] {
  if (recording === null) return [];
  const file = shellWord(printable(recording));
  const text =
    plan.probes > MAX_SAVED_PROBES
      ? `Recorded in ${file}: what decides, and the latest other packets; the run is too large to be computed again.`
      : `Recorded: pu-probe replay ${file} computes this again.`;
  return paragraph(text, width, '');
}

/** A word that a shell takes as it is. */
export function shellWord(text: string): string {
  return /^[\w./:@%+,=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
