import type { PlanGroup, ProbeSpace } from '../model.ts';
import { IP_PROTOCOL } from '../packet/ip.ts';

const { ICMP, ICMPV6, TCP, UDP } = IP_PROTOCOL;
const PORTS = 65_536;
const isEcho = (protocol: number): boolean => protocol === ICMP || protocol === ICMPV6;
/** A search through so few ports is as fast as a table. */
const SEARCHED_PORTS = 16;
/** Half a megabyte each; plans with more different long port lists search the later ones. */
const MAX_TABLES = 16;
const NO_FAMILIES = new Uint8Array(0);

/** One group with the arithmetic that it needs. */
interface Rectangle {
  readonly firstTarget: number;
  readonly targetCount: number;
  readonly firstProbe: number;
  /** UDP ports, then TCP ports, then 0 where there is an echo request. */
  readonly ports: Uint16Array;
  readonly udpCount: number;
  /** Where the echo request stands, or how many ports there are. */
  readonly echoSlot: number;
  /** Slot of a port + 1, 0 = not asked: UDP ports, then TCP ports. Null: `ports` is searched. */
  readonly slots: Slots | null;
}

/** 16 bits where they are enough, so that the table of a run over all ports stays in the cache. */
type Slots = Uint16Array | Uint32Array;

/**
 * Creates the numbering of all probes of a plan.
 *
 * The groups follow one another without gaps in their target numbers. Inside a group a target's probes are neighbours,
 * UDP ports first (they take longest: silence has to be asked again), each in the order in which they were named, and the
 * echo request last. `families` has a byte a target; it is not needed without echo requests.
 * Every look-up is arithmetic plus a binary search over the groups.
 */
export function createSpace(
  groups: readonly PlanGroup[],
  families: Uint8Array = NO_FAMILIES,
): ProbeSpace {
  const rectangles: Rectangle[] = [];
  const tables = new Map<string, Slots>();
  let count = 0;
  for (const group of groups) {
    const echoSlot = group.udpPorts.length + group.tcpPorts.length;
    const ports = new Uint16Array(echoSlot + (group.echo ? 1 : 0));
    ports.set(group.udpPorts);
    ports.set(group.tcpPorts, group.udpPorts.length);
    if (group.targetCount === 0 || ports.length === 0) continue;
    rectangles.push({
      firstTarget: group.firstTarget,
      targetCount: group.targetCount,
      firstProbe: count,
      ports,
      udpCount: group.udpPorts.length,
      echoSlot,
      slots: groups.length === 1 ? fillSlots(group) : slotsOf(group, tables),
    });
    count += group.targetCount * ports.length;
  }
  return spaceOf(rectangles, count, families);
}

function spaceOf(
  rectangles: readonly Rectangle[],
  count: number,
  families: Uint8Array,
): ProbeSpace {
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
      const { firstProbe, firstTarget, ports, udpCount, echoSlot } =
        rectangles[lastAtMost(firstProbes, probe)]!;
      const slot = (probe - firstProbe) % ports.length;
      if (slot < udpCount) return UDP;
      if (slot < echoSlot) return TCP;
      const target = firstTarget + Math.floor((probe - firstProbe) / ports.length);
      return families[target] === 6 ? ICMPV6 : ICMP;
    },
    indexOf(target, protocol, port) {
      if (protocol !== TCP && protocol !== UDP && !isEcho(protocol)) return -1;
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
function slotsOf(group: PlanGroup, tables: Map<string, Slots>): Slots | null {
  if (group.udpPorts.length + group.tcpPorts.length <= SEARCHED_PORTS) return null;
  const key = `${group.udpPorts.join()}/${group.tcpPorts.join()}`;
  const known = tables.get(key);
  if (known !== undefined) return known;
  if (tables.size >= MAX_TABLES) return null;
  const slots = fillSlots(group);
  tables.set(key, slots);
  return slots;
}

function fillSlots({ udpPorts, tcpPorts }: PlanGroup): Slots {
  const isSmall = udpPorts.length + tcpPorts.length < PORTS;
  const slots = isSmall ? new Uint16Array(2 * PORTS) : new Uint32Array(2 * PORTS);
  for (let i = 0; i < udpPorts.length; i++) slots[udpPorts[i]!] = i + 1;
  for (let i = 0; i < tcpPorts.length; i++) slots[PORTS + tcpPorts[i]!] = udpPorts.length + i + 1;
  return slots;
}

function slotOf(rectangle: Rectangle, protocol: number, port: number): number {
  const { slots, ports, udpCount, echoSlot } = rectangle;
  if (isEcho(protocol)) return port === 0 && echoSlot < ports.length ? echoSlot : -1;
  if (slots !== null) return (slots[(protocol === TCP ? PORTS : 0) + port] ?? 0) - 1;
  const slot = ports.indexOf(port, protocol === TCP ? udpCount : 0);
  return slot < (protocol === TCP ? echoSlot : udpCount) ? slot : -1;
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
