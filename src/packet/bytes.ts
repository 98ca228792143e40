/**
 * Big-endian access to a caller's array, by hand: a DataView for every packet would be an allocation for every packet.
 * Offsets are the caller's to prove; nothing here checks them.
 */

/** Reads 16 bits. */
export function read16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

/** Reads 32 bits, unsigned. */
export function read32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
  );
}

/** Writes the low 16 bits of a value. */
export function write16(out: Uint8Array, at: number, value: number): void {
  out[at] = value >>> 8;
  out[at + 1] = value;
}

/** Writes the low 32 bits of a value. */
export function write32(out: Uint8Array, at: number, value: number): void {
  out[at] = value >>> 24;
  out[at + 1] = value >>> 16;
  out[at + 2] = value >>> 8;
  out[at + 3] = value;
}

/**
 * Copies `length` bytes of `from` to `out`, without the view that `subarray` would allocate.
 *
 * Bytes that are already in their place are left alone; otherwise the two spans must not overlap.
 */
export function copyBytes(
  out: Uint8Array,
  at: number,
  from: Uint8Array,
  fromAt: number,
  length: number,
): void {
  if (out === from && at === fromAt) return;
  for (let i = 0; i < length; i++) out[at + i] = from[fromAt + i]!;
}
