/** The report of a recorded discovery (`-sn`), computed again. */
import { createDiscovery } from './discover/discovery.ts';
import { finishedDiscovery } from './finishedDiscovery.ts';
import { headOf } from './finishedRun.ts';
import type { Report } from './model.ts';
import {
  comparisonNotes,
  driveRecorded,
  isAsRecorded,
  type OpenedRecording,
  readToEnd,
} from './openedRecording.ts';
import { foundOf } from './recording.ts';

/** Computes the report again; `name` is that of the file. */
export async function replayDiscovery(
  recording: OpenedRecording,
  name: string | null,
): Promise<Report> {
  const { plan, opened, recorded, wire, rest } = recording;
  const { ownAddresses, srcPort } = opened;
  const engine = createDiscovery({ plan, can: recorded.wire.can, ownAddresses, srcPort });
  const head = headOf(plan, opened, recorded.startedAt);
  const startedMs = wire.nowMs();
  let lastMs = startedMs;
  const finished = await driveRecorded(engine, wire, (nowMs) => {
    lastMs = nowMs;
  });
  await readToEnd(rest);
  const { end } = rest;
  const make = (warnings: readonly string[]): Report =>
    finishedDiscovery(
      { plan, opened, engine, head },
      {
        finished: finished && end !== null && isAsRecorded(recording, finished),
        durationMs: end?.durationMs ?? lastMs - startedMs,
        recording: name,
        warnings,
      },
    );
  return make(comparisonNotes(recording, finished, () => foundOf(make([]))));
}
