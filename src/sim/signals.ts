/**
 * Signals of the simulated wires as records, and their way into the columns of a batch.
 */
import type { SignalBatch } from '../batch.ts';
import { NO_PROBE } from '../batch.ts';
import type { OwnSide } from '../model.ts';

/** One row of a {@link SignalBatch}; what is left out is 0, or no probe. */
export interface SignalRecord {
  readonly kind: number;
  readonly atMs: number;
  readonly probe?: number;
  readonly attempt?: number;
  readonly tag?: number;
  readonly protocol?: number;
  readonly sentMs?: number;
  readonly family?: number;
  /** 4 or 16 bytes from the given place on. */
  readonly from?: AddressPlace;
  readonly fromPort?: number;
  readonly dst?: AddressPlace;
  readonly dstPort?: number;
  readonly icmpType?: number;
  readonly icmpCode?: number;
  readonly localOrigin?: number;
  readonly ttl?: number;
  readonly errno?: number;
  readonly info?: number;
  readonly bytes?: Uint8Array;
  readonly ownSide?: OwnSide;
}

/** Where an address stands: 4 or 16 bytes from `at` on. */
export interface AddressPlace {
  readonly bytes: Uint8Array;
  readonly at: number;
}

/** Writes the next row; false when the batch has no room for it. `arenaAt` is where its bytes go. */
export function writeSignal(batch: SignalBatch, record: SignalRecord, arenaAt: number): boolean {
  const row = batch.count;
  const length = record.bytes?.length ?? 0;
  if (row >= batch.capacity || arenaAt + length > batch.bytes.length) return false;
  const family = record.family ?? 4;
  batch.kind[row] = record.kind;
  batch.probe[row] = record.probe ?? NO_PROBE;
  batch.attempt[row] = record.attempt ?? 0;
  batch.tag[row] = record.tag ?? 0;
  batch.protocol[row] = record.protocol ?? 0;
  batch.atMs[row] = record.atMs;
  batch.sentMs[row] = record.sentMs ?? 0;
  batch.family[row] = family;
  writeAddress(batch.from, row, record.from, family);
  batch.fromPort[row] = record.fromPort ?? 0;
  writeAddress(batch.dst, row, record.dst, family);
  batch.dstPort[row] = record.dstPort ?? 0;
  batch.icmpType[row] = record.icmpType ?? 0;
  batch.icmpCode[row] = record.icmpCode ?? 0;
  batch.localOrigin[row] = record.localOrigin ?? 0;
  batch.ttl[row] = record.ttl ?? 0;
  batch.errno[row] = record.errno ?? 0;
  batch.info[row] = record.info ?? 0;
  batch.offset[row] = arenaAt;
  batch.length[row] = length;
  if (record.bytes !== undefined) batch.bytes.set(record.bytes, arenaAt);
  batch.ownSide[row] = record.ownSide;
  batch.count = row + 1;
  return true;
}

function writeAddress(
  column: Uint8Array,
  row: number,
  place: AddressPlace | undefined,
  family: number,
): void {
  const at = row * 16;
  column.fill(0, at, at + 16);
  if (place === undefined) return;
  const length = family === 4 ? 4 : 16;
  for (let i = 0; i < length; i++) column[at + i] = place.bytes[place.at + i]!;
}
