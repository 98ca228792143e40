/** Recording traces over the simulator, in memory. */
import { type HopNames, NO_NAMES } from '../../src/hopNames.ts';
import { formatIp } from '../../src/packet/address.ts';
import { createPlan } from '../../src/plan/plan.ts';
import { traceHead } from '../../src/portTraces.ts';
import { traceAll } from '../../src/traceRun.ts';
import { openSimulation } from '../../src/wire/openSimulation.ts';
import { askHopsInSimulator } from '../scenarios/askHopsSimRun.ts';
import type { TraceExtras, TraceScenario, TraceView } from '../scenarios/traceScenario.ts';
import { beginInMemory, type Conditions, type Recorded, withLoss } from './inMemory.ts';

/** As many as `--flows` can ask for. */
const LANES = 32;
const VIEWS = { P: 'packet', E: 'errqueue' } as const;

const NO_EXTRAS: TraceExtras = {
  flows: 0,
  mtu: false,
  passage: false,
  fragment: false,
  askHops: false,
};

/** Which ports are traced, how it is seen, and where it ends. */
export interface RecordTraceRequest extends Conditions {
  readonly scenario: Pick<TraceScenario, 'world' | 'traces'>;
  readonly view: TraceView;
  /** Times that the wire is waited for, after which the run is stopped as Ctrl-C does. */
  readonly stopAfter?: number;
  readonly names?: HopNames;
  readonly firstId?: number;
  /** None, unless given. */
  readonly extras?: TraceExtras;
  /** The recording says that routers are asked, and ends before. */
  readonly marksHops?: boolean;
}

/** Traces the ports of a scene in one run, and records it. */
export async function recordTrace(request: RecordTraceRequest): Promise<Recorded> {
  const { scenario, view, family, seed, stopAfter, loss } = request;
  const { firstId = 0, extras = NO_EXTRAS, names = NO_NAMES } = request;
  const world = withLoss(scenario.world, loss);
  const target = formatIp(world.targets[0]!.address[family].bytes, 0, family);
  const ports = scenario.traces.map(
    ({ port, protocol }) => `${protocol[0]!.toUpperCase()}:${port}`,
  );
  const has = (wanted: string) => scenario.traces.some(({ protocol }) => protocol === wanted);
  const plan = await createPlan(
    { targets: [target], ports: ports.join(','), tcp: has('tcp'), udp: has('udp') },
    { resolve: async () => [], interfaces: [], seed: [0x5eed, seed] },
  );
  const simulated = openSimulation(plan, world, VIEWS[view], LANES);
  const stop = new AbortController();
  let waits = 0;
  const wire = {
    ...simulated.wire,
    next(untilMs: number) {
      waits += 1;
      if (waits === stopAfter) stop.abort();
      return simulated.wire.next(untilMs);
    },
  };
  const opened = { ...simulated, wire };
  const settings = {
    maxHops: 32,
    sources: extras.flows,
    mtu: extras.mtu,
    passage: extras.passage,
    fragment: extras.fragment,
    firstId,
  };
  const { recorder, pieces, startedAt } = beginInMemory(plan, opened, {
    trace: settings,
    asksHops: extras.askHops || request.marksHops === true,
  });
  const head = traceHead(plan, opened, startedAt);
  const tracing = { plan, opened, head, settings, recorder };
  const { signal } = stop;
  const report = await traceAll(tracing, { signal, names, recording: null, onPath: () => {} });
  if (!extras.askHops) return { report, pieces };
  const behind: Uint8Array[] = [];
  const asked = await askHopsInSimulator(report, {
    world,
    view: VIEWS[view],
    startedAt,
    offsetBytes: pieces.reduce((sum, { length }) => sum + length, 0),
    write: (bytes) => void behind.push(bytes.slice()),
  });
  return { report: asked, pieces: [...pieces, ...behind] };
}
