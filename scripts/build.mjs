// Builds everything that `npm ci` must leave behind: the native addon (when there is a compiler), the library
// (tsc, ESM with types) and the command (one CommonJS file: start-up is a feature, ADR 0005).
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const newestMs = (path) =>
  statSync(path).isDirectory()
    ? Math.max(...readdirSync(path).map((name) => newestMs(join(path, name))))
    : statSync(path).mtimeMs;
const isFresh = () => {
  const built = join(root, 'dist/cli.cjs.cache');
  if (!existsSync(built)) return false;
  const inputs = ['src', 'bin', 'scripts', 'package.json', 'tsconfig.json', 'tsconfig.build.json'];
  return statSync(built).mtimeMs > Math.max(...inputs.map((name) => newestMs(join(root, name))));
};
const run = (args, stdout = 'inherit') => {
  const stdio = ['ignore', stdout, 'inherit'];
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio });
  if (status !== 0) process.exit(status ?? 1);
};

run(['scripts/buildNative.mjs']);
// `npx pu-probe` in a checkout runs `prepare` each time: what is newer than its sources is not built again.
if (isFresh()) process.exit(0);
// Built beside and put in place when whole: a command that runs meanwhile has the old one.
const fresh = `build/dist.${process.pid}`;
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
run(['scripts/codeCache.cjs'], 'ignore');
