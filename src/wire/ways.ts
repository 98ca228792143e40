/** How each target of a packet wire is reached: interface, source address and, on links that have them, the neighbour. */
import type { Family, TargetTable } from '../model.ts';
import { MAC_BYTES } from '../packet/arp.ts';
import type { FrameContext } from '../probe/frame.ts';
import type { NativeAddon, NativeOwnSide } from './native.ts';
import { linksTo, type Neighbour, type Neighbours } from './neighbours.ts';
import type { Link } from './packetSender.ts';
import { createRouteRanges } from './routeRanges.ts';

/** How a target is reached, or why not. */
export interface Way {
  /** Why nothing can be sent, 0 when it can. */
  readonly errno: number;
  /** Of its gateway, from 1 on; 0: there is none, or the numbers are used up. */
  readonly number: number;
  readonly family: Family;
  /** The neighbour that has to be known first; null where none is needed. */
  readonly neighbour: Neighbour | null;
  /** Where packets go without one. */
  readonly link: Link;
  /** What packets to this target are written with, by the own address to send from. */
  readonly frames: readonly FrameContext[];
  /** What the kernel said. */
  readonly found: NativeOwnSide;
}

const RTN_LOCAL = 2;
const IFF_NOARP = 0x80;
/** What a column of 16 bits holds (ProbeBatch.way). */
const MAX_NUMBER = 0xffff;
const NO_ADDRESS = new Uint8Array(0);

/** Where packets of this way go. */
export const linkOf = ({ neighbour, link, family }: Way): Link =>
  neighbour === null ? link : neighbour.links[family];

/** Whether a packet of this way may leave now. */
export const isReady = ({ errno, neighbour }: Way): boolean =>
  errno === 0 && (neighbour === null || neighbour.state === 'ready');

/** What ways are made of. */
export interface WaysOptions {
  readonly native: NativeAddon;
  readonly targets: TargetTable;
  readonly frame: Omit<FrameContext, 'source4' | 'source6'>;
  /** The interface to send from, 0: by the route. */
  readonly interfaceIndex: number;
  /** The addresses to send from; none: by the route. */
  readonly sources: readonly Uint8Array[];
  readonly neighbours: Neighbours;
}

/** The ways of a run. */
export interface Ways {
  to(target: number): Way;
  /** Targets that were not asked for yet are looked up anew where routes have changed. */
  renew(): void;
}

/** Creates the look-up of ways; the kernel is asked once for each range of addresses, or where those are not known, target. */
export function createWays(options: WaysOptions): Ways {
  const { native, targets, neighbours } = options;
  const ways: Way[] = [];
  /** Of each target its way's place in `ways` + 1; 0 before it is asked for. */
  const placeOf = new Uint32Array(targets.count);
  const ranges = createRouteRanges(native, targets);
  /** Places of the ways that all targets of a range share. */
  const placeOfRange = new Map<number, number>();
  /** Targets behind one gateway share their way: a million of them would be a million records. */
  const shared = new Map<string, Way>();

  /** The way of all targets behind the gateway of this one. */
  const routedBy = (way: Way): Way => {
    const { found, family, link } = way;
    const parts = [family, found.index, found.gateway.join(), found.source.join(), link.scopeId];
    const key = parts.join(' ');
    const known = shared.get(key);
    if (known !== undefined) return known;
    const number = shared.size < MAX_NUMBER ? shared.size + 1 : 0;
    const hopFamily: Family = found.gatewayFamily === 6 ? 6 : 4;
    const routed = { ...way, number, neighbour: neighbours.meet(found, hopFamily, found.gateway) };
    shared.set(key, routed);
    return routed;
  };

  const lookUp = (target: number): Way => {
    const family: Family = targets.families[target] === 6 ? 6 : 4;
    const address = targets.bytes.slice(target * 16, target * 16 + 16);
    const scopeId = options.interfaceIndex || targets.scopeIds[target]!;
    const found = native.ownSide(family, address, scopeId);
    const sources = options.sources.length > 0 ? options.sources : [found.source];
    const frames = sources.map((ip) => ({ ...options.frame, source4: ip, source6: ip }));
    const isLocal = found.errno === 0 && found.type === RTN_LOCAL;
    const link: Link = { ...linksTo(isLocal ? 0 : found.index, NO_ADDRESS)[family], scopeId };
    const way: Way = {
      errno: found.errno,
      number: 0,
      family,
      neighbour: null,
      link,
      frames,
      found,
    };
    const hasNeighbours = found.linkAddress.length === MAC_BYTES && (found.flags & IFF_NOARP) === 0;
    if (found.errno !== 0 || isLocal || !hasNeighbours) return way;
    if (found.gatewayFamily !== 0) return routedBy(way);
    return { ...way, neighbour: neighbours.meet(found, family, address) };
  };

  const place = (target: number): number => {
    const range = ranges.of(target);
    const known = range < 0 ? undefined : placeOfRange.get(range);
    if (known !== undefined) return known;
    const way = lookUp(target);
    const at = ways.push(way);
    // On the link itself each target is its own neighbour.
    const isOwn = way.neighbour !== null && way.found.gatewayFamily === 0;
    if (range >= 0 && !isOwn) placeOfRange.set(range, at);
    return at;
  };

  return {
    to(target) {
      if (placeOf[target] === 0) placeOf[target] = place(target);
      return ways[placeOf[target]! - 1]!;
    },
    renew() {
      if (ranges.isRenewed()) placeOfRange.clear();
    },
  };
}
