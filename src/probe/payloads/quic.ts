/**
 * QUIC version negotiation (RFC 8999 section 6, RFC 9000 section 6.1): a long header with a version that exists nowhere
 * (0x?a?a?a?a, RFC 9000 section 15), padded to the 1200 bytes below which servers do not answer (section 14.1). The server
 * lists its versions and keeps no state. The token is the destination connection id and, inverted, the source one; the
 * answer brings both back, swapped. The answer is far smaller than the request.
 *
 * The target sees a client of an unknown version, as clients are on purpose (section 6.3).
 */
import type { PayloadKind } from '../payload.ts';
import { readU32, writeU32 } from './bytes.ts';
import { toInfo } from './printable.ts';

const LENGTH = 1200;
/** Long header and fixed bit; type and packet number length as in an Initial. */
const FIRST_BYTE = 0xc0;
const RESERVED_VERSION = 0x1a2a3a4a;
const ID_LENGTH = 8;
const VERSIONS_AT = 23;

/** QUIC, proven by version 0 and both connection ids; `info` names the offered versions. */
export const quic: PayloadKind = {
  protocol: 'quic',
  ports: [443, 853],
  source: 'RFC 8999 section 6; RFC 9000 sections 6.1, 14.1 and 15; RFC 9250 section 4.1.1',
  maxLength: LENGTH,
  write(out, at, tokenHi, tokenLo) {
    out.fill(0, at, at + LENGTH);
    out[at] = FIRST_BYTE;
    writeU32(out, at + 1, RESERVED_VERSION);
    out[at + 5] = ID_LENGTH;
    writeU32(out, writeU32(out, at + 6, tokenHi), tokenLo);
    out[at + 14] = ID_LENGTH;
    writeU32(out, writeU32(out, at + 15, ~tokenHi), ~tokenLo);
    return LENGTH;
  },
  read(reply, tokenHi, tokenLo) {
    if (reply.length <= VERSIONS_AT || (reply.length - VERSIONS_AT) % 4 !== 0) return null;
    if (reply[0]! < 0x80 || readU32(reply, 1) !== 0) return null;
    if (reply[5] !== ID_LENGTH || reply[14] !== ID_LENGTH) return null;
    if (readU32(reply, 6) !== ~tokenHi >>> 0 || readU32(reply, 10) !== ~tokenLo >>> 0) return null;
    if (readU32(reply, 15) !== tokenHi >>> 0 || readU32(reply, 19) !== tokenLo >>> 0) return null;
    const versions: string[] = [];
    for (let at = VERSIONS_AT; at < reply.length; at += 4) {
      const version = readU32(reply, at);
      // Servers mix reserved versions in, so that clients learn to skip them (RFC 9000 section 6.3).
      if ((version & 0x0f0f0f0f) !== 0x0a0a0a0a) versions.push(toVersionText(version));
    }
    return { protocol: 'quic', info: versions.length === 0 ? 'no version' : toInfo(versions) };
  },
};

function toVersionText(version: number): string {
  if (version === 1) return 'v1';
  // RFC 9369.
  if (version === 0x6b3343cf) return 'v2';
  if (version >>> 8 === 0xff0000) return `draft-${version & 0xff}`;
  return `0x${version.toString(16).padStart(8, '0')}`;
}
