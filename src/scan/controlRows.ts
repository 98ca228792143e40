/** Rows that the tool asks besides the plan: each has a tag by which its answer is found. */
import { ANSWER } from '../match/facts.ts';
import type { ControlRow } from './resetCheck.ts';

/** What a control row asks; tag and outcome are given by {@link ControlRows}. */
export type ControlRequest = Pick<ControlRow, 'target' | 'protocol' | 'port' | 'minTtl' | 'probe'>;

/** The control rows of a run, found by their tag or by what they asked. */
export interface ControlRows {
  add(request: ControlRequest): ControlRow;
  byTag(tag: number): ControlRow | undefined;
  /** Tag of the distance control that asked this port, or 0. */
  tagAt(target: number, protocol: number, port: number): number;
  /** Control datagrams to ports that nobody asked for. */
  distanceControls(): readonly ControlRow[];
}

/** Creates the control rows of a run; `send` gets each new one. Tags begin with 1. */
export function createControlRows(send: (row: ControlRow) => void): ControlRows {
  const rows: ControlRow[] = [];
  const distanceTags = new Map<string, number>();
  const keyOf = (target: number, protocol: number, port: number): string =>
    `${target}/${protocol}/${port}`;
  return {
    add(request) {
      const row: ControlRow = { ...request, tag: rows.length + 1, outcome: 'waiting' };
      rows.push(row);
      if (row.probe < 0) distanceTags.set(keyOf(row.target, row.protocol, row.port), row.tag);
      send(row);
      return row;
    },
    byTag: (tag) => rows[tag - 1],
    tagAt: (target, protocol, port) =>
      distanceTags.size === 0 ? 0 : (distanceTags.get(keyOf(target, protocol, port)) ?? 0),
    distanceControls: () => rows.filter((row) => row.probe < 0),
  };
}

/** Notes what came of a row; false when it says nothing: a comparison asks for a RST alone. */
export function noteAnswer(row: ControlRow, answer: number): boolean {
  if (row.outcome !== 'waiting') return false;
  const isUnsent = answer === ANSWER.SEND_FAILED;
  if (row.probe >= 0 && answer !== ANSWER.RESET && !isUnsent) return false;
  row.outcome = isUnsent ? 'unsent' : 'answered';
  return true;
}

/** Marks what did not answer in time. */
export function closeRows(rows: readonly ControlRow[]): void {
  for (const row of rows) if (row.outcome === 'waiting') row.outcome = 'silent';
}
