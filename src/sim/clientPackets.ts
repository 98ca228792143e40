/**
 * Packets that the scanner's own kernel sends for its sockets.
 */
import type { Family } from '../model.ts';
import { read16 } from '../packet/bytes.ts';
import { sumIp } from '../packet/checksum.ts';
import { emitIcmpEcho, ICMP_HEADER_BYTES } from '../packet/icmp.ts';
import { emitIp, IP_PROTOCOL, IPV4_HEADER_BYTES, IPV6_HEADER_BYTES } from '../packet/ip.ts';
import { emitTcp, TCP_HEADER_BYTES } from '../packet/tcp.ts';
import { emitTcpOptions } from '../packet/tcpOptions.ts';
import { emitUdp, UDP_HEADER_BYTES } from '../packet/udp.ts';
import type { Flight } from './flight.ts';

/** Both ends of a flow, addresses in arrays of others. */
export interface Ends {
  readonly family: Family;
  readonly src: Uint8Array;
  readonly dst: Uint8Array;
  readonly dstAt: number;
  readonly srcPort: number;
  readonly dstPort: number;
  readonly ttl: number;
}

const NO_BYTES = new Uint8Array(0);
/** What a Linux client offers on Ethernet. */
const SYN_OPTIONS = new Uint8Array(20);
emitTcpOptions(SYN_OPTIONS, 0, {
  mss: 1460,
  windowScale: 7,
  sackPermitted: true,
  timestampValue: 1,
  timestampEcho: 0,
});

/** Writes a segment without data; a SYN carries the usual options. Returns the length of the packet. */
export function writeClientSegment(
  ends: Ends,
  segment: {
    readonly seq: number;
    readonly ack: number;
    readonly flags: number;
    readonly isSyn: boolean;
  },
  out: Flight,
): number {
  const options = segment.isSyn ? SYN_OPTIONS : NO_BYTES;
  const length = TCP_HEADER_BYTES + options.length;
  const at = writeHeader(ends, IP_PROTOCOL.TCP, length, out);
  emitTcp(out.bytes, at, {
    srcPort: ends.srcPort,
    dstPort: ends.dstPort,
    seq: segment.seq,
    ack: segment.ack,
    flags: segment.flags,
    window: 64_240,
    options,
    addressSum: sumOf(ends),
    payload: NO_BYTES,
    payloadAt: 0,
    payloadLength: 0,
  });
  return at + length;
}

/** Writes a datagram; returns the length of the packet. */
export function writeClientDatagram(
  ends: Ends,
  payload: { readonly bytes: Uint8Array; readonly at: number; readonly length: number },
  out: Flight,
): number {
  const length = UDP_HEADER_BYTES + payload.length;
  const at = writeHeader(ends, IP_PROTOCOL.UDP, length, out);
  emitUdp(out.bytes, at, {
    srcPort: ends.srcPort,
    dstPort: ends.dstPort,
    addressSum: sumOf(ends),
    payload: payload.bytes,
    payloadAt: payload.at,
    payloadLength: payload.length,
  });
  return at + length;
}

/** Writes an echo request whose message, from its header on, a process has handed over; `srcPort` is its identifier. */
export function writeClientEcho(
  ends: Ends,
  message: { readonly bytes: Uint8Array; readonly at: number; readonly length: number },
  out: Flight,
): number {
  const { bytes, at: from, length } = message;
  const protocol = ends.family === 4 ? IP_PROTOCOL.ICMP : IP_PROTOCOL.ICMPV6;
  const at = writeHeader(ends, protocol, length, out);
  emitIcmpEcho(out.bytes, at, ends.family, {
    type: bytes[from]!,
    id: ends.srcPort,
    seq: read16(bytes, from + 6),
    addressSum: sumOf(ends),
    payload: bytes,
    payloadAt: from + ICMP_HEADER_BYTES,
    payloadLength: length - ICMP_HEADER_BYTES,
  });
  return at + length;
}

function writeHeader(ends: Ends, protocol: number, payloadLength: number, out: Flight): number {
  emitIp(out.bytes, 0, ends.family, {
    tos: 0,
    id: (ends.srcPort * 7 + ends.dstPort) & 0xffff,
    dontFragment: true,
    flowLabel: 0,
    ttl: ends.ttl,
    protocol,
    src: ends.src,
    srcAt: 0,
    dst: ends.dst,
    dstAt: ends.dstAt,
    payloadLength,
  });
  return ends.family === 4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES;
}

function sumOf(ends: Ends): number {
  return sumIp(ends.src, 0, ends.family) + sumIp(ends.dst, ends.dstAt, ends.family);
}
