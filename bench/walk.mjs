// The certified walk in simulated time: half a million port verdicts against every known limiter.
//   node bench/walk.mjs [--verdicts N] [--certainty P] [--named N]
// `--named`: so many of the 100 ports of a run were named before ranges.
// Exits with 1 when more runs hold a false silence than the certainty allows. Bundles walkTrials.ts into build/.
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const outfile = join(root, 'build/walkTrials.mjs');
await build({
  absWorkingDir: root,
  entryPoints: ['bench/walkTrials.ts'],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  logLevel: 'error',
});
await import(pathToFileURL(outfile).href);
