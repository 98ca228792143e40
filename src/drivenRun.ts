/** Driving an engine to the end of its run, watched from outside: progress, what becomes final, an abort. */
import { type DriveOptions, drive } from './drive.ts';
import type { Engine } from './model.ts';
import type { ScanEngine, ScanProgress } from './scan/scheduler.ts';
import type { OpenedWire } from './wire/openWire.ts';

/** How far a run is, at one moment. */
export interface Progress {
  /** Probes that are decided, of `total`. */
  readonly done: number;
  readonly total: number;
  /** Packets or connection attempts sent. */
  readonly sent: number;
  readonly elapsedMs: number;
  /** Null while there is nothing to go by. */
  readonly etaMs: number | null;
}

/** Drives an engine to its end or to the abort, hands on what becomes final, and closes the wire. */
export async function driveWatched<Result>(
  engine: Engine<Result> & Pick<ScanEngine, 'takeSettled' | 'progress'>,
  { wire }: OpenedWire,
  {
    signal,
    onProgress,
    observer,
  }: Pick<DriveOptions, 'signal' | 'observer'> & {
    readonly onProgress?: (progress: Progress) => void;
  },
  onSettled: (items: readonly number[]) => void,
): Promise<{ readonly finished: boolean; readonly durationMs: number }> {
  const startedMs = wire.nowMs();
  const elapsedMs = (): number => Math.round((wire.nowMs() - startedMs) * 1000) / 1000;
  let finished: boolean;
  try {
    finished = await drive(engine, wire, {
      signal,
      observer,
      onTurn: () => {
        const settled = engine.takeSettled();
        if (settled.length > 0) onSettled(settled);
        onProgress?.(toProgress(engine.progress(), elapsedMs()));
      },
    });
  } finally {
    wire.close();
  }
  const durationMs = elapsedMs();
  onSettled(engine.takeSettled());
  return { finished, durationMs };
}

function toProgress({ done, total, sent }: ScanProgress, elapsedMs: number): Progress {
  const etaMs = done > 0 ? (elapsedMs * (total - done)) / done : null;
  return { done, total, sent, elapsedMs, etaMs };
}
