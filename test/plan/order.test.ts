import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createOrder, NAMED_ORDER_MAX } from '../../src/plan/order.ts';
import { formatSeed, parseSeed } from '../../src/plan/seed.ts';

const word = fc.integer({ min: 0, max: 0xffff_ffff });

describe('createOrder', () => {
  it('is a bijection of 0..count-1 for every count and seed', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3000 }), word, word, (count, a, b) => {
        const order = createOrder(count, [a, b]);
        const seen = new Set(Array.from({ length: count }, (_, position) => order(position)));
        expect(seen.size).toBe(count);
        expect(Math.min(...seen)).toBe(0);
        expect(Math.max(...seen)).toBe(count - 1);
      }),
    );
  });

  it('stays inside at sizes that no test can enumerate', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2 ** 24, max: 2 ** 32 - 1 }), word, word, (count, a, b) => {
        const order = createOrder(count, [a, b]);
        const seen = new Set<number>();
        for (let position = 0; position < 200; position++) {
          seen.add(order(position));
          seen.add(order(count - 1 - position));
        }
        expect(seen.size).toBe(400);
        for (const probe of seen)
          expect(Number.isInteger(probe) && probe >= 0 && probe < count).toBe(true);
      }),
    );
  });

  it('depends on the seed and on nothing else', () => {
    const take = (seed: readonly [number, number]) => {
      const order = createOrder(1000, seed);
      return Array.from({ length: 1000 }, (_, position) => order(position));
    };
    expect(take([1, 2])).toEqual(take([1, 2]));
    expect(take([1, 2])).not.toEqual(take([1, 3]));
    expect(take([1, 2])).not.toEqual(take([0, 2]));
  });

  it('scatters neighbours: few positions keep the step to the next one', () => {
    const count = 65_536;
    const order = createOrder(count, [7, 9]);
    const steps = new Map<number, number>();
    for (let position = 0; position + 1 < count; position++) {
      const step = order(position + 1) - order(position);
      steps.set(step, (steps.get(step) ?? 0) + 1);
    }
    expect(Math.max(...steps.values())).toBeLessThan(count / 500);
  });

  it('keeps the order named for small runs', () => {
    const order = createOrder(NAMED_ORDER_MAX, [5, 6]);
    expect(order(1)).toBe(1);
  });
});

describe('seed', () => {
  it('reads what it writes', () => {
    fc.assert(
      fc.property(word, word, (a, b) => {
        expect(parseSeed(formatSeed([a, b]))).toEqual([a, b]);
      }),
    );
    expect(parseSeed('2a')).toEqual([0, 42]);
  });

  it.each(['', 'xyz', '12345678901234567', '-1'])('refuses %j', (text) => {
    expect(() => parseSeed(text)).toThrow(/--seed takes 1 to 16 hexadecimal digits/);
  });
});
