/** Where the events of Node's sockets become rows of a signal batch. */
import { createSignalBatch, type ProbeBatch, type SignalBatch } from '../batch.ts';
import type { OwnSide, TargetTable } from '../model.ts';

/** One attempt, copied out of its batch: the batch is reused before the answer comes. */
export interface Ask {
  readonly probe: number;
  readonly attempt: number;
  readonly tag: number;
  readonly protocol: number;
  readonly target: number;
  readonly port: number;
  readonly sentMs: number;
}

/** Copies a row out of its batch. */
export function askOf(batch: ProbeBatch, row: number): Ask {
  return {
    probe: batch.probe[row]!,
    attempt: batch.attempt[row]!,
    tag: batch.tag[row]!,
    protocol: batch.protocol[row]!,
    target: batch.target[row]!,
    port: batch.port[row]!,
    sentMs: batch.sentMs[row]!,
  };
}

/** What a row says besides its kind. */
export interface SignalFields {
  readonly errno?: number;
  readonly info?: number;
  readonly payload?: Uint8Array;
  readonly ownSide?: OwnSide;
}

/** Collects the rows of the next batch of signals. */
export interface SignalSink {
  add(kind: number, ask: Ask, fields?: SignalFields): void;
  /** Rows that wait to be taken. */
  count(): number;
  hasRoom(): boolean;
  /** Signals that found no room: the reader is far behind. */
  lost(): number;
  /** Hands out what came; valid until the next call. */
  take(): SignalBatch;
}

/** `onAdded` is called after each row. */
export function createSignalSink(
  targets: TargetTable,
  nowMs: () => number,
  onAdded: () => void,
): SignalSink {
  let filling = createSignalBatch();
  let handedOut = createSignalBatch();
  let bytesUsed = 0;
  let lost = 0;

  const addBytes = (row: number, payload: Uint8Array): void => {
    const length = Math.min(payload.length, filling.bytes.length - bytesUsed);
    filling.bytes.set(payload.subarray(0, length), bytesUsed);
    filling.offset[row] = bytesUsed;
    filling.length[row] = length;
    bytesUsed += length;
  };

  return {
    add(kind, ask, fields = {}) {
      if (filling.count === filling.capacity) {
        lost += 1;
        return;
      }
      const row = filling.count++;
      const address = targets.bytes.subarray(ask.target * 16, ask.target * 16 + 16);
      filling.kind[row] = kind;
      filling.probe[row] = ask.probe;
      filling.attempt[row] = ask.attempt;
      filling.tag[row] = ask.tag;
      filling.protocol[row] = ask.protocol;
      filling.atMs[row] = nowMs();
      filling.sentMs[row] = ask.sentMs;
      filling.family[row] = targets.families[ask.target]!;
      filling.from.set(address, row * 16);
      filling.dst.set(address, row * 16);
      filling.fromPort[row] = ask.port;
      filling.dstPort[row] = ask.port;
      filling.icmpType[row] = 0;
      filling.icmpCode[row] = 0;
      filling.localOrigin[row] = 0;
      filling.ttl[row] = 0;
      filling.errno[row] = fields.errno ?? 0;
      filling.info[row] = fields.info ?? 0;
      filling.offset[row] = 0;
      filling.length[row] = 0;
      filling.ownSide[row] = fields.ownSide;
      if (fields.payload !== undefined) addBytes(row, fields.payload);
      onAdded();
    },
    count: () => filling.count,
    hasRoom: () => filling.count < filling.capacity,
    lost: () => lost,
    take() {
      const taken = filling;
      filling = handedOut;
      filling.count = 0;
      bytesUsed = 0;
      handedOut = taken;
      return taken;
    },
  };
}
