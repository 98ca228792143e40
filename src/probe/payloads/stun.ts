/**
 * STUN binding request (RFC 8489 section 5): a header without attributes, which asks "how do you see my address?".
 * 20 bytes. The 96-bit transaction id is the token and 32 bits made from it.
 *
 * The target sees what every WebRTC client sends; coturn logs it only when verbose. No TURN allocation is tried.
 */
import { formatIp } from '../../packet/address.ts';
import type { PayloadKind } from '../payload.ts';
import { readU16, readU32, writeU16, writeU32 } from './bytes.ts';
import { toInfo, toPrintable } from './printable.ts';

const HEADER_LENGTH = 20;
const BINDING_REQUEST = 0x0001;
const BINDING_SUCCESS = 0x0101;
const BINDING_ERROR = 0x0111;
const MAGIC_COOKIE = 0x2112a442;
const COOKIE_AT = 4;

type Attributes = ReadonlyMap<number, Uint8Array>;

const MAPPED_ADDRESS = 0x0001;
const ERROR_CODE = 0x0009;
const XOR_MAPPED_ADDRESS = 0x0020;
const SOFTWARE = 0x8022;

/** STUN, proven by the transaction id and the attribute that its answer must have; `info` is the software and what it said. */
export const stun: PayloadKind = {
  protocol: 'stun',
  ports: [3478],
  source: 'RFC 8489 sections 5, 6.3 and 14',
  maxLength: HEADER_LENGTH,
  write(out, at, tokenHi, tokenLo) {
    writeU32(out, writeU16(out, writeU16(out, at, BINDING_REQUEST), 0), MAGIC_COOKIE);
    writeU32(out, at + 8, tokenHi);
    writeU32(out, at + 12, tokenLo);
    writeU32(out, at + 16, toThirdWord(tokenHi, tokenLo));
    return HEADER_LENGTH;
  },
  read(reply, tokenHi, tokenLo) {
    const type = readU16(reply, 0);
    if (readU16(reply, 2) !== reply.length - HEADER_LENGTH) return null;
    if (readU32(reply, COOKIE_AT) !== MAGIC_COOKIE || readU32(reply, 8) !== tokenHi >>> 0)
      return null;
    if (readU32(reply, 12) !== tokenLo >>> 0) return null;
    if (readU32(reply, 16) !== toThirdWord(tokenHi, tokenLo)) return null;
    const attributes = readAttributes(reply);
    if (attributes === null) return null;
    const fact =
      type === BINDING_SUCCESS
        ? toMappedFact(reply, attributes)
        : type === BINDING_ERROR
          ? toErrorFact(attributes)
          : null;
    if (fact === null) return null;
    const software = attributes.get(SOFTWARE);
    const info = toInfo([software === undefined ? null : toPrintable(software), fact]);
    return { protocol: 'stun', info };
  },
};

function toThirdWord(tokenHi: number, tokenLo: number): number {
  return (Math.imul(tokenHi ^ (tokenLo >>> 16), 0x9e3779b1) ^ tokenLo) >>> 0;
}

/** The attributes, the first of each type (RFC 8489 section 14), or null when they do not fill the message exactly. */
function readAttributes(reply: Uint8Array): Attributes | null {
  const attributes = new Map<number, Uint8Array>();
  let at = HEADER_LENGTH;
  while (at < reply.length) {
    const type = readU16(reply, at);
    const length = readU16(reply, at + 2);
    const next = at + 4 + length + ((4 - (length & 3)) & 3);
    if (length < 0 || next > reply.length) return null;
    if (!attributes.has(type)) attributes.set(type, reply.subarray(at + 4, at + 4 + length));
    at = next;
  }
  return attributes;
}

/** What the server calls our address; the sent value is XORed with the cookie and, for IPv6, the transaction id (section 14.2). */
function toMappedFact(reply: Uint8Array, attributes: Attributes): string | null {
  const xored = attributes.get(XOR_MAPPED_ADDRESS);
  const value = xored ?? attributes.get(MAPPED_ADDRESS);
  if (value === undefined) return null;
  const isV4 = value[1] === 1 && value.length === 8;
  const isV6 = value[1] === 2 && value.length === 20;
  if (!isV4 && !isV6) return null;
  const plain = value.slice(2);
  if (xored !== undefined) {
    for (let i = 0; i < 2; i++) plain[i] = plain[i]! ^ reply[COOKIE_AT + i]!;
    for (let i = 2; i < plain.length; i++) plain[i] = plain[i]! ^ reply[COOKIE_AT + i - 2]!;
  }
  const port = readU16(plain, 0);
  return isV4
    ? `sees us as ${formatIp(plain, 2, 4)}:${port}`
    : `sees us as [${formatIp(plain, 2, 6)}]:${port}`;
}

/** ERROR-CODE: class in the third byte, number in the fourth, then the reason (RFC 8489 section 14.8). */
function toErrorFact(attributes: Attributes): string | null {
  const value = attributes.get(ERROR_CODE);
  if (value === undefined || value.length < 4) return null;
  const code = (value[2]! & 7) * 100 + value[3]!;
  return `error ${code} ${toPrintable(value.subarray(4))}`.trimEnd();
}
