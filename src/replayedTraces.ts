/** The report of a recorded run of traces, computed again. */
import type { Ip, Path, Report } from './model.ts';
import {
  comparisonNotes,
  driveRecorded,
  isAsRecorded,
  type OpenedRecording,
  readToEnd,
} from './openedRecording.ts';
import {
  type TraceSettings,
  type Tracing,
  toPath,
  traceHead,
  tracePorts,
  traceReport,
} from './portTraces.ts';
import { foundOf } from './recording.ts';
import type { TraceFacts } from './trace/facts.ts';

/** A recording that holds traces. */
export interface RecordedTracing extends Tracing {
  readonly recording: OpenedRecording;
}

/** The run that was recorded, as a run of traces. */
export function openTracing(recording: OpenedRecording, settings: TraceSettings): RecordedTracing {
  const { plan, opened, recorded } = recording;
  const head = traceHead(plan, opened, recorded.startedAt);
  return { recording, plan, opened, head, settings };
}

/** Computes the report again; `name` is that of the file. */
export async function replayTraces(tracing: RecordedTracing, name: string | null): Promise<Report> {
  const { recording } = tracing;
  const { wire, rest, recorded } = recording;
  const startedMs = wire.nowMs();
  const traced: { readonly probe: number; readonly facts: TraceFacts }[] = [];
  let lastMs = startedMs;
  const ended = await tracePorts(tracing, {
    async drive(engine) {
      const finished = await driveRecorded(engine, wire, (nowMs) => {
        lastMs = nowMs;
      });
      if (finished) await wire.goOn();
      return finished;
    },
    onTraced: (probe, facts) => traced.push({ probe, facts }),
  });
  await readToEnd(rest);
  const { end } = rest;
  const { kind } = recorded.wire;
  const paths = traced.map(({ probe, facts }, index): Path => {
    const names = new Map<Ip, string>(end?.names?.[index]);
    return toPath(tracing, { probe, facts, wire: kind }, (ip) => names.get(ip) ?? null);
  });
  const finished = ended.finished && end !== null && isAsRecorded(recording, ended.finished);
  return traceReport(
    tracing,
    { ...ended, finished },
    {
      paths,
      durationMs: end?.durationMs ?? lastMs - startedMs,
      recording: name,
      warnings: comparisonNotes(recording, ended.finished, () => foundOf({ hosts: [], paths })),
    },
  );
}
