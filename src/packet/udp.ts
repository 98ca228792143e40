import { copyBytes, read16, write16 } from './bytes.ts';
import { sum, sumPseudoHeader, toChecksum } from './checksum.ts';
import { IP_PROTOCOL } from './ip.ts';

/** Length of a UDP header. */
export const UDP_HEADER_BYTES = 8;

/** What a UDP header says (RFC 768); offsets are indices into the array that was read. */
export interface UdpView {
  srcPort: number;
  dstPort: number;
  /** As written: header and payload. */
  length: number;
  /** 0: the sender computed none. */
  checksum: number;
  payloadAt: number;
  /** End by the length field, at most `end`. */
  payloadEnd: number;
  /** Less was there than the length field says. */
  truncated: boolean;
}

/** Creates a view for `readUdp`. */
export function createUdpView(): UdpView {
  return {
    srcPort: 0,
    dstPort: 0,
    length: 0,
    checksum: 0,
    payloadAt: 0,
    payloadEnd: 0,
    truncated: false,
  };
}

/**
 * Reads the UDP header at `at`; false without 8 bytes or with a length field of 1 to 7.
 *
 * A length of 0 is a jumbogram (RFC 2675 section 4) or what offload leaves in captures: the payload ends at `end`.
 */
export function readUdp(bytes: Uint8Array, at: number, end: number, view: UdpView): boolean {
  if (end - at < UDP_HEADER_BYTES) return false;
  const length = read16(bytes, at + 4);
  if (length > 0 && length < UDP_HEADER_BYTES) return false;
  view.srcPort = read16(bytes, at);
  view.dstPort = read16(bytes, at + 2);
  view.length = length;
  view.checksum = read16(bytes, at + 6);
  view.payloadAt = at + UDP_HEADER_BYTES;
  view.truncated = at + length > end;
  view.payloadEnd = length === 0 || view.truncated ? end : at + length;
  return true;
}

/** What a caller says about a datagram to write; the record may be reused. */
export interface UdpFields {
  readonly srcPort: number;
  readonly dstPort: number;
  /** `sumIp` of the source and of the destination, added. */
  readonly addressSum: number;
  readonly payload: Uint8Array;
  readonly payloadAt: number;
  readonly payloadLength: number;
}

/** Writes header and payload at `out[at]` with the checksum of either family; returns how many bytes. */
export function emitUdp(out: Uint8Array, at: number, fields: UdpFields): number {
  const length = UDP_HEADER_BYTES + fields.payloadLength;
  write16(out, at, fields.srcPort);
  write16(out, at + 2, fields.dstPort);
  write16(out, at + 4, length);
  write16(out, at + 6, 0);
  copyBytes(out, at + UDP_HEADER_BYTES, fields.payload, fields.payloadAt, fields.payloadLength);
  const pseudo = sumPseudoHeader(fields.addressSum, IP_PROTOCOL.UDP, length);
  // RFC 768: a computed 0 is sent as all ones, for 0 says that there is no checksum.
  write16(out, at + 6, toChecksum(sum(out, at, at + length, pseudo)) || 0xffff);
  return length;
}
