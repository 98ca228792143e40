/**
 * IKEv2: IKE_SA_INIT with the token as the initiator's SPI (RFC 7296 section 1.2). Its one proposal has an encryption
 * algorithm of the private-use range, so that nobody can accept it: the responder refuses (NO_PROPOSAL_CHOSEN,
 * section 3.10.1) and keeps no state, where an acceptable proposal would leave a half-open SA behind. 148 bytes,
 * answered by 36 at the least. On port 4500 the non-ESP marker stands before it (RFC 3948 section 2.2), and before
 * the answer.
 *
 * The target logs that no proposal matched: strongSwan and Libreswan about five lines each. Nothing that IKE answers
 * avoids it.
 */
import type { PayloadKind } from '../payload.ts';
import { readU16, readU32, toBytes, writeBytes, writeU32 } from './bytes.ts';
import { toInfo } from './printable.ts';

const HEADER_LENGTH = 28;
const MARKER_LENGTH = 4;
const LENGTH_AT = 24;

const PAYLOAD_SA_V1 = 1;
const PAYLOAD_NOTIFY_V1 = 11;
const PAYLOAD_SA = 33;
const PAYLOAD_NOTIFY = 41;
const EXCHANGE_INFORMATIONAL_V1 = 5;
const EXCHANGE_SA_INIT = 34;
const EXCHANGE_INFORMATIONAL = 37;
const FLAG_RESPONSE = 0x20;
const FLAG_INITIATOR = 0x08;

/**
 * Next payload SA, version 2.0, IKE_SA_INIT, initiator, message 0, length 148; then the payloads KE and nonce, whose
 * 32 bytes each are written later. Group 31 is Curve25519 (RFC 8031), for which any 32 bytes are a public key.
 */
const AFTER_SPIS: Uint8Array = toBytes(
  [
    '\x21\x20\x22\x08\0\0\0\0\0\0\0\x94',
    // SA, next KE, 44 bytes: proposal 1 of IKE with four transforms: encryption 65535, PRF 5, integrity 12, group 31.
    '\x22\0\0\x2c\0\0\0\x28\x01\x01\0\x04',
    '\x03\0\0\x08\x01\0\xff\xff\x03\0\0\x08\x02\0\0\x05\x03\0\0\x08\x03\0\0\x0c\0\0\0\x08\x04\0\0\x1f',
    // KE, next nonce, 40 bytes, group 31.
    '\x28\0\0\x28\0\x1f\0\0',
  ].join(''),
);
/** Nonce, the last payload, 36 bytes. */
const NONCE_HEADER: Uint8Array = toBytes('\0\0\0\x24');
const KEY_LENGTH = 32;
const REQUEST_LENGTH = 16 + AFTER_SPIS.length + KEY_LENGTH + NONCE_HEADER.length + KEY_LENGTH;

/** Notify messages that answer a first message (RFC 7296 section 3.10.1); the rest are printed as numbers. */
const NOTIFIES: ReadonlyMap<number, string> = new Map([
  [1, 'UNSUPPORTED_CRITICAL_PAYLOAD'],
  [5, 'INVALID_MAJOR_VERSION'],
  [7, 'INVALID_SYNTAX'],
  [14, 'NO_PROPOSAL_CHOSEN'],
  [17, 'INVALID_KE_PAYLOAD'],
  [24, 'AUTHENTICATION_FAILED'],
  [36, 'INTERNAL_ADDRESS_FAILURE'],
  [43, 'TEMPORARY_FAILURE'],
  [16390, 'COOKIE'],
]);

/** Payloads of one message that are looked at. */
const MAX_PAYLOADS = 64;

/** IKE on its own port. */
export const ike: PayloadKind = createIke('ike', 500, 0);
/** IKE behind NAT detection, on the port that it shares with ESP. */
export const ikeNatT: PayloadKind = createIke('ike-nat-t', 4500, MARKER_LENGTH);

