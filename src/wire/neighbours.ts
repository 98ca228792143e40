/**
 * Neighbours of a packet wire: gateways, and targets on our own link, with the link-layer addresses behind which they are
 * found. The kernel's table is read first; what is not in it is asked for by our own ARP requests and neighbour
 * solicitations, because a packet socket passes the kernel's by.
 */
import type { Family, OwnSide } from '../model.ts';
import {
  ARP_BYTES,
  ARP_OPERATION,
  createArpView,
  emitArpRequest,
  MAC_BYTES,
  readArp,
} from '../packet/arp.ts';
import type { IpView } from '../packet/ip.ts';
import {
  createAdvertisementView,
  emitNeighbourSolicitation,
  multicastMac,
  readNeighbourAdvertisement,
  SOLICITATION_BYTES,
  solicitedNode,
} from '../packet/neighbourDiscovery.ts';
import type { NativeOwnSide } from './native.ts';
import { ETHER_TYPE } from './packetFilter.ts';
import type { Link, PacketSender } from './packetSender.ts';

/** A neighbour: a gateway, or a target on our own link. */
export interface Neighbour {
  readonly family: Family;
  /** 16 bytes, IPv4 in the first four. */
  readonly address: Uint8Array;
  readonly interfaceIndex: number;
  /** Our own addresses on that link. */
  readonly ownMac: Uint8Array;
  readonly source: Uint8Array;
  state: 'ready' | 'asking' | 'failed';
  /** The entry of the kernel's table was old, and nobody has confirmed it in this run or stayed silent when asked. */
  isOld: boolean;
  /** Where packets of either family go while it is `ready`. */
  links: Readonly<Record<Family, Link>>;
  /** Requests sent, when the last one left, and when the next one or giving up is due, ms. */
  asked: number;
  askedMs: number;
  dueMs: number;
  /** Who waits to be told whether it is there. */
  readonly listeners: Listener[];
  /** Packets that wait for the link-layer address. */
  readonly waiting: WaitingPacket[];
}

/** Told once whether a neighbour answers; `sentMs` is 0 where it is not known which request was answered. */
export type Listener = (isThere: boolean, sentMs: number) => void;

/** A packet that waits for its neighbour. */
export interface WaitingPacket {
  readonly family: Family;
  readonly bytes: Uint8Array;
  /** What it asks, as in its batch. */
  readonly probe: number;
  readonly attempt: number;
  readonly tag: number;
}

/** The neighbours of a run. */
export interface Neighbours {
  /** The neighbour with this address on the interface of a route; asked for if the kernel does not know it. */
  meet(found: NativeOwnSide, family: Family, address: Uint8Array): Neighbour;
  /** What is known of one; asks again where the kernel's entry was old and nobody has confirmed it. */
  check(neighbour: Neighbour): OwnSide['neighbour'];
  /** Asks anew, whatever is known. */
  confirm(neighbour: Neighbour, listener: Listener): void;
  /** Takes an ARP message. */
  takeArp(bytes: Uint8Array, at: number, end: number, interfaceIndex: number): void;
  /** Takes a neighbour advertisement. */
  takeAdvertisement(bytes: Uint8Array, ip: IpView, interfaceIndex: number): void;
  /** Writes the requests that are due into the sender and gives up what has not answered. */
  advance(nowMs: number): void;
  /** Earliest time at which advance has something to do, or Infinity. */
  wakeAtMs(): number;
  /** How many are being asked for. */
  asking(): number;
}

/** When each request for a neighbour is sent, after the first, ms; and when it is given up. */
const ASK_AFTER_MS = [0, 150, 500, 1000] as const;
const GIVE_UP_AFTER_MS = 2000;
/** NUD_REACHABLE, NUD_NOARP, NUD_PERMANENT: known by the kernel right now. */
const FRESH = 0x02 | 0x40 | 0x80;
/** NUD_INCOMPLETE, NUD_FAILED: no address. */
const WITHOUT_ADDRESS = 0x01 | 0x20;
const BROADCAST = new Uint8Array(MAC_BYTES).fill(0xff);
const NO_ADDRESS = new Uint8Array(0);

const keyOf = (index: number, family: Family, bytes: Uint8Array, at: number): string =>
  `${index} ${bytes.subarray(at, at + (family === 4 ? 4 : 16)).join('.')}`;

/** Links over an interface to one link-layer address, for packets of either family. */
export const linksTo = (index: number, address: Uint8Array): Readonly<Record<Family, Link>> => ({
  4: { index, etherType: ETHER_TYPE.IPV4, address, scopeId: 0 },
  6: { index, etherType: ETHER_TYPE.IPV6, address, scopeId: 0 },
});

function createNeighbour(found: NativeOwnSide, family: Family, address: Uint8Array): Neighbour {
  const isKnown = found.neighbourAddress.length > 0 && (found.neighbour & WITHOUT_ADDRESS) === 0;
  return {
    family,
    address,
    interfaceIndex: found.index,
    ownMac: found.linkAddress,
    source: found.source,
    state: isKnown ? 'ready' : 'asking',
    isOld: isKnown && (found.neighbour & FRESH) === 0,
    links: linksTo(found.index, isKnown ? found.neighbourAddress : NO_ADDRESS),
    asked: 0,
    askedMs: 0,
    dueMs: 0,
    listeners: [],
    waiting: [],
  };
}

