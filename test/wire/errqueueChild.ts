/**
 * Drives the errqueue wire inside a namespace: a script of steps comes in as JSON on stdin, the signals go out on stdout.
 * errqueueLab.ts bundles it and runs it there, as `nobody` or as root.
 */
import { readFileSync } from 'node:fs';
import type { SignalBatch } from '../../src/batch.ts';
import type { Wire } from '../../src/model.ts';
import { openErrqueueWire } from '../../src/wire/errqueueWire.ts';
import { fillProbes, type SeenSignal, type Step, toSeen, toTargets } from './errqueueSteps.ts';

interface Script {
  readonly targets: readonly string[];
  readonly steps: readonly Step[];
}

const script = JSON.parse(readFileSync(0, 'utf8')) as Script;
const wire = openErrqueueWire({ targets: toTargets(script.targets) });
if ('unavailable' in wire) throw new Error(wire.unavailable);
const outcomes: SeenSignal[][] = [];
for (const step of script.steps) outcomes.push(await run(wire, step));
process.stdout.write(JSON.stringify({ outcomes, counters: wire.counters() }));
wire.close();

/** Sends the rows and takes signals until as many came as the step expects, or its time is over. */
async function run(wire: Wire, step: Step): Promise<SeenSignal[]> {
  const probes = fillProbes(step.rows);
  const untilMs = wire.nowMs() + step.withinMs;
  const seen: SeenSignal[] = [];
  wire.send(probes);
  while (seen.length < step.expect) {
    const signals: SignalBatch = await wire.next(untilMs);
    if (signals.count === 0) break;
    for (let row = 0; row < signals.count; row++) seen.push(toSeen(signals, row, probes));
  }
  return seen;
}
