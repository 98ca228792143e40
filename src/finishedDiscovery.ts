/** The end of a discovery (`-sn`): its report, put together from the plan, the wire and what the engine found. */
import type { DiscoveryEngine } from './discover/discovery.ts';
import type { HostVerdict, Plan, Report, WireCan } from './model.ts';
import { buildHost } from './report/hosts.ts';
import type { ReportHead } from './report/jsonl.ts';
import type { OpenedWire } from './wire/openWire.ts';

/** The parts of a discovery that its report is made of. */
export interface Discovering {
  readonly plan: Plan;
  readonly opened: OpenedWire;
  readonly engine: DiscoveryEngine;
  readonly head: ReportHead;
}

/** Targets that are named where they were not finished; further ones are counted. */
const MAX_LISTED = 8;

/** Makes the report of a discovery that has ended. */
export function finishedDiscovery(
  { plan, opened, engine, head }: Discovering,
  {
    finished,
    durationMs,
    recording = null,
    warnings = [],
  }: {
    readonly finished: boolean;
    readonly durationMs: number;
    /** The file that holds the packets. */
    readonly recording?: string | null;
    /** What is to be said besides. */
    readonly warnings?: readonly string[];
  },
): Report {
  const { wire } = opened;
  const { notDone, counters } = engine.result();
  const isOpen = new Set(notDone);
  const hosts: HostVerdict[] = [];
  for (let target = 0; target < plan.targets.count; target++) {
    if (!isOpen.has(target)) hosts.push(buildHost(plan, engine, target));
  }
  const own = wire.counters();
  return {
    schema: head.schema,
    recording,
    tool: head.tool,
    command: 'scan',
    startedAt: head.startedAt,
    durationMs,
    wire: head.wire,
    plan: head.plan,
    complete: finished && notDone.length === 0 && plan.unresolved.length === 0,
    notDone: describeNotDone(plan, notDone),
    seed: head.seed,
    verdicts: [],
    hosts,
    paths: [],
    counters: { ...counters, ringDrops: 0, ...own },
    warnings: [...warnings, ...plan.warnings, ...opened.warnings, ...notes(hosts, wire.can)],
  };
}

function describeNotDone(plan: Plan, notDone: readonly number[]): readonly string[] {
  const names = [
    ...plan.unresolved.map(({ name }) => name),
    ...notDone.slice(0, MAX_LISTED).map((target) => plan.targets.ip(target)),
  ].slice(0, MAX_LISTED);
  const more = plan.unresolved.length + notDone.length - names.length;
  return more > 0 ? [...names, `and ${more} more`] : names;
}

function notes(hosts: readonly HostVerdict[], { echo }: WireCan): readonly string[] {
  const unchecked = hosts.filter(({ reason }) => reason === 'local-error').length;
  const asked =
    'asked without echo requests, for which this wire has no right (CAP_NET_RAW, or net.ipv4.ping_group_range)';
  return [
    ...(echo ? [] : [asked]),
    ...(unchecked > 0 ? [`${unchecked} could not be checked from this machine`] : []),
  ];
}
