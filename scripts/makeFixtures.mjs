// Makes the recordings that test/record/fixtures.test.ts replays, from the simulator:
//   node scripts/makeFixtures.mjs [FILE…]
import { runBundled } from './bundled.mjs';

await runBundled('test/record/makeFixtures.ts');
