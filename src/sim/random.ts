/**
 * Seeded randomness of the simulator: the same seed and the same calls give the same network.
 */

/** Numbers in [0, 1). */
export type Random = () => number;

/** Creates a generator (Marsaglia 2003, xorshift with shifts 13, 17, 5) from any 32-bit seed. */
export function createRandom(seed: number): Random {
  let state = mix32(seed) || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 0x1_0000_0000;
  };
}

/** Spreads the bits of a 32-bit word over all of it (finalizer of MurmurHash3, Appleby). Unsigned. */
export function mix32(word: number): number {
  let h = word | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** A 32-bit word of the bytes `[from, to)` and a seed, unsigned. */
export function hashBytes(bytes: Uint8Array, from: number, to: number, seed: number): number {
  let h = seed | 0;
  for (let at = from; at < to; at++) h = Math.imul(h ^ bytes[at]!, 0x01000193);
  return mix32(h);
}
