/**
 * ICMP (RFC 792) and ICMPv6 (RFC 4443), read into one view; what differs between the families is one table of types.
 */
import { copyBytes, read16, read32, write16, write32 } from './bytes.ts';
import { sum, sumPseudoHeader, toChecksum } from './checksum.ts';
import { checkExtensions, isTiledByObjects } from './extensions.ts';
import { IP_PROTOCOL } from './ip.ts';

/** Bytes before the quote of an error or the data of an echo message, in both families. */
export const ICMP_HEADER_BYTES = 8;

/** ICMP types (RFC 792). */
export const ICMP4_TYPE = {
  ECHO_REPLY: 0,
  DEST_UNREACHABLE: 3,
  SOURCE_QUENCH: 4,
  REDIRECT: 5,
  ECHO_REQUEST: 8,
  TIME_EXCEEDED: 11,
  PARAMETER_PROBLEM: 12,
} as const;

/** ICMPv6 types (RFC 4443). */
export const ICMP6_TYPE = {
  DEST_UNREACHABLE: 1,
  PACKET_TOO_BIG: 2,
  TIME_EXCEEDED: 3,
  PARAMETER_PROBLEM: 4,
  ECHO_REQUEST: 128,
  ECHO_REPLY: 129,
} as const;

/** Code of ICMPv4 type 3 that carries an MTU (RFC 1191 section 4). */
export const ICMP4_FRAGMENTATION_NEEDED = 4;

/** What an ICMP message says; offsets are indices into the array that was read, -1 where there is no such thing. */
export interface IcmpView {
  family: 4 | 6;
  type: number;
  code: number;
  checksum: number;
  /** An error message: it quotes a packet. */
  isError: boolean;
  /** Of echo requests and replies, else -1. */
  echoId: number;
  echoSeq: number;
  /** Next-hop MTU of 3/4 and of v6 type 2, else -1. 0: the router is older than RFC 1191. */
  mtu: number;
  /** Offset in the quoted packet that v4 type 12 and v6 type 4 complain of, else -1. */
  pointer: number;
  /** Where a redirect's IPv4 gateway stands, else -1. */
  gatewayAt: number;
  /** The quoted packet, `[quoteAt, quoteEnd)`; both -1 unless `isError`. */
  quoteAt: number;
  quoteEnd: number;
  /** The RFC 4884 structure, `[extensionsAt, extensionsEnd)`; both -1 without one. */
  extensionsAt: number;
  extensionsEnd: number;
  /** What follows the first 8 bytes. */
  payloadAt: number;
  payloadEnd: number;
}

/** Creates a view for `readIcmp`. */
export function createIcmpView(): IcmpView {
  return {
    family: 4,
    type: 0,
    code: 0,
    checksum: 0,
    isError: false,
    echoId: -1,
    echoSeq: -1,
    mtu: -1,
    pointer: -1,
    gatewayAt: -1,
    quoteAt: -1,
    quoteEnd: -1,
    extensionsAt: -1,
    extensionsEnd: -1,
    payloadAt: 0,
    payloadEnd: 0,
  };
}

/**
 * Reads the message in `[at, end)`; false without 8 bytes.
 *
 * The checksum is not judged here, as that of ICMPv6 needs the addresses: `checkTransport` does it.
 */
