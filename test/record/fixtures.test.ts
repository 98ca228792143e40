/**
 * Kept recordings of the scenes, replayed: the engine of today gives the verdicts that are inside.
 * CONTRIBUTING says how they are made anew when the engine is changed on purpose.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { foundOf, verdictsOf } from '../../src/recording.ts';
import { openReplay } from '../../src/replayedRun.ts';
import { FIXTURES, listFixtures } from './fixtureList.ts';

const fixtures = listFixtures();

it('each scene has its recordings, and no other file is there', () => {
  const files = fixtures.map(({ file }) => file);
  expect(readdirSync(FIXTURES).sort()).toEqual(files.sort());
});

it.each(fixtures)('$file: what is found inside', async ({ file }) => {
  const running = await openReplay([readFileSync(new URL(file, FIXTURES))]);
  const run = await running.run(() => undefined);
  expect(running.wire.hasDiverged()).toBe(false);
  const { rest, plan } = running;
  expect(rest.end).toMatchObject({ finished: true });
  expect(rest.verdicts).not.toEqual([]);
  const found =
    running.recorded.trace === undefined ? verdictsOf(plan, run) : foundOf(run.report());
  expect(JSON.parse(JSON.stringify(found))).toEqual(rest.verdicts);
  expect(run.report().complete).toBe(true);
});
