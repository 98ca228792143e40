/**
 * The packet that an ICMP error quotes, read leniently.
 *
 * RFC 792 promises the IP header and 8 bytes, RFC 1812 section 4.3.2.3 up to 576 in all, RFC 4443 up to the minimum MTU.
 * On its way the packet was decremented, perhaps translated, and its quoter may have swapped the length's bytes or
 * left the checksum stale: nothing here is refused for such a difference. What is not quoted is -1, never a guess.
 */
import { read16, read32 } from './bytes.ts';
import { createIpView, IP_PROTOCOL, type IpView, readIpFixed, walkExtensionHeaders } from './ip.ts';
import { TCP_HEADER_BYTES } from './tcp.ts';
import { UDP_HEADER_BYTES } from './udp.ts';

/**
 * What a quote shows: the IP header as in {@link IpView}, and what there is of the transport header.
 *
 * `totalLength` is as quoted and may be in host order or wrong. `truncated` says that less is quoted than it claims,
 * which is the rule. `payloadAt` and `payloadEnd` bound what is quoted *above* the transport header; they are equal
 * where nothing is.
 */
export interface QuoteView extends IpView {
  /** Where the transport header begins, or would begin: up to `payloadEnd` are its quoted bytes. */
  transportAt: number;
  /** Ports of TCP, UDP, DCCP, SCTP and UDP-Lite; -1 when not quoted. */
  srcPort: number;
  dstPort: number;
  /** Unsigned; -1 when not quoted. */
  tcpSeq: number;
  /** As quoted: -1 when not. */
  udpLength: number;
  udpChecksum: number;
  /** Of an ICMP echo request or reply; -1 when not quoted. */
  icmpId: number;
  icmpSeq: number;
}

/** Creates a view for `readQuote`. */
export function createQuoteView(): QuoteView {
  return {
    ...createIpView(),
    transportAt: 0,
    srcPort: -1,
    dstPort: -1,
    tcpSeq: -1,
    udpLength: -1,
    udpChecksum: -1,
    icmpId: -1,
    icmpSeq: -1,
  };
}

/**
 * Reads the quote in `[at, end)`; false without 20 bytes of an IPv4 or 40 bytes of an IPv6 header.
 *
 * The family is the one the quote names. Of a later fragment no transport field is read.
 */
export function readQuote(bytes: Uint8Array, at: number, end: number, view: QuoteView): boolean {
  if (!readIpFixed(bytes, at, end, view)) return false;
  if (view.family === 6) walkExtensionHeaders(bytes, view);
  view.truncated = at + view.totalLength > end;
  view.srcPort = -1;
  view.dstPort = -1;
  view.tcpSeq = -1;
  view.udpLength = -1;
  view.udpChecksum = -1;
  view.icmpId = -1;
  view.icmpSeq = -1;
  view.transportAt = Math.min(view.payloadAt, end);
  view.payloadAt = view.transportAt;
  const headerLength = view.fragmentOffset > 0 ? 0 : readTransport(bytes, end, view);
  view.payloadAt = Math.min(view.transportAt + headerLength, end);
  view.payloadEnd = Math.max(view.payloadAt, quotedEnd(at, end, headerLength, view));
  return true;
}

const DCCP = 33;
const SCTP = 132;
const UDP_LITE = 136;

/** Fills what is quoted of the transport header; returns that header's length, 0 for protocols not known here. */
function readTransport(bytes: Uint8Array, end: number, view: QuoteView): number {
  const at = view.transportAt;
  const quoted = end - at;
  switch (view.protocol) {
    case IP_PROTOCOL.TCP:
      readPorts(bytes, at, quoted, view);
      if (quoted >= 8) view.tcpSeq = read32(bytes, at + 4);
      return quoted > 12 ? Math.max((bytes[at + 12]! >> 4) * 4, TCP_HEADER_BYTES) : quoted;
    case IP_PROTOCOL.UDP:
      readPorts(bytes, at, quoted, view);
      if (quoted >= 6) view.udpLength = read16(bytes, at + 4);
      if (quoted >= 8) view.udpChecksum = read16(bytes, at + 6);
      return UDP_HEADER_BYTES;
    case IP_PROTOCOL.ICMP:
    case IP_PROTOCOL.ICMPV6:
      if (quoted > 0 && isEcho(view.protocol, bytes[at]!)) {
        if (quoted >= 6) view.icmpId = read16(bytes, at + 4);
        if (quoted >= 8) view.icmpSeq = read16(bytes, at + 6);
      }
      return 8;
    case DCCP:
    case SCTP:
    case UDP_LITE:
      readPorts(bytes, at, quoted, view);
      return 0;
    default:
      return 0;
  }
}

function readPorts(bytes: Uint8Array, at: number, quoted: number, view: QuoteView): void {
  if (quoted >= 2) view.srcPort = read16(bytes, at);
  if (quoted >= 4) view.dstPort = read16(bytes, at + 2);
}

function isEcho(protocol: number, type: number): boolean {
  if (protocol === IP_PROTOCOL.ICMP) return type === 8 || type === 0;
  return type === 128 || type === 129;
}

/**
 * End of the quoted packet, where its own lengths are credible: quotes are padded with zeros before extensions.
 *
 * The UDP length goes first, no kernel ever swapped it. An IP length counts only when it covers the headers.
 */
function quotedEnd(at: number, end: number, headerLength: number, view: QuoteView): number {
  if (view.udpLength >= UDP_HEADER_BYTES && !view.moreFragments) {
    return Math.min(end, view.transportAt + view.udpLength);
  }
  const declaredEnd = at + view.totalLength;
  const least = view.transportAt + headerLength;
  return declaredEnd >= least ? Math.min(end, declaredEnd) : end;
}