export function readIcmp(
  bytes: Uint8Array,
  at: number,
  end: number,
  family: 4 | 6,
  view: IcmpView,
): boolean {
  if (end - at < ICMP_HEADER_BYTES) return false;
  const type = bytes[at]!;
  const code = bytes[at + 1]!;
  const shape = shapeOf(family, type);
  view.family = family;
  view.type = type;
  view.code = code;
  view.checksum = read16(bytes, at + 2);
  view.payloadAt = at + ICMP_HEADER_BYTES;
  view.payloadEnd = end;
  view.isError = shape !== 'echo' && shape !== 'other';
  view.echoId = shape === 'echo' ? read16(bytes, at + 4) : -1;
  view.echoSeq = shape === 'echo' ? read16(bytes, at + 6) : -1;
  view.mtu = -1;
  view.pointer = -1;
  view.gatewayAt = shape === 'redirect' ? at + 4 : -1;
  if (shape === 'too-big') view.mtu = read32(bytes, at + 4);
  else if (family === 4 && shape === 'unreachable' && code === ICMP4_FRAGMENTATION_NEEDED) {
    view.mtu = read16(bytes, at + 6);
  } else if (shape === 'parameter') {
    view.pointer = family === 4 ? bytes[at + 4]! : read32(bytes, at + 4);
  }
  view.quoteAt = view.isError ? at + ICMP_HEADER_BYTES : -1;
  view.quoteEnd = view.isError ? end : -1;
  view.extensionsAt = -1;
  view.extensionsEnd = -1;
  if (mayBeExtended(family, shape)) splitExtensions(bytes, at, end, view);
  return true;
}

/** How the second word and the body of a message are laid out. */
type Shape =
  | 'echo'
  | 'unreachable'
  | 'exceeded'
  | 'parameter'
  | 'too-big'
  | 'redirect'
  | 'quench'
  | 'other';

const SHAPES_4: Readonly<Record<number, Shape>> = {
  [ICMP4_TYPE.ECHO_REPLY]: 'echo',
  [ICMP4_TYPE.DEST_UNREACHABLE]: 'unreachable',
  [ICMP4_TYPE.SOURCE_QUENCH]: 'quench',
  [ICMP4_TYPE.REDIRECT]: 'redirect',
  [ICMP4_TYPE.ECHO_REQUEST]: 'echo',
  [ICMP4_TYPE.TIME_EXCEEDED]: 'exceeded',
  [ICMP4_TYPE.PARAMETER_PROBLEM]: 'parameter',
};

const SHAPES_6: Readonly<Record<number, Shape>> = {
  [ICMP6_TYPE.DEST_UNREACHABLE]: 'unreachable',
  [ICMP6_TYPE.PACKET_TOO_BIG]: 'too-big',
  [ICMP6_TYPE.TIME_EXCEEDED]: 'exceeded',
  [ICMP6_TYPE.PARAMETER_PROBLEM]: 'parameter',
  [ICMP6_TYPE.ECHO_REQUEST]: 'echo',
  [ICMP6_TYPE.ECHO_REPLY]: 'echo',
};

function shapeOf(family: 4 | 6, type: number): Shape {
  return (family === 4 ? SHAPES_4[type] : SHAPES_6[type]) ?? 'other';
}

/** RFC 4884 section 4: the length attribute exists in these messages only; the v6 pointer takes all 32 bits. */
function mayBeExtended(family: 4 | 6, shape: Shape): boolean {
  if (shape === 'unreachable' || shape === 'exceeded') return true;
  return family === 4 && shape === 'parameter';
}

/** RFC 4884 section 4.1: the quote is zero-padded to this where extensions follow; the place of old senders' ones. */
const EXTENDED_QUOTE_BYTES = 128;

/**
 * Finds the end of the quote and the extensions behind it.
 *
 * The length attribute stands in a field that older senders may leave dirty, and some count without padding to 128
 * bytes. So an announced structure is believed by version 2 with a checksum not wrong, and outside of what the RFC
 * allows (a length under 128 bytes; no length, the structure at byte 128: section 5.5) only by a right checksum and
 * objects that fit exactly. Without a structure, a length of 128 or more still ends the quote.
 */
function splitExtensions(bytes: Uint8Array, at: number, end: number, view: IcmpView): void {
  const declared = view.family === 4 ? bytes[at + 5]! * 4 : bytes[at + 4]! * 8;
  const candidate = view.quoteAt + (declared || EXTENDED_QUOTE_BYTES);
  if (candidate > end) return;
  const found = checkExtensions(bytes, candidate, end);
  const isRegular = declared >= EXTENDED_QUOTE_BYTES;
  const isBelieved = isRegular
    ? found !== 'no'
    : found === 'ok' && isTiledByObjects(bytes, candidate, end);
  if (isBelieved) {
    view.extensionsAt = candidate;
    view.extensionsEnd = end;
  }
  if (isBelieved || isRegular) view.quoteEnd = candidate;
}

