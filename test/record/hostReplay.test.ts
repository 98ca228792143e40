/** A recorded discovery (`-sn`) is computed again, byte for byte. */
import { describe, expect, it } from 'vitest';
import { createDiscovery } from '../../src/discover/discovery.ts';
import { driveWatched } from '../../src/drivenRun.ts';
import { finishedDiscovery } from '../../src/finishedDiscovery.ts';
import { headOf } from '../../src/finishedRun.ts';
import type { Family, Report } from '../../src/model.ts';
import { createPlan } from '../../src/plan/plan.ts';
import { endRecording, foundOf, startRecording } from '../../src/recording.ts';
import { jsonChunks } from '../../src/report/json.ts';
import { openSimulation } from '../../src/wire/openSimulation.ts';
import { readCapture } from '../packet/captures.ts';
import { type HostScenario, loadHostScenarios, wantedIp } from '../scenarios/hostScenario.ts';
import { WIRES, type WireColumn } from '../scenarios/scenario.ts';
import { VIEWS } from '../scenarios/simRun.ts';
import { replayPieces } from './recordSim.ts';

/** Losses of each link, either way. */
const LOSS = 0.05;
const EPOCH_MS = 1_767_225_600_000;

async function record(
  scenario: HostScenario,
  column: WireColumn,
  family: Family,
  { seed, loss }: { readonly seed: number; readonly loss?: number },
): Promise<{ readonly report: Report; readonly pieces: readonly Uint8Array[] }> {
  const { links } = scenario.world;
  const lossy = loss === undefined ? links : links.map((link) => ({ ...link, loss }));
  const plan = await createPlan(
    { targets: [wantedIp(scenario, family)], discover: true },
    { resolve: async () => [], interfaces: [], seed: [0x5eed, seed] },
  );
  const opened = openSimulation(plan, { ...scenario.world, links: lossy }, VIEWS[column]);
  const { wire, ownAddresses, srcPort } = opened;
  const pieces: Uint8Array[] = [];
  const startedAt = new Date(EPOCH_MS).toISOString();
  const recorder = startRecording({
    plan,
    opened,
    startedAt,
    epochMs: EPOCH_MS,
    synRequested: false,
    write: (bytes) => void pieces.push(bytes.slice()),
  });
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

/** All of a report but how it was come by. */
const said = (report: Report): string =>
  [...jsonChunks({ ...report, wire: { kind: 'sim', note: '' } })].join('');

describe.each(WIRES)('%s', (column) => {
  it.each(loadHostScenarios())(
    '$name: recorded and replayed, the same report',
    async (scenario) => {
      for (const family of [4, 6] as const) {
        for (const conditions of [{ seed: 1 }, { seed: 2, loss: LOSS }, { seed: 3, loss: LOSS }]) {
          const { report, pieces } = await record(scenario, column, family, conditions);
          expect(report.hosts).toHaveLength(1);
          expect(said(await replayPieces(pieces))).toBe(said(report));
          const { frames, fault } = readCapture(Buffer.concat(pieces));
          expect(fault).toBeNull();
          expect(
            frames.filter(({ texts }) => !/[sr]\d|foreign|unmatched/.test(texts.join())),
          ).toEqual([]);
        }
      }
    },
  );
});

it('a recording that was cut: what was known by then, and why it is not all', async () => {
  const scenario = loadHostScenarios().find(({ name }) => name === 'routedAbsent')!;
  const { report, pieces } = await record(scenario, 'P', 4, { seed: 1 });
  const whole = Buffer.concat(pieces);
  for (let cut = pieces[0]!.length; cut < whole.length; cut += 997) {
    const replayed = await replayPieces([whole.subarray(0, cut)]);
    expect(replayed.complete).toBe(false);
    expect(replayed.warnings.join()).toMatch(/not replayable: the run did not end/);
  }
  expect((await replayPieces([whole])).hosts).toEqual(report.hosts);
});
