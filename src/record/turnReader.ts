/** Reading the turns that turnWriter.ts wrote: bytes of a file, so nothing here throws. */
import { createSignalBatch, NO_PROBE, SIGNAL, type SignalBatch } from '../batch.ts';
import type { OwnSide } from '../model.ts';
import { parseIp } from '../packet/address.ts';
import type { JournalBlock } from './journal.ts';
import { ROW, TURN_HEAD_BYTES, WHOLE_ROW_BYTES } from './turnWriter.ts';

/** One turn of the loop. */
export interface Turn {
  readonly advancedMs: number;
  readonly sentMs: Float64Array;
  /** ProbeBatch.way of each row. */
  readonly way: Uint16Array;
  /** What the engine received, and when; null for a last turn in which it wanted no more. */
  readonly received: { readonly signals: SignalBatch; readonly nowMs: number } | null;
}

/** Rows of a turn: no batch is larger. */
export const MAX_ROWS = 65_536;

/** Reads a turn; `packets` are those received since the turn before. A text says why it cannot be read. */
export function readTurn(block: JournalBlock, packets: readonly Uint8Array[]): Turn | string {
  const { bytes, at, end } = block;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const CUT = 'a turn is cut';
  if (end - at < TURN_HEAD_BYTES) return CUT;
  const count = view.getUint32(at + 20, true);
  const hasWays = bytes[at + 17] === 1;
  if (count > MAX_ROWS || end - at - TURN_HEAD_BYTES < (hasWays ? 10 : 8) * count) return CUT;
  const sentMs = new Float64Array(count);
  const way = new Uint16Array(count);
  let from = at + TURN_HEAD_BYTES;
  for (let row = 0; row < count; row++, from += 8) sentMs[row] = view.getFloat64(from, true);
  for (let row = 0; hasWays && row < count; row++, from += 2) way[row] = view.getUint16(from, true);
  const advancedMs = view.getFloat64(at, true);
  if (bytes[at + 16] === 0) return { advancedMs, sentMs, way, received: null };
  const signals = readRows(view, bytes, from, end, packets);
  if (signals === null) return CUT;
  return { advancedMs, sentMs, way, received: { signals, nowMs: view.getFloat64(at + 8, true) } };
}

/** Where reading rows stands. */
interface Cursor {
  readonly view: DataView;
  readonly bytes: Uint8Array;
  readonly end: number;
  at: number;
  /** Packets taken, and bytes of the arena in use. */
  next: number;
  used: number;
}

function readRows(
  view: DataView,
  bytes: Uint8Array,
  from: number,
  end: number,
  packets: readonly Uint8Array[],
): SignalBatch | null {
  if (end - from < 4) return null;
  const count = view.getUint32(from, true);
  if (count > MAX_ROWS) return null;
  // Payloads lie in the block, or in the packets.
  const arena = end - from + packets.reduce((sum, { length }) => sum + length, 0);
  const signals = createSignalBatch(Math.max(1, count), arena);
  const cursor: Cursor = { view, bytes, end, at: from + 4, next: 0, used: 0 };
  for (let row = 0; row < count; row++) {
    if (end - cursor.at < PACKET_ROW_BYTES) return null;
    signals.offset[row] = cursor.used;
    const isPacket = bytes[cursor.at] === ROW.PACKET;
    const packet = isPacket ? packets[cursor.next++] : undefined;
    if (isPacket ? packet === undefined : !readWholeRow(cursor, signals, row)) return null;
    if (packet !== undefined) readPacketRow(cursor, signals, row, packet);
  }
  signals.count = count;
  return cursor.at === end && cursor.next === packets.length ? signals : null;
}

/** Form and time of a packet that is in the file. */
const PACKET_ROW_BYTES = 9;