/** IKE, proven by our SPI in a response whose payloads are whole; `info` is the version and the notify messages. */
function createIke(protocol: string, port: number, markerLength: number): PayloadKind {
  return {
    protocol,
    ports: [port],
    source: 'RFC 7296 sections 1.2, 3.1, 3.3 and 3.10; RFC 3948 section 2.2',
    maxLength: markerLength + REQUEST_LENGTH,
    write(out, at, tokenHi, tokenLo) {
      out.fill(0, at, at + markerLength);
      return markerLength + writeRequest(out, at + markerLength, tokenHi, tokenLo);
    },
    read(reply, tokenHi, tokenLo) {
      for (let i = 0; i < markerLength; i++) if (reply[i] !== 0) return null;
      const message = reply.subarray(markerLength);
      if (readU32(message, 0) !== tokenHi >>> 0 || readU32(message, 4) !== tokenLo >>> 0)
        return null;
      if (readU32(message, LENGTH_AT) !== message.length) return null;
      const facts = message[17] === 0x10 ? readVersion1(message) : readVersion2(message);
      return facts === null ? null : { protocol, info: toInfo(facts) };
    },
  };
}

function writeRequest(out: Uint8Array, at: number, tokenHi: number, tokenLo: number): number {
  writeU32(out, writeU32(out, at, tokenHi), tokenLo);
  out.fill(0, at + 8, at + 16);
  const keyAt = writeBytes(out, at + 16, AFTER_SPIS);
  const nonceAt = writeBytes(out, keyAt + KEY_LENGTH, NONCE_HEADER);
  for (let i = 0; i < KEY_LENGTH; i += 8) {
    writeU32(out, writeU32(out, keyAt + i, tokenHi), tokenLo);
    writeU32(out, writeU32(out, nonceAt + i, tokenLo), tokenHi);
  }
  return REQUEST_LENGTH;
}

/** The answer to message 0: an SA, or a refusal. */
function readVersion2(message: Uint8Array): string[] | null {
  const exchange = message[18]!;
  if (message[17]! >>> 4 !== 2 || readU32(message, 20) !== 0) return null;
  if (exchange !== EXCHANGE_SA_INIT && exchange !== EXCHANGE_INFORMATIONAL) return null;
  if ((message[19]! & (FLAG_RESPONSE | FLAG_INITIATOR)) !== FLAG_RESPONSE) return null;
  const payloads = readPayloads(message);
  if (payloads === null) return null;
  const notifies = payloads.filter(({ type }) => type === PAYLOAD_NOTIFY);
  const accepted = payloads.some(({ type }) => type === PAYLOAD_SA);
  if (!accepted && notifies.length === 0) return null;
  if (notifies.some(({ end, at }) => end - at < 8)) return null;
  const names = notifies.map(({ at }) => {
    const type = readU16(message, at + 6);
    return NOTIFIES.get(type) ?? `notify ${type}`;
  });
  return ['IKEv2', accepted ? 'proposal accepted' : null, ...names].filter((fact) => fact !== null);
}

/** A responder of before RFC 4306 refuses in its own version (RFC 2408 sections 3.1 and 3.14). */
function readVersion1(message: Uint8Array): string[] | null {
  if (message[18] !== EXCHANGE_INFORMATIONAL_V1 || message[16] === PAYLOAD_SA_V1) return null;
  const notify = readPayloads(message)?.[0];
  if (notify?.type !== PAYLOAD_NOTIFY_V1 || notify.end - notify.at < 12) return null;
  return ['IKEv1', `notify ${readU16(message, notify.at + 10)}`];
}

/** The chain of payloads (RFC 7296 section 3.2), or null when it does not fill the message exactly. */
function readPayloads(message: Uint8Array): { type: number; at: number; end: number }[] | null {
  const payloads: { type: number; at: number; end: number }[] = [];
  let type = message[16]!;
  let at = HEADER_LENGTH;
  while (type !== 0 && payloads.length < MAX_PAYLOADS) {
    const length = readU16(message, at + 2);
    if (length < 4 || at + length > message.length) return null;
    payloads.push({ type, at, end: at + length });
    type = message[at]!;
    at += length;
  }
  return type === 0 && at === message.length && payloads.length > 0 ? payloads : null;
}
