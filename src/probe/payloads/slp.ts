/**
 * SLPv2: service type request for all naming authorities in the scope DEFAULT (RFC 2608 section 10.1). 29 bytes; the
 * XID is 16 bits of the token. Service and directory agents answer a unicast request, if only with an error. Nothing
 * is registered.
 *
 * The target sees a user agent that browses; OpenSLP logs no requests unless it traces messages.
 */
import type { PayloadKind } from '../payload.ts';
import { readU16, readU32, toBytes, writeBytes, writeU16 } from './bytes.ts';
import { toInfo, toPrintable } from './printable.ts';

const VERSION = 2;
const SRV_TYPE_REPLY = 10;
const XID_AT = 10;
const LANGUAGE_AT = 14;
/**
 * Version, function 9, length, flags (no multicast), no extension, XID, language; no previous responders, all
 * naming authorities (0xffff), the scope.
 */
const REQUEST: Uint8Array = toBytes(
  '\x02\x09\0\0\x1d\0\0\0\0\0\0\0\0\x02en\0\0\xff\xff\0\x07DEFAULT',
);

/** Error codes (RFC 2608 section 7). */
const ERRORS: ReadonlyMap<number, string> = new Map([
  [1, 'LANGUAGE_NOT_SUPPORTED'],
  [2, 'PARSE_ERROR'],
  [4, 'SCOPE_NOT_SUPPORTED'],
  [9, 'VER_NOT_SUPPORTED'],
  [10, 'INTERNAL_ERROR'],
  [11, 'DA_BUSY_NOW'],
  [14, 'MSG_NOT_SUPPORTED'],
]);

/** SLP, proven by the XID in a service type reply; `info` is the list of types, or the error. */
export const slp: PayloadKind = {
  protocol: 'slp',
  ports: [427],
  source: 'RFC 2608 sections 7, 8, 10.1 and 10.2',
  maxLength: REQUEST.length,
  write(out, at, _tokenHi, tokenLo) {
    writeBytes(out, at, REQUEST);
    writeU16(out, at + XID_AT, tokenLo);
    return REQUEST.length;
  },
  read(reply, _tokenHi, tokenLo) {
    if (reply[0] !== VERSION || reply[1] !== SRV_TYPE_REPLY) return null;
    if ((readU32(reply, 1) & 0xffffff) !== reply.length) return null;
    if (readU16(reply, XID_AT) !== (tokenLo & 0xffff)) return null;
    const languageLength = readU16(reply, LANGUAGE_AT - 2);
    const errorAt = LANGUAGE_AT + languageLength;
    const error = languageLength < 0 ? -1 : readU16(reply, errorAt);
    if (error < 0) return null;
    // Behind an error other than zero the message may end (section 7).
    if (error !== 0) return toService([ERRORS.get(error) ?? `error ${error}`]);
    if (readU16(reply, errorAt + 2) !== reply.length - errorAt - 4) return null;
    const types = toPrintable(reply.subarray(errorAt + 4));
    return toService([types === '' ? 'no services' : types]);
  },
};

function toService(facts: string[]): { protocol: string; info: string } {
  return { protocol: 'slp', info: toInfo(facts) };
}
