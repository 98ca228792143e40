// Millions of hostile inputs to every reader of bytes from the network; prints the heap. By hand, not by CI:
//   node scripts/fuzzTrial.mjs [COUNT] [SEED]
import { runBundled } from './bundled.mjs';

await runBundled('test/packet/fuzzTrial.ts', ['--expose-gc']);
