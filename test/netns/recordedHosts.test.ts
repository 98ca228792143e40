/** Discoveries (`-sn`) on real wires are recorded and computed again; tshark reads their files. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadHostScenarios, wantedIp } from '../scenarios/hostScenario.ts';
import { buildLab } from './lab.ts';
import { removeAll } from './namespaces.ts';
import {
  installForRecordings,
  type Recordings,
  recordingDifferences,
  whyNoRecordings,
} from './recordings.ts';

const why = whyNoRecordings();
if (why !== null) console.log(`recordings of discoveries on real wires not checked: ${why}`);

const WIRES = [
  { wire: 'packet', user: 'root' },
  { wire: 'errqueue', user: 'nobody' },
  { wire: 'connect', user: 'nobody' },
] as const;
/** Up and down, on the own link and behind a router; RECORD_ALL=1 is every scene. */
const SAMPLE = /^(onLink|routed|routedAbsent|ownDeadGateway)$/;
const scenes = loadHostScenarios().filter(
  ({ name, namespaces }) =>
    namespaces === true && (process.env['RECORD_ALL'] === '1' || SAMPLE.test(name)),
);
/** A dead neighbour is told after 3.1 s, and the labs share the machine, ms. */
const RUN_MS = 60_000;

describe.skipIf(why !== null)('discoveries recorded on real wires', () => {
  let recordings: Recordings;
  beforeAll(() => {
    recordings = installForRecordings();
  });
  afterAll(() => {
    recordings.installed.remove();
    removeAll();
  });

  it.concurrent.each(scenes)('$name', { timeout: RUN_MS }, async (scene) => {
    const { installed, folder } = recordings;
    const lab = await buildLab(scene.world);
    try {
      const runs = WIRES.flatMap(({ wire, user }) =>
        ([4, 6] as const).map((family) => {
          const place = { namespace: lab.scanner.name, user, prefix: [] };
          const argv = ['scan', '-sn', wantedIp(scene, family), '--wire', wire];
          const file = join(folder, `${scene.name}-${wire}-${family}.pcapng`);
          return recordingDifferences(installed, place, argv, file);
        }),
      );
      expect((await Promise.all(runs)).flat()).toEqual([]);
    } finally {
      lab.close();
    }
  });
});