function readPacketRow(
  cursor: Cursor,
  signals: SignalBatch,
  row: number,
  packet: Uint8Array,
): void {
  signals.kind[row] = SIGNAL.PACKET;
  signals.probe[row] = NO_PROBE;
  signals.atMs[row] = cursor.view.getFloat64(cursor.at + 1, true);
  signals.family[row] = (packet[0] ?? 0) >> 4;
  signals.length[row] = packet.length;
  signals.bytes.set(packet, cursor.used);
  cursor.used += packet.length;
  cursor.at += PACKET_ROW_BYTES;
}

function readWholeRow(cursor: Cursor, signals: SignalBatch, row: number): boolean {
  const { view, bytes, end, at } = cursor;
  if (bytes[at] !== ROW.WHOLE || end - at - 1 < WHOLE_ROW_BYTES) return false;
  const bodyAt = readColumns(view, bytes, at + 1, signals, row);
  const length = signals.length[row]!;
  const jsonLength = view.getUint16(bodyAt - 3, true);
  if (end - bodyAt < length + jsonLength) return false;
  signals.bytes.set(bytes.subarray(bodyAt, bodyAt + length), cursor.used);
  cursor.used += length;
  cursor.at = bodyAt + length + jsonLength;
  if (signals.kind[row] !== SIGNAL.OWN_SIDE) return true;
  const said = readOwnSide(bytes.subarray(bodyAt + length, cursor.at));
  if (said !== null) signals.ownSide[row] = said;
  return said !== null;
}

/** Reads the columns of a whole row; returns where its payload begins. */
function readColumns(
  view: DataView,
  bytes: Uint8Array,
  at: number,
  signals: SignalBatch,
  row: number,
): number {
  const { kind, attempt, protocol, family, icmpType, icmpCode, localOrigin, ttl } = signals;
  const small = [kind, attempt, protocol, family, icmpType, icmpCode, localOrigin, ttl];
  for (const [i, column] of small.entries()) column[row] = bytes[at + i]!;
  signals.probe[row] = view.getUint32(at + 8, true);
  signals.tag[row] = view.getUint32(at + 12, true);
  signals.info[row] = view.getUint32(at + 16, true);
  signals.errno[row] = view.getUint16(at + 20, true);
  signals.fromPort[row] = view.getUint16(at + 22, true);
  signals.dstPort[row] = view.getUint16(at + 24, true);
  signals.atMs[row] = view.getFloat64(at + 26, true);
  signals.sentMs[row] = view.getFloat64(at + 34, true);
  signals.from.set(bytes.subarray(at + 42, at + 58), 16 * row);
  signals.dst.set(bytes.subarray(at + 58, at + 74), 16 * row);
  signals.length[row] = view.getUint16(at + 74, true);
  return at + WHOLE_ROW_BYTES;
}

const ROUTES: readonly unknown[] = ['local', 'on-link', 'gateway', 'none', 'unknown'];
const NEIGHBOURS: readonly unknown[] = [
  ...['reachable', 'stale', 'incomplete', 'failed', 'none', 'unknown'],
];
const isCount = (value: unknown): boolean => value === null || typeof value === 'number';
const isTextOrNull = (value: unknown): value is string | null =>
  value === null || typeof value === 'string';

/** An own-side answer; null where the bytes are none. */
function readOwnSide(bytes: Uint8Array): OwnSide | null {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const said = value as Readonly<Record<keyof OwnSide, unknown>>;
  const { target, gateway } = said;
  const isTarget = typeof target === 'number' && Number.isInteger(target) && target >= 0;
  const isGateway = gateway === null || (typeof gateway === 'string' && parseIp(gateway) !== null);
  const isGood =
    isTarget &&
    isGateway &&
    ROUTES.includes(said.route) &&
    NEIGHBOURS.includes(said.neighbour) &&
    isTextOrNull(said.routeErrno) &&
    isTextOrNull(said.interface) &&
    (said.mtu === undefined || typeof said.mtu === 'number') &&
    (said.carrier === null || typeof said.carrier === 'boolean') &&
    typeof said.overflow === 'boolean' &&
    [said.outDropped, said.inDropped, said.retransFailed, said.unsent].every(isCount);
  return isGood ? (value as OwnSide) : null;
}
