// Runs under ICMP limits and loss, beside nmap, in namespaces of their own; every verdict is compared with the truth.
//   node bench/limits.mjs [--rounds N] [--nmap N] [--only NAME,NAME] [--skip NAME,NAME] [--together N] [--command FILE] [--json]
// `--rounds` is for rows that have no number of their own (20 under loss), `--together` how many runs that mostly wait may go at
// once. Needs Linux, root, iproute2, nftables, nmap and the built command. Exits with 1 when a must is not held.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createLab, watchLabs, whyNot } from './limitsLab.mjs';
import { ROWS } from './limitsRows.mjs';
import { run } from './measures.mjs';
import { readJsonl, readText } from './reports.mjs';
import { machine, middle } from './table.mjs';

/** The longest row takes nmap 382 s; a run that lasts longer than this hangs. */
const RUN_TIMEOUT_MS = 900_000;
/** Wrong ports that are named in a cell. */
const MAX_NAMED = 4;

const options = readOptions();
const reason = whyNot();
if (reason !== null) fail(`cannot run: ${reason}`);
if (!existsSync(options.command)) fail(`${options.command} is missing: npm run build`);
watchLabs();

const results = options.rows.map((row) => ({ row, missing: whyMissing(row), ours: [], peers: {} }));
await runAll(results.filter(({ row }) => row.waits).flatMap(turnsOf), options.together);
await runAll(results.filter(({ row }) => !row.waits).flatMap(turnsOf), 1);
if (options.json) console.log(JSON.stringify(results.map(toPlain), null, 2));
else
  console.log(`${tableOf(results)}\n\n${machine({ family: '4 and 6', rounds: options.rounds })}`);
process.exitCode = results.every((result) => isHeld(result) !== false) ? 0 : 1;

function readOptions() {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '3' },
      nmap: { type: 'string', default: '1' },
      only: { type: 'string' },
      skip: { type: 'string', default: '' },
      together: { type: 'string', default: '1' },
      command: {
        type: 'string',
        default: fileURLToPath(new URL('../bin/pu-probe.cjs', import.meta.url)),
      },
      json: { type: 'boolean', default: false },
    },
  });
  const [rounds, nmap, together] = ['rounds', 'nmap', 'together'].map((key) => {
    const value = Number(values[key]);
    if (!Number.isInteger(value) || value < (key === 'nmap' ? 0 : 1)) {
      fail(`--${key} takes a number, not '${values[key]}'`);
    }
    return value;
  });
  const only = values.only?.split(',') ?? ROWS.map(({ name }) => name);
  const skip = values.skip.split(',').filter((name) => name !== '');
  for (const name of [...only, ...skip]) {
    if (ROWS.every((row) => row.name !== name)) {
      fail(`rows are ${ROWS.map((row) => row.name).join(', ')}, not '${name}'`);
    }
  }
  const rows = ROWS.filter(({ name }) => only.includes(name) && !skip.includes(name));
  return { ...values, rounds, nmap, together, rows };
}

function fail(message) {
  console.error(`bench: ${message}`);
  process.exit(2);
}

function ourArgv({ target, ask }, more) {
  return [process.execPath, options.command, 'scan', target, ...ask.split(' '), ...more];
}

/** The line with which our command refuses what a row asks for, or null. */
function whyMissing(row) {
  const [file, ...args] = ourArgv(row, ['--dry-run']);
  const { status, stderr } = spawnSync(file, args, { encoding: 'utf8' });
  // Outside of the namespace the scanner's addresses are nobody's.
  const isMissing = status === 2 && !stderr.includes('not an address of this machine');
  return isMissing ? stderr.trim().split('\n')[0] : null;
}

/** All runs of a row: ours and nmap's, each in a network of its own. */
function turnsOf(result) {
  const { row } = result;
  const turns = [];
  const count = result.missing === null ? (row.rounds ?? options.rounds) : 0;
  for (let round = 0; round < count; round++) turns.push(() => takeOurs(result));
  for (const args of row.peers) {
    result.peers[args] = [];
    for (let round = 0; round < options.nmap; round++) turns.push(() => takePeer(result, args));
  }
  return turns;
}

async function runAll(turns, together) {
  const rest = turns.values();
  const work = async () => {
    for (const turn of rest) await turn();
  };
  await Promise.all(Array.from({ length: together }, work));
}

async function takeTurn(row, argv, more) {
  const lab = await createLab(row);
  try {
    return await run(lab.command(argv), { timeoutMs: RUN_TIMEOUT_MS, ...more });
  } finally {
    lab.close();
  }
}

async function takeOurs({ row, ours }) {
  const isEnough = row.only && ((chunks) => hasAll(row.only, Buffer.concat(chunks).toString()));
  const ran = await takeTurn(row, ourArgv(row, ['--jsonl']), { isEnough });
  const wrong = ran.failed ? [ran.failed] : findWrong(row, ran.text);
  const kinds = limiterKinds(ran.text);
  ours.push({ seconds: ran.seconds, wrong, kinds });
  const found = kinds.length > 0 ? `, limiter ${kinds.join(', ')}` : '';
  console.error(`${row.name}: ${ran.seconds.toFixed(2)} s, ${wrong.length} wrong${found}`);
}

