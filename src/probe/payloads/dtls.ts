/**
 * DTLS 1.2 ClientHello without a cookie (RFC 6347 section 4.2.1). A server that checks cookies answers with a
 * HelloVerifyRequest and keeps no state; its record must have the sequence number of ours, which is 48 bits of the
 * token. Others answer with their ServerHello or an alert, where the protocol has no identity.
 *
 * The target sees a client that goes away after its first packet. Servers without cookies wait for its second, send
 * their flight again for about a minute, and may log a failed handshake.
 */
import type { PayloadKind } from '../payload.ts';
import { readU16, readU32, toBytes, writeBytes, writeU16, writeU32 } from './bytes.ts';
import { toInfo } from './printable.ts';

const ALERT = 21;
const HANDSHAKE = 22;
const DTLS_1_0 = 0xfeff;
const DTLS_1_2 = 0xfefd;
const CLIENT_HELLO = 1;
const SERVER_HELLO = 2;
const HELLO_VERIFY_REQUEST = 3;
const RECORD_HEADER_LENGTH = 13;
const HANDSHAKE_HEADER_LENGTH = 12;
const RANDOM_LENGTH = 32;

/**
 * Session id and cookie, both empty; the offer: AEAD and CBC suites with ECDHE, RSA and PSK (IANA TLS Cipher Suites);
 * no compression.
 */
const BEHIND_RANDOM: Uint8Array = toBytes(
  [
    '\0\0',
    '\0\x16\xc0\x2b\xc0\x2f\xcc\xa9\xcc\xa8\xc0\xac\xc0\xae\xc0\x0a\xc0\x14\x00\x9c\x00\xa8\xc0\xa8',
    '\x01\0',
    // Extensions: groups x25519 and secp256r1; points uncompressed; four signature algorithms; extended master
    // secret; secure renegotiation.
    '\0\x27',
    '\0\x0a\0\x06\0\x04\0\x1d\0\x17',
    '\0\x0b\0\x02\x01\0',
    '\0\x0d\0\x0a\0\x08\x04\x03\x08\x04\x04\x01\x05\x01',
    '\0\x17\0\0',
    '\xff\x01\0\x01\0',
  ].join(''),
);
const BODY_LENGTH = 2 + RANDOM_LENGTH + BEHIND_RANDOM.length;
const LENGTH = RECORD_HEADER_LENGTH + HANDSHAKE_HEADER_LENGTH + BODY_LENGTH;

/** Alerts that answer a first message (RFC 5246 section 7.2, RFC 8446 section 6). */
const ALERTS: ReadonlyMap<number, string> = new Map([
  [0, 'close_notify'],
  [10, 'unexpected_message'],
  [20, 'bad_record_mac'],
  [40, 'handshake_failure'],
  [47, 'illegal_parameter'],
  [50, 'decode_error'],
  [70, 'protocol_version'],
  [71, 'insufficient_security'],
  [80, 'internal_error'],
  [86, 'inappropriate_fallback'],
  [109, 'missing_extension'],
  [112, 'unrecognized_name'],
]);

/** Numbers that a server counts for itself: GnuTLS and DTLS 1.0 begin with 0, where RFC 6347 asks for ours. */
const MAX_OWN_NUMBER = 255;

/** Records of one datagram that are looked at. */
const MAX_RECORDS = 64;

/**
 * DTLS, proven by the record number of a HelloVerifyRequest where the server keeps to it, else by the form of its
 * message.
 */
