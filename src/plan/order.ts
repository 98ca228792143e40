/**
 * The order in which probes are asked: a seeded bijection by arithmetic, so that a run of any size needs no table.
 *
 * The index is split into a pair (left, right) of a rectangle of about sqrt(count) by sqrt(count), and each side is in
 * turn shifted by a keyed hash of the other (a Feistel network over Z_a x Z_b; Black and Rogaway, "Ciphers with
 * arbitrary finite domains", 2002). The few pairs beyond `count` are walked on until they fall inside.
 */

/** Runs of at most this many probes are asked in the order in which the user named them. */
export const NAMED_ORDER_MAX = 32;

/** Shifts of one side by the other. Four are enough for an order without visible pattern; each costs about 7 ns. */
const ROUNDS = 4;

/**
 * Creates the order of a run: position (0..count-1) -> probe number (0..count-1), each exactly once.
 *
 * The same count and seed give the same order on every machine. Up to {@link NAMED_ORDER_MAX} probes it is the
 * identity. `count` is at most 2^32 - 1.
 */
export function createOrder(
  count: number,
  seed: readonly [number, number],
): (position: number) => number {
  if (count <= NAMED_ORDER_MAX) return (position) => position;
  const width = Math.ceil(Math.sqrt(count));
  const height = Math.ceil(count / width);
  const keys = roundKeys(seed);
  const permute = (value: number): number => {
    let right = ((value >>> 0) / (width >>> 0)) >>> 0;
    let left = (value - Math.imul(right, width)) >>> 0;
    for (let round = 0; round < ROUNDS; round += 2) {
      left = shift(left, share(mix(right ^ keys[round]!), width), width);
      right = shift(right, share(mix(left ^ keys[round + 1]!), height), height);
    }
    return (Math.imul(right, width) + left) >>> 0;
  };
  return (position) => {
    let value = permute(position);
    // Ends: a bijection of the rectangle leads from a position inside back inside, after fewer than `width` steps outside.
    while (value >= count) value = permute(value);
    return value;
  };
}

/** The sum modulo `size`, of two numbers below it; without a branch, as one that nobody can foresee takes longer. */
function shift(value: number, by: number, size: number): number {
  const beyond = value + by - size;
  return beyond + (size & (beyond >> 31));
}

/** Mixes 32 bits so that every input bit reaches every output bit; not cryptographic: the order is no secret. */
function mix(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b);
  hash = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/**
 * Maps 32 bits to 0..size-1, at most 2^16: the upper half of the product, by halves, so that all numbers are of 32 bits. V8
 * makes floats of larger ones, several times slower.
 */
function share(hash: number, size: number): number {
  const low = Math.imul(hash & 0xffff, size) >>> 16;
  return (Math.imul(hash >>> 16, size) + low) >>> 16;
}

function roundKeys(seed: readonly [number, number]): Uint32Array {
  const keys = new Uint32Array(ROUNDS);
  let state = mix(seed[0] ^ 0x9e3779b9);
  for (let round = 0; round < ROUNDS; round++) {
    state = mix((state + Math.imul(round + 1, 0x9e3779b9)) ^ mix(seed[1] + round));
    keys[round] = state;
  }
  return keys;
}
