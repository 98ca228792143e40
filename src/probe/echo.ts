/**
 * Echo requests (RFC 792, RFC 4443 section 4.1) and how they are known again: a keyed sequence number, and a token in the
 * data, which a reply brings back whole. On wires of packets the identifier is the reserved source port, and a word of the
 * data is chosen so that all requests of a run have the same checksum: routers that spread flows by the first four bytes
 * after the IP header send all of them the same way, and a quote of 28 bytes carries 28 keyed bits (12 of the
 * probe, 16 of the run) and the id.
 */
import { read16, read32, write16, write32 } from '../packet/bytes.ts';
import { fold, toChecksum } from '../packet/checksum.ts';
import { emitIcmpEcho, ICMP_HEADER_BYTES, ICMP4_TYPE, ICMP6_TYPE } from '../packet/icmp.ts';
import { attemptOfEchoSeq, echoSeqOf, TOKEN, tokenWord } from './token.ts';

const TOKEN_BYTES = 8;
/** Token, balance, and zeros up to what some old filters take for the least. */
const DATA_BYTES = 16;
const BALANCE_AT = ICMP_HEADER_BYTES + TOKEN_BYTES;

/** Length of an echo request from its ICMP header on. */
export const ECHO_BYTES: number = ICMP_HEADER_BYTES + DATA_BYTES;

/** The ICMP type of a request. */
export const echoRequestType = (family: 4 | 6): number =>
  family === 4 ? ICMP4_TYPE.ECHO_REQUEST : ICMP6_TYPE.ECHO_REQUEST;

/** The keyed checksum of all echo requests of a run on wires of packets; neither 0 nor 0xffff. */
export function echoSumOf(keyHi: number, keyLo: number): number {
  return (tokenWord(keyHi, keyLo, 0, TOKEN.ECHO_SUM) % 0xfffe) + 1;
}

/** Writes the request of an attempt without identifier and checksum, which are the wire's, at `out[at]`; returns its length. */
export function writeEcho(
  out: Uint8Array,
  at: number,
  family: 4 | 6,
  asked: Asked & { readonly attempt: number },
): number {
  const { keyHi, keyLo, probe, attempt } = asked;
  out.fill(0, at, at + ECHO_BYTES);
  out[at] = echoRequestType(family);
  write16(out, at + 6, echoSeqOf(keyHi, keyLo, probe, attempt));
  const dataAt = at + ICMP_HEADER_BYTES;
  write32(out, dataAt, tokenWord(keyHi, keyLo, probe, TOKEN.PAYLOAD_HI));
  write32(out, dataAt + 4, tokenWord(keyHi, keyLo, probe, TOKEN.PAYLOAD_LO));
  return ECHO_BYTES;
}

/**
 * Copies a request of `writeEcho` that stands at `bytes[from]` to `out[at]`, with its identifier and with `checksum`,
 * which the balance makes true. `addressSum` is `sumIp` of both addresses; not used for IPv4.
 */
export function emitEcho(
  out: Uint8Array,
  at: number,
  family: 4 | 6,
  fields: {
    readonly bytes: Uint8Array;
    readonly from: number;
    readonly id: number;
    readonly checksum: number;
    readonly addressSum: number;
  },
): number {
  const { bytes, from, id, checksum, addressSum } = fields;
  emitIcmpEcho(out, at, family, {
    type: echoRequestType(family),
    id,
    seq: read16(bytes, from + 6),
    addressSum,
    payload: bytes,
    payloadAt: from + ICMP_HEADER_BYTES,
    payloadLength: DATA_BYTES,
  });
  // What the checksum was with a balance of 0, less what it shall be (ones' complement).
  write16(out, at + BALANCE_AT, fold(read16(out, at + 2) + toChecksum(checksum)));
  write16(out, at + 2, checksum);
  return ECHO_BYTES;
}

/** A probe, and the key of its run. */
interface Asked {
  readonly keyHi: number;
  readonly keyLo: number;
  readonly probe: number;
}

/** Whether the data at `bytes[at, end)` begin with the probe's whole token. */
export function holdsEchoToken(bytes: Uint8Array, at: number, end: number, asked: Asked): boolean {
  if (end - at < TOKEN_BYTES) return false;
  const { keyHi, keyLo, probe } = asked;
  const hi = tokenWord(keyHi, keyLo, probe, TOKEN.PAYLOAD_HI);
  const lo = tokenWord(keyHi, keyLo, probe, TOKEN.PAYLOAD_LO);
  return read32(bytes, at) === hi && read32(bytes, at + 4) === lo;
}

/** The attempt that an echo message `bytes[at, end)` belongs to; 0 when it is not this probe's, or its token is cut. */
export function attemptOfEcho(bytes: Uint8Array, at: number, end: number, asked: Asked): number {
  if (!holdsEchoToken(bytes, at + ICMP_HEADER_BYTES, end, asked)) return 0;
  return attemptOfEchoSeq(asked.keyHi, asked.keyLo, asked.probe, read16(bytes, at + 6));
}
