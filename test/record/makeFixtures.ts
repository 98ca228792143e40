/** Makes the recordings of fixtureList.ts anew, or the named files alone: `node scripts/makeFixtures.mjs [FILE…]`. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { FIXTURES, listFixtures } from './fixtureList.ts';

const named = new Set(process.argv.slice(2));
if (named.size === 0) rmSync(FIXTURES, { recursive: true, force: true });
mkdirSync(FIXTURES, { recursive: true });
let sum = 0;
const fixtures = listFixtures().filter(({ file }) => named.size === 0 || named.has(file));
for (const { file, record } of fixtures) {
  const bytes = Buffer.concat((await record()).pieces);
  writeFileSync(new URL(file, FIXTURES), bytes);
  sum += bytes.length;
}
process.stdout.write(`${fixtures.length} recordings, ${sum} bytes\n`);
