/** A recording that was opened for a replay: what was recorded, as a wire, and how what is computed again compares with it. */
import { type DriveOptions, drive } from './drive.ts';
import { ProbeError } from './errors.ts';
import type { Engine, Plan } from './model.ts';
import { type RecordedEnd, type RecordedHead, readEnd, readHead } from './record/recordedRun.ts';
import { createRecordingReader, type RecordingItem } from './record/recordingReader.ts';
import { openReplayWire, type ReplayWire } from './record/replayWire.ts';
import type { Turn } from './record/turnReader.ts';
import { VERSION } from './version.ts';
import type { OpenedWire } from './wire/openWire.ts';

/** One recorded run. A file holds one, or a scan and the traces of its ports behind it. */
export interface OpenedRecording {
  readonly plan: Plan;
  readonly recorded: RecordedHead;
  readonly opened: OpenedWire;
  readonly wire: ReplayWire;
  readonly rest: Rest;
  /** The run behind this one, once this one was read to its end; null: there is none. */
  openNext(): Promise<OpenedRecording | null>;
}

/** What a recording holds besides its turns, as far as it was read. */
interface Rest {
  /** What the recorded run has found, as recording.ts writes it. */
  readonly verdicts: unknown[];
  end: RecordedEnd | null;
  /** Why it could be read no further, in words. */
  fault: string | null;
  next(): Promise<Turn | null>;
}

type NextItem = () => Promise<RecordingItem>;

/** What stands between one head and the next, which is left where it is. */
function createRest(nextItem: NextItem, leave: (head: RecordingItem) => void): Rest {
  let isOver = false;
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
      while (!isOver) {
        const item = await nextItem();
        if (item.kind === 'turn') return item.turn;
        isOver = item.kind === 'nothing' || item.kind === 'head';
        if (item.kind === 'head') leave(item);
        take(item);
      }
      return null;
    },
  };
  return rest;
}

/** Rejects with a ProbeError that says why this is no run that can be computed again. */
const refuse = (why: string): never => {
  throw new ProbeError('E_NOT_REPLAYABLE', `not replayable: ${why}`);
};

/** Opens a recording. Rejects with a ProbeError where it holds no run. */
export async function openRecording(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<OpenedRecording> {
  const { next } = createRecordingReader(chunks);
  const first = await next();
  if (first.kind === 'fault') {
    return refuse(`${first.fault.reason} (at byte ${first.fault.offsetBytes})`);
  }
  if (first.kind !== 'head') {
    return refuse('the file holds no run of pu-probe: --pcap FILE records one');
  }
  return openRun(first.value, next);
}

async function openRun(head: unknown, nextItem: NextItem): Promise<OpenedRecording> {
  const recorded = readHead(head);
  if (typeof recorded === 'string') return refuse(recorded);
  const { loaded: plan, ownAddresses, srcPort, warnings } = recorded;
  let left: RecordingItem | null = null;
  const rest = createRest(nextItem, (item) => {
    left = item;
  });
  const { can, kind, note } = recorded.wire;
  const wire = openReplayWire({
    kind: 'replay',
    note: `recorded by ${recorded.tool.name} ${recorded.tool.version} on wire ${kind}: ${note}`,
    can,
    counters: () => rest.end?.counters ?? {},
    first: await rest.next(),
    next: () => rest.next(),
  });
  const opened = { wire, ownAddresses: new Set(ownAddresses), srcPort, warnings };
  const openNext = async (): Promise<OpenedRecording | null> => {
    await readToEnd(rest);
    const next = left as RecordingItem | null;
    return next?.kind === 'head' ? openRun(next.value, nextItem) : null;
  };
  return { plan, recorded, opened, wire, rest, openNext };
}

/** Reads what the engine has left, verdicts and end included. */
export async function readToEnd(rest: Pick<Rest, 'next'>): Promise<void> {
  while ((await rest.next()) !== null);
}

/** A recording may say what no wire says, and the engine trusts its wire: what it stumbles over is the recording's fault. */
export async function driveRecorded(
  engine: Engine<unknown>,
  wire: ReplayWire,
  onTurn: (nowMs: number) => void,
): Promise<boolean> {
  const stop = new AbortController();
  if (wire.isAtEnd()) stop.abort();
  let receivedMs = 0;
  const options: DriveOptions = {
    signal: stop.signal,
    observer: {
      advanced: () => undefined,
      received(_, nowMs) {
        receivedMs = nowMs;
      },
    },
    onTurn() {
      onTurn(receivedMs);
      if (wire.isAtEnd()) stop.abort();
    },
  };
  try {
    return await drive(engine, wire, options);
  } catch (cause) {
    throw new ProbeError('E_NOT_REPLAYABLE', 'not replayable: the recording contradicts itself', {
      cause,
    });
  }
}

/** Whether the engine has gone the recorded way to the recorded end, as far as there is one. */
export function isAsRecorded({ wire, rest: { end } }: OpenedRecording, finished: boolean): boolean {
  return !wire.hasDiverged() && (end === null || end.finished === finished);
}

/**
 * What is to be said of a replay: that it does not fit, that the run did not end, what differs from what was recorded, or
 * that another version has recorded the same. `found` is asked only where it can be compared.
 */
export function comparisonNotes(
  opened: OpenedRecording,
  finished: boolean,
  found: () => readonly object[],
): readonly string[] {
  const { rest, recorded } = opened;
  const { version } = recorded.tool;
  if (!isAsRecorded(opened, finished)) {
    return [
      `not replayable: the recording by ${version} does not fit ${VERSION}; what follows may be wrong`,
    ];
  }
  if (rest.end === null) {
    const where = rest.fault === null ? '' : `: ${rest.fault}`;
    return [`not replayable: the run did not end${where}; this is what was known by then`];
  }
  const count = differences(rest.verdicts, found());
  if (count > 0) {
    return [
      `${count} verdicts differ from those of the recording (recorded by ${version}, computed again by ${VERSION})`,
    ];
  }
  return version === VERSION
    ? []
    : [`recorded by ${version}, computed again by ${VERSION}: the verdicts are the same`];
}

function differences(recorded: readonly unknown[], computed: readonly object[]): number {
  let count = Math.abs(recorded.length - computed.length);
  for (const [i, one] of computed.entries()) {
    if (i < recorded.length && JSON.stringify(one) !== JSON.stringify(recorded[i])) count += 1;
  }
  return count;
}
