/**
 * The Internet checksum (RFC 1071) in its parts: spans are summed, sums are added, carries are folded once at the end.
 *
 * The pseudo-headers of IPv4 (RFC 793 section 3.1) and IPv6 (RFC 8200 section 8.1) give one and the same sum for lengths
 * under 64 KiB: both addresses, the protocol, the length. So whoever sends much to one target sums its address once.
 */

/**
 * Adds the 16-bit words of `bytes[from, to)` to `initial`; the result is not folded.
 *
 * A last odd byte counts as the high half of a word, so only the last of several spans may be odd. 128 KiB in
 * all keep the sum below the 2^32 that `fold` takes.
 */
export function sum(bytes: Uint8Array, from: number, to: number, initial: number): number {
  let total = initial;
  let at = from;
  for (; at + 1 < to; at += 2) total += (bytes[at]! << 8) | bytes[at + 1]!;
  if (at < to) total += bytes[at]! << 8;
  return total;
}

/** The two 16-bit words of a 32-bit value, added. */
export function sum32(value: number): number {
  return (value >>> 16) + (value & 0xffff);
}

/**
 * Folds the carries of a sum, below 2^32, into 16 bits.
 *
 * A span that holds its own right checksum folds to 0xffff.
 */
export function fold(total: number): number {
  let folded = total;
  while (folded > 0xffff) folded = (folded & 0xffff) + (folded >>> 16);
  return folded;
}

/** Turns a sum into the checksum field: the ones' complement of the folded sum. */
export function toChecksum(total: number): number {
  return ~fold(total) & 0xffff;
}

/** Sums the address at `bytes[at]`, 4 or 16 bytes; two of them are what emitters take as `addressSum`. */
export function sumIp(bytes: Uint8Array, at: number, family: 4 | 6): number {
  return sum(bytes, at, at + (family === 4 ? 4 : 16), 0);
}

/** Sums the pseudo-header of a segment; `addressSum` is `sumIp` of source and destination added. */
export function sumPseudoHeader(addressSum: number, protocol: number, lengthBytes: number): number {
  return addressSum + protocol + lengthBytes;
}
