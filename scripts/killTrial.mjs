// Kills recorded scans (kill -9) and reads what they leave: the recording by our reader and by tshark, the JSONL line by line.
// A moment is a seeded number of bytes: the scan is killed once one of its two files is so long, or at 0 when it was started.
// As root (its own namespace), with tshark and a build.  node scripts/killTrial.mjs [MOMENTS] [SEED] [WIRE]
// Prints a line of JSON for each wire, and ends with 1 where something could not be read.
import { spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';

const moments = Number(process.argv[2] ?? 50);
const seed = Number(process.argv[3] ?? 20_261_128);
const only = process.argv[4];
const namespace = `pp-${process.pid}-kill`;
const folder = mkdtempSync(join(tmpdir(), 'pp-kill-'));
const pcap = join(folder, 'run.pcapng');
const jsonl = join(folder, 'run.jsonl');
const rows = [
  ['sim', '10.90.2.10 --wire sim:examples/twoRouters.json'],
  ['packet', '127.0.0.1 --wire packet'],
  ['errqueue', '127.0.0.1 --wire errqueue'],
];
/** Where a kill may end a file that is being written, besides its end. */
const PAGE_BYTES = 4096;

let state = seed;
/** xorshift32 (Marsaglia 2003), in [0, 1). */
function random() {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) / 2 ** 32;
}

function ip(...words) {
  const { status, stderr } = spawnSync('ip', words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`ip ${words.join(' ')}: ${stderr.trim()}`);
}

const sizeOf = (path) => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

/** Runs a scan, killed once `file` has `bytes`; resolves to whether it was killed. */
async function scan(words, file, bytes) {
  for (const path of [pcap, jsonl]) rmSync(path, { force: true });
  const out = openSync(jsonl, 'w');
  const argv = `netns exec ${namespace} ${process.execPath} bin/pu-probe.cjs scan ${words} -p 1-5000`;
  const child = spawn('ip', [...argv.split(' '), '--jsonl', '--pcap', pcap], {
    stdio: ['ignore', out, 'ignore'],
  });
  closeSync(out);
  const ended = new Promise((resolve) => {
    child.on('exit', (_, signal) => resolve(signal === 'SIGKILL'));
  });
  while (child.exitCode === null && child.signalCode === null && sizeOf(file) < bytes) {
    await nextTurn();
  }
  child.kill('SIGKILL');
  return ended;
}

/** What the two files of a run hold; throws where one cannot be read. */
function readFiles(count) {
  const size = sizeOf(pcap);
  if (!existsSync(pcap)) count.noFile += 1;
  else if (size === 0) count.empty += 1;
  else {
    readRecording(count);
    if (size % PAGE_BYTES === 0) count.atPage += 1;
  }
  const lines = readFileSync(jsonl, 'utf8').split('\n');
  if (lines.pop() !== '') count.cutLine += 1;
  for (const line of lines) JSON.parse(line);
  count.lines += lines.length;
}

function readRecording(count) {
  const options = { encoding: 'utf8', maxBuffer: 2 ** 28 };
  const argv = ['bin/pu-probe.cjs', 'replay', pcap, '--json'];
  const replay = spawnSync(process.execPath, argv, options);
  if (replay.status !== 0 && replay.status !== 3) throw new Error(`replay: ${replay.stderr}`);
  const { complete, verdicts, warnings } = JSON.parse(replay.stdout);
  // A cut block is told with its offset.
  const cut = warnings.find((text) => text.includes('at byte'));
  if (cut !== undefined) throw new Error(`replay: ${cut}`);
  count[complete ? 'complete' : 'incomplete'] += 1;
  count.verdicts += verdicts.length;
  const shark = spawnSync(
    'tshark',
    ['-r', pcap, '-n', '-T', 'fields', '-e', 'frame.number'],
    options,
  );
  const said = shark.stderr.split('\n').filter((line) => !/^$|^Running as user/.test(line));
  if (shark.status !== 0 || said.length > 0) {
    throw new Error(`tshark: ${shark.status} ${said.join('; ')}`);
  }
}

async function trial(wire, words) {
  await scan(words, pcap, Infinity);
  const wholeBytes = [sizeOf(pcap), sizeOf(jsonl)];
  const count = { killed: 0, noFile: 0, empty: 0, complete: 0, incomplete: 0, atPage: 0 };
  Object.assign(count, { verdicts: 0, lines: 0, cutLine: 0, failed: 0 });
  for (let moment = 0; moment < moments; moment++) {
    const which = random() < 0.5 ? 0 : 1;
    const bytes = moment === 0 ? 0 : Math.ceil(random() * wholeBytes[which]);
    if (await scan(words, which === 0 ? pcap : jsonl, bytes)) count.killed += 1;
    try {
      readFiles(count);
    } catch (error) {
      count.failed += 1;
      process.stderr.write(`${wire}, moment ${moment}, ${bytes} bytes: ${error.message}\n`);
    }
  }
  process.stdout.write(`${JSON.stringify({ wire, moments, seed, wholeBytes, ...count })}\n`);
  if (count.failed > 0) process.exitCode = 1;
}

ip('netns', 'add', namespace);
try {
  ip('-n', namespace, 'link', 'set', 'lo', 'up');
  for (const [wire, words] of rows.filter(([wire]) => (only ?? wire) === wire))
    await trial(wire, words);
} finally {
  ip('netns', 'del', namespace);
  rmSync(folder, { recursive: true, force: true });
}
