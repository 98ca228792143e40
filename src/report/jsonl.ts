/** The report as records, one a line: each function gives a whole line with its newline, valid after any cut. */
import type { HostVerdict, Report, Verdict } from '../model.ts';
import { roundMs, verdictFields } from './json.ts';

/** What is known of a run before its first verdict. */
export interface ReportHead {
  readonly schema: Report['schema'];
  readonly tool: Report['tool'];
  readonly command: Report['command'];
  readonly startedAt: string;
  readonly wire: Report['wire'];
  readonly seed: string;
  readonly plan: Report['plan'];
}

/** What is known of a run when it has ended. */
export interface RunEnd {
  readonly complete: boolean;
  readonly notDone: readonly string[];
  readonly durationMs: number;
  readonly counters: Readonly<Record<string, number>>;
  readonly exitCode: number;
}

/** The first record. */
export function startRecord(head: ReportHead): string {
  const { schema, tool, command, startedAt, wire, seed, plan } = head;
  return line('start', { schema, tool, command, startedAt, wire, seed, plan });
}

/** One port. */
export function verdictRecord(verdict: Verdict): string {
  return line('verdict', verdictFields(verdict));
}

/** One host. */
export function hostRecord(host: HostVerdict): string {
  return line('host', host);
}

/** One path. */
export function pathRecord(path: Report['paths'][number]): string {
  return line('path', path);
}

/** One warning. */
export function warningRecord(warning: string): string {
  return line('warning', { warning });
}

/** The last record; without it the run was cut off. */
export function endRecord(end: RunEnd): string {
  const { complete, notDone, durationMs, counters, exitCode } = end;
  return line('end', { complete, notDone, durationMs: roundMs(durationMs), counters, exitCode });
}

function line(type: string, fields: object): string {
  return `${JSON.stringify({ type, ...fields })}\n`;
}
