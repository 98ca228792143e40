/** Driving an engine to the end of its run, watched from outside: progress, what becomes final, an abort. */
import { type DriveOptions, drive } from './drive.ts';
import type { Engine } from './model.ts';
import type { ScanEngine, ScanProgress } from './scan/scheduler.ts';
import type { WalkProgress } from './scan/walkProgress.ts';
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
  /** Silent UDP ports that are asked at the pace of an ICMP limiter; null where there are none. */
  readonly walk: WalkProgress | null;
}

/** What an engine tells; a discovery has no walks. */
type EngineProgress = Omit<ScanProgress, 'walk'> & Partial<Pick<ScanProgress, 'walk'>>;

/** Drives an engine to its end or to the abort, hands on what becomes final, and closes the wire. */
export async function driveWatched<Result>(
  engine: Engine<Result> &
    Pick<ScanEngine, 'takeSettled'> & {
      progress(): EngineProgress;
    },
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

function toProgress(
  { done, total, sent, walk = null }: EngineProgress,
  elapsedMs: number,
): Progress {
  const steadyMs = done > 0 ? (elapsedMs * (total - done)) / done : null;
  // While the first pass goes on nobody knows how many ports will wait.
  const isWalkAlone = walk !== null && done + walk.waiting >= total;
  return { done, total, sent, elapsedMs, etaMs: isWalkAlone ? walk.leftMs : steadyMs, walk };
}
