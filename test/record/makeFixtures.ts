/** Makes the recordings of fixtureList.ts anew: `node scripts/makeFixtures.mjs`. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { FIXTURES, listFixtures } from './fixtureList.ts';
import { recordScenario } from './recordSim.ts';

/** Of all schedules one: others are recorded and replayed by replay.test.ts. */
const SEED = 1;

rmSync(FIXTURES, { recursive: true, force: true });
mkdirSync(FIXTURES);
let sum = 0;
const fixtures = listFixtures();
for (const { file, scenario, column, family } of fixtures) {
  const bytes = Buffer.concat(
    (await recordScenario({ scenario, column, family, seed: SEED })).pieces,
  );
  writeFileSync(new URL(file, FIXTURES), bytes);
  sum += bytes.length;
}
process.stdout.write(`${fixtures.length} recordings, ${sum} bytes\n`);
