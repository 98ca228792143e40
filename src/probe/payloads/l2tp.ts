/**
 * L2TP: a Start-Control-Connection-Request (RFC 2661 section 6.1) with a mandatory AVP that does not exist, for which
 * the peer must end the control connection at once (section 4.1): it answers with a StopCCN instead of an SCCRP that
 * nobody would take down. The tunnel id is 16 bits of the token, and every message about this connection carries it.
 * 66 bytes.
 *
 * The target keeps nothing: it repeats its StopCCN for some seconds, since we do not acknowledge it. xl2tpd logs
 * three lines about an attribute that it cannot handle.
 */
import type { PayloadKind } from '../payload.ts';
import { readU16, toBytes, writeBytes, writeU16 } from './bytes.ts';
import { toInfo, toPrintable } from './printable.ts';

/** Control message with length and sequence numbers, version 2. */
const FLAGS = 0xc802;
const FLAGS_MASK = 0xcb0f;
const HEADER_LENGTH = 12;
const AVP_HEADER_LENGTH = 6;

const AVP = { MESSAGE_TYPE: 0, RESULT: 1, HOST_NAME: 7, VENDOR_NAME: 8 } as const;
const SCCRP = 2;
const STOP_CCN = 4;

/**
 * AVPs, each with the M bit, length, vendor 0, type and value: SCCRQ, protocol 1.0, framing, host name, and our
 * tunnel id.
 */
const BEFORE_ID: Uint8Array = toBytes(
  [
    '\x80\x08\0\0\0\0\0\x01',
    '\x80\x08\0\0\0\x02\x01\0',
    '\x80\x0a\0\0\0\x03\0\0\0\x03',
    '\x80\x0e\0\0\0\x07pu-probe',
    '\x80\x08\0\0\0\x09',
  ].join(''),
);
/** The AVP that nobody knows, type 65535. It stands behind the id, or the peer would not know whom to answer. */
const AFTER_ID: Uint8Array = toBytes('\x80\x06\0\0\xff\xff');
const LENGTH = HEADER_LENGTH + BEFORE_ID.length + 2 + AFTER_ID.length;

/** Result codes of a StopCCN (RFC 2661 section 4.4.2). */
const RESULTS: ReadonlyMap<number, string> = new Map([
  [1, 'general request to clear'],
  [2, 'general error'],
  [3, 'control connection exists'],
  [4, 'not authorized'],
  [5, 'protocol version not supported'],
  [6, 'shutting down'],
  [7, 'state machine error'],
]);

/** L2TP, proven by our tunnel id in a control message; `info` is the refusal, or who answers. */
export const l2tp: PayloadKind = {
  protocol: 'l2tp',
  ports: [1701],
  source: 'RFC 2661 sections 3.1, 4.1, 4.4 and 6.1',
  maxLength: LENGTH,
  write(out, at, _tokenHi, tokenLo) {
    writeU16(out, writeU16(out, at, FLAGS), LENGTH);
    // Tunnel, session, Ns and Nr are all 0 in a first message.
    out.fill(0, at + 4, at + HEADER_LENGTH);
    const idAt = writeBytes(out, at + HEADER_LENGTH, BEFORE_ID);
    return writeBytes(out, writeU16(out, idAt, toTunnelId(tokenLo)), AFTER_ID) - at;
  },
  read(reply, _tokenHi, tokenLo) {
    if ((readU16(reply, 0) & FLAGS_MASK) !== FLAGS || readU16(reply, 2) !== reply.length)
      return null;
    if (readU16(reply, 4) !== toTunnelId(tokenLo) || reply.length < HEADER_LENGTH) return null;
    // A message without AVPs acknowledges ours (section 5.8).
    if (reply.length === HEADER_LENGTH) return { protocol: 'l2tp', info: 'acknowledged' };
    const avps = readAvps(reply);
    const facts = avps === null ? null : toFacts(avps);
    return facts === null ? null : { protocol: 'l2tp', info: toInfo(facts) };
  },
};

/** An id is never 0 (section 4.4.3). */
function toTunnelId(tokenLo: number): number {
  return tokenLo & 0xffff || 1;
}

/** The AVPs of vendor 0 by type, or null when they do not fill the message or the first is no message type. */
function readAvps(reply: Uint8Array): ReadonlyMap<number, Uint8Array> | null {
  const avps = new Map<number, Uint8Array>();
  let at = HEADER_LENGTH;
  while (at < reply.length) {
    const length = readU16(reply, at) & 0x3ff;
    const type = readU16(reply, at + 4);
    if (length < AVP_HEADER_LENGTH || at + length > reply.length) return null;
    if (at === HEADER_LENGTH && (type !== AVP.MESSAGE_TYPE || length !== 8)) return null;
    if (readU16(reply, at + 2) === 0 && !avps.has(type)) {
      avps.set(type, reply.subarray(at + AVP_HEADER_LENGTH, at + length));
    }
    at += length;
  }
  return avps;
}

function toFacts(avps: ReadonlyMap<number, Uint8Array>): (string | null)[] | null {
  const type = readU16(avps.get(AVP.MESSAGE_TYPE) ?? new Uint8Array(0), 0);
  const text = (avp: number) => toPrintable(avps.get(avp) ?? new Uint8Array(0));
  if (type === SCCRP) return ['SCCRP', `host ${text(AVP.HOST_NAME)}`, text(AVP.VENDOR_NAME)];
  const result = avps.get(AVP.RESULT);
  const code = result === undefined ? -1 : readU16(result, 0);
  if (type !== STOP_CCN || result === undefined || code < 0) return null;
  // An error code of two bytes may follow, and then a message.
  return ['StopCCN', RESULTS.get(code) ?? `result ${code}`, toPrintable(result.subarray(4))];
}
