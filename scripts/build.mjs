// Builds everything that `npm ci` must leave behind: the native addon (when there is a compiler), the library
// (tsc, ESM with types) and the command (one CommonJS file: start-up is a feature, ADR 0005).
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const run = (args) => {
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
};

run(['scripts/buildNative.mjs']);
rmSync(join(root, 'dist'), { recursive: true, force: true });
run(['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json']);
await build({
  absWorkingDir: root,
  entryPoints: ['src/cli/bin.ts'],
  outfile: 'dist/cli.cjs',
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  minifySyntax: true,
  legalComments: 'none',
  define: { 'import.meta.url': '__bundleUrl' },
  banner: {
    js: "'use strict';const __bundleUrl=require('node:url').pathToFileURL(__filename).href;",
  },
  external: ['raw-socket'],
});