/** What a caller says about an echo message to write; the record may be reused. */
export interface IcmpEchoFields {
  /** Request or reply, of the family that is written. */
  readonly type: number;
  readonly id: number;
  readonly seq: number;
  /** `sumIp` of source and destination, added; not used for IPv4. */
  readonly addressSum: number;
  readonly payload: Uint8Array;
  readonly payloadAt: number;
  readonly payloadLength: number;
}

/** Writes an echo request or reply with its checksum at `out[at]`; returns how many bytes. */
export function emitIcmpEcho(
  out: Uint8Array,
  at: number,
  family: 4 | 6,
  fields: IcmpEchoFields,
): number {
  const length = ICMP_HEADER_BYTES + fields.payloadLength;
  write16(out, at + 4, fields.id);
  write16(out, at + 6, fields.seq);
  copyBytes(out, at + ICMP_HEADER_BYTES, fields.payload, fields.payloadAt, fields.payloadLength);
  finishMessage(out, at, family, fields, length);
  return length;
}

/** What a caller says about an error message to write. */
export interface IcmpErrorFields {
  readonly type: number;
  readonly code: number;
  /** `sumIp` of source and destination, added; not used for IPv4. */
  readonly addressSum: number;
  /** For 3/4 and v6 type 2. */
  readonly mtu?: number;
  /** For v4 type 12 and v6 type 4. */
  readonly pointer?: number;
  /** For a redirect: 4 bytes. */
  readonly gateway?: Uint8Array;
  /** An RFC 4884 structure (`emitExtensions`); the quote is then padded and its length announced. */
  readonly extensions?: Uint8Array;
}

/**
 * Writes an error that quotes all of `quote` at `out[at]`, with its checksum; returns how many bytes.
 *
 * With extensions the quote is padded with zeros to 128 bytes and to whole words (RFC 4884 section 4), which holds
 * for quotes of at most 1020 bytes (v4) or 2040 (v6). Types without a length attribute cannot announce extensions and
 * get none.
 */
export function emitIcmpError(
  out: Uint8Array,
  at: number,
  family: 4 | 6,
  fields: IcmpErrorFields,
  quote: Uint8Array,
): number {
  const shape = shapeOf(family, fields.type);
  const bodyAt = at + ICMP_HEADER_BYTES;
  let end = bodyAt + quote.length;
  write32(out, at + 4, 0);
  out.set(quote, bodyAt);
  if (fields.mtu !== undefined) {
    if (family === 4) write16(out, at + 6, fields.mtu);
    else write32(out, at + 4, fields.mtu);
  }
  if (fields.pointer !== undefined) {
    if (family === 4) out[at + 4] = fields.pointer;
    else write32(out, at + 4, fields.pointer);
  }
  if (fields.gateway !== undefined) copyBytes(out, at + 4, fields.gateway, 0, 4);
  if (fields.extensions !== undefined && mayBeExtended(family, shape)) {
    const unit = family === 4 ? 4 : 8;
    const padded = Math.ceil(Math.max(quote.length, EXTENDED_QUOTE_BYTES) / unit) * unit;
    out.fill(0, end, bodyAt + padded);
    out[family === 4 ? at + 5 : at + 4] = padded / unit;
    out.set(fields.extensions, bodyAt + padded);
    end = bodyAt + padded + fields.extensions.length;
  }
  finishMessage(out, at, family, fields, end - at);
  return end - at;
}

/** Type, code and checksum over all of it; the rest of the message is in place. */
function finishMessage(
  out: Uint8Array,
  at: number,
  family: 4 | 6,
  fields: { readonly type: number; readonly code?: number; readonly addressSum: number },
  length: number,
): void {
  out[at] = fields.type;
  out[at + 1] = fields.code ?? 0;
  write16(out, at + 2, 0);
  const initial = family === 4 ? 0 : sumPseudoHeader(fields.addressSum, IP_PROTOCOL.ICMPV6, length);
  write16(out, at + 2, toChecksum(sum(out, at, at + length, initial)));
}
