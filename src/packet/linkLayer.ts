/**
 * From a captured frame to the IP packet inside: Ethernet with VLAN tags, Linux cooked captures, raw IP, BSD loopback
 * (tcpdump.org, "Link-layer header types").
 */
import { read16, read32 } from './bytes.ts';

/** LINKTYPE_ numbers of files. 12 and 14 are raw IP as some systems' own numbers leak into files. */
export const LINK_TYPE = {
  NULL: 0,
  ETHERNET: 1,
  RAW_BSD: 12,
  RAW_OPENBSD: 14,
  RAW: 101,
  LOOP: 108,
  LINUX_SLL: 113,
  IPV4: 228,
  IPV6: 229,
  LINUX_SLL2: 276,
} as const;

/** What a frame holds; offsets are indices into the array that was read. */
export interface LinkView {
  /** Where the network layer begins. */
  payloadAt: number;
  /** EtherType of what begins there; for frames without one, that of the IP version. */
  etherType: number;
  /** VLAN identifier of the outermost tag, -1 without one. */
  vlan: number;
  /** Sent by the capturing machine, received by it, or not said. */
  direction: 'in' | 'out' | null;
}

/** Creates a view for `readLink`. */
export function createLinkView(): LinkView {
  return { payloadAt: 0, etherType: 0, vlan: -1, direction: null };
}

const IPV4 = 0x0800;
const IPV6 = 0x86dd;
/** 802.1Q, 802.1ad, and the older numbers for stacked tags. */
const TAGS: ReadonlySet<number> = new Set([0x8100, 0x88a8, 0x9100, 0x9200]);
/** Tags that are walked: two are QinQ, more is somebody's attempt to keep us busy. */
const MAX_TAGS = 4;
/** AF_INET is 2 everywhere; AF_INET6 is 10 on Linux, 24, 28 and 30 on the BSDs and macOS. */
const AF_INET = 2;
const AF_INET6: ReadonlySet<number> = new Set([10, 24, 28, 30]);
/** sll_pkttype of a packet that the machine itself sent. */
const PACKET_OUTGOING = 4;

/** Whether the view stands at an IP packet. */
export function isIp({ etherType }: LinkView): boolean {
  return etherType === IPV4 || etherType === IPV6;
}

/**
 * Reads the link-layer header of `bytes[at, end)`; false when it is cut, or when the link type is none of
 * {@link LINK_TYPE}. What it holds need not be IP: see {@link isIp}.
 */
export function readLink(
  bytes: Uint8Array,
  at: number,
  end: number,
  linkType: number,
  view: LinkView,
): boolean {
  view.vlan = -1;
  view.direction = null;
  switch (linkType) {
    case LINK_TYPE.ETHERNET:
      return end - at >= 14 && walkTags(bytes, at + 14, end, read16(bytes, at + 12), view);
    case LINK_TYPE.LINUX_SLL:
      if (end - at < 16) return false;
      view.direction = read16(bytes, at) === PACKET_OUTGOING ? 'out' : 'in';
      return walkTags(bytes, at + 16, end, read16(bytes, at + 14), view);
    case LINK_TYPE.LINUX_SLL2:
      if (end - at < 20) return false;
      view.direction = bytes[at + 10] === PACKET_OUTGOING ? 'out' : 'in';
      return walkTags(bytes, at + 20, end, read16(bytes, at), view);
    case LINK_TYPE.NULL:
    case LINK_TYPE.LOOP:
      return end - at >= 4 && readAddressFamily(bytes, at, view);
    case LINK_TYPE.IPV4:
    case LINK_TYPE.IPV6:
    case LINK_TYPE.RAW:
    case LINK_TYPE.RAW_BSD:
    case LINK_TYPE.RAW_OPENBSD:
      return end > at && readVersion(bytes, at, view);
    default:
      return false;
  }
}

/** Passes tags and stands at what they hold. */
function walkTags(
  bytes: Uint8Array,
  at: number,
  end: number,
  etherType: number,
  view: LinkView,
): boolean {
  let type = etherType;
  let from = at;
  for (let tags = 0; TAGS.has(type); tags++) {
    if (tags === MAX_TAGS || end - from < 4) return false;
    if (tags === 0) view.vlan = read16(bytes, from) & 0xfff;
    type = read16(bytes, from + 2);
    from += 4;
  }
  view.payloadAt = from;
  view.etherType = type;
  return true;
}

/** Four bytes in the order of the machine that wrote the file (NULL), or in network order (LOOP, and NULL on some). */
function readAddressFamily(bytes: Uint8Array, at: number, view: LinkView): boolean {
  const value = read32(bytes, at);
  // A family is a small number: the order in which it is one is that of the writer.
  const family = value > 0xffff ? bytes[at]! | (bytes[at + 1]! << 8) : value;
  if (value > 0xffff && read16(bytes, at + 2) !== 0) return false;
  view.payloadAt = at + 4;
  view.etherType = family === AF_INET ? IPV4 : AF_INET6.has(family) ? IPV6 : 0;
  return true;
}

function readVersion(bytes: Uint8Array, at: number, view: LinkView): boolean {
  const version = bytes[at]! >> 4;
  view.payloadAt = at;
  view.etherType = version === 4 ? IPV4 : version === 6 ? IPV6 : 0;
  return true;
}
