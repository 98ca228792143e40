/** Answers to own-side inquiries: what the kernel says about the way to a target, as the record of the model. */
import { readFileSync } from 'node:fs';
import { getSystemErrorName } from 'node:util';
import type { Family, OwnSide, TargetTable } from '../model.ts';
import { formatIp } from '../packet/address.ts';
import type { KernelDrops } from './kernelCounters.ts';
import type { NativeAddon, NativeOwnSide } from './native.ts';
import { createOwnCounters } from './ownCounters.ts';

/** What the wire itself knows at the moment of the inquiry. */
export interface WireFacts {
  /** The wire lost answers. */
  readonly overflow: boolean;
  readonly datagrams: Readonly<Record<Family, number>>;
}

/** Answers own-side inquiries. */
export interface OwnSideReader {
  /** Answers for these targets; the counters are read once for all. `found` says what a wire has looked up before. */
  read(
    targets: readonly number[],
    facts: WireFacts,
    found?: (target: number) => NativeOwnSide,
  ): OwnSide[];
}

const RTN_LOCAL = 2;
const IFF_UP_AND_RUNNING = 0x41;
/** errnos of a route look-up that failed for another reason than the route. */
export const LOOKUP_FAULTS: ReadonlySet<string> = new Set([
  'EADDRINUSE',
  'EADDRNOTAVAIL',
  'EAGAIN',
  'EBADMSG',
  'EPERM',
  'EMFILE',
  'ENFILE',
  'ENOBUFS',
  'ENOMEM',
]);

/** NUD_ states of linux/neighbour.h; every other state holds a link-layer address. */
const neighbourStates: ReadonlyMap<number, OwnSide['neighbour']> = new Map([
  [-1, 'unknown'],
  [0, 'none'],
  [0x01, 'incomplete'],
  [0x20, 'failed'],
]);

/** Begins to count: drops are told as growth from here on. `interfaceIndex` 0 takes the interface that the route names. */
export function createOwnSideReader(
  native: NativeAddon,
  targets: TargetTable,
  interfaceIndex = 0,
): OwnSideReader {
  const counters = createOwnCounters(targets);
  return {
    read(wanted, facts, foundBefore) {
      const drops = new Map<Family, KernelDrops>();
      return wanted.map((target) => {
        const family = targets.families[target] === 6 ? 6 : 4;
        const at = 16 * target;
        const bytes = targets.bytes.subarray(at, at + 16);
        const found =
          foundBefore?.(target) ??
          native.ownSide(family, bytes, interfaceIndex || targets.scopeIds[target]!);
        const dropped = drops.get(family) ?? counters.read(family, facts.datagrams[family]);
        drops.set(family, dropped);
        return { target, ...describe(found), ...dropped, overflow: facts.overflow };
      });
    },
  };
}

function describe(found: NativeOwnSide): Omit<OwnSide, 'target' | 'overflow' | keyof KernelDrops> {
  const errno = found.errno === 0 ? null : getSystemErrorName(-found.errno);
  const { gateway, gatewayFamily, name } = found;
  return {
    route: toRoute(found, errno),
    routeErrno: errno,
    gateway: gatewayFamily === 0 ? null : formatIp(gateway, 0, gatewayFamily === 4 ? 4 : 6),
    interface: name === '' ? null : name,
    ...mtuOf(name),
    carrier: name === '' ? null : (found.flags & IFF_UP_AND_RUNNING) === IFF_UP_AND_RUNNING,
    neighbour: neighbourStates.get(found.neighbour) ?? 'reachable',
  };
}

/** As sysfs tells it; where it is not mounted nothing is known. */
function mtuOf(name: string): Pick<OwnSide, 'mtu'> {
  try {
    return name === '' ? {} : { mtu: Number(readFileSync(`/sys/class/net/${name}/mtu`, 'latin1')) };
  } catch {
    return {};
  }
}

function toRoute(found: NativeOwnSide, errno: string | null): OwnSide['route'] {
  if (errno !== null) return LOOKUP_FAULTS.has(errno) ? 'unknown' : 'none';
  if (found.type === RTN_LOCAL) return 'local';
  return found.gatewayFamily === 0 ? 'on-link' : 'gateway';
}
