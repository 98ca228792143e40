/** Asking refused ports again with a smallest accepted TTL, and reading what came of it (resetCheck.ts). */

import { RESET_CHECK } from '../match/facts.ts';
import type { ScanContext } from './context.ts';
import type { ControlRows } from './controlRows.ts';
import { U8 } from './probeState.ts';
import { COMPARISON_PROTOCOL, type ControlRow, readLadder } from './resetCheck.ts';

/** Compares RSTs with the distance of their target by asking with a smallest accepted TTL. */
export interface Comparison {
  /** Asks each of these probes of the target once for every rung of the ladder. */
  ask(target: number, resets: readonly number[], ladder: readonly number[]): readonly ControlRow[];
  /** How long their answers are waited for, ms. */
  waitMs(target: number): number;
  /** Notes what the ladders say; returns the probes that need the second one. */
  read(target: number, rows: readonly ControlRow[]): readonly number[];
}

/** Least wait for the answers, ms: the same RST has just come in one RTT. */
const MIN_WAIT_MS = 30;
/** Round trips of the target that are waited for. */
const WAIT_RTTS = 8;

/** Creates the comparison of a run, which asks through the control rows. */
export function createComparison(
  { plan, probes, targets, rtt }: ScanContext,
  controls: ControlRows,
): Comparison {
  return {
    ask: (target, resets, ladder) =>
      resets.flatMap((probe) => {
        const port = plan.space.portOf(probe);
        return ladder.map((minTtl) =>
          controls.add({ target, protocol: COMPARISON_PROTOCOL, port, minTtl, probe }),
        );
      }),
    waitMs: (target) =>
      Math.min(rtt.rtoMs(target), Math.max(MIN_WAIT_MS, WAIT_RTTS * rtt.srttMs(target))),
    read(target, rows) {
      const again: number[] = [];
      for (const [probe, asked] of groupByProbe(rows)) {
        if (asked.some(({ outcome }) => outcome === 'unsent')) {
          probes.resetCheck[probe * U8] = RESET_CHECK.UNCLEAR;
          continue;
        }
        const answers = asked.map(({ minTtl, outcome }) => ({
          minTtl,
          answered: outcome === 'answered',
        }));
        const { check, ttl } = readLadder(targets.distance[target]!, answers);
        if (check === 'again') again.push(probe);
        probes.resetCheck[probe * U8] = check === 'again' ? RESET_CHECK.UNCLEAR : check;
        probes.ttl[probe * U8] = ttl;
      }
      return again;
    },
  };
}

/** The rows of a comparison by the probe that they are about. */
function groupByProbe(rows: readonly ControlRow[]): ReadonlyMap<number, ControlRow[]> {
  const groups = new Map<number, ControlRow[]>();
  for (const row of rows) {
    const group = groups.get(row.probe);
    if (group === undefined) groups.set(row.probe, [row]);
    else group.push(row);
  }
  return groups;
}
