import { describe, expect, it } from 'vitest';
import { summarize } from '../../src/report/summary.ts';
import { loadScenarios, WIRES } from '../scenarios/scenario.ts';
import { runInSimulator } from '../scenarios/simRun.ts';
import { report } from './sample.ts';

describe('the summary of a run', () => {
  it.each(WIRES)('groups by columns as the report groups by verdicts, %s', async (column) => {
    for (const scenario of loadScenarios()) {
      if (scenario.unavailable?.[column] !== undefined) continue;
      const run = await runInSimulator(scenario, column, 4, 7);
      const expected = summarize(report(run.verdicts)).groups;
      const plain = (groups: typeof expected) =>
        groups
          .map(({ first, ports, listed }) => ({
            state: first.state,
            whyId: first.whyId,
            by: first.by,
            ports: [...ports].sort((a, b) => a - b),
            listed: listed?.length ?? null,
          }))
          .sort((a, b) => a.ports[0]! - b.ports[0]! || a.whyId.localeCompare(b.whyId));
      expect(plain(run.groups), scenario.name).toEqual(plain(expected));
    }
  });
});
