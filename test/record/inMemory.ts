/** Recordings of simulated runs, kept in memory: how they are begun, replayed and compared. */
import { expect, it } from 'vitest';
import type { Family, Plan, Report } from '../../src/model.ts';
import type { Recorder } from '../../src/record/recorder.ts';
import { type RecordingStart, startRecording } from '../../src/recording.ts';
import { openReplay } from '../../src/replayedRun.ts';
import { jsonChunks } from '../../src/report/json.ts';
import type { World } from '../../src/sim/world.ts';
import type { OpenedWire } from '../../src/wire/openWire.ts';

/** A run, and the pieces of its recording. */
export interface Recorded {
  readonly report: Report;
  readonly pieces: readonly Uint8Array[];
}

/** Under what a run is recorded. */
export interface Conditions {
  readonly family: Family;
  readonly seed: number;
  /** Chance that a packet is lost on each link, either way. */
  readonly loss?: number;
}

/** A recording that was begun. */
export interface Begun {
  readonly recorder: Recorder;
  readonly pieces: readonly Uint8Array[];
  readonly startedAt: string;
}

/** 2026-01-01T00:00:00Z. */
const EPOCH_MS = 1_767_225_600_000;
const LOSS = 0.05;
/** Seeds of each scene; RECORD_SEEDS=20 is the long check (some minutes). */
const LOSSY_SEEDS = Number(process.env['RECORD_SEEDS'] ?? 2);

/** Begins the recording of a run. */
export function beginInMemory(
  plan: Plan,
  opened: OpenedWire,
  more: Pick<RecordingStart, 'trace' | 'asksHops'> & { readonly synRequested?: boolean } = {},
): Begun {
  const pieces: Uint8Array[] = [];
  const startedAt = new Date(EPOCH_MS).toISOString();
  const recorder = startRecording({
    plan,
    opened,
    startedAt,
    epochMs: EPOCH_MS,
    synRequested: false,
    ...more,
    write: (bytes) => void pieces.push(bytes.slice()),
  });
  return { recorder, pieces, startedAt };
}

/** The same world with so much loss on each link; undefined leaves it. */
export function withLoss(world: World, loss: number | undefined): World {
  return loss === undefined
    ? world
    : { ...world, links: world.links.map((link) => ({ ...link, loss })) };
}

/** The report that a recording gives. */
export async function replayPieces(pieces: readonly Uint8Array[]): Promise<Report> {
  const replaying = await openReplay(pieces);
  return (await replaying.run(() => undefined)).report();
}

/** All of a report but how it was come by. */
const said = (report: Report): string =>
  [...jsonChunks({ ...report, wire: { kind: 'sim', note: '' } })].join('');

/** The recording of a run gives its report, to the byte; `label` names it where it does not. */
export async function expectSame({ report, pieces }: Recorded, label?: string): Promise<void> {
  expect(said(await replayPieces(pieces)), label).toBe(said(report));
}

/** A test: all scenes under loss, with several seeds and the families by turns. */
export function itIsTheSameUnderLoss<S extends { readonly name: string }>(
  scenarios: readonly S[],
  record: (scenario: S, conditions: Conditions) => Promise<Recorded>,
): void {
  const timeout = 60_000 * LOSSY_SEEDS;
  it(`the same under loss, ${LOSSY_SEEDS} seeds of every scene`, { timeout }, async () => {
    for (const scenario of scenarios) {
      for (let seed = 1; seed <= LOSSY_SEEDS; seed++) {
        const family = seed % 2 === 0 ? 6 : 4;
        const recorded = await record(scenario, { family, seed, loss: LOSS });
        await expectSame(recorded, `${scenario.name}, ${seed}`);
      }
    }
  });
}
