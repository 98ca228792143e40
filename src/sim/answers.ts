/**
 * What routers and hosts say: ICMP errors, resets, SYN-ACKs, datagrams, echoes, written as Linux writes them.
 *
 * Every writer answers the packet of one flight into the bytes of another one and returns the length.
 */
import { read16, read32 } from '../packet/bytes.ts';
import { sumIp } from '../packet/checksum.ts';
import {
  emitIcmpEcho,
  emitIcmpError,
  ICMP_HEADER_BYTES,
  ICMP4_TYPE,
  ICMP6_TYPE,
  type IcmpErrorFields,
} from '../packet/icmp.ts';
import { emitIp, IP_PROTOCOL, IPV4_HEADER_BYTES, IPV6_HEADER_BYTES } from '../packet/ip.ts';
import { emitTcp, TCP_FLAG, TCP_HEADER_BYTES } from '../packet/tcp.ts';
import { createTcpOptionsView, emitTcpOptions, readTcpOptions } from '../packet/tcpOptions.ts';
import { emitUdp, UDP_HEADER_BYTES } from '../packet/udp.ts';
import { type ErrorShape, LINUX_ERRORS } from './errorShape.ts';
import type { Flight } from './flight.ts';

/** Bytes quoted of the offending packet: RFC 1812 section 4.3.2.3 (576 in all), RFC 4443 section 2.4 (1280 in all). */
const QUOTE_BYTES = { 4: 548, 6: 1232 } as const;
/** Precedence of IPv4 errors (net/ipv4/icmp.c): internetwork control. */
const ERROR_TOS = 0xc0;
/** Windows of a Linux listener without window scaling, 1500 bytes on the link. */
const OPEN_WINDOW = { 4: 64_240, 6: 64_800 } as const;
const MSS = { 4: 1460, 6: 1440 } as const;

const NO_BYTES = new Uint8Array(0);

/** From whom an answer comes: its address at `bytes[at]`, and the TTL it starts with. */
export interface Sender {
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly ttl: number;
}

/** Which error: type, code, and the MTU or pointer where the type has one. */
export interface IcmpError {
  readonly type: number;
  readonly code: number;
  readonly mtu?: number;
  readonly pointer?: number;
}

/** Writes an ICMP error about the packet to its source, shaped as its sender does it. */
export function writeIcmpError(
  about: Flight,
  sender: Sender,
  error: IcmpError,
  out: Flight,
  { quoteBytes, extensions }: ErrorShape = LINUX_ERRORS,
): number {
  const { family } = about.ip;
  const quoteEnd = quoteBytes === null ? Infinity : about.ip.payloadAt + quoteBytes;
  const quoteLength = Math.min(about.end, QUOTE_BYTES[family], quoteEnd);
  const headerLength = family === 4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES;
  const quote = about.bytes.subarray(0, quoteLength);
  // Spread records cost more than all the rest of the packet.
  const fields: IcmpErrorFields =
    error.mtu === undefined && error.pointer === undefined && extensions === null
      ? { type: error.type, code: error.code, addressSum: addressSum(about, sender) }
      : { ...error, addressSum: addressSum(about, sender), ...(extensions && { extensions }) };
  const length = emitIcmpError(out.bytes, headerLength, family, fields, quote);
  writeIp(about, sender, out, {
    protocol: family === 4 ? IP_PROTOCOL.ICMP : IP_PROTOCOL.ICMPV6,
    length,
    tos: family === 4 ? (about.ip.tos & 0x1e) | ERROR_TOS : 0,
    id: (read16(about.bytes, about.end - 2) * 31) & 0xffff,
    dontFragment: false,
  });
  return headerLength + length;
}

