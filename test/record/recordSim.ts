/** Recording scenarios over the simulator, in memory. */
import { parseScanArguments } from '../../src/cli/scanArguments.ts';
import { drive } from '../../src/drive.ts';
import { finishedRun, headOf, tryOrdinary } from '../../src/finishedRun.ts';
import type { Wire } from '../../src/model.ts';
import { formatIp } from '../../src/packet/address.ts';
import { createPlan } from '../../src/plan/plan.ts';
import { endRecording, verdictsOf } from '../../src/recording.ts';
import { createScheduler } from '../../src/scan/scheduler.ts';
import { openSimulation } from '../../src/wire/openSimulation.ts';
import type { Scenario, WireColumn } from '../scenarios/scenario.ts';
import { VIEWS } from '../scenarios/simRun.ts';
import { beginInMemory, type Conditions, type Recorded, withLoss } from './inMemory.ts';

/** Which scenario is run, how it is seen, and where it ends. */
export interface RecordRequest extends Conditions {
  readonly scenario: Scenario;
  readonly column: WireColumn;
  /** Turns after which the run is stopped as Ctrl-C does. */
  readonly stopAfter?: number;
  /** The recording is begun as that of a run of so many probes. */
  readonly probes?: number;
  /** The wire says that all rows leave by the gateway with this number, as packetOut.ts does. */
  readonly way?: number;
}

/** Runs a scenario over the simulator and records it. */
export async function recordScenario(request: RecordRequest): Promise<Recorded> {
  const { scenario, column, family, seed, stopAfter, loss } = request;
  const world = withLoss(scenario.world, loss);
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
  const { ownAddresses, srcPort } = opened;
  const wire: Wire = {
    ...opened.wire,
    send(batch) {
      opened.wire.send(batch);
      batch.way.fill(request.way ?? 0, 0, batch.count);
    },
  };
  const synRequested = args.scan.synRequested ?? false;
  const count = request.probes ?? plan.space.count;
  const recordedPlan = { ...plan, space: { ...plan.space, count } };
  const { recorder, pieces, startedAt } = beginInMemory(recordedPlan, opened, { synRequested });
  const { onMatch } = recorder;
  const engine = createScheduler({ plan, can: wire.can, ownAddresses, srcPort, onMatch });
  const stop = new AbortController();
  let turns = 0;
  const finished = await drive(engine, wire, {
    signal: stop.signal,
    observer: recorder,
    onTurn() {
      engine.takeSettled();
      turns += 1;
      if (turns === stopAfter) stop.abort();
    },
  });
  wire.close();
  const durationMs = wire.nowMs();
  const result = engine.result();
  const { judgementOf, oddsOf, isOpen } = engine;
  const running = {
    plan,
    opened,
    engine,
    build: { plan, wire: wire.kind, judgementOf, oddsOf, isOpen },
    head: headOf(plan, opened, startedAt),
  };
  const failedAtHome = finished ? await tryOrdinary(running, result) : [];
  const end = { finished, durationMs, failedAtHome };
  const found = finishedRun(running, synRequested, { ...end, result });
  endRecording(recorder, verdictsOf(plan, found), { ...end, counters: wire.counters() });
  return { report: found.report(), pieces };
}
