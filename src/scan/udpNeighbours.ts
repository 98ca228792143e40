/** The UDP ports of each target in order of their numbers: which ones are asked beside a port. */
import type { Plan, PlanGroup } from '../model.ts';
import { groupOf } from './portRanks.ts';

/** The UDP ports of one group, ascending. */
export interface SortedPorts {
  readonly ports: readonly number[];
  /** The place of a port; -1: it is not among them. */
  at(port: number): number;
}

/** Creates the look-up of a run; a group is sorted when it is first asked for. */
export function createSortedPorts(plan: Plan): (target: number) => SortedPorts {
  const sorted = new Map<PlanGroup, SortedPorts>();
  let lastTarget = -1;
  let last: SortedPorts = sortPorts([]);
  return (target) => {
    if (target === lastTarget) return last;
    const group = groupOf(plan, target);
    lastTarget = target;
    last = (group && sorted.get(group)) ?? sortPorts(group?.udpPorts ?? []);
    if (group !== undefined) sorted.set(group, last);
    return last;
  };
}

const PORTS = 65_536;
/** Shorter lists are many, where each target names its own: a table for each would be larger than all else. */
const MIN_TABLE = 4096;

function sortPorts(list: readonly number[]): SortedPorts {
  const ports = [...Uint16Array.from(list).sort()];
  if (ports.length < MIN_TABLE) {
    const places = new Map(ports.map((port, place) => [port, place]));
    return { ports, at: (port) => places.get(port) ?? -1 };
  }
  const places = new Int32Array(PORTS).fill(-1);
  for (const [place, port] of ports.entries()) places[port] = place;
  return { ports, at: (port) => places[port]! };
}
