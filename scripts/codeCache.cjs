// Runs the bundle once over a simulated network and keeps what V8 compiled on the way: the code cache of the command.
//   node scripts/codeCache.cjs
'use strict';
const { mkdtempSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { loadBundle } = require('../bin/loadBundle.cjs');

const cache = join(__dirname, '../dist/cli.cjs.cache');
rmSync(cache, { force: true });
const folder = mkdtempSync(join(tmpdir(), 'pu-probe-'));
const world = join(folder, 'world.json');
writeFileSync(world, '{ "targets": [{ "v4": "10.90.0.2", "udp": { "53": "dns" } }] }');
const { script, run } = loadBundle();
process.argv.splice(2, process.argv.length, 'scan', '10.90.0.2', '-p', 'U:53,9,T:22', '-sU', '-sT');
process.argv.push('--wire', `sim:${world}#errqueue`);
process.on('exit', () => {
  rmSync(folder, { recursive: true, force: true });
  writeFileSync(cache, script.createCachedData());
});
run();