export const dtls: PayloadKind = {
  protocol: 'dtls',
  // RADIUS (RFC 7360), EtherNet/IP, STUN and TURN (RFC 7350), CoAP (RFC 7252), syslog (RFC 6012), SNMP (RFC 6353).
  ports: [2083, 2221, 5349, 5684, 6514, 10161],
  source: 'RFC 6347 sections 4.1 and 4.2; RFC 5246 section 7',
  maxLength: LENGTH,
  write(out, at, tokenHi, tokenLo) {
    out[at] = HANDSHAKE;
    // The record has the version of DTLS 1.0, epoch 0, and a number of 48 bits.
    writeU16(out, writeU16(out, at + 1, DTLS_1_0), 0);
    writeU32(out, writeU16(out, at + 5, tokenHi), tokenLo);
    writeU16(out, at + 11, HANDSHAKE_HEADER_LENGTH + BODY_LENGTH);
    // Message 0, in one fragment.
    const messageAt = at + RECORD_HEADER_LENGTH;
    writeU32(out, messageAt, (CLIENT_HELLO << 24) | BODY_LENGTH);
    writeU32(out, messageAt + 4, 0);
    writeU32(out, messageAt + 8, BODY_LENGTH);
    const randomAt = writeU16(out, messageAt + HANDSHAKE_HEADER_LENGTH, DTLS_1_2);
    for (let i = 0; i < RANDOM_LENGTH; i += 8) {
      writeU32(out, writeU32(out, randomAt + i, tokenLo), tokenHi);
    }
    return writeBytes(out, randomAt + RANDOM_LENGTH, BEHIND_RANDOM) - at;
  },
  read(reply, tokenHi, tokenLo) {
    if (!isWholeRecords(reply)) return null;
    const body = reply.subarray(RECORD_HEADER_LENGTH, RECORD_HEADER_LENGTH + readU16(reply, 11));
    if (reply[0] === ALERT) return toService(readAlert(body));
    const message = reply[0] === HANDSHAKE ? readHandshake(body) : null;
    if (message === null) return null;
    if (message.type === SERVER_HELLO) return toService(readServerHello(message));
    const hi = readU16(reply, 5);
    const lo = readU32(reply, 7);
    const isOurs = hi === (tokenHi & 0xffff) && lo === tokenLo >>> 0;
    const isOwn = hi === 0 && lo <= MAX_OWN_NUMBER;
    if (message.type !== HELLO_VERIFY_REQUEST || (!isOurs && !isOwn)) return null;
    return toService(readHelloVerifyRequest(message));
  },
};

/** The first fragment of a handshake message: what of it stands in its record. */
interface Handshake {
  readonly type: number;
  /** Bytes of the whole message. */
  readonly length: number;
  readonly body: Uint8Array;
}

function toService(fact: string | null): { protocol: string; info: string } | null {
  return fact === null ? null : { protocol: 'dtls', info: toInfo([fact]) };
}

/** Plain records (epoch 0) that fill the datagram exactly. */
function isWholeRecords(reply: Uint8Array): boolean {
  let at = 0;
  for (let records = 0; records < MAX_RECORDS; records++) {
    const version = readU16(reply, at + 1);
    const length = readU16(reply, at + 11);
    if ((version !== DTLS_1_0 && version !== DTLS_1_2) || readU16(reply, at + 3) !== 0)
      return false;
    if (length < 1) return false;
    at += RECORD_HEADER_LENGTH + length;
    if (at >= reply.length) return at === reply.length;
  }
  return false;
}

function readAlert(body: Uint8Array): string | null {
  if (body.length !== 2 || (body[0] !== 1 && body[0] !== 2)) return null;
  return `alert ${ALERTS.get(body[1]!) ?? body[1]}`;
}

/** A first fragment (RFC 6347 section 4.2.2) with at least a version in it. */
function readHandshake(record: Uint8Array): Handshake | null {
  const length = readU32(record, 0) & 0xffffff;
  const fragmentOffset = readU32(record, 5) >>> 8;
  const fragmentLength = readU32(record, 8) & 0xffffff;
  if (record.length < HANDSHAKE_HEADER_LENGTH + 2 || fragmentOffset !== 0) return null;
  const end = HANDSHAKE_HEADER_LENGTH + fragmentLength;
  if (fragmentLength < 2 || fragmentLength > length || end > record.length) return null;
  // The first message of a server is number 0.
  if (readU16(record, 4) !== 0) return null;
  return { type: record[0]!, length, body: record.subarray(HANDSHAKE_HEADER_LENGTH, end) };
}

/** Version and a cookie, which fills the rest (RFC 6347 section 4.2.1). */
function readHelloVerifyRequest({ body, length }: Handshake): string | null {
  if (body.length !== length || length < 3 || body[2] !== length - 3) return null;
  const version = toVersion(readU16(body, 0));
  return version === null ? null : 'asks for a cookie';
}

/** Version, random, session id, suite (RFC 5246 section 7.4.1.3); extensions are not looked at. */
function readServerHello({ body }: Handshake): string | null {
  const version = toVersion(readU16(body, 0));
  const sessionIdLength = body[2 + RANDOM_LENGTH] ?? 255;
  const suite = readU16(body, 3 + RANDOM_LENGTH + sessionIdLength);
  if (version === null || sessionIdLength > 32 || suite < 0) return null;
  return `${version}, cipher suite 0x${suite.toString(16).padStart(4, '0')}`;
}

function toVersion(version: number): string | null {
  if (version === DTLS_1_2) return 'v1.2';
  return version === DTLS_1_0 ? 'v1.0' : null;
}
