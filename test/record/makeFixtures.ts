/** Makes the recordings of fixtureList.ts anew: `node scripts/makeFixtures.mjs`. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { FIXTURES, listFixtures } from './fixtureList.ts';

rmSync(FIXTURES, { recursive: true, force: true });
mkdirSync(FIXTURES);
let sum = 0;
const fixtures = listFixtures();
for (const { file, record } of fixtures) {
  const bytes = Buffer.concat((await record()).pieces);
  writeFileSync(new URL(file, FIXTURES), bytes);
  sum += bytes.length;
}
process.stdout.write(`${fixtures.length} recordings, ${sum} bytes\n`);
