/** Scans on real wires are recorded and computed again; tshark reads their files. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadScenarios } from '../scenarios/scenario.ts';
import { buildLab } from './lab.ts';
import { removeAll } from './namespaces.ts';
import { limitProcess } from './ownLimits.ts';
import {
  installForRecordings,
  type Recordings,
  recordingDifferences,
  whyNoRecordings,
} from './recordings.ts';
import { COLUMNS } from './truthRun.ts';

const why = whyNoRecordings();
if (why !== null) console.log(`recordings of real wires not checked: ${why}`);

/** One of each kind of answer; RECORD_ALL=1 is every scene. */
const SCENES =
  /^(tcpListener|tcpNoListener|tcpForgedReset|tcpHostRejectIcmp|udpAnswers|udpRouterReject|ownOutputDrop|ownDeadGateway)$/;
const scenarios = loadScenarios().filter(
  ({ name, namespaces }) =>
    namespaces === true && (process.env['RECORD_ALL'] === '1' || SCENES.test(name)),
);
/** Own drops are looked for up to 25 s, and the labs share the machine, ms. */
const RUN_MS = 60_000;

describe.skipIf(why !== null)('recorded on real wires', () => {
  let recordings: Recordings;
  beforeAll(() => {
    recordings = installForRecordings();
  });
  afterAll(() => {
    recordings.installed.remove();
    removeAll();
  });

  describe.each(COLUMNS)('$wire as $user', ({ wire, user, column }) => {
    const possible = scenarios.filter(({ unavailable }) => unavailable?.[column] === undefined);
    it.concurrent.each(possible)('$name', { timeout: RUN_MS }, async (scenario) => {
      const { installed, folder } = recordings;
      const command = wire === 'raw-socket' ? { ...installed, addon: null } : installed;
      const lab = await buildLab(scenario.world);
      try {
        const prefix = limitProcess(scenario.world.scanner.limits, installed.folder);
        const place = { namespace: lab.scanner.name, user, prefix };
        const runs = ([4, 6] as const).map((family) => {
          const file = join(folder, `${scenario.name}-${wire}-${user}-${family}.pcapng`);
          const words = scenario.command.map((word) =>
            word
              .replaceAll('TARGET', lab.targetIp(family))
              .replaceAll('SELF', lab.scannerIp(family)),
          );
          const argv = [...words, '--wire', wire];
          return recordingDifferences(command, place, argv, file);
        });
        expect((await Promise.all(runs)).flat()).toEqual([]);
      } finally {
        lab.close();
      }
    });
  });
});
