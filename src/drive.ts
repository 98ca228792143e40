/** The only loop: engine <-> wire. */
import type { ProbeBatch, SignalBatch } from './batch.ts';
import type { Engine, Wire } from './model.ts';

/** What may be observed of a run, and how it is stopped. */
export interface DriveOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called after every turn, at least each {@link SLICE_MS} while something observes the run. */
  readonly onTurn?: (() => void) | undefined;
  readonly observer?: TurnObserver | undefined;
}

/** Sees all that the loop tells the engine, which is all that the engine goes by. */
export interface TurnObserver {
  /** The engine was advanced to `nowMs`, and what it gave was sent. */
  advanced(nowMs: number, sent: ProbeBatch): void;
  /** The engine has received these at `nowMs`. */
  received(signals: SignalBatch, nowMs: number): void;
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
  const { signal, onTurn, observer } = options;
  const observed = signal !== undefined || onTurn !== undefined;
  for (;;) {
    if (signal?.aborted === true) return false;
    const nowMs = wire.nowMs();
    const { send, wakeAtMs } = engine.advance(nowMs);
    if (send.count > 0) wire.send(send);
    observer?.advanced(nowMs, send);
    if (send.count === 0 && wakeAtMs === undefined) return true;
    const untilMs = wakeAtMs ?? nowMs;
    const sliceMs = observed && wire.kind !== 'sim' ? Math.min(untilMs, nowMs + SLICE_MS) : untilMs;
    const signals = await wire.next(sliceMs);
    const receivedMs = wire.nowMs();
    engine.receive(signals, receivedMs);
    observer?.received(signals, receivedMs);
    onTurn?.();
  }
}
