/**
 * One measurement of one shape in a process of its own; batchShape.mjs starts many of these in turn.
 *
 *     two SHAPE       a run of two probes: the first of the process, and the median of many
 *     million SHAPE   1,000,000 probes: time and garbage collection
 *     heap SHAPE      100,000 probes in a process that never collects: what they allocate
 *     crossing FILE   rows into the addon FILE (shapes/crossing.c) and back, as objects and as columns
 *     simulator       1,000,000 probes by the real scheduler and matching engine over the byte-level simulator
 *
 * Prints one line of JSON.
 */
import { PerformanceObserver, performance } from 'node:perf_hooks';
import { runBatches } from './shapes/batches.ts';
import { measureCrossing } from './shapes/crossing.ts';
import { runObjects } from './shapes/objects.ts';
import { runRanges } from './shapes/ranges.ts';
import { runSimulator } from './shapes/simulator.ts';
import type { Steps } from './shapes/steps.ts';

type Run = (targets: number, ports: number) => Steps;

const SHAPES: Readonly<Record<string, Run>> = {
  objects: runObjects,
  batches: runBatches,
  ranges: runRanges,
};

/** 1,000 targets of 1,000 ports. */
const MILLION = [1000, 1000] as const;
const HEAP_PROBES = [100, 1000] as const;
const WARM_REPEATS = 2000;

interface Pauses {
  count: number;
  totalMs: number;
  longestMs: number;
}

function watchCollections(): { pauses: Pauses; flush: () => Promise<void> } {
  const pauses: Pauses = { count: 0, totalMs: 0, longestMs: 0 };
  const take = (entries: readonly { duration: number }[]): void => {
    for (const { duration } of entries) {
      pauses.count += 1;
      pauses.totalMs += duration;
      pauses.longestMs = Math.max(pauses.longestMs, duration);
    }
  };
  const observer = new PerformanceObserver((list) => take(list.getEntries()));
  observer.observe({ entryTypes: ['gc'] });
  return {
    pauses,
    // Entries are handed out in a later turn of the event loop.
    flush: () => new Promise((resolve) => setTimeout(resolve, 20)),
  };
}

function measureTwo(run: Run): object {
  const once = (): number => {
    const started = performance.now();
    run(1, 2);
    return 1000 * (performance.now() - started);
  };
  const coldUs = once();
  const warm = Array.from({ length: WARM_REPEATS }, once).sort((a, b) => a - b);
  return { coldUs, warmUs: warm[warm.length >> 1] };
}

async function measureMillion(run: Run): Promise<object> {
  const { pauses, flush } = watchCollections();
  const started = performance.now();
  const steps = run(...MILLION);
  const ms = performance.now() - started;
  await flush();
  const nsPerProbe = (1e6 * ms) / steps.count;
  return {
    nsPerProbe,
    gc: pauses,
    rssMb: process.memoryUsage().rss / 2 ** 20,
    check: steps.check(),
  };
}

async function measureHeap(run: Run): Promise<object> {
  const { pauses, flush } = watchCollections();
  const before = process.memoryUsage();
  const steps = run(...HEAP_PROBES);
  const after = process.memoryUsage();
  await flush();
  if (pauses.count > 0) throw new Error('the collector ran: the heap is too small to measure');
  return {
    heapBytesPerProbe: (after.heapUsed - before.heapUsed) / steps.count,
    arrayBytes: after.arrayBuffers - before.arrayBuffers,
  };
}

async function measureSimulator(): Promise<object> {
  const { pauses, flush } = watchCollections();
  const result = await runSimulator();
  await flush();
  return { ...result, gc: pauses };
}

async function measure(mode: string | undefined, shape: string | undefined): Promise<object> {
  if (mode === 'simulator') return measureSimulator();
  if (mode === 'crossing') return measureCrossing(shape ?? '');
  const run = SHAPES[shape ?? ''];
  if (run === undefined) throw new Error(`no such shape: ${shape}`);
  if (mode === 'two') return measureTwo(run);
  if (mode === 'million') return measureMillion(run);
  if (mode === 'heap') return measureHeap(run);
  throw new Error(`no such measurement: ${mode}`);
}

console.log(JSON.stringify(await measure(process.argv[2], process.argv[3])));
