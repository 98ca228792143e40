/**
 * A wire over a recording: the clock, times and ways of sending, and the signals of each turn are those that were recorded. What
 * the engine sends goes nowhere.
 */
import { createSignalBatch, type ProbeBatch } from '../batch.ts';
import type { Wire, WireCan, WireKind } from '../model.ts';
import type { Turn } from './turnReader.ts';

/** What a replay wire is made of. */
export interface ReplayWireOptions {
  readonly kind: WireKind;
  readonly note: string;
  readonly can: WireCan;
  readonly counters: () => Readonly<Record<string, number>>;
  /** The first turn, and how to get the next; null at the end. */
  readonly first: Turn | null;
  readonly next: () => Promise<Turn | null>;
}

/** The wire, and how the recording fits what is sent over it. */
export interface ReplayWire extends Wire {
  /** The engine has asked for no more: on to the turns of the next one on the same wire. */
  readonly goOn: () => Promise<void>;
  /** All turns were handed out: the recorded run was stopped here, or its recording was. */
  readonly isAtEnd: () => boolean;
  /** The engine sent other rows than those of the recording: it is another engine, or another recording. */
  readonly hasDiverged: () => boolean;
}

/** Opens the wire at its first turn. */
export function openReplayWire(options: ReplayWireOptions): ReplayWire {
  const nothing = createSignalBatch(1, 0);
  let turn = options.first;
  /** When the engine receives what `next` has given, until it has asked for it. */
  let receivedMs: number | undefined;
  let clockMs = turn?.advancedMs ?? 0;
  let sent = 0;
  let hasDiverged = false;

  return {
    kind: options.kind,
    note: options.note,
    can: options.can,
    nowMs() {
      const nowMs = receivedMs ?? clockMs;
      receivedMs = undefined;
      return nowMs;
    },
    send(batch: ProbeBatch) {
      sent = batch.count;
      for (let row = 0; row < batch.count; row++) {
        batch.sentMs[row] = turn?.sentMs[row] ?? clockMs;
        batch.way[row] = turn?.way[row] ?? 0;
      }
    },
    async next() {
      if (turn === null || turn.received === null || turn.sentMs.length !== sent) {
        hasDiverged = true;
        turn = null;
        return nothing;
      }
      const { signals, nowMs } = turn.received;
      receivedMs = nowMs;
      sent = 0;
      turn = await options.next();
      clockMs = turn?.advancedMs ?? nowMs;
      return signals;
    },
    async goOn() {
      if (turn === null) return;
      if (turn.received !== null || turn.sentMs.length !== sent) hasDiverged = true;
      turn = hasDiverged ? null : await options.next();
      sent = 0;
      clockMs = turn?.advancedMs ?? clockMs;
    },
    counters: options.counters,
    close() {},
    isAtEnd: () => turn === null,
    hasDiverged: () => hasDiverged,
  };
}
