/** The asked port from many source ports -> the ways that they take, each with the ports that take it. Pure. */
import type { Ip, PathSources, SourceGroup } from '../model.ts';
import type { FlowFacts, SourceFacts, TraceFacts } from './facts.ts';
import { type FlowView, flowView, placeAt } from './view.ts';

/** One source port, read. */
export interface Source {
  readonly facts: SourceFacts;
  readonly view: FlowView;
  /** `passed`: the target, or somebody who refuses it, was heard; `silent` only where nothing explains it but a loss. */
  readonly end: SourceGroup['end'];
}

/** Where the target is, or the furthest that anybody was heard; 0: nobody was. */
export function lastHopOf(facts: TraceFacts): number {
  const flows = [...facts.flows, ...facts.sources.map(({ flow }) => flow)].map(flowView);
  const targetHop = Math.max(0, ...flows.map(({ reached }) => reached?.ttl ?? 0));
  return targetHop || Math.max(0, ...flows.map(({ furthest }) => furthest));
}

/** Whether a flow has come to its end before this TTL, or cannot be sent. */
export function isOverBefore(facts: FlowFacts, ttl: number): boolean {
  const { reached, refused } = flowView(facts);
  return facts.sendErrno !== 0 || Math.min(reached?.ttl ?? ttl, refused?.ttl ?? ttl) < ttl;
}

/** Reads the source ports; `lastHop` is where the target is, or the furthest that anybody was heard. */
export function sourcesOf({ sources }: TraceFacts, lastHop: number): readonly Source[] {
  return sources.map((facts) => {
    const view = flowView(facts.flow);
    const { reached, refused, furthest } = view;
    const isSilent =
      isSilentAt(facts, lastHop) && (furthest + 1 >= lastHop || isSilentAt(facts, furthest + 1));
    const end =
      reached !== null
        ? 'reached'
        : refused !== null
          ? 'rejected'
          : isSilent
            ? 'silent'
            : 'unknown';
    return { facts, view, end };
  });
}

const isSilentAt = ({ silent }: SourceFacts, ttl: number): boolean => silent[ttl] === true;

/** Hops at which source ports were answered by different routers. */
export function sharedHops(sources: readonly Source[]): readonly number[] {
  const last = Math.max(0, ...sources.map(({ view }) => view.furthest));
  return Array.from({ length: last }, (_, i) => i + 1).filter((ttl) => {
    const ips = new Set(
      sources.map(({ view }) => view.exceededAt(ttl)?.ip).filter((ip) => ip !== undefined),
    );
    return ips.size > 1;
  });
}

/** Puts those together that went one way to one end; a hop that was not heard fits any. */
export function groupSources(sources: readonly Source[]): PathSources {
  const shared = sharedHops(sources);
  const groups: { key: readonly (Ip | null)[]; members: Source[] }[] = [];
  const known = (key: readonly (Ip | null)[]): number => key.filter((ip) => ip !== null).length;
  const keyed = sources
    .map((source) => ({
      source,
      key: shared.map((ttl) => source.view.exceededAt(ttl)?.ip ?? null),
    }))
    .toSorted((a, b) => known(b.key) - known(a.key));
  for (const { source, key } of keyed) {
    const group = groups.find(
      ({ key: other, members: [first] }) =>
        first!.end === source.end &&
        first!.view.furthest === source.view.furthest &&
        key.every((ip, i) => ip === null || other[i] === null || ip === other[i]),
    );
    if (group === undefined) groups.push({ key, members: [source] });
    else group.members.push(source);
  }
  return {
    asked: sources.length,
    groups: groups.map(({ key, members }) => toGroup(shared, key, members)),
  };
}

function toGroup(
  shared: readonly number[],
  key: readonly (Ip | null)[],
  members: readonly Source[],
): SourceGroup {
  const [{ view, end }] = members as [Source];
  return {
    srcPorts: members.map(({ facts }) => facts.srcPort).toSorted((a, b) => a - b),
    ways: shared.flatMap((ttl, i) => (key[i] == null ? [] : [{ ttl, ip: key[i] }])),
    end,
    last: placeAt(view, view.furthest),
  };
}
