/** How long walks are said to last. */
import { expect, it } from 'vitest';
import { RANK } from '../../src/scan/waitingPorts.ts';
import { createWalk } from '../../src/scan/walk.ts';
import { walkProgressOf } from '../../src/scan/walkProgress.ts';

function walkOf(ports: number, named: number) {
  const walk = createWalk({
    ...{ sources: 1, markNats: 10, srttMs: () => 1, random: () => 0.5 },
    ...{ startedMs: 0, lastAnswerMs: 1, answers: 6 },
  });
  for (let probe = 0; probe < ports; probe++)
    walk.add(probe, probe < named ? RANK.NAMED : RANK.OTHER);
  return walk;
}

it('is that of the slowest target at the default of Linux, before anything is measured', () => {
  const walks = [
    [0, walkOf(100, 7)],
    [1, walkOf(300, 0)],
  ] as const;
  const familyOf = (target: number) => (target === 0 ? 4 : 6);
  expect(walkProgressOf(walks, familyOf, false)).toEqual({
    ...{ waiting: 400, named: 7, leftMs: 100_000, namedLeftMs: 7000, gapMs: 1000 },
    ...{ isMeasured: false, mayGrow: false },
  });
});

it('is shorter by the addresses that are in use', () => {
  const walk = { ...walkOf(100, 8), askers: () => 4 };
  expect(walkProgressOf([[0, walk]], () => 4, true)).toMatchObject({
    ...{ leftMs: 25_000, namedLeftMs: 2000, gapMs: 250, mayGrow: true },
  });
});
