/** The report of a recorded run, computed again by the same engine from what the recording says that it saw. */
import { hopsToAsk, withAskedHops } from './askedHops.ts';
import { ProbeError } from './errors.ts';
import { followingTraces, type Traced, tracedOf, withPaths } from './filteredPaths.ts';
import { type FinishedRun, finishedRun, headOf } from './finishedRun.ts';
import type { Report } from './model.ts';
import {
  comparisonNotes,
  driveRecorded,
  isAsRecorded,
  type OpenedRecording,
  openRecording,
  readToEnd,
} from './openedRecording.ts';
import { MAX_TRACES, type TraceSettings } from './portTraces.ts';
import { verdictsOf } from './recording.ts';
import { replayDiscovery } from './replayedDiscovery.ts';
import { openTracing, type RecordedTracing, replayTraces } from './replayedTraces.ts';
import type { BuildContext } from './report/build.ts';
import type { ReportHead } from './report/jsonl.ts';
import { summarize } from './report/summary.ts';
import { createScheduler } from './scan/scheduler.ts';

/** A recorded run that was opened, and how it is computed again. */
export interface Replaying extends OpenedRecording {
  readonly head: ReportHead;
  /** Of a scan: what its verdicts are built from. */
  readonly build?: BuildContext;
  /** Computes the report again; `onSettled` gets probes as their verdicts become final. */
  run(onSettled: (probes: readonly number[]) => void): Promise<FinishedRun>;
}

/** Opens a recording; `name` is that of its file. Rejects with a ProbeError where it holds no run. */
export async function openReplay(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  name: string | null = null,
): Promise<Replaying> {
  const recording = await openRecording(chunks);
  const { trace } = recording.recorded;
  if (trace !== undefined) return toTraces(recording, trace, name);
  return recording.plan.discover ? toDiscovery(recording, name) : toScan(recording, name);
}

/** The traces of a scan's filtered ports, which stand behind it in the file. */
async function replayFollowing(
  scan: OpenedRecording,
  found: FinishedRun,
  name: string | null,
): Promise<Traced> {
  const following = followingTraces(found.summary().groups);
  const reports: Report[] = [];
  for (let left = following.runs.size; left > 0; left--) {
    const next = await scan.openNext();
    const trace = next?.recorded.trace;
    if (next === null || trace === undefined) break;
    reports.push(await replayTraces(openChecked(next, trace), name));
    scan = next;
  }
  const traced = tracedOf(following, reports);
  if (reports.length === following.runs.size) return traced;
  const missing = 'not replayable: the traces did not end; this is what was known by then';
  return { ...traced, complete: false, warnings: [...traced.warnings, missing] };
}

function openChecked(recording: OpenedRecording, trace: TraceSettings): RecordedTracing {
  if (recording.plan.space.count > MAX_TRACES) {
    throw new ProbeError('E_NOT_REPLAYABLE', 'not replayable: its head is damaged');
  }
  return openTracing(recording, trace);
}

function toTraces(
  recording: OpenedRecording,
  trace: TraceSettings,
  name: string | null,
): Replaying {
  const tracing = openChecked(recording, trace);
  return {
    ...recording,
    head: tracing.head,
    async run() {
      const report = await replayTraces(tracing, name);
      const isAsked = recording.recorded.asksHops === true;
      return withoutVerdicts(isAsked ? await replayAskedHops(recording, report, name) : report);
    },
  };
}

/** The scan of the routers that the traces have learned, which stands behind them in the file. */
async function replayAskedHops(
  traces: OpenedRecording,
  report: Report,
  name: string | null,
): Promise<Report> {
  if (hopsToAsk(report) === null) return withAskedHops(report, null);
  const next = await traces.openNext();
  if (next !== null) {
    const scanned = await toScan(next, name).run(() => undefined);
    return withAskedHops(report, scanned.report());
  }
  const missing = 'not replayable: the routers were not asked; this is what was known by then';
  return { ...report, complete: false, warnings: [...report.warnings, missing] };
}

function toDiscovery(recording: OpenedRecording, name: string | null): Replaying {
  return {
    ...recording,
    head: headOf(recording.plan, recording.opened, recording.recorded.startedAt),
    run: async () => withoutVerdicts(await replayDiscovery(recording, name)),
  };
}

const withoutVerdicts = (report: Report): FinishedRun => ({
  report: () => report,
  summary: () => summarize(report),
  groups: () => [],
});

function toScan(recording: OpenedRecording, name: string | null): Replaying {
  const { plan, recorded, opened, wire } = recording;
  const { ownAddresses, srcPort } = opened;
  const { can, kind } = recorded.wire;
  const engine = createScheduler({ plan, can, ownAddresses, srcPort });
  const running = {
    plan,
    opened,
    engine,
    build: {
      plan,
      wire: kind,
      judgementOf: engine.judgementOf,
      oddsOf: engine.oddsOf,
      isOpen: engine.isOpen,
    },
    head: headOf(plan, opened, recorded.startedAt),
    recording: name ?? undefined,
  };
  const run: Replaying['run'] = async (onSettled) => {
    const { rest } = recording;
    const startedMs = wire.nowMs();
    let lastMs = startedMs;
    const finished = await driveRecorded(engine, wire, (nowMs) => {
      lastMs = nowMs;
      onSettled(engine.takeSettled());
    });
    await readToEnd(rest);
    onSettled(engine.takeSettled());
    const result = engine.result();
    onSettled(result.unsettled);
    const { end } = rest;
    const failedAtHome = (end?.failedAtHome ?? []).filter((probe) => probe < plan.space.count);
    const durationMs = end?.durationMs ?? lastMs - startedMs;
    const isWhole = finished && end !== null && isAsRecorded(recording, finished);
    const make = (warnings: readonly string[]): FinishedRun =>
      finishedRun(running, recorded.synRequested, {
        finished: isWhole,
        failedAtHome,
        durationMs,
        result,
        warnings,
      });
    const found = make(comparisonNotes(recording, finished, () => verdictsOf(plan, make([]))));
    const isTraced = recorded.isTraced === true && isWhole;
    return isTraced ? withPaths(found, await replayFollowing(recording, found, name)) : found;
  };
  return { ...recording, head: running.head, build: running.build, run };
}
