/**
 * The nodes of a world made ready for packets: 0 is the scanner, 1..N the routers, from N + 1 on the targets.
 */
import { classifyIp, equalIp } from '../packet/address.ts';
import { compileFilter, type Filter } from './filter.ts';
import type { Flight } from './flight.ts';
import { createHostStack, type HostStack } from './host.ts';
import { createLimiter, type IcmpLimiter } from './limiter.ts';
import { type PerFamily, type Prefix, prefixHolds } from './prefix.ts';
import type { Random } from './random.ts';
import type { Router, World, WorldNode } from './world.ts';

/** One node, ready. */
export interface Node {
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
    router: Router | null,
    second: PerFamily<Prefix> | null,
  ): Node => ({
    ttl: node.ttl,
    icmpTtl: node.icmpTtl,
    filter: compileFilter(node.rules),
    limiter: createLimiter(node.limiter, random),
    stack: createHostStack(node, second, seed),
    near: router?.near ?? null,
    far: router?.far ?? null,
  });
  const nodes = [
    make(scanner, null, null),
    ...routers.map((router) => make(router, router, null)),
    ...targets.map((host) => make(host, null, host.second)),
  ];

  function isScanner(flight: Flight): boolean {
    const { bytes, ip } = flight;
    if (equalIp(scanner.address[ip.family].bytes, 0, bytes, ip.dstAt, ip.family)) return true;
    return classifyIp(bytes, ip.dstAt, ip.family) === 'loopback';
  }

  return {
    at: (node) => nodes[node]!,
    isScanner,
    isOwn(node, flight) {
      if (node === 0) return isScanner(flight);
      const { bytes, ip } = flight;
      const { near, far } = routers[node - 1]!;
      return (
        equalIp(near[ip.family].bytes, 0, bytes, ip.dstAt, ip.family) ||
        equalIp(far[ip.family].bytes, 0, bytes, ip.dstAt, ip.family)
      );
    },
    targetOf(flight) {
      const { bytes, ip } = flight;
      for (let index = 0; index < targets.length; index++) {
        if (prefixHolds(targets[index]!.address[ip.family], bytes, ip.dstAt)) return index;
      }
      return -1;
    },
  };
}
