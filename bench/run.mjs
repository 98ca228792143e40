// Times whole processes, ours and the peer's in turn, in two namespaces of their own, and checks every answer.
//   node bench/run.mjs [--rounds N] [--only NAME] [--family 4|6] [--command FILE] [--json]
// Needs Linux, root, iproute2, setpriv, nmap and dnsmasq, and the built command (npm run build).
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createLab, TARGET, whyNot } from './lab.mjs';
import { findErrors, ROWS, readJson, readReport } from './rows.mjs';

/** A program that hangs must not hang the benchmark. */
const RUN_TIMEOUT_MS = 60_000;
/** Rounds before those that count: files come into the cache, neighbours are found. */
const WARM_UPS = 1;

const options = readOptions();
const reason = whyNot();
if (reason !== null) fail(`cannot run: ${reason}`);
if (!existsSync(options.command)) fail(`${options.command} is missing: npm run build`);

const lab = await createLab();
const results = [];
try {
  for (const row of options.rows) results.push(await measure(row));
} catch (error) {
  fail(error.message);
}
lab.close();
if (options.json) console.log(JSON.stringify({ machine: machine(), results }, null, 2));
else console.log(`${table(results)}\n\n${machine()}`);
process.exitCode = results.every((result) => result.held && result.errors.length === 0) ? 0 : 1;

function readOptions() {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '15' },
      only: { type: 'string' },
      family: { type: 'string', default: '4' },
      command: {
        type: 'string',
        default: fileURLToPath(new URL('../bin/pu-probe.cjs', import.meta.url)),
      },
      json: { type: 'boolean', default: false },
    },
  });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1)
    fail(`--rounds takes a number, not '${values.rounds}'`);
  if (!(values.family in TARGET)) fail(`--family takes 4 or 6, not '${values.family}'`);
  const rows = ROWS.filter(({ name }) => values.only === undefined || name === values.only);
  if (rows.length === 0) {
    fail(`--only takes ${ROWS.map(({ name }) => name).join(', ')}, not '${values.only}'`);
  }
  return { ...values, rounds, rows };
}

function fail(text) {
  console.error(`bench: ${text}`);
  process.exit(2);
}

/** Runs one row: ours, the peer, and an empty Node in turn. */
async function measure(row) {
  const target = TARGET[options.family];
  const six = options.family === '6' ? ['-6'] : [];
  const ours = [process.execPath, options.command, 'scan', target, ...row.ours.split(' ')];
  const peer = ['nmap', ...six, ...row.peer.args.split(' '), target];
  const floor = [process.execPath, '-e', '0'];
  const times = { ours: [], peer: [], floor: [] };
  const errors = new Set();
  const check = (who, report) => {
    for (const error of findErrors(row, report)) errors.add(`${who}: ${error}`);
  };
  for (let round = -WARM_UPS; round < options.rounds; round++) {
    const oneRound = {
      ours: await run(lab.command(ours, row.user), row.restMs),
      peer: await run(lab.command(peer, row.peer.user), row.restMs),
      floor: await run(lab.command(floor, row.user), 0),
    };
    check('pu-probe', readReport(oneRound.ours.text));
    check('nmap', readReport(oneRound.peer.text));
    if (round < 0) continue;
    for (const [who, { seconds }] of Object.entries(oneRound)) times[who].push(seconds);
  }
  // The text counts closed ports; the document lists every one of them.
  const { text } = await run(lab.command([...ours, '--json'], row.user), row.restMs);
  check('pu-probe --json', readJson(text));
  const ratios = times.ours.map((seconds, round) => seconds / times.peer[round]);
  const { name, what, must, aim } = row;
  const held = isHeld(must, ratios, times.ours);
  return { name, what, must, aim, held, errors: [...errors], times, ratios };
}

/** Waits, then runs a command to its end; the time is that of the whole process. */
async function run(argv, restMs) {
  await new Promise((resolve) => setTimeout(resolve, restMs));
  const [file, ...args] = argv;
  const chunks = [];
  const started = process.hrtime.bigint();
  const child = spawn(file, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: RUN_TIMEOUT_MS,
    env: { PATH: process.env.PATH, LC_ALL: 'C' },
  });
  const messages = [];
  child.stdout.on('data', (chunk) => chunks.push(chunk));
  child.stderr.on('data', (chunk) => messages.push(chunk));
  const status = await new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (code, signal) => resolve(code ?? signal));
  });
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  if (status !== 0) throw new Error(`${argv.join(' ')}: ${status}: ${Buffer.concat(messages)}`);
  return { seconds, text: Buffer.concat(chunks).toString() };
}

function isHeld(must, ratios, seconds) {
  if (must?.ratio !== undefined) return middle(ratios) <= must.ratio;
  return must?.seconds === undefined || middle(seconds) <= must.seconds;
}

function middle(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** `median [smallest-largest]`. */
function spread(values, digits = 3) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return `${middle(values).toFixed(digits)} [${low.toFixed(digits)}-${high.toFixed(digits)}]`;
}

function table(all) {
  const bound = (limit) => {
    if (limit === undefined) return '-';
    return limit.ratio === undefined ? `<= ${limit.seconds} s` : `<= ${limit.ratio}x`;
  };
  const cells = all.map(({ name, what, times, ratios, must, aim, held, errors }) => [
    `${what} (\`${name}\`)`,
    spread(times.ours),
    spread(times.peer),
    spread(ratios, 2),
    bound(must),
    bound(aim),
    must === undefined ? '-' : held ? 'yes' : '**no**',
    spread(times.floor),
    errors.length === 0 ? 'all right' : errors.slice(0, 5).join('; '),
  ]);
  const head = ['row', 'pu-probe s', 'nmap s', 'ratio by pair', 'must', 'aim', 'held'];
  const lines = [[...head, '`node -e 0` s', 'verdicts'], head.concat('', '').map(() => '---')];
  return [...lines, ...cells].map((line) => `| ${line.join(' | ')} |`).join('\n');
}

function machine() {
  const { model } = cpus()[0];
  const host = `${cpus().length} x ${model.trim()}, Linux ${release()}, Node ${process.version}`;
  return `${host}; IPv${options.family}, one veth, median [min-max] of ${options.rounds} rounds.`;
}
