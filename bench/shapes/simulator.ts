/** Shape (b) at work: the real scheduler and matching engine over the simulator that speaks bytes. */
import { performance } from 'node:perf_hooks';
import { drive } from '../../src/drive.ts';
import type { Engine, Wire } from '../../src/model.ts';
import { createPlan } from '../../src/plan/plan.ts';
import { createScheduler } from '../../src/scan/scheduler.ts';
import { parseWorld } from '../../src/sim/world.ts';
import { openSimWire } from '../../src/wire/simWire.ts';

/** 1,000 hosts, no listener, no limit of ICMP errors. */
const WORLD = { targets: [{ v4: '10.92.0.0/22', limiter: { ratelimitMs: 0 } }] };
const TARGETS = '10.92.0-3.0-249';
const PORTS = 'T:1-500,U:1-500';
const SEED: readonly [number, number] = [0x01234567, 0x89abcdef];
const SRC_PORT = 40_000;

interface Spent {
  engineMs: number;
  wireMs: number;
}

/** Times a function into one of the two sums. */
function timed<Args extends unknown[], Result>(
  spent: Spent,
  side: keyof Spent,
  call: (...args: Args) => Result,
): (...args: Args) => Result {
  return (...args) => {
    const started = performance.now();
    const result = call(...args);
    spent[side] += performance.now() - started;
    return result;
  };
}

/** Runs a million probes; the parts of the time are measured per batch, so that the clock costs nothing. */
export async function runSimulator(): Promise<object> {
  const plan = await createPlan(
    { targets: [TARGETS], ports: PORTS, ratePps: Number.POSITIVE_INFINITY },
    { resolve: async () => [], interfaces: [], seed: SEED },
  );
  const wire = openSimWire({
    world: parseWorld(WORLD, 'bench'),
    view: 'packet',
    seed: 1,
    targets: plan.targets,
    identity: { srcPort: SRC_PORT, keyHi: SEED[0], keyLo: SEED[1] },
  });
  const engine = createScheduler({
    plan,
    can: wire.can,
    ownAddresses: new Set(),
    srcPort: SRC_PORT,
  });
  const spent: Spent = { engineMs: 0, wireMs: 0 };
  let batches = 0;
  const timedWire: Wire = {
    ...wire,
    send: timed(spent, 'wireMs', (batch) => {
      batches += 1;
      wire.send(batch);
    }),
    next: timed(spent, 'wireMs', wire.next),
  };
  const timedEngine: Engine<unknown> = {
    advance: timed(spent, 'engineMs', engine.advance),
    receive: timed(spent, 'engineMs', engine.receive),
    result: engine.result,
  };
  const started = performance.now();
  await drive(timedEngine, timedWire);
  const ms = performance.now() - started;
  const { settled, counters } = engine.result();
  const perProbe = (part: number): number => (1e6 * part) / plan.space.count;
  return {
    probes: plan.space.count,
    settled: settled.length,
    sent: counters.sent,
    batches,
    nsPerProbe: perProbe(ms),
    engineNsPerProbe: perProbe(spent.engineMs),
    simulatorNsPerProbe: perProbe(spent.wireMs),
    rssMb: process.memoryUsage().rss / 2 ** 20,
  };
}
