// Compiles native/*.c into build/pu_probe.node when that is missing or older than its sources.
//   node scripts/buildNative.mjs [--strict] [--out FILE] [-- CFLAGS...]
// Without Linux or a compiler it prints one line and succeeds: the tool then works on plain sockets. So it does when the
// compiler fails (an old system's headers must not break an installation), unless --strict asks for a failure.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const argv = process.argv.slice(2);
const separator = argv.includes('--') ? argv.indexOf('--') : argv.length;
const options = argv.slice(0, separator);
const extraFlags = argv.slice(separator + 1);
const isStrict = options.includes('--strict');
const outIndex = options.indexOf('--out');
const out = resolve(root, outIndex < 0 ? 'build/pu_probe.node' : (options[outIndex + 1] ?? ''));

// A warning that some later compiler invents fails our checks, but nobody's installation.
const flags = '-std=c11 -O2 -Wall -Wextra -fPIC -shared -fvisibility=hidden -pthread'.split(' ');
// A worker that ends unloads its addons; a thread that still closes a socket would return into nothing.
flags.push('-Wl,-z,nodelete');
if (isStrict) flags.push('-Werror');

function giveUp(reason) {
  console.log(`pu-probe: no native addon (${reason}); it works without, on plain sockets`);
  process.exit(isStrict ? 1 : 0);
}

if (process.platform !== 'linux') giveUp('it is for Linux only');

const native = join(root, 'native');
const files = readdirSync(native).sort();
const sources = files.filter((name) => name.endsWith('.c')).map((name) => join(native, name));
const inputs = [...files.map((name) => join(native, name)), fileURLToPath(import.meta.url)];
const newestMs = Math.max(...inputs.map((path) => statSync(path).mtimeMs));
if (existsSync(out) && statSync(out).mtimeMs > newestMs) process.exit(0);

const headers = join(root, 'node_modules/node-api-headers/include');
if (!existsSync(join(headers, 'node_api.h'))) giveUp('the package node-api-headers is missing');

const [compiler, ...compilerFlags] = (process.env.CC?.trim() || 'cc').split(/\s+/);
mkdirSync(dirname(out), { recursive: true });
// Under a name of its own until it is whole: a process that loads the addon meanwhile gets the old one.
const partial = `${out}.${process.pid}`;
const args = [...compilerFlags, ...flags, ...extraFlags, `-I${headers}`, '-o', partial, ...sources];
const done = spawnSync(compiler, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
if (done.error !== undefined) giveUp(`no C compiler: ${compiler}`);
if (done.status !== 0) {
  rmSync(partial, { force: true });
  giveUp(`${compiler} failed`);
}
renameSync(partial, out);
