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
  /** The first UDP and TCP port where they follow one another without a gap, then their slots are arithmetic; else -1. */
  readonly udpFirst: number;
  readonly tcpFirst: number;
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
    const udpFirst = firstOfRun(group.udpPorts);
    const tcpFirst = firstOfRun(group.tcpPorts);
    const isSearched = udpFirst < 0 || tcpFirst < 0;
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
      udpFirst,
      tcpFirst,
      slots: isSearched ? slotsOf(group, tables, groups.length === 1) : null,
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
      const rectangle = rectangles[lastAtMost(firstProbes, probe)]!;
      return rectangle.firstTarget + rowOf(rectangle, probe);
    },
    portOf(probe) {
      const rectangle = rectangles[lastAtMost(firstProbes, probe)]!;
      const { ports, udpCount, echoSlot, udpFirst, tcpFirst } = rectangle;
      const slot = slotAt(rectangle, probe);
      if (slot < udpCount && udpFirst >= 0) return udpFirst + slot;
      if (slot >= udpCount && slot < echoSlot && tcpFirst >= 0) return tcpFirst + slot - udpCount;
      return ports[slot]!;
    },
    protocolOf(probe) {
      const rectangle = rectangles[lastAtMost(firstProbes, probe)]!;
      const slot = slotAt(rectangle, probe);
      if (slot < rectangle.udpCount) return UDP;
      if (slot < rectangle.echoSlot) return TCP;
      return families[rectangle.firstTarget + rowOf(rectangle, probe)] === 6 ? ICMPV6 : ICMP;
    },
    endOf(probe) {
      const rectangle = rectangles[lastAtMost(firstProbes, probe)]!;
      const { ports, udpCount, echoSlot } = rectangle;
      const slot = slotAt(rectangle, probe);
      const endSlot = slot < udpCount ? udpCount : slot < echoSlot ? echoSlot : ports.length;
      return probe - slot + endSlot;
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

/** Which of a group's targets a probe asks. Whole numbers of 32 bits: V8 divides others as floats, several times slower. */
function rowOf({ firstProbe, ports }: Rectangle, probe: number): number {
  return (((probe - firstProbe) >>> 0) / (ports.length >>> 0)) >>> 0;
}

/** Which of its target's probes it is. */
function slotAt({ firstProbe, ports }: Rectangle, probe: number): number {
  return ((probe - firstProbe) >>> 0) % (ports.length >>> 0);
}

/** Groups with the same ports (many `host:port` targets) share one table: it is the only thing here that is not small. */
function slotsOf(group: PlanGroup, tables: Map<string, Slots>, isOnly: boolean): Slots | null {
  if (isOnly) return fillSlots(group);
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
  const isTcp = protocol === TCP;
  const from = isTcp ? udpCount : 0;
  const to = isTcp ? echoSlot : udpCount;
  const first = isTcp ? rectangle.tcpFirst : rectangle.udpFirst;
  if (first >= 0) return port >= first && port < first + to - from ? from + port - first : -1;
  if (slots !== null) return (slots[(isTcp ? PORTS : 0) + port] ?? 0) - 1;
  const slot = ports.indexOf(port, from);
  return slot < to ? slot : -1;
}

/** The first of ports that follow one another without a gap (none: 0), or -1. */
function firstOfRun(ports: ArrayLike<number>): number {
  const first = ports[0] ?? 0;
  for (let i = 1; i < ports.length; i++) if (ports[i] !== first + i) return -1;
  return first;
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
