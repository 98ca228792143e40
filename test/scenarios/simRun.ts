/** Runs a scenario over the simulator, as one of the three wires would see it. */
import { parseScanArguments } from '../../src/cli/scanArguments.ts';
import { drive } from '../../src/drive.ts';
import { tryOrdinary } from '../../src/finishedRun.ts';
import type { Family, Verdict } from '../../src/model.ts';
import { formatIp } from '../../src/packet/address.ts';
import { createPlan } from '../../src/plan/plan.ts';
import { buildHostGroups, buildTargetGroups, buildVerdict } from '../../src/report/build.ts';
import { controlNotes, ordinaryNotes, ownSideNotes, selfNotes } from '../../src/report/notes.ts';
import type { AlikePorts } from '../../src/report/summary.ts';
import { createScheduler } from '../../src/scan/scheduler.ts';
import { openSimulation } from '../../src/wire/openSimulation.ts';
import type { SimView } from '../../src/wire/simWire.ts';
import type { Scenario, WireColumn } from './scenario.ts';

export const VIEWS: Readonly<Record<WireColumn, SimView>> = {
  P: 'packet',
  E: 'errqueue',
  C: 'connect',
};

export interface ScenarioRun {
  readonly verdicts: readonly Verdict[];
  readonly groups: readonly AlikePorts[];
  /** The same across hosts. */
  readonly hostGroups: readonly AlikePorts[];
  readonly warnings: readonly string[];
  readonly counters: Readonly<Record<string, number>>;
  readonly virtualMs: number;
}

/** Turns of the loop after which a run counts as hanging. */
const MAX_TURNS = 20_000;

/** One run; the seed decides order, tokens, losses and ports. */
export async function runInSimulator(
  scenario: Scenario,
  column: WireColumn,
  family: Family,
  seed: number,
): Promise<ScenarioRun> {
  const { world } = scenario;
  const target = formatIp(world.targets[0]!.address[family].bytes, 0, family);
  const self = formatIp(world.scanner.address[family].bytes, 0, family);
  const argv = scenario.command
    .slice(1)
    .map((word) => word.replaceAll('TARGET', target).replaceAll('SELF', self));
  const args = await parseScanArguments(argv, async () => '');
  const plan = await createPlan(args.scan, {
    resolve: async () => [],
    interfaces: [],
    seed: [0x5eed, seed],
  });
  const opened = openSimulation(plan, world, VIEWS[column]);
  const { wire, ownAddresses, srcPort } = opened;
  const engine = createScheduler({ plan, can: wire.can, ownAddresses, srcPort });
  let turns = 0;
  const hanging = new AbortController();
  await drive(engine, wire, {
    signal: hanging.signal,
    onTurn: () => {
      turns += 1;
      if (turns > MAX_TURNS) hanging.abort();
    },
  });
  if (hanging.signal.aborted) throw new Error(`no end after ${MAX_TURNS} turns`);
  const result = engine.result();
  const { judgementOf, oddsOf, isOpen } = engine;
  const build = { plan, wire: wire.kind, judgementOf, oddsOf, isOpen };
  const verdicts = result.settled.map((probe) => buildVerdict(build, probe));
  const ruled = verdicts.map((verdict) => ({ verdict, ports: 1 }));
  const lost = wire.counters()['ringDrops'] ?? 0;
  return {
    verdicts,
    groups: buildTargetGroups(build, result.alike('target')),
    hostGroups: buildHostGroups(build, result.alike('run')),
    warnings: [
      ...selfNotes(plan, ownAddresses),
      ...controlNotes(plan, result.controls),
      ...ordinaryNotes(plan, await tryOrdinary({ plan, opened, build }, result)),
      ...ownSideNotes(ruled, lost),
    ],
    counters: wire.counters(),
    virtualMs: wire.nowMs(),
  };
}
