import { describe, expect, it } from 'vitest';
import { loadHostScenarios, wantedIp } from '../scenarios/hostScenario.ts';
import { WIRES } from '../scenarios/scenario.ts';
import { VIEWS } from '../scenarios/simRun.ts';
import { look } from './run.ts';

const SEEDS = 5;

describe.each(loadHostScenarios())('$name', (scenario) => {
  it.each(WIRES)(`%s says what its file says, both families, ${SEEDS} seeds`, async (column) => {
    for (const family of [4, 6] as const) {
      for (let seed = 1; seed <= SEEDS; seed++) {
        const targets = [wantedIp(scenario, family)];
        const { hosts } = await look(scenario.world, VIEWS[column], { targets }, seed);
        const { state, reason } = hosts[0]!;
        expect(scenario.expect[column], `IPv${family}, seed ${seed}`).toContain(
          `${state} ${reason}`,
        );
      }
    }
  });
});
