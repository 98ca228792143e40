import { copyBytes, read16, read32, write16, write32 } from './bytes.ts';
import { sum, sum32, sumPseudoHeader, toChecksum } from './checksum.ts';
import { IP_PROTOCOL } from './ip.ts';

/** Length of a TCP header without options. */
export const TCP_HEADER_BYTES = 20;

/** Bits of the flags (RFC 9293 section 3.1; AE is RFC 9768, formerly NS). */
export const TCP_FLAG = {
  FIN: 0x001,
  SYN: 0x002,
  RST: 0x004,
  PSH: 0x008,
  ACK: 0x010,
  URG: 0x020,
  ECE: 0x040,
  CWR: 0x080,
  AE: 0x100,
} as const;

/** What a TCP header says (RFC 9293 section 3.1); offsets are indices into the array that was read. */
export interface TcpView {
  srcPort: number;
  dstPort: number;
  /** Unsigned 32 bits. */
  seq: number;
  ack: number;
  /** Sum of {@link TCP_FLAG} bits. */
  flags: number;
  /** As written; its scale is the connection's. */
  window: number;
  checksum: number;
  urgent: number;
  optionsAt: number;
  optionsEnd: number;
  payloadAt: number;
  payloadEnd: number;
  /** The options are cut by `end`. */
  truncated: boolean;
}

/** Creates a view for `readTcp`. */
export function createTcpView(): TcpView {
  return {
    srcPort: 0,
    dstPort: 0,
    seq: 0,
    ack: 0,
    flags: 0,
    window: 0,
    checksum: 0,
    urgent: 0,
    optionsAt: 0,
    optionsEnd: 0,
    payloadAt: 0,
    payloadEnd: 0,
    truncated: false,
  };
}

/** Reads the TCP header at `at`; false without 20 bytes or with a data offset under 20 bytes. */
export function readTcp(bytes: Uint8Array, at: number, end: number, view: TcpView): boolean {
  if (end - at < TCP_HEADER_BYTES) return false;
  const offsetAndFlags = read16(bytes, at + 12);
  const headerLength = (offsetAndFlags >> 12) * 4;
  if (headerLength < TCP_HEADER_BYTES) return false;
  view.srcPort = read16(bytes, at);
  view.dstPort = read16(bytes, at + 2);
  view.seq = read32(bytes, at + 4);
  view.ack = read32(bytes, at + 8);
  view.flags = offsetAndFlags & 0x1ff;
  view.window = read16(bytes, at + 14);
  view.checksum = read16(bytes, at + 16);
  view.urgent = read16(bytes, at + 18);
  view.truncated = at + headerLength > end;
  view.optionsAt = at + TCP_HEADER_BYTES;
  view.optionsEnd = view.truncated ? end : at + headerLength;
  view.payloadAt = view.optionsEnd;
  view.payloadEnd = end;
  return true;
}

/** What a caller says about a segment to write; the record may be reused. */
export interface TcpFields {
  readonly srcPort: number;
  readonly dstPort: number;
  readonly seq: number;
  readonly ack: number;
  readonly flags: number;
  readonly window: number;
  /** All of it is written: a multiple of 4 bytes, at most 40. */
  readonly options: Uint8Array;
  /** `sumIp` of the source and of the destination, added. */
  readonly addressSum: number;
  readonly payload: Uint8Array;
  readonly payloadAt: number;
  readonly payloadLength: number;
}

/** Writes header, options and payload at `out[at]` with the checksum of either family; returns how many bytes. */
export function emitTcp(out: Uint8Array, at: number, fields: TcpFields): number {
  const headerLength = TCP_HEADER_BYTES + fields.options.length;
  const length = headerLength + fields.payloadLength;
  const offsetAndFlags = (headerLength << 10) | (fields.flags & 0x1ff);
  write16(out, at, fields.srcPort);
  write16(out, at + 2, fields.dstPort);
  write32(out, at + 4, fields.seq);
  write32(out, at + 8, fields.ack);
  write16(out, at + 12, offsetAndFlags);
  write16(out, at + 14, fields.window);
  write16(out, at + 18, 0);
  copyBytes(out, at + TCP_HEADER_BYTES, fields.options, 0, fields.options.length);
  copyBytes(out, at + headerLength, fields.payload, fields.payloadAt, fields.payloadLength);
  const words =
    (fields.srcPort & 0xffff) +
    (fields.dstPort & 0xffff) +
    sum32(fields.seq) +
    sum32(fields.ack) +
    offsetAndFlags +
    (fields.window & 0xffff);
  const pseudo = sumPseudoHeader(fields.addressSum, IP_PROTOCOL.TCP, length);
  write16(out, at + 16, toChecksum(sum(out, at + TCP_HEADER_BYTES, at + length, pseudo + words)));
  return length;
}
