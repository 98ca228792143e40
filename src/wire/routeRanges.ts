/**
 * Ranges of addresses that the kernel reaches alike: one route look-up for each range instead of one for each target. The
 * kernel still decides; what is read here is only where its answer may change (native/route_edges.c).
 */
import type { Family, TargetTable } from '../model.ts';
import { read32 } from '../packet/bytes.ts';
import type { NativeAddon } from './native.ts';

/** Where targets share the answer to a route look-up. */
export interface RouteRanges {
  /** Number of the range of a target; -1: not known, it is looked up by itself. */
  of(target: number): number;
  /** Looks whether anything has changed; true: earlier numbers mean nothing any more. */
  isRenewed(): boolean;
}

/** For fewer targets the ranges cost more than the look-ups that they save: 0.2 ms, and a socket. */
const FROM_TARGETS = 64;
/** On a router whose routes do not come to rest each target is looked up by itself, as it was. */
const MOST_RENEWALS = 100;

/** Creates the ranges of a run; the interface that packets leave by is chosen by the route, or the same for all. */
export function createRouteRanges(native: NativeAddon, targets: TargetTable): RouteRanges {
  const isWorthIt = targets.count >= FROM_TARGETS;
  let changes = isWorthIt ? native.routeChanges() : -1;
  let renewals = 0;
  const edges = new Map<Family, Uint32Array | null>();

  const edgesOf = (family: Family): Uint32Array | null => {
    let known = edges.get(family);
    if (known === undefined) {
      known = readEdges(native, family);
      edges.set(family, known);
    }
    return known;
  };

  return {
    of(target) {
      if (changes < 0 || targets.scopeIds[target] !== 0) return -1;
      const family: Family = targets.families[target] === 6 ? 6 : 4;
      const of = edgesOf(family);
      if (of === null) return -1;
      const range = lastAtMost(of, targets.bytes, target * 16);
      return family === 4 ? 2 * range : 2 * range + 1;
    },
    isRenewed() {
      if (changes < 0) return false;
      const now = native.routeChanges();
      if (now === changes) return false;
      renewals += 1;
      changes = renewals > MOST_RENEWALS ? -1 : now;
      edges.clear();
      return true;
    },
  };
}

/** The edges as words of 32 bits, four an edge; null where the addon cannot tell them. */
function readEdges(native: NativeAddon, family: Family): Uint32Array | null {
  const bytes = native.routeEdges(family);
  if (bytes === null) return null;
  return Uint32Array.from({ length: bytes.length / 4 }, (_, i) => read32(bytes, 4 * i));
}

/** The last edge at or before the address; the first edge is zero. */
function lastAtMost(edges: Uint32Array, bytes: Uint8Array, at: number): number {
  const word0 = read32(bytes, at);
  const word1 = read32(bytes, at + 4);
  const word2 = read32(bytes, at + 8);
  const word3 = read32(bytes, at + 12);
  let low = 0;
  let top = edges.length / 4 - 1;
  while (low < top) {
    const middle = (low + top + 1) >> 1;
    const compared =
      edges[4 * middle]! - word0 ||
      edges[4 * middle + 1]! - word1 ||
      edges[4 * middle + 2]! - word2 ||
      edges[4 * middle + 3]! - word3;
    if (compared <= 0) low = middle;
    else top = middle - 1;
  }
  return low;
}
