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
          expect(readByTshark(file)).toBe(readCapture(readFileSync(file)).frames.length);
          for (const [id] of report.verdicts.map(({ evidence }) => evidence)) {
            if (id !== undefined) expect(packetsOf(file, id)).toBeGreaterThan(0);
          }
        }
      } finally {
        lab.close();
      }
    });
  });
});

/** How many packets tshark reads; throws when it finds one that is malformed, or the file damaged. */
function readByTshark(file: string): number {
  const rows = tshark(file, ['-T', 'fields', '-e', 'frame.number', '-e', '_ws.malformed']);
  const malformed = rows.filter((row) => row.split('\t')[1] !== '');
  if (malformed.length > 0) throw new Error(`malformed in ${file}: ${malformed.join()}`);
  return rows.length;
}

function packetsOf(file: string, id: string): number {
  return tshark(file, ['-Y', `frame.comment contains "${id}"`]).length;
}

function tshark(file: string, args: readonly string[]): readonly string[] {
  const said = execFileSync('tshark', ['-n', '-r', file, ...args], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return String(said)
    .split('\n')
    .filter((row) => row !== '');
}
