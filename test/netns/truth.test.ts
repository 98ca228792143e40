import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadScenarios } from '../scenarios/scenario.ts';
import { removeAll, whyNoNamespaces } from './namespaces.ts';
import { type Installed, install } from './runInLab.ts';
import { COLUMNS, runTruth } from './truthRun.ts';

const why = whyNoNamespaces();
if (why !== null) console.log(`truth.md not checked on real wires: ${why}`);

/** Runs of every scenario; TRUTH_RUNS=20 is the long check (about 25 minutes). */
const RUNS = Number(process.env['TRUTH_RUNS'] ?? 1);
/** Most that one run of one scene takes, ms: a dead neighbour is told after 3.1 s, and the labs share the machine. */
const RUN_MS = 60_000;

const scenarios = loadScenarios();
for (const { name, namespaces } of scenarios) {
  if (namespaces !== true) console.log(`${name}: only simulated: ${namespaces}`);
}

describe.skipIf(why !== null)('truth.md on real wires', () => {
  let installed: Installed;
  beforeAll(() => {
    installed = install();
  });
  afterAll(() => {
    installed.remove();
    removeAll();
  });

  describe.each(COLUMNS)('$wire as $user', (column) => {
    it.concurrent.each(scenarios.filter(({ namespaces }) => namespaces === true))(
      '$name',
      { timeout: RUN_MS * RUNS },
      async (scenario) => {
        for (let run = 1; run <= RUNS; run++) {
          expect(await runTruth(scenario, column, installed), `run ${run}`).toEqual([]);
        }
      },
    );
  });
});
