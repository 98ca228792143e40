/**
 * CoAP: confirmable GET of /.well-known/core (RFC 7252 section 3, RFC 6690 section 4) with Block2 of 64 bytes (RFC 7959
 * section 2.4), so that a long list of resources is not fetched whole. 31 bytes. The token is the CoAP token; half of a
 * word is the message id, which a Reset or an empty acknowledgement echoes alone.
 *
 * The target sees an ordinary discovery; libcoap logs nothing at its default level.
 */
import type { PayloadKind } from '../payload.ts';
import { readU16, readU32, toBytes, writeBytes, writeU16, writeU32 } from './bytes.ts';
import { toInfo, toPrintable } from './printable.ts';

const TOKEN_LENGTH = 8;
const HEADER_LENGTH = 4;
/** Version 1, type CON, token of 8 bytes; code 0.01 GET. */
const FIRST_BYTES: Uint8Array = Uint8Array.of(0x48, 0x01);
/** Uri-Path (11) twice, then Block2 (23): number 0, no more, size exponent 2 = 64 bytes. */
const OPTIONS: Uint8Array = toBytes('\xbb.well-known\x04core\xc1\x02');

const TYPE_ACK = 2;
const TYPE_RST = 3;
const PAYLOAD_MARKER = 0xff;

/** Response codes by their byte, class in the upper three bits (RFC 7252 section 12.1.2). */
const CODES: ReadonlyMap<number, string> = new Map([
  [0x45, 'Content'],
  [0x80, 'Bad Request'],
  [0x81, 'Unauthorized'],
  [0x82, 'Bad Option'],
  [0x83, 'Forbidden'],
  [0x84, 'Not Found'],
  [0x85, 'Method Not Allowed'],
  [0x86, 'Not Acceptable'],
  [0xa0, 'Internal Server Error'],
  [0xa1, 'Not Implemented'],
  [0xa3, 'Service Unavailable'],
]);

/** CoAP, proven by message id or token as the message type has them; `info` is the code and the first resources. */
export const coap: PayloadKind = {
  protocol: 'coap',
  ports: [5683],
  source: 'RFC 7252 sections 3, 4.2 and 5.2; RFC 7959 section 2.4',
  maxLength: HEADER_LENGTH + TOKEN_LENGTH + OPTIONS.length,
  write(out, at, tokenHi, tokenLo) {
    const idAt = writeBytes(out, at, FIRST_BYTES);
    const tokenAt = writeU16(out, idAt, tokenHi >>> 16);
    const optionsAt = writeU32(out, writeU32(out, tokenAt, tokenHi), tokenLo);
    return writeBytes(out, optionsAt, OPTIONS) - at;
  },
  read(reply, tokenHi, tokenLo) {
    if (reply.length < HEADER_LENGTH || reply[0]! >>> 6 !== 1) return null;
    const type = (reply[0]! >>> 4) & 3;
    const code = reply[1]!;
    const isOurId = readU16(reply, 2) === tokenHi >>> 16;
    if (code === 0) {
      if (reply.length !== HEADER_LENGTH || (reply[0]! & 0xf) !== 0 || !isOurId) return null;
      if (type === TYPE_RST) return { protocol: 'coap', info: 'reset' };
      return type === TYPE_ACK ? { protocol: 'coap', info: 'acknowledged' } : null;
    }
    // A piggybacked response carries our message id, a separate one (section 5.2.2) the server's own.
    if (type === TYPE_RST || (type === TYPE_ACK && !isOurId)) return null;
    if ((reply[0]! & 0xf) !== TOKEN_LENGTH || readU32(reply, 4) !== tokenHi >>> 0) return null;
    if (readU32(reply, 8) !== tokenLo >>> 0) return null;
    const info = readResponse(reply);
    return info === null ? null : { protocol: 'coap', info };
  },
};

/** Code and payload of a response (class 2, 4 or 5), or null when it is none or its options are malformed. */
function readResponse(reply: Uint8Array): string | null {
  const code = reply[1]!;
  const codeClass = code >>> 5;
  const payloadAt = findPayload(reply, HEADER_LENGTH + TOKEN_LENGTH);
  if (payloadAt < 0 || (codeClass !== 2 && codeClass !== 4 && codeClass !== 5)) return null;
  const number = `${codeClass}.${String(code & 0x1f).padStart(2, '0')}`;
  const status = [number, CODES.get(code) ?? ''].join(' ').trimEnd();
  return toInfo([status, toPrintable(reply.subarray(payloadAt))]);
}

/** Walks the options (RFC 7252 section 3.1); the place of the payload, the message's end without one, -1 when malformed. */
function findPayload(reply: Uint8Array, optionsAt: number): number {
  let at = optionsAt;
  while (at < reply.length) {
    const first = reply[at]!;
    // A marker with nothing behind it is a format error.
    if (first === PAYLOAD_MARKER) return at + 1 < reply.length ? at + 1 : -1;
    const deltaNibble = first >>> 4;
    const lengthNibble = first & 0xf;
    if (deltaNibble === 15 || lengthNibble === 15) return -1;
    const lengthAt = at + 1 + toExtendedBytes(deltaNibble);
    const length = readExtended(reply, lengthAt, lengthNibble);
    const next = lengthAt + toExtendedBytes(lengthNibble) + length;
    if (length < 0 || next > reply.length) return -1;
    at = next;
  }
  return at;
}

/** Bytes that follow for a nibble of 13 or 14. */
function toExtendedBytes(nibble: number): number {
  return nibble < 13 ? 0 : nibble - 12;
}

function readExtended(reply: Uint8Array, at: number, nibble: number): number {
  if (nibble < 13) return nibble;
  if (nibble === 13) return at < reply.length ? reply[at]! + 13 : -1;
  const value = readU16(reply, at);
  return value < 0 ? -1 : value + 269;
}
