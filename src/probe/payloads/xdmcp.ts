/**
 * XDMCP: Query without authentication names (X Display Manager Control Protocol 1.1, section "Packet Types"). 7
 * bytes, answered by Willing or Unwilling. No session is asked for. The protocol has no identity at this stage: an
 * answer is known by its form.
 *
 * The target sees a terminal that looks for a host; display managers log it when they debug.
 */
import type { PayloadKind } from '../payload.ts';
import { readU16, writeBytes } from './bytes.ts';
import { toInfo, toPrintable } from './printable.ts';

const VERSION = 1;
const WILLING = 5;
const UNWILLING = 6;
const HEADER_LENGTH = 6;
/** Version 1, Query (2), one byte follows: an empty list of authentication names. */
const QUERY: Uint8Array = Uint8Array.of(0, VERSION, 0, 2, 0, 1, 0);

/** XDMCP, proven by Willing or Unwilling whose strings fill it; `info` is the host and its status. */
export const xdmcp: PayloadKind = {
  protocol: 'xdmcp',
  ports: [177],
  source: 'X Display Manager Control Protocol 1.1, X.Org',
  maxLength: QUERY.length,
  write: (out, at) => writeBytes(out, at, QUERY) - at,
  read(reply) {
    const opcode = readU16(reply, 2);
    if (readU16(reply, 0) !== VERSION || readU16(reply, 4) !== reply.length - HEADER_LENGTH)
      return null;
    // Willing begins with the name of an authentication; ours is none.
    const count = opcode === WILLING ? 3 : opcode === UNWILLING ? 2 : 0;
    const strings = count === 0 ? null : readStrings(reply, count);
    if (strings === null) return null;
    const [host, status] = strings.slice(-2).map(toPrintable);
    const word = opcode === WILLING ? 'willing' : 'unwilling';
    return { protocol: 'xdmcp', info: toInfo([word, `host ${host}`, status ?? null]) };
  },
};

/** So many ARRAY8 (length of two bytes, then bytes), which fill the packet; null otherwise. */
function readStrings(reply: Uint8Array, count: number): Uint8Array[] | null {
  const strings: Uint8Array[] = [];
  let at = HEADER_LENGTH;
  for (let i = 0; i < count; i++) {
    const length = readU16(reply, at);
    if (length < 0 || at + 2 + length > reply.length) return null;
    strings.push(reply.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return at === reply.length ? strings : null;
}
