/** A recorded discovery (`-sn`) is computed again, byte for byte. */
import { describe, expect, it } from 'vitest';
import { createDiscovery } from '../../src/discover/discovery.ts';
import { driveWatched } from '../../src/drivenRun.ts';
import { finishedDiscovery } from '../../src/finishedDiscovery.ts';
import { headOf } from '../../src/finishedRun.ts';
import { createPlan } from '../../src/plan/plan.ts';
import { endRecording, foundOf } from '../../src/recording.ts';
import { openSimulation } from '../../src/wire/openSimulation.ts';
import { readCapture } from '../packet/captures.ts';
import { type HostScenario, loadHostScenarios, wantedIp } from '../scenarios/hostScenario.ts';
import { WIRES, type WireColumn } from '../scenarios/scenario.ts';
import { VIEWS } from '../scenarios/simRun.ts';
import {
  beginInMemory,
  type Conditions,
  expectSame,
  itIsTheSameUnderLoss,
  type Recorded,
  replayPieces,
  withLoss,
} from './inMemory.ts';

async function record(
  scenario: HostScenario,
  column: WireColumn,
  { family, seed, loss }: Conditions,
): Promise<Recorded> {
  const plan = await createPlan(
    { targets: [wantedIp(scenario, family)], discover: true },
    { resolve: async () => [], interfaces: [], seed: [0x5eed, seed] },
  );
  const opened = openSimulation(plan, withLoss(scenario.world, loss), VIEWS[column]);
  const { wire, ownAddresses, srcPort } = opened;
  const { recorder, pieces, startedAt } = beginInMemory(plan, opened);
  const { onMatch } = recorder;
  const engine = createDiscovery({ plan, can: wire.can, ownAddresses, srcPort, onMatch });
  const driven = await driveWatched(engine, opened, { observer: recorder }, () => undefined);
  const head = headOf(plan, opened, startedAt);
  const report = finishedDiscovery({ plan, opened, engine, head }, driven);
  endRecording(recorder, foundOf(report), {
    ...driven,
    failedAtHome: [],
    counters: wire.counters(),
  });
  return { report, pieces };
}

describe.each(WIRES)('%s', (column) => {
  const scenarios = loadHostScenarios();
  it.each(scenarios)('$name: recorded and replayed, the same report', async (scenario) => {
    for (const family of [4, 6] as const) {
      const recorded = await record(scenario, column, { family, seed: 1 });
      expect(recorded.report.hosts).toHaveLength(1);
      await expectSame(recorded);
      const { frames, fault } = readCapture(Buffer.concat(recorded.pieces));
      expect(fault).toBeNull();
      const comments = frames.map(({ texts }) => texts.join());
      expect(comments.filter((text) => !/[sr]\d|foreign|unmatched/.test(text))).toEqual([]);
    }
  });

  itIsTheSameUnderLoss(scenarios, (scenario, conditions) => record(scenario, column, conditions));
});

it('a recording that was cut: what was known by then, and why it is not all', async () => {
  const scenario = loadHostScenarios().find(({ name }) => name === 'routedAbsent')!;
  const { report, pieces } = await record(scenario, 'P', { family: 4, seed: 1 });
  const whole = Buffer.concat(pieces);
  for (let cut = pieces[0]!.length; cut < whole.length; cut += 997) {
    const replayed = await replayPieces([whole.subarray(0, cut)]);
    expect(replayed.complete).toBe(false);
    expect(replayed.warnings.join()).toMatch(/not replayable: the run did not end/);
  }
  expect((await replayPieces([whole])).hosts).toEqual(report.hosts);
});
