import { describe, expect, it } from 'vitest';
import { differences } from './check.ts';
import { loadScenarios, WIRES } from './scenario.ts';
import { runInSimulator } from './simRun.ts';

/** Runs of each scenario, wire and family: orders, tokens, losses and ports differ. */
const SEEDS = 20;

describe.each(loadScenarios())('$name', (scenario) => {
  describe.each(WIRES)('%s', (column) => {
    it.each([4, 6] as const)(`says what truth.md says, IPv%i, ${SEEDS} seeds`, async (family) => {
      const unavailable = scenario.unavailable?.[column];
      if (unavailable !== undefined) {
        await expect(runInSimulator(scenario, column, family, 1)).rejects.toThrow(unavailable);
        return;
      }
      for (let seed = 1; seed <= SEEDS; seed++) {
        const run = await runInSimulator(scenario, column, family, seed);
        const rows = scenario.expect[column];
        const lines = differences(rows, run, family);
        expect(lines, `seed ${seed}`).toEqual([]);
      }
    });
  });
});
