/** `scan --trace`: which ports of a scan are traced, one of those that fail alike, and what their paths add to its report. */
import type { FinishedRun } from './finishedRun.ts';
import type { Path, Protocol, Report, Verdict } from './model.ts';
import { type AlikePorts, isToldByOthers, type Summary } from './report/summary.ts';

/** Traces of one scan at most: each asks routers that others share. */
export const MAX_FILTERED_TRACES = 8;

/** What traces add to the report of a scan. */
export interface Traced {
  readonly paths: readonly Path[];
  readonly warnings: readonly string[];
  readonly durationMs: number;
  /** All of them were made to their end. */
  readonly complete: boolean;
}

/** Whether somebody on the way may be the reason: a rejection or a silence, and not one of our own side. */
function isFiltered(verdict: Verdict): boolean {
  const { state, reason, detail } = verdict;
  // Those that it is told by are traced.
  if (isToldByOthers(verdict)) return false;
  if (state === 'filtered') return detail !== 'no-neighbour' && reason !== 'local-error';
  return state === 'open|filtered' && reason === 'no-response' && detail !== 'other-source';
}

/** Whether the scan knows already where: a device at a known hop rejects. */
const isPlaced = ({ by }: Verdict): boolean => by?.role === 'path' && by.hop !== null;

/** What is traced of a group. */
type TracedPort = Pick<Verdict, 'target' | 'protocol' | 'port'>;

/**
 * One port of each group of a target and protocol that fails for the same reason, by the same sender. Those that a device
 * at a known hop rejects are left out: a trace would tell no more, and take the ICMP errors that the other traces need.
 * Of many hosts in one group the first comes before all second ones: they most likely share the way.
 */
function chooseTraced(groups: readonly AlikePorts[]): readonly TracedPort[] {
  const chosen = new Map<string, TracedPort>();
  const choose = ({ first }: AlikePorts, hosts: AlikePorts['hosts']): void => {
    const { protocol, port, whyId, by, icmp } = first;
    for (const { target } of hosts) {
      const who = by?.ip === first.target ? target : by?.ip;
      const key = [target, protocol, whyId, who, by?.hop, icmp?.type, icmp?.code].join('/');
      if (!chosen.has(key)) chosen.set(key, { target, protocol, port });
    }
  };
  const useful = groups.filter(({ first }) => isFiltered(first) && !isPlaced(first));
  for (const group of useful) choose(group, group.hosts.slice(0, 1));
  for (const group of useful) choose(group, group.hosts.slice(1));
  return [...chosen.values()];
}

/** The traces that follow a scan. */
export interface FollowingTraces {
  /** The ports of each target and protocol: a run each. */
  readonly runs: ReadonlyMap<Target, readonly number[]>;
  /** What is left out, in words. */
  readonly warnings: readonly string[];
}

/** Chooses the traces that follow a scan. */
export function followingTraces(groups: readonly AlikePorts[]): FollowingTraces {
  const chosen = chooseTraced(groups);
  const left = chosen.length - MAX_FILTERED_TRACES;
  const isRejected = groups.some(({ first }) => isFiltered(first) && isPlaced(first));
  return {
    runs: byTarget(chosen.slice(0, MAX_FILTERED_TRACES)),
    warnings: [
      ...(left > 0 ? [`${left} further groups of filtered ports were not traced`] : []),
      ...(isRejected ? ['ports that a device at a known hop rejects were not traced'] : []),
    ],
  };
}

/** What the reports of these runs add to that of the scan. */
export function tracedOf(following: FollowingTraces, reports: readonly Report[]): Traced {
  return {
    paths: reports.flatMap(({ paths }) => paths),
    warnings: [...new Set(reports.flatMap(({ warnings }) => warnings)), ...following.warnings],
    durationMs: reports.reduce((sum, { durationMs }) => sum + durationMs, 0),
    complete: reports.every(({ complete }) => complete),
  };
}

type Target = { readonly target: string; readonly protocol: Protocol };

function byTarget(chosen: readonly TracedPort[]): ReadonlyMap<Target, readonly number[]> {
  const known = new Map<string, Target>();
  const ports = new Map<Target, number[]>();
  for (const { target, protocol, port } of chosen) {
    const text = `${target}/${protocol}`;
    const key = known.get(text) ?? { target, protocol };
    known.set(text, key);
    ports.set(key, [...(ports.get(key) ?? []), port]);
  }
  return ports;
}

/** The report of a run with the paths of its filtered ports. */
export function withPaths(
  found: FinishedRun,
  { paths, warnings, durationMs, complete }: Traced,
): FinishedRun {
  const add = <One extends Report | Summary>(report: One): One => ({
    ...report,
    paths,
    complete: report.complete && complete,
    durationMs: report.durationMs + durationMs,
    warnings: [...new Set([...report.warnings, ...warnings])],
  });
  return {
    report: () => add(found.report()),
    summary: () => add(found.summary()),
    groups: () => found.groups(),
  };
}
