/**
 * memcached over UDP: the command `version` behind the frame header (memcached doc/protocol.txt, "UDP protocol").
 * 17 bytes, answered by about 24: none of the commands that made memcached an amplifier.
 *
 * The target sees one harmless command; memcached logs it at -vv only.
 */
import type { PayloadKind } from '../payload.ts';
import { readU16, toBytes, writeBytes, writeU16 } from './bytes.ts';
import { toInfo, toPrintable } from './printable.ts';

const HEADER_LENGTH = 8;
/** Sequence number 0 of 1 datagram, reserved; the command. */
const AFTER_ID: Uint8Array = toBytes('\0\0\0\x01\0\0version\r\n');
/** One line; `ERROR` and its kin come from proxies and stripped servers. */
const ANSWER = /^(?:VERSION \S[^\r\n]*|ERROR|(?:CLIENT|SERVER)_ERROR [^\r\n]+)\r\n$/;
/** Bytes of the longest line that counts. */
const MAX_LINE_LENGTH = 256;

/** memcached, proven by the frame's request id and the one line of its answer; `info` is the version. */
export const memcached: PayloadKind = {
  protocol: 'memcached',
  ports: [11211],
  source: 'memcached doc/protocol.txt, sections "UDP protocol" and "version"',
  maxLength: 2 + AFTER_ID.length,
  write(out, at, _tokenHi, tokenLo) {
    return writeBytes(out, writeU16(out, at, tokenLo), AFTER_ID) - at;
  },
  read(reply, _tokenHi, tokenLo) {
    if (reply.length > HEADER_LENGTH + MAX_LINE_LENGTH) return null;
    if (readU16(reply, 0) !== (tokenLo & 0xffff)) return null;
    if (readU16(reply, 2) !== 0 || readU16(reply, 4) !== 1) return null;
    const line = reply.subarray(HEADER_LENGTH);
    if (!ANSWER.test(String.fromCharCode(...line))) return null;
    return { protocol: 'memcached', info: toInfo([toPrintable(line.subarray(0, -2))]) };
  },
};
