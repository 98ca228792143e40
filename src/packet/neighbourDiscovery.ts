/** Neighbour discovery for IPv6 over Ethernet (RFC 4861): soliciting a neighbour, and reading its advertisement. */
import { MAC_BYTES } from './arp.ts';
import { copyBytes } from './bytes.ts';
import { sum, sumIp, sumPseudoHeader, toChecksum } from './checksum.ts';
import { emitIpv6, IP_PROTOCOL, IPV6_HEADER_BYTES, type IpView } from './ip.ts';

const SOLICITATION = 135;
const ADVERTISEMENT = 136;
/** Type, code, checksum, flags, target (sections 4.3 and 4.4). */
const MESSAGE_BYTES = 24;
const SOURCE_LINK_ADDRESS = 1;
const TARGET_LINK_ADDRESS = 2;
/** Options of at most this many units are looked through: an advertisement has one or two. */
const MAX_OPTIONS = 8;
/** Nothing that passed a router is believed (section 7.1). */
const HOP_LIMIT = 255;

/** Length of what `emitNeighbourSolicitation` writes: an IPv6 packet. */
export const SOLICITATION_BYTES: number = IPV6_HEADER_BYTES + MESSAGE_BYTES + 8;

/** The solicited-node multicast address of the 16 bytes at `target` (RFC 4291 section 2.7.1). */
export function solicitedNode(target: Uint8Array): Uint8Array {
  const group = Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0, 0, 0);
  copyBytes(group, 13, target, 13, 3);
  return group;
}

/** The Ethernet address of an IPv6 multicast group (RFC 2464 section 7). */
export function multicastMac(group: Uint8Array): Uint8Array {
  return Uint8Array.of(0x33, 0x33, ...group.subarray(12, 16));
}

/** What a caller says about a solicitation. */
export interface SolicitationFields {
  /** 16 bytes each. */
  readonly source: Uint8Array;
  readonly target: Uint8Array;
  /** Our Ethernet address, 6 bytes. */
  readonly sourceMac: Uint8Array;
}

/** Writes a neighbour solicitation as a whole IPv6 packet at `out[at]`; returns its length. */
export function emitNeighbourSolicitation(
  out: Uint8Array,
  at: number,
  { source, target, sourceMac }: SolicitationFields,
): number {
  const group = solicitedNode(target);
  const payloadLength = SOLICITATION_BYTES - IPV6_HEADER_BYTES;
  const message = at + IPV6_HEADER_BYTES;
  emitIpv6(out, at, {
    tos: 0,
    id: 0,
    dontFragment: false,
    flowLabel: 0,
    ttl: HOP_LIMIT,
    protocol: IP_PROTOCOL.ICMPV6,
    src: source,
    srcAt: 0,
    dst: group,
    dstAt: 0,
    payloadLength,
  });
  out.fill(0, message, message + payloadLength);
  out[message] = SOLICITATION;
  copyBytes(out, message + 8, target, 0, 16);
  out[message + MESSAGE_BYTES] = SOURCE_LINK_ADDRESS;
  out[message + MESSAGE_BYTES + 1] = 1;
  copyBytes(out, message + MESSAGE_BYTES + 2, sourceMac, 0, MAC_BYTES);
  const addressSum = sumIp(source, 0, 6) + sumIp(group, 0, 6);
  const pseudo = sumPseudoHeader(addressSum, IP_PROTOCOL.ICMPV6, payloadLength);
  const checksum = toChecksum(sum(out, message, message + payloadLength, pseudo));
  out[message + 2] = checksum >>> 8;
  out[message + 3] = checksum;
  return SOLICITATION_BYTES;
}

/** What an advertisement says; offsets are indices into the array that was read. */
export interface AdvertisementView {
  /** The address that is advertised. */
  targetAt: number;
  /** Its Ethernet address, -1 where it is left out. */
  macAt: number;
}

/** Creates a view for `readNeighbourAdvertisement`. */
export function createAdvertisementView(): AdvertisementView {
  return { targetAt: -1, macAt: -1 };
}

/** Reads the advertisement in a packet that `readIp` read; false where it is none or came through a router. */
export function readNeighbourAdvertisement(
  bytes: Uint8Array,
  ip: IpView,
  view: AdvertisementView,
): boolean {
  const { payloadAt, payloadEnd } = ip;
  if (ip.family !== 6 || ip.protocol !== IP_PROTOCOL.ICMPV6 || ip.ttl !== HOP_LIMIT) return false;
  if (payloadEnd - payloadAt < MESSAGE_BYTES) return false;
  if (bytes[payloadAt] !== ADVERTISEMENT || bytes[payloadAt + 1] !== 0) return false;
  view.targetAt = payloadAt + 8;
  view.macAt = -1;
  let at = payloadAt + MESSAGE_BYTES;
  for (let option = 0; option < MAX_OPTIONS && at + 8 <= payloadEnd; option++) {
    const length = bytes[at + 1]! * 8;
    // A length of zero makes the whole message invalid (section 4.6).
    if (length === 0) return false;
    if (bytes[at] === TARGET_LINK_ADDRESS && at + length <= payloadEnd) view.macAt = at + 2;
    at += length;
  }
  return true;
}
