/**
 * What the scanner's own kernel knows before a packet leaves: routes, the neighbour behind the link, the link itself.
 */

import type { ErrnoName } from '../errno.ts';
import type { Family, OwnSide, TargetTable } from '../model.ts';
import { classifyIp, equalIp, formatIp } from '../packet/address.ts';
import { isThere } from './host.ts';
import { createReceiveBuffer, type ReceiveBuffer } from './limits.ts';
import { createNeighbours, type Neighbours } from './neighbours.ts';
import { prefixHolds } from './prefix.ts';
import type { Route, World } from './world.ts';

/** Errno of a send or connect whose route is of this kind (net/ipv4/route.c, net/ipv6/route.c). */
const ROUTE_ERRNO: Readonly<Record<Route, ErrnoName | null>> = {
  forward: null,
  loop: null,
  // Routes are looked up before policies (xfrm_lookup).
  blocked: null,
  unreachable: 'EHOSTUNREACH',
  prohibit: 'EACCES',
  blackhole: 'EINVAL',
  none: 'ENETUNREACH',
};

/** The kernel's own table is not larger (net.ipv4.neigh.default.gc_thresh3). */
const MAX_MET = 1024;
/** drivers/net/loopback.c. */
const LOOPBACK_MTU = 65_536;

/** Packets that the scanner's firewall or error paths swallowed, by family. */
export interface OwnCounters {
  readonly outDropped: Record<Family, number>;
  readonly inDropped: Record<Family, number>;
  retransFailed: number;
  /** Transmitted, and taken by no device. */
  unsent: number;
}

/** What can be known at home; `Waiting` is what waits for a neighbour. */
export interface OwnSideView<Waiting> {
  readonly counters: OwnCounters;
  /** Of the ring, or of the UDP socket with the error queue. */
  readonly buffer: ReceiveBuffer;
  readonly neighbours: Neighbours<Waiting>;
  /** True for the scanner's own addresses and for loopback. */
  isLocal(bytes: Uint8Array, at: number, family: Family): boolean;
  /** Why nothing can be sent there, or null. */
  routeError(bytes: Uint8Array, at: number, family: Family): ErrnoName | null;
  /** False when the next hop towards the address never answers ARP or neighbour solicitations. */
  hasNextHop(bytes: Uint8Array, at: number, family: Family): boolean;
  /** Notes that something waits for the next hop. */
  wait(bytes: Uint8Array, at: number, family: Family, nowMs: number, waiting: () => Waiting): void;
  /** The answer to an own-side inquiry about a target. */
  describe(targets: TargetTable, target: number, nowMs: number): OwnSide;
}

/** Creates the own side of the scanner of a world, with nothing counted yet. */
export function createOwnSide<Waiting>(world: World): OwnSideView<Waiting> {
  const { scanner, routers, targets: hosts, links } = world;
  const neighbours = createNeighbours<Waiting>();
  const buffer = createReceiveBuffer(scanner.limits.receiveBytes);
  const gateway = routers[0]?.near ?? null;
  const counters: OwnCounters = {
    outDropped: { 4: 0, 6: 0 },
    inDropped: { 4: 0, 6: 0 },
    retransFailed: 0,
    unsent: 0,
  };

  function isLocal(bytes: Uint8Array, at: number, family: Family): boolean {
    if (equalIp(scanner.address[family].bytes, 0, bytes, at, family)) return true;
    return classifyIp(bytes, at, family) === 'loopback';
  }

  function routeError(bytes: Uint8Array, at: number, family: Family): ErrnoName | null {
    if (isLocal(bytes, at, family)) return null;
    return links[0]!.up ? ROUTE_ERRNO[scanner.route] : 'ENETUNREACH';
  }

  /** Next hops that something was sent to, and that answered: those are in the table. */
  const met = new Set<string>();
  const keyOf = (bytes: Uint8Array, at: number, family: Family): string =>
    gateway === null ? formatIp(bytes, at, family) : `gateway ${family}`;

  function isThereNext(bytes: Uint8Array, at: number, family: Family): boolean {
    if (isLocal(bytes, at, family)) return true;
    if (!links[0]!.carrier) return false;
    if (gateway !== null) return scanner.gatewayAnswers;
    const host = hosts.find((one) => prefixHolds(one.address[family], bytes, at));
    return host !== undefined && isThere(host, bytes, at, family);
  }

  function hasNextHop(bytes: Uint8Array, at: number, family: Family): boolean {
    const isNext = isThereNext(bytes, at, family);
    // A run over a million addresses of one prefix needs no table of them all.
    if (isNext && met.size < MAX_MET) met.add(keyOf(bytes, at, family));
    return isNext;
  }

  function stateOf(bytes: Uint8Array, at: number, family: Family, nowMs: number) {
    const hop = gateway?.[family].bytes;
    return hop === undefined
      ? neighbours.state(bytes, at, family, nowMs)
      : neighbours.state(hop, 0, family, nowMs);
  }

  const mtuOf = (local: boolean): number => (local ? LOOPBACK_MTU : links[0]!.mtu);

  return {
    counters,
    buffer,
    neighbours,
    isLocal,
    routeError,
    hasNextHop,
    wait(bytes, at, family, nowMs, waiting) {
      const hop = gateway?.[family].bytes;
      neighbours.wait(hop ?? bytes, hop === undefined ? at : 0, family, nowMs, waiting);
    },
    describe(targets, target, nowMs) {
      const family = targets.families[target] === 6 ? 6 : 4;
      const { bytes } = targets;
      const at = target * 16;
      const local = isLocal(bytes, at, family);
      const routeErrno = routeError(bytes, at, family);
      const hop = gateway?.[family].bytes;
      const there = gateway === null ? 'on-link' : 'gateway';
      const route = routeErrno !== null ? 'none' : local ? 'local' : there;
      const isMet = met.has(keyOf(bytes, at, family)) || met.size >= MAX_MET;
      const isKnown = route !== 'none' && !local && isMet && isThereNext(bytes, at, family);
      return {
        target,
        route,
        routeErrno,
        gateway: route === 'gateway' && hop !== undefined ? formatIp(hop, 0, family) : null,
        interface: local ? 'lo' : 'sim0',
        mtu: mtuOf(local),
        carrier: local || (links[0]!.up && links[0]!.carrier),
        neighbour: isKnown ? 'reachable' : stateOf(bytes, at, family, nowMs),
        outDropped: counters.outDropped[family],
        inDropped: counters.inDropped[family],
        retransFailed: counters.retransFailed,
        unsent: counters.unsent,
        overflow: buffer.lost() > 0,
      };
    },
  };
}
