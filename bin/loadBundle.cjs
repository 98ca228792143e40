// Loads dist/cli.cjs with the code cache beside it, if V8 takes it: compiling the bundle anew costs some 10 ms (ADR 0005).
'use strict';
const { existsSync, readFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const { dirname, join } = require('node:path');
const { Script } = require('node:vm');

/** Compiles the bundle; returns its script and the function that runs it. */
exports.loadBundle = () => {
  const filename = join(__dirname, '../dist/cli.cjs');
  if (!existsSync(filename)) {
    process.stderr.write('pu-probe: the command is not built: node scripts/build.mjs\n');
    process.exit(3);
  }
  let cachedData;
  try {
    cachedData = readFileSync(`${filename}.cache`);
  } catch {
    // No cache, or one that cannot be read: the bundle is compiled.
  }
  // The bundle is ASCII (scripts/build.mjs), so one byte is one character.
  const source = `(function (exports, require, module, __filename, __dirname) {${readFileSync(filename, 'latin1')}\n})`;
  const script = new Script(source, { filename, cachedData });
  const run = () => {
    const bundle = { exports: {} };
    const wrapped = script.runInThisContext();
    wrapped(bundle.exports, createRequire(filename), bundle, filename, dirname(filename));
  };
  return { script, run };
};
