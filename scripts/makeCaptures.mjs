// Makes the captures that test/explain reads, as root, in network namespaces of its own:
//   node scripts/makeCaptures.mjs FOLDER [SCENE…]
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const outfile = join(root, 'build', `makeCaptures.${process.pid}.mjs`);
process.on('exit', () => rmSync(outfile, { force: true }));
/** Each source finds its own neighbours (scenario files, servers), wherever the bundle lies. */
const ownUrls = {
  name: 'own-urls',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]test[\\/].*\.ts$/ }, ({ path }) => ({
      loader: 'ts',
      contents: readFileSync(path, 'utf8').replaceAll(
        'import.meta.url',
        JSON.stringify(pathToFileURL(path).href),
      ),
    }));
  },
};
await build({
  absWorkingDir: root,
  entryPoints: ['test/explain/lab/makeCaptures.ts'],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  packages: 'external',
  plugins: [ownUrls],
});
const argv = [outfile, ...process.argv.slice(2)];
const { status } = spawnSync(process.execPath, argv, { cwd: root, stdio: 'inherit' });
process.exitCode = status ?? 1;
