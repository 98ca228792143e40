/**
 * IPv4 (RFC 791) and IPv6 (RFC 8200) headers, read into one view for both families.
 *
 * Readers look at nothing outside `[at, end)`, which must lie inside the array, and never throw. They fill a record
 * of the caller: at hundreds of thousands of packets a second nothing may be allocated for one.
 */
import { copyBytes, read16, read32, write16, write32 } from './bytes.ts';
import { fold, sum, toChecksum } from './checksum.ts';

/** IP protocol numbers of what is read here (IANA, Protocol Numbers). */
export const IP_PROTOCOL = {
  ICMP: 1,
  TCP: 6,
  UDP: 17,
  FRAGMENT: 44,
  AH: 51,
  ICMPV6: 58,
  DESTINATION_OPTIONS: 60,
} as const;

/** Length of an IPv4 header without options. */
export const IPV4_HEADER_BYTES = 20;
/** Length of the fixed IPv6 header. */
export const IPV6_HEADER_BYTES = 40;

/**
 * Extension headers that are walked before the rest is taken for somebody's attempt to keep us busy. RFC 8200 section
 * 4.1 allows six, a second destination-options header included.
 */
export const MAX_EXTENSION_HEADERS = 8;

/** What a packet's IP header says; offsets are indices into the array that was read. */
export interface IpView {
  family: 4 | 6;
  headerAt: number;
  /** First byte after the IPv4 options or after the IPv6 extension headers that could be walked. */
  payloadAt: number;
  /** End by the header's length, at most `end`. */
  payloadEnd: number;
  /** Less was there than the header's length says. */
  truncated: boolean;
  /** IPv4 total length, or IPv6 payload length + 40, as written in the header. */
  totalLength: number;
  /**
   * What begins at `payloadAt`. An IPv6 extension header's own number (0, 43, 44, 51, 60) means that the chain is cut
   * there or longer than {@link MAX_EXTENSION_HEADERS}. With a `fragmentOffset` other than 0 it only names what the
   * fragment belongs to: no transport header is at `payloadAt`.
   */
  protocol: number;
  /** Time to live, or hop limit. */
  ttl: number;
  /** Type of service, or traffic class: DSCP and ECN. */
  tos: number;
  /** IPv4 identification, or that of the IPv6 fragment header; -1 without one. */
  id: number;
  /** 0 for IPv4. */
  flowLabel: number;
  /** False for IPv6, where routers never fragment. */
  dontFragment: boolean;
  /** In bytes. */
  fragmentOffset: number;
  moreFragments: boolean;
  /** Segments left in an IPv6 routing header: the destination is not the last one where this is not 0. */
  segmentsLeft: number;
  srcAt: number;
  dstAt: number;
}

/** Creates a view for `readIp`. */
export function createIpView(): IpView {
  return {
    family: 4,
    headerAt: 0,
    payloadAt: 0,
    payloadEnd: 0,
    truncated: false,
    totalLength: 0,
    protocol: 0,
    ttl: 0,
    tos: 0,
    id: -1,
    flowLabel: 0,
    dontFragment: false,
    fragmentOffset: 0,
    moreFragments: false,
    segmentsLeft: 0,
    srcAt: 0,
    dstAt: 0,
  };
}

/**
 * Reads the IP header at `at`, of whichever family its version names; false when there is no whole header.
 *
 * False too when the header contradicts itself (a header length under 20 bytes, a total length shorter than the
 * header). A length of 0 is what segmentation offload leaves in captures: the payload then ends at `end`.
 */
export function readIp(bytes: Uint8Array, at: number, end: number, view: IpView): boolean {
  if (!readIpFixed(bytes, at, end, view)) return false;
  const declaredEnd = at + view.totalLength;
  const isOffloaded = view.totalLength === (view.family === 4 ? 0 : IPV6_HEADER_BYTES);
  if (!isOffloaded && declaredEnd < view.payloadAt) return false;
  view.truncated = !isOffloaded && declaredEnd > end;
  view.payloadEnd = isOffloaded || view.truncated ? end : declaredEnd;
  if (view.payloadAt > view.payloadEnd) return false;
  if (view.family === 6) walkExtensionHeaders(bytes, view);
  return true;
}

