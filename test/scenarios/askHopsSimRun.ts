/** The scan of routers that `--ask-hops` makes behind traces, over the simulator. */
import { type HopsToAsk, hopsToAsk, withAskedHops } from '../../src/askedHops.ts';
import { drive } from '../../src/drive.ts';
import { finishedRun, headOf } from '../../src/finishedRun.ts';
import type { Report } from '../../src/model.ts';
import { createPlan } from '../../src/plan/plan.ts';
import { endRecording, startRecording, verdictsOf } from '../../src/recording.ts';
import { createScheduler } from '../../src/scan/scheduler.ts';
import type { World } from '../../src/sim/world.ts';
import { openSimulation } from '../../src/wire/openSimulation.ts';

export interface AskHopsRun {
  readonly world: World;
  readonly view: 'packet' | 'errqueue';
  readonly startedAt?: string;
  /** Takes the recording of the scan. */
  readonly write?: (bytes: Uint8Array) => void;
  readonly offsetBytes?: number;
}

/** The report of traces with what the routers that they have learned said; as it is where there is nobody to ask. */
export async function askHopsInSimulator(report: Report, run: AskHopsRun): Promise<Report> {
  const hops = hopsToAsk(report);
  return withAskedHops(report, hops === null ? null : await scanHops(hops, report.seed, run));
}

async function scanHops(
  { targets, ports }: HopsToAsk,
  seed: string,
  { world, view, startedAt = '', write, offsetBytes = 0 }: AskHopsRun,
): Promise<Report> {
  const plan = await createPlan(
    { targets, ports: ports.join(','), tcp: true, control: false, seed },
    { resolve: async () => [], interfaces: [], seed: [0, 0] },
  );
  const opened = openSimulation(plan, world, view);
  const { wire, ownAddresses, srcPort } = opened;
  const start = { plan, opened, startedAt, epochMs: Date.parse(startedAt), synRequested: false };
  const recorder =
    write === undefined ? undefined : startRecording({ ...start, offsetBytes, write });
  const onMatch = recorder?.onMatch;
  const engine = createScheduler({ plan, can: wire.can, ownAddresses, srcPort, onMatch });
  const finished = await drive(engine, wire, { observer: recorder });
  wire.close();
  const { judgementOf, oddsOf, isOpen } = engine;
  const build = { plan, wire: wire.kind, judgementOf, oddsOf, isOpen };
  const running = { plan, opened, engine, build, head: headOf(plan, opened, startedAt) };
  const end = { finished, failedAtHome: [], durationMs: wire.nowMs() };
  const found = finishedRun(running, false, { ...end, result: engine.result() });
  if (recorder !== undefined) {
    endRecording(recorder, verdictsOf(plan, found), { ...end, counters: wire.counters() });
  }
  return found.report();
}
