/** The only loop: engine <-> wire. */
import type { Engine, Wire } from './model.ts';

/** What may be observed of a run, and how it is stopped. */
export interface DriveOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called after every turn, at least each {@link SLICE_MS} while something observes the run. */
  readonly onTurn?: (() => void) | undefined;
}

/** Longest sleep while somebody wants progress or may interrupt, ms: how late Ctrl-C may be noticed. */
const SLICE_MS = 100;

/**
 * Runs the engine on the wire until it asks for no more, or until the signal aborts. Resolves to true when the engine
 * finished by itself.
 */
export async function drive<Result>(
  engine: Engine<Result>,
  wire: Wire,
  options: DriveOptions = {},
): Promise<boolean> {
  const { signal, onTurn } = options;
  const observed = signal !== undefined || onTurn !== undefined;
  for (;;) {
    if (signal?.aborted === true) return false;
    const nowMs = wire.nowMs();
    const { send, wakeAtMs } = engine.advance(nowMs);
    if (send.count > 0) wire.send(send);
    else if (wakeAtMs === undefined) return true;
    const untilMs = wakeAtMs ?? nowMs;
    const sliceMs = observed && wire.kind !== 'sim' ? Math.min(untilMs, nowMs + SLICE_MS) : untilMs;
    const signals = await wire.next(sliceMs);
    engine.receive(signals, wire.nowMs());
    onTurn?.();
  }
}
