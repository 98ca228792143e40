/**
 * A2S_INFO, the query of Source game servers (Valve Developer Community, "Server queries"). 25 bytes. A server
 * answers with what it plays, or with a challenge first: both prove it, and the challenge is not taken up. The
 * protocol has no identity.
 *
 * The target sees what a server browser sends, and logs nothing.
 */
import type { PayloadKind } from '../payload.ts';
import { readU32, toBytes, writeBytes } from './bytes.ts';
import { toInfo, toPrintable } from './printable.ts';

/** Not split over packets. */
const WHOLE = 0xffffffff;
const REQUEST: Uint8Array = toBytes('\xff\xff\xff\xffTSource Engine Query\0');
const CHALLENGE = 0x41;
const CHALLENGE_LENGTH = 9;
const INFO = 0x49;
/** Behind the four strings at the least: id (2), players, most players, bots, kind, system, visibility, VAC. */
const MIN_TAIL_LENGTH = 9;

/** A2S, proven by the form of a challenge or of the server's description; `info` is its name, map and game. */
export const a2s: PayloadKind = {
  protocol: 'a2s',
  ports: [27015],
  source: 'Valve Developer Community, Server queries, A2S_INFO',
  maxLength: REQUEST.length,
  write: (out, at) => writeBytes(out, at, REQUEST) - at,
  read(reply) {
    if (readU32(reply, 0) !== WHOLE) return null;
    if (reply[4] === CHALLENGE) {
      return reply.length === CHALLENGE_LENGTH ? { protocol: 'a2s', info: 'challenge' } : null;
    }
    const names = reply[4] === INFO ? readNames(reply) : null;
    if (names === null) return null;
    const [name, map, , game] = names;
    return { protocol: 'a2s', info: toInfo([name!, `map ${map}`, `game ${game}`]) };
  },
};

/** Name, map, folder and game, each with a zero behind it, after one byte of protocol version. */
function readNames(reply: Uint8Array): string[] | null {
  const names: string[] = [];
  let at = 6;
  for (let i = 0; i < 4; i++) {
    const end = reply.indexOf(0, at);
    if (end < 0) return null;
    names.push(toPrintable(reply.subarray(at, end)));
    at = end + 1;
  }
  // Version (a string) and optional fields end the message.
  return at + MIN_TAIL_LENGTH < reply.length ? names : null;
}
