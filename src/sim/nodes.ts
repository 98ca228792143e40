/**
 * The nodes of a world made ready for packets: 0 is the scanner, 1..N the routers, from N + 1 on the targets, then the
 * routers that stand beside others.
 */
import { classifyIp, equalIp } from '../packet/address.ts';
import { type ErrorShape, LINUX_ERRORS } from './errorShape.ts';
import { compileFilter, type Filter } from './filter.ts';
import type { Flight } from './flight.ts';
import { createHostStack, type HostStack } from './host.ts';
import { createLimiter, type IcmpLimiter } from './limiter.ts';
import { type PerFamily, type Prefix, prefixHolds } from './prefix.ts';
import { hashBytes, type Random } from './random.ts';
import type { Router, RouterRoute, World, WorldNode } from './world.ts';

/** One node, ready. */
export interface Node {
  /** Place on the line: 0 the scanner, N + 1 the targets. */
  readonly position: number;
  /** A router's route towards the targets; `forward` for all else. */
  readonly route: RouterRoute;
  readonly errors: ErrorShape;
  readonly ttl: number;
  readonly icmpTtl: number;
  readonly filter: Filter;
  readonly limiter: IcmpLimiter;
  readonly stack: HostStack;
  /** A router's addresses, from which its ICMP errors come; null: they come from the address that was asked. */
  readonly near: PerFamily<Prefix> | null;
  readonly far: PerFamily<Prefix> | null;
}

/** All nodes of a world, and whose an address is. */
export interface Nodes {
  at(node: number): Node;
  /**
   * The router at a position of the line that a packet away from the scanner meets: by addresses, protocol and ports, as
   * routers share out flows (net.ipv4.fib_multipath_hash_policy 1).
   */
  routerFor(position: number, flight: Flight): number;
  /** The router that an answer meets: the first one, or the one that it is addressed to. */
  routerBack(position: number, flight: Flight): number;
  /** True when the packet is for an address of this router, or of the scanner (0). */
  isOwn(node: number, flight: Flight): boolean;
  /** True when the packet is for the scanner. */
  isScanner(flight: Flight): boolean;
  /** Number of the target (0, 1, …) that has the packet's destination, or -1. */
  targetOf(flight: Flight): number;
}

/** Makes the nodes of a world ready. */
export function createNodes(world: World, seed: number, random: Random): Nodes {
  const { scanner, routers, targets } = world;
  const make = (
    node: WorldNode,
    position: number,
    router: Router | null,
    second: PerFamily<Prefix> | null,
  ): Node => ({
    position,
    route: router?.route ?? 'forward',
    errors: router?.errors ?? LINUX_ERRORS,
    ttl: node.ttl,
    icmpTtl: node.icmpTtl,
    filter: compileFilter(node.rules),
    limiter: createLimiter(node.limiter, random),
    stack: createHostStack(node, second, seed),
    near: router?.near ?? null,
    far: router?.far ?? null,
  });
  const nodes = [
    make(scanner, 0, null, null),
    ...routers.map((router, index) => make(router, index + 1, router, null)),
    ...targets.map((host) => make(host, routers.length + 1, null, host.second)),
  ];
  /** Numbers of the routers at each position of the line. */
  const choices = routers.map(({ beside }, index) => {
    const others = beside.map((router) => nodes.push(make(router, index + 1, router, null)) - 1);
    return [index + 1, ...others];
  });

  function isOwn(node: number, flight: Flight): boolean {
    if (node === 0) return isScanner(flight);
    const { bytes, ip } = flight;
    const { near, far } = nodes[node]!;
    return [near, far].some(
      (own) => own !== null && equalIp(own[ip.family].bytes, 0, bytes, ip.dstAt, ip.family),
    );
  }

  function ownerAt(position: number, flight: Flight): number | undefined {
    const all = choices[position - 1]!;
    return all.length === 1 ? undefined : all.find((node) => isOwn(node, flight));
  }

  function isScanner(flight: Flight): boolean {
    const { bytes, ip } = flight;
    if (equalIp(scanner.address[ip.family].bytes, 0, bytes, ip.dstAt, ip.family)) return true;
    return classifyIp(bytes, ip.dstAt, ip.family) === 'loopback';
  }

  return {
    at: (node) => nodes[node]!,
    isScanner,
    isOwn,
    routerFor(position, flight) {
      const all = choices[position - 1]!;
      return all.length === 1
        ? all[0]!
        : (ownerAt(position, flight) ?? all[flowHash(flight, seed) % all.length]!);
    },
    routerBack: (position, flight) => ownerAt(position, flight) ?? position,
    targetOf(flight) {
      const { bytes, ip } = flight;
      for (let index = 0; index < targets.length; index++) {
        if (prefixHolds(targets[index]!.address[ip.family], bytes, ip.dstAt)) return index;
      }
      return -1;
    },
  };
}

/** ICMP has no ports: all its flows between two addresses go one way. */
function flowHash({ bytes, ip, srcPort, dstPort }: Flight, seed: number): number {
  const ports = hashBytes(
    Uint8Array.of(ip.protocol),
    0,
    1,
    seed ^ ((srcPort << 16) | (dstPort & 0xffff)),
  );
  return hashBytes(bytes, ip.srcAt, ip.srcAt + (ip.family === 4 ? 8 : 32), ports);
}