/** Writes the reset for a TCP segment (RFC 9293 section 3.10.7.1), or returns 0 for a segment that gets none. */
export function writeReset(about: Flight, sender: Sender, out: Flight): number {
  const { bytes, ip } = about;
  const at = ip.payloadAt;
  const flags = bytes[at + 13]!;
  if (ip.payloadEnd - at < TCP_HEADER_BYTES || (flags & TCP_FLAG.RST) !== 0) return 0;
  const hasAck = (flags & TCP_FLAG.ACK) !== 0;
  const data = ip.payloadEnd - at - (bytes[at + 12]! >> 4) * 4;
  const syn = (flags & TCP_FLAG.SYN) === 0 ? 0 : 1;
  const fin = (flags & TCP_FLAG.FIN) === 0 ? 0 : 1;
  return writeTcp(about, sender, out, {
    seq: hasAck ? read32(bytes, at + 8) : 0,
    ack: hasAck ? 0 : (read32(bytes, at + 4) + data + syn + fin) >>> 0,
    flags: hasAck ? TCP_FLAG.RST : TCP_FLAG.RST | TCP_FLAG.ACK,
    window: 0,
    options: NO_BYTES,
  });
}

const offered = createTcpOptionsView();
const optionBytes = new Uint8Array(20);

/** Writes the SYN-ACK for a SYN with the given window; options are those that the SYN offered, and MSS. */
export function writeSynAck(
  about: Flight,
  sender: Sender,
  answer: { readonly isn: number; readonly window: 'open' | 'none' },
  out: Flight,
): number {
  const { bytes, ip } = about;
  const at = ip.payloadAt;
  const optionsEnd = Math.min(at + (bytes[at + 12]! >> 4) * 4, ip.payloadEnd);
  readTcpOptions(bytes, at + TCP_HEADER_BYTES, optionsEnd, offered);
  const optionLength = emitTcpOptions(optionBytes, 0, {
    mss: MSS[ip.family],
    sackPermitted: offered.sackPermitted,
    windowScale: offered.windowScale >= 0 ? 7 : -1,
    timestampValue: offered.timestampValue >= 0 ? answer.isn : -1,
    timestampEcho: offered.timestampValue,
  });
  return writeTcp(about, sender, out, {
    seq: answer.isn,
    ack: (read32(bytes, at + 4) + 1) >>> 0,
    flags: TCP_FLAG.SYN | TCP_FLAG.ACK,
    window: answer.window === 'open' ? OPEN_WINDOW[ip.family] : 0,
    options: optionBytes.subarray(0, optionLength),
  });
}

/** Writes the segment by which a SYN proxy opens the window after its own handshake with the service. */
export function writeWindowUpdate(about: Flight, sender: Sender, out: Flight): number {
  const at = about.ip.payloadAt;
  return writeTcp(about, sender, out, {
    seq: read32(about.bytes, at + 8),
    ack: read32(about.bytes, at + 4),
    flags: TCP_FLAG.ACK,
    window: OPEN_WINDOW[about.ip.family],
    options: NO_BYTES,
  });
}

/** Writes a datagram back, from the given port, whose payload already stands at `payloadPlace` in `out`. */
export function writeDatagram(
  about: Flight,
  sender: Sender,
  answer: { readonly srcPort: number; readonly payloadLength: number },
  out: Flight,
): number {
  const headerLength = writeIp(about, sender, out, {
    protocol: IP_PROTOCOL.UDP,
    length: UDP_HEADER_BYTES + answer.payloadLength,
    tos: 0,
    id: about.ip.id ^ 0x5555,
    dontFragment: true,
  });
  return (
    headerLength +
    emitUdp(out.bytes, headerLength, {
      srcPort: answer.srcPort,
      dstPort: about.srcPort,
      addressSum: addressSum(about, sender),
      payload: out.bytes,
      payloadAt: headerLength + UDP_HEADER_BYTES,
      payloadLength: answer.payloadLength,
    })
  );
}

/** Where the payload of a datagram stands that answers this packet. */
export function payloadPlace(about: Flight): number {
  return (about.ip.family === 4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES) + UDP_HEADER_BYTES;
}

