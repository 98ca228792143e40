// Times whole processes, ours and the peers' in turn, in namespaces of their own, and checks every answer.
//   node bench/run.mjs [--rounds N] [--only NAME,NAME] [--family 4|6] [--command FILE] [--json]
// Needs Linux, root, iproute2, setpriv, nftables, cc, nmap and dnsmasq, and the built command (npm run build); masscan and
// zmap are left out where they are not installed.
import { existsSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createLab, TARGET, whyNot } from './lab.mjs';
import { isInstalled, MEASURES, pause, run } from './measures.mjs';
import { PACKET_ROWS } from './packetRows.mjs';
import { RECORDING } from './peers.mjs';
import { countOpen, findErrors, readJsonl, readText } from './reports.mjs';
import { SOCKET_ROWS } from './rows.mjs';
import { holds, machine, ratiosTo, table } from './table.mjs';

const ROWS = [...SOCKET_ROWS, ...PACKET_ROWS];
/** Rounds before those that count: files come into the cache, neighbours are found. */
const WARM_UPS = 1;
/** A row takes about this long; slow ones get fewer rounds than were asked for, the slowest the first one alone. */
const ROW_SECONDS = 100;
/** One way, of the link with a delay. */
const DELAY_MS = 10;

const options = readOptions();
const reason = whyNot();
if (reason !== null) fail(`cannot run: ${reason}`);
if (!existsSync(options.command)) fail(`${options.command} is missing: npm run build`);

process.on('exit', () => rmSync(RECORDING, { force: true }));
const lab = await createLab(DELAY_MS);
const results = [];
try {
  for (const row of options.rows) {
    results.push(await measure(row));
    // What was measured is not lost when a later row is interrupted.
    console.error(table(results.slice(-1)).split('\n').at(-1));
  }
} catch (error) {
  fail(error.message);
}
lab.close();
const host = machine(options);
if (options.json) console.log(JSON.stringify({ machine: host, results }, null, 2));
else console.log(`${table(results)}\n\n${host}`);
process.exitCode = results.every(({ held, errors }) => held !== false && errors.length === 0)
  ? 0
  : 1;

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
  const wanted = values.only?.split(',') ?? ROWS.map(({ name }) => name);
  for (const name of wanted) {
    if (ROWS.every((row) => row.name !== name)) {
      fail(`--only takes ${ROWS.map((row) => row.name).join(', ')}, not '${name}'`);
    }
  }
  const rows = ROWS.filter(({ name, target }) => {
    const has = values.family in target;
    if (!has && wanted.includes(name)) console.error(`bench: ${name}: IPv4 only, left out`);
    return has && wanted.includes(name);
  });
  return { ...values, rounds, rows };
}

function fail(text) {
  console.error(`bench: ${text}`);
  process.exit(2);
}

/** Who takes part in a row, ours first and an empty Node last; each with its command line in the scanner. */
function contendersOf(row) {
  const target = row.target[options.family];
  const measure = MEASURES[row.measure ?? 'seconds'];
  const place = (argv, user) =>
    lab.command(measure.isMetered ? [lab.meter, lab.device, ...argv] : argv, user);
  const lessTarget = row.lessTarget?.[options.family] ?? target;
  const ourArgv = (args, address = target) =>
    place([process.execPath, options.command, 'scan', address, ...args.split(' ')], row.user);
  const ours = {
    name: 'pu-probe',
    argv: ourArgv(row.ours),
    less: row.less && ourArgv(row.less, lessTarget),
    read: row.read ?? (row.ours.includes('--jsonl') ? readJson(row) : readText),
  };
  const { command } = options;
  const context = { command, target, targetMac: lab.targetMac, ceiling: lab.ceiling };
  const peers = row.peers.filter(({ tool, isV4Only }) => {
    if (isV4Only && options.family !== '4') return false;
    if (tool === undefined || isInstalled(tool)) return true;
    console.error(`bench: ${row.name}: ${tool} is not installed, left out`);
    return false;
  });
  const placed = peers.map((peer) => ({
    ...peer,
    argv: place(peer.argv(context), peer.user),
    less: peer.less && place(peer.less.argv({ ...context, target: lessTarget }), peer.user),
  }));
  const floor = { name: 'node -e 0', argv: place([process.execPath, '-e', '0'], row.user) };
  return [ours, ...placed, ...(row.measure === undefined ? [floor] : [])];
}

function readJson(row) {
  return (text) => readJsonl(text, row.isNet === true);
}

/** Runs one row: all contenders in turn, round after round. */
async function measure(row) {
  const contenders = contendersOf(row);
  const { name, what, must = [], aim = [] } = row;
  const result = { name, what, must, aim, measure: row.measure ?? 'seconds' };
  const values = Object.fromEntries(contenders.map((contender) => [contender.name, []]));
  const errors = new Set();
  const found = {};
  const starts = Object.fromEntries(contenders.map((contender) => [contender.name, []]));
  const carried = [];
  const ceiling = row.usesLine ? await lab.line.ceiling() : undefined;
  let rounds = options.rounds;
  for (let round = -WARM_UPS; round < rounds; round++) {
    const begunMs = performance.now();
    const taken = {};
    for (const contender of contenders) {
      const { value, startS, text, failed } = await takeTurn(row, contender);
      if (row.usesLine) carried.push({ who: contender.name, ...(await lab.line.counts()) });
      if (failed !== undefined) errors.add(`${contender.name}: ${failed}`);
      else check(row, contender, text, errors, found);
      taken[contender.name] = { value, startS };
    }
    const seconds = (performance.now() - begunMs) / 1000;
    rounds = Math.min(rounds, Math.floor(ROW_SECONDS / seconds));
    if (round < 0 && rounds > 0) continue;
    for (const [who, { value, startS }] of Object.entries(taken)) {
      values[who].push(value);
      starts[who].push(startS);
    }
  }
  if (!row.ours.includes('--jsonl') && !row.isTextOnly) await checkEveryPort(row, errors);
  const ratios = Object.fromEntries(
    contenders.slice(1).map((peer) => [peer.name, ratiosTo(values, peer.name)]),
  );
  const held = holds(must, values['pu-probe'], ratios);
  return { ...result, held, errors: [...errors], values, ratios, found, starts, ceiling, carried };
}

async function takeTurn(row, { argv, less, chatter }) {
  await pause(row.restMs);
  const silence = chatter ? lab.chatter() : undefined;
  const turn = { argv, less, probes: row.probes, lessProbes: row.lessProbes };
  const taken = await MEASURES[row.measure ?? 'seconds'].measure(turn);
  silence?.();
  return taken;
}

/** Reads what was printed: all must be right, or, of programs that name open ports only, it is counted. */
function check({ truth }, { name, read, sees }, text, errors, found) {
  if (read === undefined) return;
  if (sees !== 'open') {
    for (const error of findErrors(truth, read(text))) errors.add(`${name}: ${error}`);
    return;
  }
  found[name] ??= [];
  found[name].push(countOpen(truth, read(text)));
}

/** The text counts ports; the records list every one of them. */
async function checkEveryPort(row, errors) {
  const argv = [process.execPath, options.command, 'scan', row.target[options.family]];
  await pause(row.restMs);
  const ran = await run(lab.command([...argv, ...row.ours.split(' '), '--jsonl'], row.user));
  if (ran.failed !== undefined) {
    errors.add(`pu-probe --jsonl: ${ran.failed}`);
    return;
  }
  for (const error of findErrors(row.truth, readJson(row)(ran.text))) {
    errors.add(`pu-probe --jsonl: ${error}`);
  }
}
