import { describe, expect, it } from 'vitest';
import { RESET_CHECK } from '../../src/match/facts.ts';
import { controlPorts, firstLadder, readLadder, secondLadder } from '../../src/scan/resetCheck.ts';

const { SAME, NEARER, UNCLEAR } = RESET_CHECK;

/** What a RST that arrives with `ttl` answers to a ladder. */
const climb = (ladder: readonly number[], ttl: number) =>
  ladder.map((minTtl) => ({ minTtl, answered: ttl >= minTtl }));

/** Both ladders as the scheduler asks them. */
function check(distance: number, ttl: number) {
  const first = climb(firstLadder(distance), ttl);
  const result = readLadder(distance, first);
  if (result.check !== 'again') return result;
  return readLadder(distance, [...first, ...climb(secondLadder(distance), ttl)]);
}

describe('whose RST', () => {
  it.each([
    // distance of the target, TTL of the RST
    ['a Linux target three hops away', 3, 62, SAME, 62],
    ['a router two hops away', 3, 63, NEARER, 63],
    ['a router next to us', 3, 64, NEARER, 64],
    ['a target on the link', 1, 64, SAME, 64],
    ['a Windows target three hops away', 3, 126, SAME, 126],
    ['a router that starts with 128, two hops away', 3, 127, NEARER, 0],
    ['a target that starts with 255', 3, 253, SAME, 253],
    ['a router that starts with 255, next to us', 3, 255, NEARER, 0],
    ['a Windows target on the link', 1, 128, SAME, 128],
    ['from farther than the target', 3, 60, UNCLEAR, 0],
    ['nothing at all', 3, 0, UNCLEAR, 0],
  ])('%s', (_title, distance, ttl, expected, foundTtl) => {
    expect(check(distance, ttl)).toEqual({ check: expected, ttl: foundTtl });
  });

  it('never calls a nearer RST the same, at any distance and TTL', () => {
    for (let distance = 1; distance <= 40; distance++) {
      for (const initial of [64, 128, 255]) {
        for (let hops = 1; hops <= 40; hops++) {
          const { check: found } = check(distance, initial - hops + 1);
          if (hops < distance) expect(found).not.toBe(SAME);
          if (hops === distance) expect(found).not.toBe(NEARER);
        }
      }
    }
  });

  it('one lost copy does not make a forged RST look genuine', () => {
    const rows = firstLadder(3).map((minTtl) => ({ minTtl, answered: 63 >= minTtl }));
    rows[3] = { ...rows[3]!, answered: false };
    expect(readLadder(3, rows).check).toBe('again');
  });
});

describe('control ports', () => {
  it('are chosen by the seed, are not asked ones, and lie between services and ephemeral ports', () => {
    const asked = new Set(controlPorts([1, 2], 5, () => false));
    const other = controlPorts([1, 2], 5, (port) => asked.has(port));
    expect(asked.size).toBe(2);
    expect(other.some((port) => asked.has(port))).toBe(false);
    for (const port of [...asked, ...other]) {
      expect(port).toBeGreaterThanOrEqual(20_000);
      expect(port).toBeLessThan(32_000);
    }
    expect(controlPorts([1, 2], 5, () => false)).toEqual([...asked]);
    expect(controlPorts([1, 3], 5, () => false)).not.toEqual([...asked]);
  });

  it('are none when every port was asked', () => {
    expect(controlPorts([1, 2], 0, () => true)).toEqual([]);
  });
});