/**
 * Reads the header without judging its lengths: `payloadAt` follows the IPv4 options or the 40 bytes of IPv6 and may
 * lie beyond `end`, `payloadEnd` is `end`. False without 20 bytes of IPv4 or 40 of IPv6, or under a header length of 20.
 */
export function readIpFixed(bytes: Uint8Array, at: number, end: number, view: IpView): boolean {
  if (at >= end) return false;
  const version = bytes[at]! >> 4;
  view.headerAt = at;
  view.payloadEnd = end;
  view.truncated = false;
  view.segmentsLeft = 0;
  if (version === 4) return readIpv4Fixed(bytes, at, end, view);
  return version === 6 && readIpv6Fixed(bytes, at, end, view);
}

function readIpv4Fixed(bytes: Uint8Array, at: number, end: number, view: IpView): boolean {
  if (end - at < IPV4_HEADER_BYTES) return false;
  const headerLength = (bytes[at]! & 0x0f) * 4;
  if (headerLength < IPV4_HEADER_BYTES) return false;
  const fragment = read16(bytes, at + 6);
  view.family = 4;
  view.tos = bytes[at + 1]!;
  view.totalLength = read16(bytes, at + 2);
  view.id = read16(bytes, at + 4);
  view.flowLabel = 0;
  view.dontFragment = (fragment & 0x4000) !== 0;
  view.moreFragments = (fragment & 0x2000) !== 0;
  view.fragmentOffset = (fragment & 0x1fff) * 8;
  view.ttl = bytes[at + 8]!;
  view.protocol = bytes[at + 9]!;
  view.srcAt = at + 12;
  view.dstAt = at + 16;
  view.payloadAt = at + headerLength;
  return true;
}

/**
 * Whether the header at `at` has its right checksum; IPv6 has none, and is taken for intact. False where options are cut.
 *
 * Answers are not asked for it: the checksum of what they carry covers the addresses. In a quote it says nothing either:
 * routers quote the header with the TTL already decremented and the checksum not.
 */
export function isHeaderIntact(bytes: Uint8Array, at: number, end: number): boolean {
  if (bytes[at]! >> 4 !== 4) return true;
  const headerEnd = at + (bytes[at]! & 0x0f) * 4;
  return headerEnd <= end && fold(sum(bytes, at, headerEnd, 0)) === 0xffff;
}

function readIpv6Fixed(bytes: Uint8Array, at: number, end: number, view: IpView): boolean {
  if (end - at < IPV6_HEADER_BYTES) return false;
  const first = read32(bytes, at);
  view.family = 6;
  view.tos = (first >>> 20) & 0xff;
  view.flowLabel = first & 0xfffff;
  view.totalLength = read16(bytes, at + 4) + IPV6_HEADER_BYTES;
  view.id = -1;
  view.dontFragment = false;
  view.moreFragments = false;
  view.fragmentOffset = 0;
  view.protocol = bytes[at + 6]!;
  view.ttl = bytes[at + 7]!;
  view.srcAt = at + 8;
  view.dstAt = at + 24;
  view.payloadAt = at + IPV6_HEADER_BYTES;
  return true;
}

/**
 * Moves `payloadAt` and `protocol` of an IPv6 view past the extension headers that lie whole before `payloadEnd`.
 *
 * Stops at a fragment that is not the first: what follows belongs to the middle of a packet.
 */
export function walkExtensionHeaders(bytes: Uint8Array, view: IpView): void {
  for (let walked = 0; walked < MAX_EXTENSION_HEADERS; walked++) {
    const at = view.payloadAt;
    const protocol = view.protocol;
    if (!isExtensionHeader(protocol) || view.payloadEnd - at < 8) return;
    const length = extensionLength(protocol, bytes[at + 1]!);
    if (view.payloadEnd - at < length) return;
    if (protocol === ROUTING) view.segmentsLeft = bytes[at + 3]!;
    if (protocol === IP_PROTOCOL.FRAGMENT) {
      const fragment = read16(bytes, at + 2);
      view.fragmentOffset = fragment & 0xfff8;
      view.moreFragments = (fragment & 1) !== 0;
      view.id = read32(bytes, at + 4);
    }
    view.protocol = bytes[at]!;
    view.payloadAt = at + length;
    if (view.fragmentOffset > 0) return;
  }
}

