/** Traces the filtered ports of a scan that has ended. */
import { followingTraces, type Traced, tracedOf } from './filteredPaths.ts';
import type { Plan, Report } from './model.ts';
import type { PlanRequest } from './plan/plan.ts';
import type { AlikePorts } from './report/summary.ts';
import { TRACE_IDS } from './trace/evidenceIds.ts';
import { type Recording, runTrace, type TraceProgress, type TraceRequest } from './traceRun.ts';

/** What the traces take of the options of their scan. */
export interface FollowingOptions extends Omit<TraceRequest, 'onProgress'> {
  /** Told of all of them together. */
  readonly onTraceProgress?: NonNullable<TraceRequest['onProgress']>;
}

/**
 * Traces the filtered ports of a scan that has ended, with its options; `options.record` goes on behind the scan. The ids of
 * the evidence begin behind those of `probes` probes.
 */
export async function traceFiltered(
  groups: readonly AlikePorts[],
  options: FollowingOptions,
  probes: number,
  planScan: (request: PlanRequest) => Promise<Plan>,
): Promise<Traced> {
  const reports: Report[] = [];
  const following = followingTraces(groups);
  let firstId = Math.ceil(probes / TRACE_IDS) * TRACE_IDS;
  const total = [...following.runs.values()].reduce((sum, ports) => sum + ports.length, 0);
  let done = 0;
  let tookMs = 0;
  for (const [key, ports] of following.runs) {
    const { target, protocol } = key;
    const { control, seed, interface: name, source, sourcePort, wire, signal, record } = options;
    const before = { done, tookMs };
    const onProgress = (progress: TraceProgress): void =>
      options.onTraceProgress?.({
        ...progress,
        done: before.done + progress.done,
        total,
        elapsedMs: before.tookMs + progress.elapsedMs,
      });
    const request: TraceRequest = {
      targets: [target],
      ports: ports.join(','),
      [protocol]: true,
      names: false,
      onProgress,
      ...present({ control, seed, interface: name, source, sourcePort, wire, signal, record }),
    };
    const report = await runTrace(request, planScan, firstId).report();
    reports.push(report);
    done += ports.length;
    tookMs += report.durationMs;
    firstId += ports.length * TRACE_IDS;
  }
  return tracedOf(following, reports);
}

/** A place that knows what was written to it, so that one recording can follow another. */
export function countBytes({ name, write, offsetBytes = 0 }: Recording): Recording {
  let written = offsetBytes;
  return {
    name,
    get offsetBytes() {
      return written;
    },
    write(bytes) {
      written += bytes.length;
      write(bytes);
    },
  };
}

function present<Options extends object>(options: Options): Partial<Options> {
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  ) as Partial<Options>;
}
