/** Runs a trace scene over the simulator, as the packet or the error-queue wire would see it. */
import { SIGNAL } from '../../src/batch.ts';
import { drive } from '../../src/drive.ts';
import type { Family, OwnSide, Path, Plan, Wire } from '../../src/model.ts';
import { formatIp } from '../../src/packet/address.ts';
import { createPlan } from '../../src/plan/plan.ts';
import { traceHead, traceReport } from '../../src/portTraces.ts';
import { buildPath } from '../../src/report/path.ts';
import type { World } from '../../src/sim/world.ts';
import { locate } from '../../src/trace/locate.ts';
import { toTraced } from '../../src/trace/toPath.ts';
import { createTraceroute } from '../../src/trace/traceroute.ts';
import { openSimulation } from '../../src/wire/openSimulation.ts';
import type { OpenedWire } from '../../src/wire/openWire.ts';
import { askHopsInSimulator } from './askHopsSimRun.ts';

export interface TraceAsked {
  readonly world: World;
  readonly view: 'packet' | 'errqueue';
  readonly family: Family;
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
  readonly seed: number;
  readonly control?: boolean;
  readonly maxHops?: number;
  readonly flows?: number;
  readonly mtu?: boolean;
  readonly askHops?: boolean;
  /** What our own side says of the next hop, at each inquiry; by default what the simulator says. */
  readonly neighbour?: (inquiry: number) => OwnSide['neighbour'];
  readonly passage?: boolean;
  readonly fragment?: boolean;
  /** The target's address unless it is another one. */
  readonly target?: string;
}

/** What a trace over the simulator said, and how long it took there. */
export interface TraceSaid {
  readonly path: Path;
  readonly virtualMs: number;
  readonly sent: number;
}

/** Turns of the loop after which a trace counts as hanging. */
const MAX_TURNS = 2000;

/** One trace. */
export async function traceInSimulator(asked: TraceAsked): Promise<TraceSaid> {
  const { world, view, family, protocol, port, seed } = asked;
  const target = asked.target ?? formatIp(world.targets[0]!.address[family].bytes, 0, family);
  const plan = await createPlan(
    { targets: [target], ports: String(port), [protocol]: true, control: asked.control ?? true },
    { resolve: async () => [], interfaces: [], seed: [0x5eed, seed] },
  );
  const opened = openSimulation(plan, world, view, 32);
  const { srcPort, ownAddresses } = opened;
  const wire = asked.neighbour ? withNeighbour(opened.wire, asked.neighbour) : opened.wire;
  const engine = createTraceroute({
    plan,
    run: 0,
    target: 0,
    protocol: protocol === 'tcp' ? 6 : 17,
    port,
    can: wire.can,
    srcPort,
    ownAddresses,
    maxHops: asked.maxHops ?? 32,
    sources: asked.flows ?? 0,
    mtu: asked.mtu ?? false,
    passage: asked.passage ?? false,
    fragment: asked.fragment ?? false,
  });
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
  const facts = engine.result();
  const of = { plan, target: 0, protocol, port, wire: wire.kind };
  const traced = buildPath(of, toTraced(facts, locate(facts)), () => null);
  const path = asked.askHops === true ? await askHops(asked, traced, plan, opened) : traced;
  return { path, virtualMs: wire.nowMs(), sent: engine.counters().sent };
}

function withNeighbour(wire: Wire, neighbour: NonNullable<TraceAsked['neighbour']>): Wire {
  let inquiries = 0;
  return {
    ...wire,
    async next(untilMs) {
      const signals = await wire.next(untilMs);
      for (let row = 0; row < signals.count; row++) {
        const said = signals.ownSide[row];
        if (signals.kind[row] !== SIGNAL.OWN_SIDE || said === undefined) continue;
        signals.ownSide[row] = { ...said, neighbour: neighbour(inquiries++) };
      }
      return signals;
    },
  };
}

async function askHops(
  { world, view }: TraceAsked,
  path: Path,
  plan: Plan,
  opened: OpenedWire,
): Promise<Path> {
  const head = traceHead(plan, opened, '');
  const settings = {
    maxHops: 32,
    sources: 0,
    mtu: false,
    passage: false,
    fragment: false,
    firstId: 0,
  };
  const counters = { sent: 0, received: 0, matched: 0, foreign: 0 };
  const ended = { finished: true, notDone: [], counters, waitedMs: 0 };
  const more = { paths: [path], durationMs: 0, recording: null };
  const report = traceReport({ plan, opened, head, settings }, ended, more);
  return (await askHopsInSimulator(report, { world, view })).paths[0]!;
}
