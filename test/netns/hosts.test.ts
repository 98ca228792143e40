/** Scenes of host discovery on real wires: the same files as on the simulator. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HostScenario, loadHostScenarios, wantedIp } from '../scenarios/hostScenario.ts';
import { buildLab } from './lab.ts';
import { removeAll, whyNoNamespaces } from './namespaces.ts';
import { type Installed, install, runCommand, toReport } from './runInLab.ts';

const why = whyNoNamespaces();
if (why !== null) console.log(`host discovery not checked on real wires: ${why}`);

const COLUMNS = [
  { wire: 'packet', column: 'P', user: 'root' },
  { wire: 'errqueue', column: 'E', user: 'nobody' },
  { wire: 'connect', column: 'C', user: 'nobody' },
] as const;
/** Most that one scene takes, ms: a dead neighbour is told after 3.1 s, and the labs share the machine. */
const SCENE_MS = 60_000;

const scenes = loadHostScenarios();
for (const { name, namespaces } of scenes) {
  if (namespaces !== true) console.log(`${name}: only simulated: ${namespaces}`);
}

describe.skipIf(why !== null)('hosts on real wires', () => {
  let installed: Installed;
  beforeAll(() => {
    installed = install();
  });
  afterAll(() => {
    installed.remove();
    removeAll();
  });

  /** Each wire and family finds a lab in which nobody has sent anything yet. */
  async function found(scene: HostScenario, wire: (typeof COLUMNS)[number], family: 4 | 6) {
    const lab = await buildLab(scene.world);
    try {
      const place = { namespace: lab.scanner.name, user: wire.user, prefix: [] };
      const argv = ['scan', '-sn', wantedIp(scene, family), '--wire', wire.wire, '--json'];
      const { hosts } = toReport(await runCommand(installed, place, argv));
      return hosts.map(({ state, reason }) => `${state} ${reason}`);
    } finally {
      lab.close();
    }
  }

  describe.each(COLUMNS)('$wire as $user', (column) => {
    it.concurrent.each(scenes.filter(({ namespaces }) => namespaces === true))(
      '$name',
      { timeout: SCENE_MS },
      async (scene) => {
        for (const family of [4, 6] as const) {
          const [said, ...more] = await found(scene, column, family);
          expect(more).toEqual([]);
          expect(scene.expect[column.column], `IPv${family}`).toContain(said);
        }
      },
    );
  });
});
