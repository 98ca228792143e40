/** The traces of one run over its wire, one port after the other, and their report: what a run and its replay share. */
import type { MatchListener } from './match/match.ts';
import type { Ip, Path, Plan, Report, WireKind } from './model.ts';
import { formatSeed } from './plan/seed.ts';
import type { ReportHead } from './report/jsonl.ts';
import { selfNotes, spentNotes, traceNotes } from './report/notes.ts';
import { buildPath } from './report/path.ts';
import { createErrorBudget } from './trace/errorBudget.ts';
import { evidenceNumber } from './trace/evidenceIds.ts';
import type { TraceFacts } from './trace/facts.ts';
import { locate } from './trace/locate.ts';
import { toTraced } from './trace/toPath.ts';
import {
  createTraceroute,
  type TraceCounters,
  type TraceOptions,
  type Traceroute,
} from './trace/traceroute.ts';
import { VERSION } from './version.ts';
import type { OpenedWire } from './wire/openWire.ts';

/** Ports of one run: each is a walk of its own, and its number travels in a byte. */
export const MAX_TRACES = 64;

/** A run of traces that was opened. */
export interface Tracing {
  readonly plan: Plan;
  readonly opened: OpenedWire;
  readonly head: ReportHead;
  readonly settings: TraceSettings;
}

/** What the traces of a run go by besides plan and wire; a recording keeps it. */
export type TraceSettings = Required<
  Pick<TraceOptions, 'maxHops' | 'sources' | 'mtu' | 'passage' | 'fragment' | 'firstId'>
>;

/** How each trace is driven, and who learns what came of it. */
export interface TracingOptions {
  /** Resolves to false when it was stopped: no further port is traced. */
  readonly drive: (engine: Traceroute, probe: number) => Promise<boolean>;
  readonly onTraced: (probe: number, facts: TraceFacts) => void;
  readonly onMatch?: MatchListener | undefined;
}

/** What became of all traces together. */
export interface TracingEnd {
  /** False: the last one was stopped. */
  readonly finished: boolean;
  /** Probes that were not begun. */
  readonly notDone: readonly number[];
  readonly counters: TraceCounters;
  /** Time for which errors of routers were waited for that had been taken, by earlier traces most often, ms. */
  readonly waitedMs: number;
}

/** What is known of a run of traces when it begins. */
export function traceHead(plan: Plan, { wire }: OpenedWire, startedAt: string): ReportHead {
  const { kind, note } = wire;
  return {
    schema: 'pu-probe/report/1',
    tool: { name: 'pu-probe', version: VERSION },
    command: 'trace',
    startedAt,
    wire: { kind, note },
    seed: formatSeed(plan.seed),
    plan: {
      targets: plan.targets.count,
      probes: plan.space.count,
      unresolved: plan.unresolved,
    },
  };
}

/** Traces the ports of a plan. */
export async function tracePorts(
  { plan, opened, settings }: Tracing,
  { drive, onTraced, onMatch }: TracingOptions,
): Promise<TracingEnd> {
  const { space } = plan;
  const { wire, srcPort, ownAddresses } = opened;
  const counters = { sent: 0, received: 0, matched: 0, foreign: 0 };
  const budget = createErrorBudget();
  let waitedMs = 0;
  let finished = true;
  let probe = 0;
  for (; probe < space.count && finished; probe++) {
    const engine = createTraceroute({
      plan,
      run: probe,
      target: space.targetOf(probe),
      protocol: space.protocolOf(probe),
      port: space.portOf(probe),
      can: wire.can,
      srcPort,
      ownAddresses,
      ...settings,
      budget,
      onMatch,
    });
    finished = await drive(engine, probe);
    for (const key of Object.keys(counters) as (keyof TraceCounters)[]) {
      counters[key] += engine.counters()[key];
    }
    waitedMs += engine.waitedMs();
    onTraced(probe, engine.result());
  }
  const notDone = Array.from({ length: space.count - probe }, (_, index) => probe + index);
  return { finished, notDone, counters, waitedMs };
}

/** The path of one trace; `nameOf` gives the names of hops that are known. */
export function toPath(
  { plan, settings }: Pick<Tracing, 'plan' | 'settings'>,
  { probe, facts, wire }: { probe: number; facts: TraceFacts; wire: WireKind },
  nameOf: (ip: Ip) => string | null,
): Path {
  const { space } = plan;
  const protocol = space.protocolOf(probe) === 6 ? 'tcp' : 'udp';
  const of = { plan, target: space.targetOf(probe), protocol, port: space.portOf(probe), wire };
  const first = evidenceNumber(settings.firstId, probe, 0, 0);
  return buildPath({ ...of, protocol }, toTraced(facts, locate(facts), first), nameOf);
}

/** The report of a run of traces that has ended. */
export function traceReport(
  { plan, opened, head }: Tracing,
  { finished, notDone, counters, waitedMs }: TracingEnd,
  more: {
    readonly paths: readonly Path[];
    readonly durationMs: number;
    readonly recording: string | null;
    /** What is to be said besides. */
    readonly warnings?: readonly string[];
  },
): Report {
  const { schema, tool, command, startedAt, seed } = head;
  const { paths, durationMs, recording, warnings = [] } = more;
  return {
    schema,
    tool,
    command,
    startedAt,
    durationMs,
    wire: head.wire,
    plan: head.plan,
    complete: finished && plan.unresolved.length === 0,
    notDone: notDone.map(
      (one) => `${plan.targets.ip(plan.space.targetOf(one))} ${plan.space.portOf(one)}`,
    ),
    seed,
    recording,
    verdicts: [],
    hosts: [],
    paths,
    counters: { ringDrops: 0, ...opened.wire.counters(), ...counters },
    warnings: [
      ...warnings,
      ...plan.warnings,
      ...opened.warnings,
      ...selfNotes(plan, opened.ownAddresses),
      ...traceNotes(paths),
      ...spentNotes(paths, waitedMs),
    ],
  };
}