const HOP_BY_HOP = 0;
const ROUTING = 43;

function isExtensionHeader(protocol: number): boolean {
  return (
    protocol === HOP_BY_HOP ||
    protocol === ROUTING ||
    protocol === IP_PROTOCOL.DESTINATION_OPTIONS ||
    protocol === IP_PROTOCOL.FRAGMENT ||
    protocol === IP_PROTOCOL.AH
  );
}

/** RFC 8200 section 4: units of 8 bytes after the first 8; RFC 4302 section 2.2: units of 4 bytes, less two. */
function extensionLength(protocol: number, lengthField: number): number {
  if (protocol === IP_PROTOCOL.FRAGMENT) return 8;
  if (protocol === IP_PROTOCOL.AH) return (lengthField + 2) * 4;
  return (lengthField + 1) * 8;
}

/** What a caller says about a header to write; one record serves both families and may be reused. */
export interface IpFields {
  /** Type of service, or traffic class. */
  readonly tos: number;
  /** IPv4 only. */
  readonly id: number;
  /** IPv4 only. */
  readonly dontFragment: boolean;
  /** IPv4 only: more fragments are to come; false unless given. */
  readonly moreFragments?: boolean;
  /** IPv6 only, 20 bits. */
  readonly flowLabel: number;
  readonly ttl: number;
  readonly protocol: number;
  /** Arrays that hold the addresses, 4 or 16 bytes from `srcAt` and `dstAt`. */
  readonly src: Uint8Array;
  readonly srcAt: number;
  readonly dst: Uint8Array;
  readonly dstAt: number;
  /** Bytes that follow the header, at most 65,515 for IPv4 and 65,535 for IPv6. */
  readonly payloadLength: number;
}

/** Writes the header of the given family at `out[at]`; returns its length, 20 or 40. */
export function emitIp(out: Uint8Array, at: number, family: 4 | 6, fields: IpFields): number {
  return family === 4 ? emitIpv4(out, at, fields) : emitIpv6(out, at, fields);
}

/** Writes an IPv4 header without options and with its checksum (RFC 791 section 3.1); returns 20. */
export function emitIpv4(out: Uint8Array, at: number, fields: IpFields): number {
  const first = 0x4500 | (fields.tos & 0xff);
  const totalLength = IPV4_HEADER_BYTES + fields.payloadLength;
  const fragment = (fields.dontFragment ? 0x4000 : 0) | (fields.moreFragments ? 0x2000 : 0);
  const life = ((fields.ttl & 0xff) << 8) | (fields.protocol & 0xff);
  write16(out, at, first);
  write16(out, at + 2, totalLength);
  write16(out, at + 4, fields.id);
  write16(out, at + 6, fragment);
  write16(out, at + 8, life);
  copyBytes(out, at + 12, fields.src, fields.srcAt, 4);
  copyBytes(out, at + 16, fields.dst, fields.dstAt, 4);
  // What was written is summed from the fields: read back, it would cost as much as all of the header.
  const words = first + (totalLength & 0xffff) + (fields.id & 0xffff) + fragment + life;
  write16(out, at + 10, toChecksum(sum(out, at + 12, at + IPV4_HEADER_BYTES, words)));
  return IPV4_HEADER_BYTES;
}

/** Writes an IPv6 header (RFC 8200 section 3); returns 40. */
export function emitIpv6(out: Uint8Array, at: number, fields: IpFields): number {
  write32(out, at, 0x60000000 | ((fields.tos & 0xff) << 20) | (fields.flowLabel & 0xfffff));
  write16(out, at + 4, fields.payloadLength);
  out[at + 6] = fields.protocol;
  out[at + 7] = fields.ttl;
  copyBytes(out, at + 8, fields.src, fields.srcAt, 16);
  copyBytes(out, at + 24, fields.dst, fields.dstAt, 16);
  return IPV6_HEADER_BYTES;
}
