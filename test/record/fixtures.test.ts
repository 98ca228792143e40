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
  const report = run.report();
  expect(report.complete).toBe(true);
  expect(report.warnings.filter((text) => /differ|not replayable/.test(text))).toEqual([]);
  // The paths inside are those before the routers were asked: the replay has compared them, and what these said.
  if (running.recorded.asksHops === true) return;
  const found = running.recorded.trace === undefined ? verdictsOf(plan, run) : foundOf(report);
  expect(JSON.parse(JSON.stringify(found))).toEqual(rest.verdicts);
});

it.each(fixtures.filter(({ file }) => file.includes('.askhops.')))(
  '$file: what its routers say',
  async ({ file }) => {
    const running = await openReplay([readFileSync(new URL(file, FIXTURES))]);
    const [path] = (await running.run(() => undefined)).report().paths;
    expect(path!.askedHops!.hops.map(({ port, control }) => `${port} ${control}`)).toEqual([
      ...Array.from({ length: 3 }, () => 'answered answered'),
      ...Array.from({ length: 3 }, () => 'silent answered'),
    ]);
    expect(path!.finding).toMatchObject({
      kind: 'return-drop',
      after: { ttl: 4 },
      before: { ttl: 3 },
    });
  },
);
