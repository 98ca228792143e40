/**
 * GTP: Echo Request of version 1, on the control port (3GPP TS 29.060 section 7.2.1) and on that of user traffic (TS
 * 29.281 section 7.2.1), and of GTP' for charging (TS 32.295 section 6.2). 12 and 6 bytes; the sequence number is 16
 * bits of the token.
 *
 * Why not GTPv2-C: its Echo Request must carry our restart counter (TS 29.274 section 7.1.1), and a peer that knows
 * our address with another counter drops all sessions that it has with us (TS 23.007 section 18): the probe would do
 * damage when it is run on a gateway. Version 1 needs no counter; a node that speaks version 2 alone says so.
 *
 * The target sees the path management that its peers send every minute; nodes log unknown peers at most.
 */
import type { PayloadKind } from '../payload.ts';
import { readU16, readU32, writeU16, writeU32 } from './bytes.ts';
import { toInfo } from './printable.ts';

const ECHO_REQUEST = 1;
const ECHO_RESPONSE = 2;
const VERSION_NOT_SUPPORTED = 3;
/**
 * Version 1, protocol type GTP, with a sequence number; in the answer the bits for extensions and N-PDU numbers are
 * free.
 */
const GTP_FIRST_BYTE = 0x32;
const GTP_FIRST_BYTE_MASK = 0xf2;
const GTP_HEADER_LENGTH = 12;
/** Version 2, protocol type GTP', spare bits set. */
const PRIME_FIRST_BYTE = 0x4e;
const PRIME_HEADER_LENGTH = 6;
/** Length of the version 2 message that says "not version 1": a header without tunnel, see TS 29.274 section 5.1. */
const V2_HEADER_LENGTH = 8;

const IE_RECOVERY = 14;
/** Types from here on carry their length in two bytes, those below have a fixed one (TS 29.060 section 7.7). */
const FIRST_IE_WITH_LENGTH = 0x80;

/** GTP, proven by the sequence number of an Echo Response, or by the refusal of version 1. */
export const gtp: PayloadKind = {
  protocol: 'gtp',
  ports: [2123, 2152],
  source:
    '3GPP TS 29.060 sections 6 and 7.2; TS 29.281 sections 5.1 and 7.2; TS 29.274 section 7.1.3',
  maxLength: GTP_HEADER_LENGTH,
  write(out, at, _tokenHi, tokenLo) {
    out[at] = GTP_FIRST_BYTE;
    out[at + 1] = ECHO_REQUEST;
    // Four bytes follow the tunnel id, which is 0: sequence number, N-PDU number, next extension.
    writeU32(out, writeU16(out, at + 2, 4), 0);
    writeU16(out, writeU16(out, at + 8, tokenLo), 0);
    return GTP_HEADER_LENGTH;
  },
  read(reply, _tokenHi, tokenLo) {
    if (isVersion2Refusal(reply)) return { protocol: 'gtp', info: 'version 1 not supported' };
    if ((reply[0]! & GTP_FIRST_BYTE_MASK) !== GTP_FIRST_BYTE || readU32(reply, 4) !== 0)
      return null;
    if (readU16(reply, 2) !== reply.length - 8) return null;
    if (readU16(reply, 8) !== (tokenLo & 0xffff) || reply[11] !== 0) return null;
    return toService('gtp', 'v1', readAnswer(reply, GTP_HEADER_LENGTH));
  },
};

/** GTP', proven by the sequence number; `info` is the restart counter, or the refusal of our version. */
export const gtpPrime: PayloadKind = {
  protocol: 'gtp-prime',
  ports: [3386],
  source: '3GPP TS 32.295 sections 6.1 and 6.2; TS 29.060 section 7.2',
  maxLength: PRIME_HEADER_LENGTH,
  write(out, at, _tokenHi, tokenLo) {
    out[at] = PRIME_FIRST_BYTE;
    out[at + 1] = ECHO_REQUEST;
    writeU16(out, writeU16(out, at + 2, 0), tokenLo);
    return PRIME_HEADER_LENGTH;
  },
  read(reply, _tokenHi, tokenLo) {
    // Versions 0 to 2; the last bit says, in version 0, that the header is the short one.
    const version = reply[0]! >>> 5;
    if ((reply[0]! & 0x1e) !== 0x0e || version > 2) return null;
    if (readU16(reply, 2) !== reply.length - PRIME_HEADER_LENGTH) return null;
    if (readU16(reply, 4) !== (tokenLo & 0xffff)) return null;
    return toService('gtp-prime', `v${version}`, readAnswer(reply, PRIME_HEADER_LENGTH));
  },
};

function toService(
  protocol: string,
  version: string,
  fact: string | null,
): { protocol: string; info: string } | null {
  return fact === null ? null : { protocol, info: toInfo([version, fact]) };
}

/** The elements behind the header of an Echo Response, or a refusal without any. */
function readAnswer(reply: Uint8Array, headerLength: number): string | null {
  if (reply[1] === VERSION_NOT_SUPPORTED && reply.length === headerLength) {
    return 'our version not supported';
  }
  if (reply[1] !== ECHO_RESPONSE || reply[headerLength] !== IE_RECOVERY) return null;
  let at = headerLength + 2;
  while (at < reply.length) {
    const length = readU16(reply, at + 1);
    if (reply[at]! < FIRST_IE_WITH_LENGTH || length < 0) return null;
    at += 3 + length;
  }
  return at === reply.length ? `restart counter ${reply[headerLength + 1]}` : null;
}

/**
 * Version Not Supported Indication of a node that knows version 2 alone. It cannot bring our sequence number back:
 * where version 2 has its own, version 1 has the tunnel id, which is 0.
 */
function isVersion2Refusal(reply: Uint8Array): boolean {
  return (
    reply.length === V2_HEADER_LENGTH && readU32(reply, 0) === 0x40030004 && readU32(reply, 4) === 0
  );
}
