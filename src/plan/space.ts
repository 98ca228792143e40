import type { PlanGroup, ProbeSpace } from '../model.ts';
import { IP_PROTOCOL } from '../packet/ip.ts';

const { TCP, UDP } = IP_PROTOCOL;
const PORTS = 65_536;
/** A search through so few ports is as fast as a table. */
const SEARCHED_PORTS = 16;
/** Half a megabyte each; plans with more different long port lists search the later ones. */
const MAX_TABLES = 16;

/** One group with the arithmetic that it needs. */
interface Rectangle {
  readonly firstTarget: number;
  readonly targetCount: number;
  readonly firstProbe: number;
  /** UDP ports, then TCP ports. */
  readonly ports: Uint16Array;
  readonly udpCount: number;
  /** Slot of a port + 1, 0 = not asked: UDP ports, then TCP ports. Null: `ports` is searched. */
  readonly slots: Uint32Array | null;
}

/**
 * Creates the numbering of all probes of a plan.
 *
 * The groups follow one another without gaps in their target numbers. Inside a group a target's probes are neighbours,
 * UDP ports first (they take longest: silence has to be asked again), each in the order in which they were named.
 * Every look-up is arithmetic plus a binary search over the groups.
 */
export function createSpace(groups: readonly PlanGroup[]): ProbeSpace {
  const rectangles: Rectangle[] = [];
  const tables = new Map<string, Uint32Array>();
  let count = 0;
  for (const group of groups) {
    const ports = new Uint16Array(group.udpPorts.length + group.tcpPorts.length);
    ports.set(group.udpPorts);
    ports.set(group.tcpPorts, group.udpPorts.length);
    if (group.targetCount === 0 || ports.length === 0) continue;
    rectangles.push({
      firstTarget: group.firstTarget,
      targetCount: group.targetCount,
      firstProbe: count,
      ports,
      udpCount: group.udpPorts.length,
      slots: groups.length === 1 ? fillSlots(group) : slotsOf(group, tables),
    });
    count += group.targetCount * ports.length;
  }
  return spaceOf(rectangles, count);
}

function spaceOf(rectangles: readonly Rectangle[], count: number): ProbeSpace {
  const firstProbes = Float64Array.from(rectangles, (rectangle) => rectangle.firstProbe);
  const firstTargets = Float64Array.from(rectangles, (rectangle) => rectangle.firstTarget);
  return {
    count,
    targetOf(probe) {
      const { firstTarget, firstProbe, ports } = rectangles[lastAtMost(firstProbes, probe)]!;
      return firstTarget + Math.floor((probe - firstProbe) / ports.length);
    },
    portOf(probe) {
      const { firstProbe, ports } = rectangles[lastAtMost(firstProbes, probe)]!;
      return ports[(probe - firstProbe) % ports.length]!;
    },
    protocolOf(probe) {
      const { firstProbe, ports, udpCount } = rectangles[lastAtMost(firstProbes, probe)]!;
      return (probe - firstProbe) % ports.length < udpCount ? UDP : TCP;
    },
    indexOf(target, protocol, port) {
      if (protocol !== TCP && protocol !== UDP) return -1;
      const rectangle = rectangles[lastAtMost(firstTargets, target)];
      if (rectangle === undefined) return -1;
      const row = target - rectangle.firstTarget;
      if (row < 0 || row >= rectangle.targetCount) return -1;
      const slot = slotOf(rectangle, protocol, port);
      return slot < 0 ? -1 : rectangle.firstProbe + row * rectangle.ports.length + slot;
    },
  };
}

/** Groups with the same ports (many `host:port` targets) share one table: it is the only thing here that is not small. */
function slotsOf(group: PlanGroup, tables: Map<string, Uint32Array>): Uint32Array | null {
  if (group.udpPorts.length + group.tcpPorts.length <= SEARCHED_PORTS) return null;
  const key = `${group.udpPorts.join()}/${group.tcpPorts.join()}`;
  const known = tables.get(key);
  if (known !== undefined) return known;
  if (tables.size >= MAX_TABLES) return null;
  const slots = fillSlots(group);
  tables.set(key, slots);
  return slots;
}

function fillSlots(group: PlanGroup): Uint32Array {
  const slots = new Uint32Array(2 * PORTS);
  const { udpPorts, tcpPorts } = group;
  for (let i = 0; i < udpPorts.length; i++) slots[udpPorts[i]!] = i + 1;
  for (let i = 0; i < tcpPorts.length; i++) slots[PORTS + tcpPorts[i]!] = udpPorts.length + i + 1;
  return slots;
}

function slotOf(rectangle: Rectangle, protocol: number, port: number): number {
  const { slots, ports, udpCount } = rectangle;
  if (slots !== null) return (slots[(protocol === TCP ? PORTS : 0) + port] ?? 0) - 1;
  if (protocol === TCP) return ports.indexOf(port, udpCount);
  const slot = ports.indexOf(port);
  return slot < udpCount ? slot : -1;
}

/** Index of the last element <= value of an ascending array, or -1. */
function lastAtMost(ascending: Float64Array, value: number): number {
  let low = 0;
  let high = ascending.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (ascending[middle]! <= value) low = middle + 1;
    else high = middle - 1;
  }
  return high;
}
