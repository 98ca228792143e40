// The measured trial behind ADR 0003: which shape probes and signals should have when they cross the seam.
//   node bench/batchShape.mjs [--rounds N] [--json]
// Bundles batchShape.ts into build/ and starts it once for each measurement, the shapes in turn.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const SHAPES = ['objects', 'batches', 'ranges'];
/** Young generation that holds all that 100,000 probes allocate, MB. */
const HEAP_FLAGS = ['--min-semi-space-size=512', '--max-semi-space-size=512'];
/** The simulator is slow, and its figures need no third digit. */
const SIMULATOR_ROUNDS = 3;

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '9' }, json: { type: 'boolean', default: false } },
});
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 1) {
  console.error(`bench: --rounds takes a number, not '${values.rounds}'`);
  process.exit(2);
}

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const outfile = join(root, 'build/batchShape.mjs');
await build({
  absWorkingDir: root,
  entryPoints: ['bench/batchShape.ts'],
  outfile,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
});

const addon = join(root, 'build/crossing.node');
const headers = join(root, 'node_modules/node-api-headers/include');
const flags = '-std=c11 -O2 -Wall -Wextra -Werror -fPIC -shared'.split(' ');
const compiled = spawnSync(
  'cc',
  [...flags, `-I${headers}`, '-o', addon, join(root, 'bench/shapes/crossing.c')],
  { stdio: 'inherit' },
);
if (compiled.status !== 0) process.exit(1);

const results = Object.fromEntries(
  SHAPES.map((shape) => [shape, { two: [], million: [], heap: [] }]),
);
const checks = new Set();
for (let round = 0; round < rounds; round++) {
  for (const shape of SHAPES) {
    const { two, million, heap } = results[shape];
    two.push(measure([], 'two', shape));
    million.push(measure([], 'million', shape));
    heap.push(measure(HEAP_FLAGS, 'heap', shape));
    checks.add(million.at(-1).check);
  }
}
const crossing = Array.from({ length: rounds }, () => measure([], 'crossing', addon));
if (checks.size !== 1) throw new Error(`the shapes disagree: ${[...checks].join(' / ')}`);
const simulator = Array.from({ length: Math.min(rounds, SIMULATOR_ROUNDS) }, () =>
  measure([], 'simulator'),
);
if (values.json) console.log(JSON.stringify({ results, crossing, simulator }, null, 2));
else print();

function measure(flags, ...args) {
  const done = spawnSync(process.execPath, [...flags, outfile, ...args], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH },
  });
  if (done.status !== 0) throw new Error(`${args.join(' ')}: ${done.stderr}`);
  return JSON.parse(done.stdout);
}

function middle(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

function spread(records, read, digits) {
  const numbers = records.map(read);
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  return `${middle(numbers).toFixed(digits)} [${low.toFixed(digits)}-${high.toFixed(digits)}]`;
}

function print() {
  const rows = [
    ['2 probes, first of a process, us', 'two', (record) => record.coldUs, 0],
    ['2 probes, warm, us', 'two', (record) => record.warmUs, 1],
    ['1,000,000 probes, ns a probe', 'million', (record) => record.nsPerProbe, 0],
    ['collections', 'million', (record) => record.gc.count, 0],
    ['their time, ms', 'million', (record) => record.gc.totalMs, 1],
    ['longest, ms', 'million', (record) => record.gc.longestMs, 1],
    ['resident memory at the end, MB', 'million', (record) => record.rssMb, 0],
    ['heap a probe, bytes', 'heap', (record) => record.heapBytesPerProbe, 1],
  ];
  console.log(`| median [min-max] of ${rounds} | (a) objects | (b) batches | (c) ranges |`);
  console.log('| --- | --- | --- | --- |');
  for (const [what, kind, read, digits] of rows) {
    const cells = SHAPES.map((shape) => spread(results[shape][kind], read, digits));
    console.log(`| ${what} | ${cells.join(' | ')} |`);
  }
  const part = (key) => spread(simulator, (record) => record[key], 0);
  const cross = (key, digits) => spread(crossing, (record) => record[key], digits);
  console.log(
    `\nInto native code and back: objects ${cross('objectsNsPerRow', 0)} ns a row, ` +
      `${cross('objectsTwoRowsUs', 1)} us for two; columns ${cross('columnsNsPerRow', 0)} ns a row, ` +
      `${cross('columnsTwoRowsUs', 1)} us for two.`,
  );
  console.log(`All shapes agree: ${[...checks][0]}.`);
  console.log(
    `(b) at work, scheduler and matching engine over the simulator, ns a probe: ${part('nsPerProbe')}, ` +
      `of it engine ${part('engineNsPerProbe')}, simulated network ${part('simulatorNsPerProbe')}; ` +
      `${simulator[0].settled} of ${simulator[0].probes} probes settled.`,
  );
}
