import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createDeadlines } from '../../src/scan/deadlines.ts';
import { createQueue } from '../../src/scan/queue.ts';

it('deadlines come out in order of time, whatever the order in', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(10_000), { maxLength: 300 }), (times) => {
      const deadlines = createDeadlines(2);
      for (const [item, atMs] of times.entries()) deadlines.push(atMs, item);
      const out: number[] = [];
      while (deadlines.size() > 0) {
        const atMs = deadlines.peekMs();
        expect(times[deadlines.pop()]).toBe(atMs);
        out.push(atMs);
      }
      expect(out).toEqual([...times].sort((a, b) => a - b));
      expect(deadlines.peekMs()).toBe(Number.POSITIVE_INFINITY);
    }),
  );
});

it('deadlines come out in order while others go in', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.nat(1000)), { maxLength: 400 }), (steps) => {
      const deadlines = createDeadlines(2);
      const model: number[] = [];
      for (const [item, atMs] of steps.entries()) {
        if (atMs !== null) {
          deadlines.push(atMs, item);
          model.push(atMs);
          continue;
        }
        if (model.length === 0) continue;
        model.sort((a, b) => a - b);
        expect(deadlines.peekMs()).toBe(model[0]);
        expect(steps[deadlines.pop()]).toBe(model.shift());
      }
      expect(deadlines.size()).toBe(model.length);
    }),
  );
});

it('a queue keeps its order through growth and wrap-around', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 400 }), (pushes) => {
      const queue = createQueue(2);
      const model: number[] = [];
      let next = 0;
      for (const push of pushes) {
        if (push || model.length === 0) {
          queue.push(next);
          model.push(next++);
        } else expect(queue.shift()).toBe(model.shift());
        expect(queue.size()).toBe(model.length);
      }
    }),
  );
});
