/** Rows that leave at the pace of ICMP limiters: those of the walks, and what is asked once more at the end of a target. */
import { PROTO_UDP, SHAPED_TAG } from '../batch.ts';
import type { ScanContext } from './context.ts';
import type { Passage } from './passage.ts';
import { MAX_ATTEMPT } from './passageAttempts.ts';
import { F64, PHASE, U8 } from './probeState.ts';
import type { Rows } from './rows.ts';
import type { Walked } from './walk.ts';
import type { WalkSource } from './walks.ts';

/** Who asks at the pace of limiters. */
export interface PacedSources {
  readonly walks: WalkSource;
  readonly passage: WalkSource & Pick<Passage, 'attempts'>;
}

/** These rows of a batch. */
export interface PacedRows {
  /** Adds what is due; false where the batch had no room for all of it. */
  fill(nowMs: number): boolean;
  /** The wire has said when a row of the batch left; those of others are passed by. */
  sent(row: number, probe: number, sentMs: number): void;
  clear(): void;
}

/** Creates the rows of a run. */
export function createPacedRows(
  { plan, probes, pace, counters }: ScanContext,
  rows: Rows,
  { walks, passage }: PacedSources,
): PacedRows {
  const { space } = plan;
  const { batch } = rows;
  let from = 0;
  let end = 0;

  const count = (probe: number, nowMs: number): void => {
    probes.lastSentMs[probe * F64] = nowMs;
    counters.sent += 1;
    counters.retransmitted += 1;
    pace.sent(false);
  };

  /** Known closed ports are asked again too: their own state stays as it is. */
  const addWalked = ({ probe, source }: Walked, nowMs: number): void => {
    const attempt = Math.min(MAX_ATTEMPT, probes.attempts[probe * U8]! + 1);
    if (probes.phase[probe] === PHASE.WALKING) probes.attempts[probe * U8] = attempt;
    const row = rows.add(probe, attempt, space.targetOf(probe), PROTO_UDP, space.portOf(probe));
    batch.source[row] = source;
    count(probe, nowMs);
  };

  const addShaped = ({ probe }: Walked, nowMs: number): void => {
    const attempt = passage.attempts.next(probe);
    rows.addShaped(probe, attempt, space.targetOf(probe), space.portOf(probe));
    count(probe, nowMs);
  };

  const fillFrom = (source: WalkSource, add: typeof addWalked, nowMs: number): boolean => {
    for (let allowed = pace.rateAllowance(nowMs); allowed > 0 && source.isReady(); allowed -= 1) {
      if (!rows.hasRoomForAny()) return false;
      const walked = source.take(nowMs);
      if (walked === null) break;
      add(walked, nowMs);
    }
    return true;
  };

  return {
    fill(nowMs) {
      from = batch.count;
      const hasRoom = fillFrom(walks, addWalked, nowMs) && fillFrom(passage, addShaped, nowMs);
      end = batch.count;
      return hasRoom;
    },
    sent(row, probe, sentMs) {
      if (row < from || row >= end) return;
      const source = batch.tag[row] === SHAPED_TAG ? passage : walks;
      source.sent(probe, sentMs);
    },
    clear() {
      from = 0;
      end = 0;
    },
  };
}
