/** The report of a recorded run, computed again by the same engine from what the recording says that it saw. */
import { drive } from './drive.ts';
import { ProbeError } from './errors.ts';
import { type FinishedRun, finishedRun, headOf, type Running } from './finishedRun.ts';
import { type RecordedEnd, type RecordedHead, readEnd, readHead } from './record/recordedRun.ts';
import {
  createRecordingReader,
  type RecordingItem,
  type RecordingReader,
} from './record/recordingReader.ts';
import { openReplayWire, type ReplayWire } from './record/replayWire.ts';
import type { Turn } from './record/turnReader.ts';
import { verdictsOf } from './recording.ts';
import { createScheduler } from './scan/scheduler.ts';
import { VERSION } from './version.ts';

/** A recording that was opened: a run, and what is needed to go on reading. */
export interface Replaying extends Running {
  readonly wire: ReplayWire;
  readonly recorded: RecordedHead;
  readonly rest: Rest;
}

/** What a recording holds besides its turns, as far as it was read. */
interface Rest {
  readonly verdicts: unknown[];
  end: RecordedEnd | null;
  /** Why it could be read no further, in words. */
  fault: string | null;
  next(): Promise<Turn | null>;
}

function createRest(reader: RecordingReader): Rest {
  const take = (item: RecordingItem): void => {
    if (item.kind === 'end') rest.end = readEnd(item.value);
    if (item.kind === 'verdicts' && Array.isArray(item.value)) {
      for (const one of item.value) rest.verdicts.push(one);
    }
    if (item.kind === 'fault') {
      rest.fault ??= `${item.fault.reason} (at byte ${item.fault.offsetBytes})`;
    }
  };
  const rest: Rest = {
    verdicts: [],
    end: null,
    fault: null,
    async next() {
      for (;;) {
        const item = await reader.next();
        if (item.kind === 'turn') return item.turn;
        if (item.kind === 'nothing') return null;
        take(item);
      }
    },
  };
  return rest;
}

/** Rejects with a ProbeError that says why this is no run that can be computed again. */
const refuse = (why: string): never => {
  throw new ProbeError('E_NOT_REPLAYABLE', `not replayable: ${why}`);
};

/** Opens a recording. Rejects with a ProbeError where it holds no run. */
export async function openReplay(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<Replaying> {
  const reader = createRecordingReader(chunks);
  const first = await reader.next();
  if (first.kind === 'fault') {
    return refuse(`${first.fault.reason} (at byte ${first.fault.offsetBytes})`);
  }
  if (first.kind !== 'head') {
    return refuse('the file holds no run of pu-probe: scan --pcap FILE records one');
  }
  const recorded = readHead(first.value);
  if (typeof recorded === 'string') return refuse(recorded);
  const { loaded: plan, ownAddresses, srcPort, warnings } = recorded;
  const rest = createRest(reader);
  const { can, kind, note } = recorded.wire;
  const wire = openReplayWire({
    kind: 'replay',
    note: `recorded by ${recorded.tool.name} ${recorded.tool.version} on wire ${kind}: ${note}`,
    can,
    counters: () => rest.end?.counters ?? {},
    first: await rest.next(),
    next: () => rest.next(),
  });
  const engine = createScheduler({ plan, can, ownAddresses: new Set(ownAddresses), srcPort });
  const opened = { wire, ownAddresses: new Set(ownAddresses), srcPort, warnings };
  return {
    plan,
    opened,
    engine,
    wire,
    recorded,
    rest,
    build: { plan, wire: kind, judgementOf: engine.judgementOf },
    head: headOf(plan, opened, recorded.startedAt),
  };
}

/** Computes the report again; `onSettled` gets probes as their verdicts become final. */
export async function runReplay(
  running: Replaying,
  onSettled: (probes: readonly number[]) => void,
): Promise<FinishedRun> {
  const { engine, wire, rest, plan, recorded } = running;
  const startedMs = wire.nowMs();
  const stop = new AbortController();
  let lastMs = startedMs;
  if (wire.isAtEnd()) stop.abort();
  const finished = await driveRecorded(running, {
    signal: stop.signal,
    observer: {
      advanced: () => undefined,
      received(_, nowMs) {
        lastMs = nowMs;
      },
    },
    onTurn() {
      onSettled(engine.takeSettled());
      if (wire.isAtEnd()) stop.abort();
    },
  });
  while ((await rest.next()) !== null);
  onSettled(engine.takeSettled());
  const result = engine.result();
  onSettled(result.unsettled);
  const { end } = rest;
  const failedAtHome = (end?.failedAtHome ?? []).filter((probe) => probe < plan.space.count);
  const durationMs = end?.durationMs ?? lastMs - startedMs;
  const isSame = !wire.hasDiverged() && (end === null || end.finished === finished);
  const make = (warnings: readonly string[]): FinishedRun =>
    finishedRun(running, recorded.synRequested, {
      finished: finished && end !== null && isSame,
      failedAtHome,
      durationMs,
      result,
      warnings,
    });
  if (end === null || !isSame) return make([whyNot(running, isSame)]);
  const differing = differences(rest.verdicts, verdictsOf(plan, make([])));
  return make(differing === 0 ? otherVersion(recorded) : [whyDifferent(recorded, differing)]);
}

/** A recording may say what no wire says, and the engine trusts its wire: what it stumbles over is the recording's fault. */
async function driveRecorded(
  { engine, wire }: Replaying,
  options: Parameters<typeof drive>[2],
): Promise<boolean> {
  try {
    return await drive(engine, wire, options);
  } catch (cause) {
    throw new ProbeError('E_NOT_REPLAYABLE', 'not replayable: the recording contradicts itself', {
      cause,
    });
  }
}

function whyNot({ rest, recorded }: Replaying, isSame: boolean): string {
  if (!isSame) {
    return `not replayable: the recording by ${recorded.tool.version} does not fit ${VERSION}; what follows may be wrong`;
  }
  const where = rest.fault === null ? '' : `: ${rest.fault}`;
  return `not replayable: the run did not end${where}; this is what was known by then`;
}

function otherVersion({ tool }: RecordedHead): readonly string[] {
  return tool.version === VERSION
    ? []
    : [`recorded by ${tool.version}, computed again by ${VERSION}: the verdicts are the same`];
}

function whyDifferent({ tool }: RecordedHead, count: number): string {
  return `${count} verdicts differ from those of the recording (recorded by ${tool.version}, computed again by ${VERSION})`;
}

function differences(recorded: readonly unknown[], computed: readonly object[]): number {
  let count = Math.abs(recorded.length - computed.length);
  for (const [i, one] of computed.entries()) {
    if (i < recorded.length && JSON.stringify(one) !== JSON.stringify(recorded[i])) count += 1;
  }
  return count;
}