/** Writes one request; false when the sender has no room for it. */
function ask(sender: PacketSender, neighbour: Neighbour): boolean {
  const { family, ownMac, source, address, interfaceIndex: index } = neighbour;
  const at = sender.room(SOLICITATION_BYTES);
  if (at < 0) return false;
  if (family === 4) {
    emitArpRequest(sender.arena, at, { senderMac: ownMac, senderIp: source, targetIp: address });
    sender.add(ARP_BYTES, { index, etherType: ETHER_TYPE.ARP, address: BROADCAST, scopeId: 0 });
  } else {
    emitNeighbourSolicitation(sender.arena, at, { source, target: address, sourceMac: ownMac });
    const group = multicastMac(solicitedNode(address));
    sender.add(SOLICITATION_BYTES, linksTo(index, group)[6]);
  }
  return true;
}

/**
 * Creates the neighbours of a run, none met yet; `onReady` gets what waited for one that has become known. While `mayTell` is
 * false nobody is given up.
 */
export function createNeighbours(
  sender: PacketSender,
  onReady: (neighbour: Neighbour, waiting: readonly WaitingPacket[]) => void,
  mayTell: () => boolean = () => true,
): Neighbours {
  const neighbours = new Map<string, Neighbour>();
  const asking = new Set<Neighbour>();
  const arp = createArpView();
  const advertisement = createAdvertisementView();

  const tell = (neighbour: Neighbour, isThere: boolean): void => {
    const sentMs = neighbour.asked === 1 ? neighbour.askedMs : 0;
    for (const listener of neighbour.listeners.splice(0)) listener(isThere, sentMs);
  };

  const answered = (neighbour: Neighbour | undefined, mac: Uint8Array): void => {
    if (neighbour === undefined) return;
    asking.delete(neighbour);
    neighbour.state = 'ready';
    neighbour.isOld = false;
    neighbour.links = linksTo(neighbour.interfaceIndex, mac);
    tell(neighbour, true);
    const waiting = neighbour.waiting.splice(0);
    if (waiting.length > 0) onReady(neighbour, waiting);
  };

  const askNow = (neighbour: Neighbour): void => {
    neighbour.state = 'asking';
    neighbour.asked = 0;
    neighbour.dueMs = 0;
    asking.add(neighbour);
  };

  return {
    meet(found, family, address) {
      const key = keyOf(found.index, family, address, 0);
      let neighbour = neighbours.get(key);
      if (neighbour === undefined) {
        neighbour = createNeighbour(found, family, address);
        neighbours.set(key, neighbour);
        if (neighbour.state === 'asking') askNow(neighbour);
      }
      return neighbour;
    },
    check(neighbour) {
      if (neighbour.isOld && neighbour.state === 'ready') askNow(neighbour);
      if (neighbour.state === 'ready') return 'reachable';
      if (neighbour.state === 'failed') return 'failed';
      return neighbour.isOld ? 'stale' : 'incomplete';
    },
    confirm(neighbour, listener) {
      neighbour.listeners.push(listener);
      if (neighbour.state !== 'asking') askNow(neighbour);
    },
    takeArp(bytes, at, end, interfaceIndex) {
      if (!readArp(bytes, at, end, arp) || arp.operation !== ARP_OPERATION.REPLY) return;
      const mac = bytes.slice(arp.senderMacAt, arp.senderMacAt + MAC_BYTES);
      answered(neighbours.get(keyOf(interfaceIndex, 4, bytes, arp.senderIpAt)), mac);
    },
    takeAdvertisement(bytes, ip, interfaceIndex) {
      if (!readNeighbourAdvertisement(bytes, ip, advertisement)) return;
      const { targetAt, macAt } = advertisement;
      // Left out only where we already knew it (RFC 4861 section 4.4).
      if (macAt < 0) return;
      const mac = bytes.slice(macAt, macAt + MAC_BYTES);
      answered(neighbours.get(keyOf(interfaceIndex, 6, bytes, targetAt)), mac);
    },
    advance(nowMs) {
      for (const neighbour of asking) {
        if (neighbour.dueMs > nowMs) continue;
        if (neighbour.asked === ASK_AFTER_MS.length) {
          neighbour.isOld = false;
          if (!mayTell()) return;
          neighbour.state = 'failed';
          neighbour.waiting.length = 0;
          asking.delete(neighbour);
          tell(neighbour, false);
          continue;
        }
        if (!ask(sender, neighbour)) return;
        neighbour.asked += 1;
        neighbour.askedMs = nowMs;
        const next = ASK_AFTER_MS[neighbour.asked] ?? GIVE_UP_AFTER_MS;
        neighbour.dueMs = nowMs + next - ASK_AFTER_MS[neighbour.asked - 1]!;
      }
    },
    wakeAtMs() {
      let earliest = Number.POSITIVE_INFINITY;
      for (const { dueMs } of asking) earliest = Math.min(earliest, dueMs);
      return earliest;
    },
    asking: () => asking.size,
  };
}