async function takePeer({ row, peers }, args) {
  const argv = ['nmap', '-n', '-Pn', ...args.split(' '), ...portsOf(row), row.target];
  const ran = await takeTurn(row, argv);
  const wrong = ran.failed ? Number.NaN : countWrong(row.truth, readText(ran.text));
  peers[args].push({ seconds: ran.seconds, wrong });
  console.error(`${row.name}: nmap ${args} ${ran.seconds.toFixed(2)} s, ${wrong} wrong`);
}

function portsOf({ ask }) {
  const words = ask.split(' ');
  const at = words.indexOf('-p');
  return words.slice(at, at + 2);
}

function verdictsOf(text) {
  return readJsonl(text.slice(0, text.lastIndexOf('\n') + 1), false);
}

function hasAll(wanted, text) {
  const { ports } = verdictsOf(text);
  return [...wanted].every((port) => ports.has(port));
}

/** What differs from the truth; a verdict that is missing does too. */
function findWrong({ truth, only }, text) {
  const { ports, faults } = verdictsOf(text);
  const wrong = only === undefined ? [...faults] : [];
  for (const [port, state] of truth) {
    if (only !== undefined && !only.has(port)) continue;
    const said = ports.get(port) ?? 'missing';
    if (said !== state) wrong.push(`${port} is ${state}, not ${said}`);
  }
  return wrong;
}

/** The same of a text that lists some ports and counts the others. */
function countWrong(truth, { ports, hidden }) {
  let wrong = 0;
  const left = new Map();
  for (const [port, state] of truth) {
    const said = ports.get(port);
    if (said === undefined) left.set(state, (left.get(state) ?? 0) + 1);
    else if (said !== state) wrong += 1;
  }
  for (const [state, count] of left) wrong += Math.max(0, count - (hidden.get(state) ?? 0));
  return wrong;
}

/** Kinds of limiters that the report tells of. */
function limiterKinds(text) {
  const kinds = new Set();
  for (const line of text.split('\n')) {
    if (line.includes('"limiter":')) kinds.add(JSON.parse(line).limiter.kind);
  }
  return [...kinds];
}

function timesOf(runs) {
  return runs.map(({ seconds }) => seconds);
}

/** What the run may take, s. */
function limitS({ boundS, must, mustS }) {
  return mustS ?? (must === undefined ? Infinity : must * boundS);
}

/** Whether the musts hold; null where nothing was run. */
function isHeld({ row, ours }) {
  if (ours.length === 0) return null;
  const isRight = ours.every(({ wrong }) => wrong.length === 0);
  const isKind = row.kind === undefined || ours.every(({ kinds }) => kinds.join() === row.kind);
  return isRight && isKind && middle(timesOf(ours)) <= limitS(row);
}

function toPlain(result) {
  const { truth, scene, only, ...row } = result.row;
  return { ...result, row, held: isHeld(result) };
}

function spread(values) {
  const show = (value) => value.toFixed(value < 10 ? 2 : 1);
  if (values.length === 1) return show(values[0]);
  return `${show(middle(values))} [${show(Math.min(...values))}-${show(Math.max(...values))}]`;
}

function showPeers(peers) {
  const parts = Object.entries(peers)
    .filter(([, runs]) => runs.length > 0)
    .map(([args, runs]) => {
      const wrong = runs.map((ran) => ran.wrong);
      return `${args}: ${spread(timesOf(runs))}, ${[...new Set(wrong)].join(' / ')} wrong`;
    });
  return parts.join('; ') || '-';
}

function showWrong(ours) {
  const wrong = ours.flatMap((ran) => ran.wrong);
  const named = wrong.slice(0, MAX_NAMED).join(', ');
  return wrong.length === 0
    ? '0'
    : `**${wrong.length}** (${named}${wrong.length > MAX_NAMED ? ', …' : ''})`;
}

function tableOf(all) {
  const rows = all.map((result) => {
    const { row, ours, peers, missing } = result;
    const { boundS, must, aim, mustS, aimS } = row;
    const head = [`${row.what} (\`${row.name}\`)`, boundS?.toFixed(2) ?? '-'];
    const asked =
      must === undefined ? (mustS === undefined ? '-' : `<= ${mustS} s`) : `<= ${must}x`;
    const aimed = aim === undefined ? (aimS === undefined ? '-' : `${aimS} s`) : `${aim}x`;
    if (missing !== null)
      return [...head, 0, missing, '-', asked, aimed, 'not built', '-', '-', showPeers(peers)];
    const times = timesOf(ours);
    const ratio = boundS > 0 ? `${(middle(times) / boundS).toFixed(3)}x` : '-';
    const kinds = new Set(ours.map((ran) => ran.kinds.join(' and ') || 'not told'));
    const kind = row.kind === undefined ? '-' : `${[...kinds].join(' / ')} (is ${row.kind})`;
    const held = isHeld(result) ? 'yes' : '**no**';
    return [
      ...head,
      ours.length,
      spread(times),
      ratio,
      asked,
      aimed,
      held,
      showWrong(ours),
      kind,
      showPeers(peers),
    ];
  });
  const heads = [
    'job',
    'bound, s',
    'n',
    'pu-probe, s',
    'to bound',
    'must',
    'aim',
    'held',
    'wrong',
    'limiter found',
    'nmap, s',
  ];
  const lines = [heads, heads.map(() => '---'), ...rows];
  return lines.map((line) => `| ${line.join(' | ')} |`).join('\n');
}
