/** Records runs on real wires, computes them again, and has tshark read their files. */
import { execFile, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Report } from '../../src/model.ts';
import { readCapture } from '../packet/captures.ts';
import { whyNoNamespaces } from './namespaces.ts';
import { type Installed, install, type Place, runCommand, toReport } from './runInLab.ts';

/** The built command, with a folder in which everybody may record. */
export interface Recordings {
  readonly installed: Installed;
  readonly folder: string;
}

/** Why nothing can be recorded on real wires; null: it can. */
export function whyNoRecordings(): string | null {
  const why = whyNoNamespaces();
  if (why !== null) return why;
  return spawnSync('tshark', ['--version']).status === 0 ? null : 'tshark is missing';
}

/** Copies the command and makes the folder beside it; `installed.remove` removes both. */
export function installForRecordings(): Recordings {
  const installed = install();
  const folder = join(installed.folder, 'recordings');
  mkdirSync(folder);
  chmodSync(folder, 0o777);
  return { installed, folder };
}

/** Runs `argv` with `--pcap`, and returns where the replay or tshark differs from its report, in words. */
export async function recordingDifferences(
  command: Installed,
  place: Place,
  argv: readonly string[],
  file: string,
): Promise<readonly string[]> {
  const run = await runCommand(command, place, [...argv, '--json', '--pcap', file]);
  const replay = await runCommand(command, place, ['replay', file, '--json']);
  const [report, replayed] = [toReport(run), toReport(replay)];
  const told = ({ verdicts, hosts, paths, warnings }: Report) =>
    JSON.stringify({ verdicts, hosts, paths, warnings });
  const found = [...report.verdicts, ...report.hosts, ...report.paths];
  return [
    ...(found.length > 0 ? [] : ['nothing was found']),
    ...textDifferences(told(report), told(replayed)),
    ...(await tsharkDifferences(file, evidenceOf(report))),
  ];
}

/** Characters shown of what differs, from a little before the first that does. */
const SHOWN = 300;

function textDifferences(recorded: string, replayed: string): readonly string[] {
  if (recorded === replayed) return [];
  let same = 0;
  while (recorded[same] === replayed[same]) same += 1;
  const from = Math.max(0, same - SHOWN / 3);
  const [was, is] = [recorded, replayed].map((text) => text.slice(from, from + SHOWN));
  return [`recorded …${was}…, replayed …${is}…`];
}

function evidenceOf({ verdicts, paths }: Report): readonly string[] {
  const findings = paths.flatMap(({ finding }) => finding ?? []);
  return [...verdicts, ...findings].flatMap(({ evidence }) => evidence);
}

async function tsharkDifferences(file: string, ids: readonly string[]): Promise<readonly string[]> {
  const comments = await commentsIn(file);
  const count = readCapture(readFileSync(file)).frames.length;
  const words = new Set(comments.flatMap((comment) => comment.split(/[^\w.]+/)));
  const missing = ids.filter((id) => !words.has(id));
  const [first] = ids;
  const filter = first === undefined ? [] : ['-Y', `frame.comment contains "${first}"`];
  const isFiltered = first === undefined || (await tshark(file, filter)).length > 0;
  return [
    ...(comments.length === count ? [] : [`tshark reads ${comments.length} of ${count} packets`]),
    ...missing.map((id) => `no packet has ${id} in its comment`),
    ...(isFiltered ? [] : [`no packet is selected by ${filter.join(' ')}`]),
  ];
}

/** The payload for ports without a protocol that we speak; dissectors by port, as ICP's for 3130, find it too short. */
const NO_PROTOCOL = '0a';

/** The comments of the packets that tshark reads; throws when one is malformed, or the file damaged. */
async function commentsIn(file: string): Promise<readonly string[]> {
  const fields = ['_ws.malformed', 'udp.payload', 'frame.comment'];
  const rows = await tshark(file, ['-T', 'fields', ...fields.flatMap((field) => ['-e', field])]);
  const all = rows.map((row) => row.split('\t'));
  const malformed = all.filter(([said, payload]) => said !== '' && payload !== NO_PROTOCOL);
  if (malformed.length > 0) throw new Error(`malformed in ${file}: ${malformed.join()}`);
  return all.map(([, , comment]) => comment!);
}

async function tshark(file: string, args: readonly string[]): Promise<readonly string[]> {
  const run = promisify(execFile);
  const { stdout } = await run('tshark', ['-n', '-r', file, ...args], { maxBuffer: 2 ** 26 });
  return stdout.split('\n').filter((row) => row !== '');
}
