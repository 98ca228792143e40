/**
 * NTP: a client request that tells nothing about us (RFC 5905 section 7.3; data minimisation as in
 * draft-ietf-ntp-data-minimization): all fields zero but version 4, mode 3 and the transmit timestamp, which is our 64-bit
 * token and comes back as the origin timestamp. 48 bytes, answered by 48.
 *
 * The target sees an ordinary client; it logs nothing, but counts us among its clients.
 */
import type { PayloadKind } from '../payload.ts';
import { readU32, writeU32 } from './bytes.ts';
import { toInfo, toPrintable } from './printable.ts';

const LENGTH = 48;
/** Leap indicator 0, version 4, mode 3 (client). */
const FIRST_BYTE = 0x23;
const ORIGIN_AT = 24;
const TRANSMIT_AT = 40;
const REFID_AT = 12;

const MODES: ReadonlyMap<number, string> = new Map([
  [4, 'server'],
  [5, 'broadcast'],
]);
const LEAP_UNKNOWN = 3;
/** Stratum 16 and above: not synchronised (RFC 5905 figure 11). */
const UNSYNCHRONISED_STRATUM = 16;

/** NTP, proven by the origin timestamp; `info` is version, mode, stratum and reference id, or the kiss code. */
export const ntp: PayloadKind = {
  protocol: 'ntp',
  ports: [123],
  source: 'RFC 5905 sections 7.3 and 7.4',
  maxLength: LENGTH,
  write(out, at, tokenHi, tokenLo) {
    out.fill(0, at, at + LENGTH);
    out[at] = FIRST_BYTE;
    writeU32(out, at + TRANSMIT_AT, tokenHi);
    writeU32(out, at + TRANSMIT_AT + 4, tokenLo);
    return LENGTH;
  },
  read(reply, tokenHi, tokenLo) {
    // Extension fields and a MAC may follow; both come in words (RFC 7822).
    if (reply.length < LENGTH || reply.length % 4 !== 0) return null;
    const mode = MODES.get(reply[0]! & 7);
    const version = (reply[0]! >>> 3) & 7;
    if (mode === undefined || version < 1 || version > 4) return null;
    if (readU32(reply, ORIGIN_AT) !== tokenHi >>> 0) return null;
    if (readU32(reply, ORIGIN_AT + 4) !== tokenLo >>> 0) return null;
    return { protocol: 'ntp', info: toInfo([`v${version} ${mode}`, ...toClockFacts(reply)]) };
  },
};

function toClockFacts(reply: Uint8Array): (string | null)[] {
  const stratum = reply[1]!;
  const refid = reply.subarray(REFID_AT, REFID_AT + 4);
  const code = toPrintable(refid.subarray(0, refid.findLastIndex((byte) => byte !== 0) + 1));
  const unsynchronised =
    reply[0]! >>> 6 === LEAP_UNKNOWN || stratum >= UNSYNCHRONISED_STRATUM ? 'unsynchronised' : null;
  // Stratum 0 is a kiss-o'-death packet and its reference id a code such as RATE or DENY (RFC 5905 section 7.4).
  if (stratum === 0) return [unsynchronised, code === '' ? 'stratum 0' : `kiss code ${code}`];
  // From stratum 2 on the reference id is an IPv4 address, or a hash of an IPv6 address that looks like one.
  const source = stratum === 1 || unsynchronised !== null ? code : refid.join('.');
  return [`stratum ${stratum}`, source === '' ? null : `refid ${source}`, unsynchronised];
}
