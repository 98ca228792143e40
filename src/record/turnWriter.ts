/**
 * Turns of the loop as bytes, little endian: when the engine was advanced, when and by which way each row left, when it
 * received, and each received row. turnReader.ts reads them.
 *
 * A packet that is in the file is one byte and its time; what a socket said is written whole.
 */
import { NO_PROBE, type ProbeBatch, SIGNAL, type SignalBatch } from '../batch.ts';
import { beginJournal, finishJournal, JOURNAL } from './journal.ts';

/** How a row is written. */
export const ROW = { PACKET: 0, WHOLE: 1 } as const;
/** advanceMs, receivedMs, whether it received, whether the ways of its rows follow their times, two bytes of nothing, rows sent. */
export const TURN_HEAD_BYTES = 24;
/** All columns of a row, and the length of its JSON; payload and JSON follow. */
export const WHOLE_ROW_BYTES = 79;
/** Header of a journal block, with room to spare. */
const AROUND_BYTES = 32;

/** Writes one turn after the other into one buffer. */
export interface TurnWriter {
  advanced(nowMs: number, sent: ProbeBatch): void;
  received(signals: SignalBatch, nowMs: number): void;
  /** Whether a turn has begun that is not finished. */
  readonly isOpen: () => boolean;
  /** Ends the turn and returns the data of its block; valid until the next turn begins. */
  finish(): { readonly bytes: Uint8Array; readonly length: number };
}

/** Whether the row is a packet about which its wire knows nothing else. */
export function isBarePacket(signals: SignalBatch, row: number): boolean {
  return (
    signals.kind[row] === SIGNAL.PACKET &&
    signals.probe[row] === NO_PROBE &&
    signals.tag[row] === 0 &&
    signals.attempt[row] === 0 &&
    signals.sentMs[row] === 0 &&
    signals.ttl[row] === 0 &&
    signals.errno[row] === 0
  );
}

const encoder = new TextEncoder();
const NOTHING = new Uint8Array(0);

/** Creates a writer without a turn. */
export function createTurnWriter(): TurnWriter {
  let bytes = new Uint8Array(65_536);
  let view = new DataView(bytes.buffer);
  let end = 0;
  let isOpen = false;

  const reserve = (length: number): void => {
    if (end + length <= bytes.length) return;
    const larger = new Uint8Array(Math.max(2 * bytes.length, end + length));
    larger.set(bytes.subarray(0, end));
    bytes = larger;
    view = new DataView(bytes.buffer);
  };
  const u8 = (value: number): void => {
    bytes[end++] = value;
  };
  const u16 = (value: number): void => {
    view.setUint16(end, value, true);
    end += 2;
  };
  const u32 = (value: number): void => {
    view.setUint32(end, value, true);
    end += 4;
  };
  const f64 = (value: number): void => {
    view.setFloat64(end, value, true);
    end += 8;
  };

  const wholeRow = (signals: SignalBatch, row: number): void => {
    const at = signals.offset[row]!;
    const length = signals.length[row]!;
    const said = signals.kind[row] === SIGNAL.OWN_SIDE ? signals.ownSide[row] : undefined;
    const json = said === undefined ? NOTHING : encoder.encode(JSON.stringify(said));
    reserve(1 + WHOLE_ROW_BYTES + length + json.length);
    u8(ROW.WHOLE);
    for (const column of [
      signals.kind,
      signals.attempt,
      signals.protocol,
      signals.family,
      signals.icmpType,
      signals.icmpCode,
      signals.localOrigin,
      signals.ttl,
    ]) {
      u8(column[row]!);
    }
    u32(signals.probe[row]!);
    u32(signals.tag[row]!);
    u32(signals.info[row]!);
    u16(signals.errno[row]!);
    u16(signals.fromPort[row]!);
    u16(signals.dstPort[row]!);
    f64(signals.atMs[row]!);
    f64(signals.sentMs[row]!);
    for (const address of [signals.from, signals.dst]) {
      bytes.set(address.subarray(16 * row, 16 * row + 16), end);
      end += 16;
    }
    u16(length);
    u16(json.length);
    u8(0);
    bytes.set(signals.bytes.subarray(at, at + length), end);
    bytes.set(json, end + length);
    end += length + json.length;
  };

  return {
    advanced(nowMs, sent) {
      end = beginJournal(bytes, JOURNAL.TURN);
      reserve(AROUND_BYTES + TURN_HEAD_BYTES + 10 * sent.count);
      const { count, sentMs, way } = sent;
      let ways = 0;
      for (let row = 0; row < count; row++) ways |= way[row]!;
      f64(nowMs);
      f64(0);
      u32(ways === 0 ? 0 : 1 << 8);
      u32(count);
      for (let row = 0; row < count; row++) f64(sentMs[row]!);
      if (ways !== 0) for (let row = 0; row < count; row++) u16(way[row]!);
      isOpen = true;
    },
    received(signals, nowMs) {
      const { count } = signals;
      const head = AROUND_BYTES / 2;
      view.setFloat64(head + 8, nowMs, true);
      view.setUint8(head + 16, 1);
      reserve(4 + 9 * count);
      u32(count);
      for (let row = 0; row < count; row++) {
        if (isBarePacket(signals, row)) {
          reserve(9 * (count - row));
          u8(ROW.PACKET);
          f64(signals.atMs[row]!);
        } else wholeRow(signals, row);
      }
    },
    isOpen: () => isOpen,
    finish() {
      isOpen = false;
      finishJournal(bytes, end);
      return { bytes, length: end };
    },
  };
}
