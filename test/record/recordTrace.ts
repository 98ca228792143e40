/** Recording traces over the simulator, in memory. */
import { type HopNames, NO_NAMES } from '../../src/hopNames.ts';
import type { Family, Report } from '../../src/model.ts';
import { formatIp } from '../../src/packet/address.ts';
import { createPlan } from '../../src/plan/plan.ts';
import { traceHead } from '../../src/portTraces.ts';
import { startRecording } from '../../src/recording.ts';
import { traceAll } from '../../src/traceRun.ts';
import { openSimulation } from '../../src/wire/openSimulation.ts';
import { askHopsInSimulator } from '../scenarios/askHopsSimRun.ts';
import type { TraceScenario, TraceView } from '../scenarios/traceScenario.ts';

/** 2026-01-01T00:00:00Z. */
const EPOCH_MS = 1_767_225_600_000;
/** As many as `--flows` can ask for. */
const LANES = 32;
const VIEWS = { P: 'packet', E: 'errqueue' } as const;

export interface RecordTraceRequest {
  readonly scenario: Pick<TraceScenario, 'world' | 'traces'>;
  readonly view: TraceView;
  readonly family: Family;
  readonly seed: number;
  /** Times that the wire is waited for, after which the run is stopped as Ctrl-C does. */
  readonly stopAfter?: number;
  /** Chance that a packet is lost on each link, either way. */
  readonly loss?: number;
  readonly names?: HopNames;
  readonly firstId?: number;
  readonly sources?: number;
  readonly mtu?: boolean;
  readonly askHops?: boolean;
  /** The recording says that routers are asked, and ends before. */
  readonly marksHops?: boolean;
}

/** Traces the ports of a scene in one run, and records it. */
export async function recordTrace(
  request: RecordTraceRequest,
): Promise<{ readonly report: Report; readonly pieces: readonly Uint8Array[] }> {
  const { scenario, view, family, seed, stopAfter, loss } = request;
  const { firstId = 0, sources = 0, mtu = false } = request;
  const world =
    loss === undefined
      ? scenario.world
      : { ...scenario.world, links: scenario.world.links.map((link) => ({ ...link, loss })) };
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
  const pieces: Uint8Array[] = [];
  const startedAt = new Date(EPOCH_MS).toISOString();
  const settings = { maxHops: 32, sources, mtu, firstId };
  const recorder = startRecording({
    plan,
    opened,
    startedAt,
    epochMs: EPOCH_MS,
    synRequested: false,
    trace: settings,
    asksHops: request.askHops === true || request.marksHops === true,
    write: (bytes) => void pieces.push(bytes.slice()),
  });
  const head = traceHead(plan, opened, startedAt);
  const tracing = { plan, opened, head, settings, recorder };
  const { names = NO_NAMES } = request;
  const { signal } = stop;
  const report = await traceAll(tracing, { signal, names, recording: null, onPath: () => {} });
  if (request.askHops !== true) return { report, pieces };
  const asked = await askHopsInSimulator(report, {
    world,
    view: VIEWS[view],
    startedAt,
    offsetBytes: pieces.reduce((sum, { length }) => sum + length, 0),
    write: (bytes) => void pieces.push(bytes.slice()),
  });
  return { report: asked, pieces };
}
