/** Runs on real wires are recorded and computed again; tshark reads their files. */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCapture } from '../packet/captures.ts';
import { loadScenarios } from '../scenarios/scenario.ts';
import { buildLab } from './lab.ts';
import { removeAll, whyNoNamespaces } from './namespaces.ts';
import { limitProcess } from './ownLimits.ts';
import { type Installed, install, runCommand, toReport } from './runInLab.ts';
import { COLUMNS } from './truthRun.ts';

const hasTshark = spawnSync('tshark', ['--version']).status === 0;
const why = whyNoNamespaces() ?? (hasTshark ? null : 'tshark is missing');
if (why !== null) console.log(`recordings of real wires not checked: ${why}`);

/** One of each kind of answer; RECORD_ALL=1 is every scene. */
const SCENES =
  /^(tcpListener|tcpNoListener|tcpForgedReset|tcpHostRejectIcmp|udpAnswers|udpRouterReject|ownOutputDrop|ownDeadGateway)$/;
const scenarios = loadScenarios().filter(
  ({ name, namespaces }) =>
    namespaces === true && (process.env['RECORD_ALL'] === '1' || SCENES.test(name)),
);
/** A dead neighbour is told after 3.1 s, and the labs share the machine, ms. */
const RUN_MS = 60_000;

describe.skipIf(why !== null)('recorded on real wires', () => {
  let installed: Installed;
  let folder: string;
  beforeAll(() => {
    installed = install();
    folder = join(installed.folder, 'recordings');
    mkdirSync(folder);
    chmodSync(folder, 0o777);
  });
  afterAll(() => {
    installed.remove();
    removeAll();
  });

  describe.each(COLUMNS)('$wire as $user', ({ wire, user, column }) => {
    const possible = scenarios.filter(({ unavailable }) => unavailable?.[column] === undefined);
    it.concurrent.each(possible)('$name', { timeout: RUN_MS }, async (scenario) => {
      const command = wire === 'raw-socket' ? { ...installed, addon: null } : installed;
      const lab = await buildLab(scenario.world);
      try {
        const prefix = limitProcess(scenario.world.scanner.limits, installed.folder);
        const place = { namespace: lab.scanner.name, user, prefix };
        for (const family of [4, 6] as const) {
          const file = join(folder, `${scenario.name}-${wire}-${user}-${family}.pcapng`);
          const argv = scenario.command.map((word) =>
            word
              .replaceAll('TARGET', lab.targetIp(family))
              .replaceAll('SELF', lab.scannerIp(family)),
          );
          const scan = [...argv, '--wire', wire, '--json', '--pcap', file];
          const report = toReport(await runCommand(command, place, scan));
          const replay = toReport(await runCommand(command, place, ['replay', file, '--json']));
          expect(JSON.stringify(replay.verdicts)).toBe(JSON.stringify(report.verdicts));
          expect(replay.warnings).toEqual(report.warnings);
          const comments = readByTshark(file);
          expect(comments.length).toBe(readCapture(readFileSync(file)).frames.length);
          const ids = report.verdicts.flatMap(({ evidence }) => evidence.slice(0, 1));
          for (const id of ids) expect(comments.some((comment) => comment.includes(id))).toBe(true);
          if (ids[0] !== undefined) expect(packetsOf(file, ids[0])).toBeGreaterThan(0);
        }
      } finally {
        lab.close();
      }
    });
  });
});

/** The payload for ports without a protocol that we speak; dissectors by port, as ICP's for 3130, find it too short. */
const NO_PROTOCOL = '0a';

/** The comments of the packets that tshark reads; throws when one is malformed, or the file damaged. */
function readByTshark(file: string): readonly string[] {
  const fields = ['_ws.malformed', 'udp.payload', 'frame.comment'];
  const rows = tshark(file, ['-T', 'fields', ...fields.flatMap((field) => ['-e', field])]);
  const all = rows.map((row) => row.split('\t'));
  const malformed = all.filter(([said, payload]) => said !== '' && payload !== NO_PROTOCOL);
  if (malformed.length > 0) throw new Error(`malformed in ${file}: ${malformed.join()}`);
  return all.map(([, , comment]) => comment!);
}

function packetsOf(file: string, id: string): number {
  return tshark(file, ['-Y', `frame.comment contains "${id}"`]).length;
}

function tshark(file: string, args: readonly string[]): readonly string[] {
  const said = execFileSync('tshark', ['-n', '-r', file, ...args], {
    stdio: ['ignore', 'pipe', 'ignore'],
    maxBuffer: 2 ** 26,
  });
  return String(said)
    .split('\n')
    .filter((row) => row !== '');
}
