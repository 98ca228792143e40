/** Runs a discovery over a simulated world. */
import { createDiscovery } from '../../src/discover/discovery.ts';
import { drive } from '../../src/drive.ts';
import type { HostVerdict } from '../../src/model.ts';
import { createPlan, type PlanRequest } from '../../src/plan/plan.ts';
import { buildHost } from '../../src/report/hosts.ts';
import type { World } from '../../src/sim/world.ts';
import { openSimulation } from '../../src/wire/openSimulation.ts';
import type { SimView } from '../../src/wire/simWire.ts';

/** Turns of the loop after which a run counts as hanging. */
const MAX_TURNS = 100_000;

export interface Found {
  readonly hosts: readonly HostVerdict[];
  readonly sent: number;
  readonly virtualMs: number;
}

/** Looks for the targets; every one of them is told once. */
export async function look(
  world: World,
  view: SimView,
  request: Omit<PlanRequest, 'discover'>,
  seed = 1,
): Promise<Found> {
  const plan = await createPlan(
    { ...request, discover: true },
    { resolve: async () => [], interfaces: [], seed: [0x5eed, seed] },
  );
  const { wire, ownAddresses, srcPort } = openSimulation(plan, world, view);
  const engine = createDiscovery({ plan, can: wire.can, ownAddresses, srcPort });
  const settled: number[] = [];
  let turns = 0;
  const hanging = new AbortController();
  await drive(engine, wire, {
    signal: hanging.signal,
    onTurn: () => {
      settled.push(...engine.takeSettled());
      turns += 1;
      if (turns > MAX_TURNS) hanging.abort();
    },
  });
  if (hanging.signal.aborted) throw new Error(`no end after ${MAX_TURNS} turns`);
  const { notDone, counters } = engine.result();
  if (new Set(settled).size !== settled.length) throw new Error('a host was told twice');
  if (settled.length + notDone.length !== plan.targets.count)
    throw new Error('a host was not told');
  const hosts = settled.sort((a, b) => a - b).map((target) => buildHost(plan, engine, target));
  return { hosts, sent: counters.sent, virtualMs: wire.nowMs() };
}
