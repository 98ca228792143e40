/** The test by which another of our addresses is found to have a bucket of its own. */
import { describe, expect, it } from 'vitest';
import { createSourceTest } from '../../src/scan/sourceTest.ts';

const WAIT_MS = 30;

/** Runs the test; `closed` are the probes that are answered. */
function outcomeOf(closed: readonly number[]) {
  const test = createSourceTest({
    ...{ before: [1], others: [11, 12, 13], after: [2, 3], source: 5, waitMs: () => WAIT_MS },
  });
  const asked: (readonly [probe: number, source: number])[] = [];
  let nowMs = 0;
  while (!test.isDone(nowMs)) {
    const at = test.take(nowMs);
    if (at >= 0) {
      const probe = test.probes[at]!;
      asked.push([probe, test.from[at]!]);
      test.sent(probe, nowMs);
      if (closed.includes(probe)) test.answered(probe);
    }
    nowMs = Math.max(nowMs, test.wakeAtMs());
  }
  return { outcome: test.outcome(), answers: test.answers(), asked };
}

describe('the test of another address', () => {
  it('asks from the first address, the other one and the first one again', () => {
    const probes = [1, 11, 12, 13, 2, 3];
    const sources = [0, 5, 5, 5, 0, 0];
    expect(outcomeOf([]).asked).toEqual(probes.map((probe, i) => [probe, sources[i]]));
  });

  it.each<[string, readonly number[], string, readonly [number, number]]>([
    ['the other one is answered alone', [11, 12], 'separate', [0, 2]],
    ['the last token of the first one is no matter', [1, 11, 13], 'separate', [1, 2]],
    ['one answer is a refill', [12], 'dry', [0, 1]],
    ['nobody is answered', [], 'dry', [0, 0]],
    ['the first one is not empty', [11, 12, 13, 3], 'unclear', [1, 3]],
  ])('%s', (_, closed, outcome, answers) => {
    expect(outcomeOf(closed)).toMatchObject({ outcome, answers });
  });
});
