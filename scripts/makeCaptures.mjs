// Makes the captures that test/explain reads, as root, in network namespaces of its own:
//   node scripts/makeCaptures.mjs FOLDER [SCENE…]
import { runBundled } from './bundled.mjs';

await runBundled('test/explain/lab/makeCaptures.ts');