/** Writes the echo reply for an echo request (RFC 792, RFC 4443 section 4.2). */
export function writeEchoReply(about: Flight, sender: Sender, out: Flight): number {
  const { bytes, ip } = about;
  const payloadAt = ip.payloadAt + ICMP_HEADER_BYTES;
  const payloadLength = ip.payloadEnd - payloadAt;
  const headerLength = writeIp(about, sender, out, {
    protocol: ip.protocol,
    length: ICMP_HEADER_BYTES + payloadLength,
    tos: ip.tos,
    id: ip.id ^ 0x5555,
    dontFragment: false,
  });
  return (
    headerLength +
    emitIcmpEcho(out.bytes, headerLength, ip.family, {
      type: ip.family === 4 ? ICMP4_TYPE.ECHO_REPLY : ICMP6_TYPE.ECHO_REPLY,
      id: read16(bytes, ip.payloadAt + 4),
      seq: read16(bytes, ip.payloadAt + 6),
      addressSum: addressSum(about, sender),
      payload: bytes,
      payloadAt,
      payloadLength,
    })
  );
}

interface Segment {
  readonly seq: number;
  readonly ack: number;
  readonly flags: number;
  readonly window: number;
  readonly options: Uint8Array;
}

function writeTcp(about: Flight, sender: Sender, out: Flight, segment: Segment): number {
  const headerLength = writeIp(about, sender, out, {
    protocol: IP_PROTOCOL.TCP,
    length: TCP_HEADER_BYTES + segment.options.length,
    tos: 0,
    // Linux sends segments that belong to no socket with identification 0 and DF.
    id: 0,
    dontFragment: true,
  });
  return (
    headerLength +
    emitTcp(out.bytes, headerLength, {
      seq: segment.seq,
      ack: segment.ack,
      flags: segment.flags,
      window: segment.window,
      options: segment.options,
      srcPort: about.dstPort,
      dstPort: about.srcPort,
      addressSum: addressSum(about, sender),
      payload: NO_BYTES,
      payloadAt: 0,
      payloadLength: 0,
    })
  );
}

interface Header {
  readonly protocol: number;
  readonly length: number;
  readonly tos: number;
  readonly id: number;
  readonly dontFragment: boolean;
}

function writeIp(about: Flight, sender: Sender, out: Flight, header: Header): number {
  return emitIp(out.bytes, 0, about.ip.family, {
    tos: header.tos,
    id: header.id & 0xffff,
    dontFragment: header.dontFragment,
    flowLabel: 0,
    ttl: sender.ttl,
    protocol: header.protocol,
    src: sender.bytes,
    srcAt: sender.at,
    dst: about.bytes,
    dstAt: about.ip.srcAt,
    payloadLength: header.length,
  });
}

function addressSum(about: Flight, sender: Sender): number {
  const { family, srcAt } = about.ip;
  return sumIp(sender.bytes, sender.at, family) + sumIp(about.bytes, srcAt, family);
}

/** Writes a SYN like the one that a SYN proxy sends on behalf of the client whose packet this is. */
export function writeProxiedSyn(about: Flight, ttl: number, out: Flight): number {
  const { bytes, ip } = about;
  const headerLength = emitIp(out.bytes, 0, ip.family, {
    tos: 0,
    id: 0,
    dontFragment: true,
    flowLabel: 0,
    ttl,
    protocol: IP_PROTOCOL.TCP,
    src: bytes,
    srcAt: ip.srcAt,
    dst: bytes,
    dstAt: ip.dstAt,
    payloadLength: TCP_HEADER_BYTES,
  });
  return (
    headerLength +
    emitTcp(out.bytes, headerLength, {
      srcPort: about.srcPort,
      dstPort: about.dstPort,
      seq: (read32(bytes, ip.payloadAt + 4) - 1) >>> 0,
      ack: 0,
      flags: TCP_FLAG.SYN,
      window: OPEN_WINDOW[ip.family],
      options: NO_BYTES,
      addressSum: sumIp(bytes, ip.srcAt, ip.family) + sumIp(bytes, ip.dstAt, ip.family),
      payload: NO_BYTES,
      payloadAt: 0,
      payloadLength: 0,
    })
  );
}
