/** The end of a run: its report, put together from the plan, the wire and what the scheduler found. */
import { drive } from './drive.ts';
import type { HostVerdict, Plan, Report } from './model.ts';
import { formatSeed } from './plan/seed.ts';
import {
  type BuildContext,
  buildHostGroups,
  buildHosts,
  buildTargetGroups,
  buildVerdict,
  describeNotDone,
} from './report/build.ts';
import type { ReportHead } from './report/jsonl.ts';
import {
  controlNotes,
  limiterNotes,
  ordinaryNotes,
  ownSideNotes,
  passageNotes,
  rangeNotes,
  selfNotes,
  synNote,
} from './report/notes.ts';
import {
  type AlikePorts,
  COLLAPSE_HOSTS_OVER,
  countPorts,
  type Summary,
} from './report/summary.ts';
import { chooseOrdinary, createOrdinaryCheck } from './scan/ordinaryCheck.ts';
import type { ScanEngine, ScanResult } from './scan/scheduler.ts';
import { mayWalk } from './scan/walks.ts';
import { VERSION } from './version.ts';
import type { OpenedWire } from './wire/openWire.ts';

/** The parts of a run that its report is made of. */
export interface Running {
  readonly plan: Plan;
  readonly opened: OpenedWire;
  readonly engine: ScanEngine;
  readonly build: BuildContext;
  readonly head: ReportHead;
  /** The file that holds the packets. */
  readonly recording?: string | undefined;
}

/** What is known of a run when it begins. */
export function headOf(plan: Plan, { wire }: OpenedWire, startedAt: string): ReportHead {
  return {
    schema: 'pu-probe/report/1',
    tool: { name: 'pu-probe', version: VERSION },
    command: 'scan',
    startedAt,
    wire: { kind: wire.kind, note: wire.note },
    seed: formatSeed(plan.seed),
    plan: {
      targets: plan.targets.count,
      probes: plan.space.count,
      ...(plan.discover ? { discover: true as const } : {}),
      unresolved: plan.unresolved,
    },
  };
}

/** Asks again by ordinary sockets, where packets have passed our own firewall by; returns what failed at home. */
export async function tryOrdinary(
  { plan, opened, build }: Pick<Running, 'plan' | 'opened' | 'build'>,
  { settled }: Pick<ScanResult, 'settled'>,
): Promise<readonly number[]> {
  if (opened.ordinary === undefined) return [];
  const { targetOf } = plan.space;
  const probes = chooseOrdinary(
    settled,
    build.isOpen,
    (probe) => !opened.ownAddresses.has(plan.targets.ip(targetOf(probe))),
  );
  const wire = probes.length === 0 ? null : opened.ordinary();
  if (wire === null) return [];
  const check = createOrdinaryCheck(plan, probes);
  try {
    await drive(check, wire);
  } finally {
    wire.close();
  }
  return check.result();
}

/** A run that has ended, and its report in the two shapes that writers take; each is made when it is asked for. */
export interface FinishedRun {
  report(): Report;
  summary(): Summary;
  /** Alike ports of each target for itself, as a recording holds them. */
  groups(): readonly AlikePorts[];
}

/** Makes the reports of a run that has ended. */
export function finishedRun(
  running: Running,
  synRequested: boolean,
  end: {
    readonly finished: boolean;
    /** Probes that ordinary sockets could not send. */
    readonly failedAtHome: readonly number[];
    readonly durationMs: number;
    readonly result: ReturnType<ScanEngine['result']>;
    /** What is to be said besides. */
    readonly warnings?: readonly string[];
  },
): FinishedRun {
  const { plan, opened, build, head: begun } = running;
  const { wire } = opened;
  const { finished, durationMs, result } = end;
  const { sent, received, matched, late, duplicate, foreign, badToken, retransmitted } =
    result.counters;
  const counters = wire.counters();
  const common = (
    ruled: Parameters<typeof ownSideNotes>[0],
  ): Omit<Report, 'verdicts' | 'hosts'> => ({
    schema: begun.schema,
    tool: begun.tool,
    command: 'scan',
    startedAt: begun.startedAt,
    durationMs,
    wire: begun.wire,
    plan: begun.plan,
    complete: finished && result.notDone.length === 0 && plan.unresolved.length === 0,
    notDone: describeNotDone(plan, result.notDone),
    seed: begun.seed,
    paths: [],
    counters: {
      sent,
      received,
      matched,
      foreign,
      late,
      duplicate,
      badToken,
      retransmitted,
      ...(plan.inferRanges ? { inferred: result.inferred } : {}),
      ringDrops: 0,
      ...counters,
    },
    recording: running.recording ?? null,
    warnings: [
      ...(end.warnings ?? []),
      ...plan.warnings,
      ...opened.warnings,
      ...synNote(synRequested, wire.can.packets),
      ...selfNotes(plan, opened.ownAddresses),
      ...controlNotes(plan, result.controls),
      ...rangeNotes(plan, result.inferred, mayWalk({ plan, can: wire.can })),
      ...passageNotes(plan, result.passage),
      ...limiterNotes(plan, result.limiterOf),
      ...ordinaryNotes(plan, end.failedAtHome),
      ...ownSideNotes(ruled, counters['ringDrops'] ?? 0),
    ],
  });
  let report: Report | undefined;
  let summary: Summary | undefined;
  let groups: readonly AlikePorts[] | undefined;
  const targetGroups = (): readonly AlikePorts[] => {
    groups ??= buildTargetGroups(build, result.alike('target'));
    return groups;
  };
  return {
    report() {
      if (report !== undefined) return report;
      const verdicts = result.settled.map((probe) => buildVerdict(build, probe));
      const ruled = verdicts.map((verdict) => ({ verdict, ports: 1 }));
      const single = verdicts.map((first) => ({ first, hosts: [first] }));
      report = { ...common(ruled), verdicts, hosts: buildHosts(plan, single, result) };
      return report;
    },
    groups: targetGroups,
    summary() {
      if (summary !== undefined) return summary;
      const isMany = plan.targets.count > COLLAPSE_HOSTS_OVER;
      const groups = isMany ? buildHostGroups(build, result.alike('run')) : targetGroups();
      const ruled = groups.map((group) => ({ verdict: group.first, ports: countPorts(group) }));
      let hosts: readonly HostVerdict[] | undefined;
      summary = {
        ...common(ruled),
        groups,
        // The text of many hosts has no use for a record of each.
        get hosts() {
          hosts ??= buildHosts(plan, groups, result);
          return hosts;
        },
      };
      return summary;
    },
  };
}
