// Builds everything that `npm ci` must leave behind: the native addon (when there is a compiler), the library
// (tsc, ESM with types) and the command (one CommonJS file: start-up is a feature, ADR 0005).
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const newestMs = (path) => {
  const found = statSync(path);
  if (!found.isDirectory()) return found.mtimeMs;
  // Its own time too: a file that was removed changes only that.
  return Math.max(found.mtimeMs, ...readdirSync(path).map((name) => newestMs(join(path, name))));
};
const isFresh = () => {
  const built = join(root, 'dist/cli.cjs.cache');
  const builtBy = join(root, 'dist/node-version');
  if (!existsSync(built) || !existsSync(builtBy)) return false;
  // V8 takes a code cache of its own version only.
  if (readFileSync(builtBy, 'utf8') !== process.version) return false;
  const inputs = [
    'src',
    'bin',
    'scripts',
    'package-lock.json',
    'package.json',
    'tsconfig.json',
    'tsconfig.build.json',
  ];
  return statSync(built).mtimeMs > Math.max(...inputs.map((name) => newestMs(join(root, name))));
};
const run = (args, stdout = 'inherit') => {
  const stdio = ['ignore', stdout, 'inherit'];
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio });
  if (status !== 0) process.exit(status ?? 1);
};

run(['scripts/buildNative.mjs']);
// `npx pu-probe` in a checkout may run `prepare`: what is newer than its sources is not built again.
if (isFresh()) process.exit(0);
// Built beside and put in place when whole: a command that runs meanwhile has the old one.
const fresh = `build/dist.${process.pid}`;
process.on('exit', () => rmSync(join(root, fresh), { recursive: true, force: true }));
run(['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--outDir', fresh]);
await build({
  absWorkingDir: root,
  entryPoints: ['src/cli/bin.ts'],
  outfile: `${fresh}/cli.cjs`,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  charset: 'ascii',
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  // The bundle is run as a script with a code cache, which knows no import().
  supported: { 'dynamic-import': false },
  // A file name instead of a URL: making one costs 2 ms.
  define: { 'import.meta.url': '__filename' },
  external: ['raw-socket'],
});
rmSync(join(root, 'dist'), { recursive: true, force: true });
renameSync(join(root, fresh), join(root, 'dist'));
writeFileSync(join(root, 'dist/node-version'), process.version);
run(['scripts/codeCache.cjs'], 'ignore');
