/**
 * Addresses as text and as bytes.
 *
 * At the borders an address is canonical text, an {@link Ip}; inside it is 16 bytes of a caller's array, an IPv4 address
 * in the first four. An IPv4-mapped IPv6 address (`::ffff:10.0.0.5`) is taken for the IPv4 address that it stands for:
 * on the wire the kernel sends IPv4 for it.
 */

declare const ipBrand: unique symbol;

/** Canonical text of an address: dotted quad, or RFC 5952 with the zone after `%` where there is one. */
export type Ip = string & { readonly [ipBrand]: true };

/** An address taken from text. */
export interface ParsedIp {
  readonly family: 4 | 6;
  /** 16 bytes in network order; IPv4 in the first four, the others zero. */
  readonly bytes: Uint8Array;
  /** RFC 4007 zone without the `%` (`eth0`, `2`); always null for IPv4. */
  readonly zone: string | null;
}

/** What kind of destination an address is, as far as its bytes tell. */
export type IpClass =
  | 'unspecified'
  | 'loopback'
  | 'link-local'
  | 'multicast'
  | 'broadcast'
  | 'unicast';

/**
 * Parses an address; null when the text is none.
 *
 * IPv4 is four decimal octets: no leading zeros (some parsers read them as octal), no short or hexadecimal forms.
 * IPv6 is RFC 4291 section 2.2, with an IPv4 tail and with a zone (RFC 4007 section 11). Brackets, prefixes and
 * surrounding space are not part of an address. A zone on an IPv4-mapped address is no address: IPv4 has no zones.
 */
export function parseIp(text: string): ParsedIp | null {
  const bytes = new Uint8Array(16);
  if (!text.includes(':')) {
    return parseQuad(text, bytes, 0) ? { family: 4, bytes, zone: null } : null;
  }
  const percent = text.indexOf('%');
  const zone = percent < 0 ? null : text.slice(percent + 1);
  if (zone !== null && !zonePattern.test(zone)) return null;
  if (!parseGroups(percent < 0 ? text : text.slice(0, percent), bytes)) return null;
  if (!isMapped(bytes, 0)) return { family: 6, bytes, zone };
  if (zone !== null) return null;
  bytes.copyWithin(0, 12, 16);
  bytes.fill(0, 4);
  return { family: 4, bytes, zone: null };
}

/**
 * Formats the address at `bytes[at]` (4 or 16 bytes) canonically.
 *
 * IPv6 follows RFC 5952: lower case, no leading zeros, the first longest run of two or more zero groups as `::`, and
 * the IPv4-mapped prefix with a dotted tail. The zone is appended to IPv6 only; null and '' mean none.
 */
export function formatIp(bytes: Uint8Array, at: number, family: 4 | 6, zone?: string | null): Ip {
  if (family === 4) return formatQuad(bytes, at) as Ip;
  const suffix = zone ? `%${zone}` : '';
  if (isMapped(bytes, at)) return `::ffff:${formatQuad(bytes, at + 12)}${suffix}` as Ip;
  let bestAt = -1;
  let bestLength = 1;
  let runLength = 0;
  for (let group = 0; group < 8; group++) {
    runLength = readGroup(bytes, at, group) === 0 ? runLength + 1 : 0;
    if (runLength > bestLength) {
      bestLength = runLength;
      bestAt = group - runLength + 1;
    }
  }
  if (bestAt < 0) return (formatGroups(bytes, at, 0, 8) + suffix) as Ip;
  const head = formatGroups(bytes, at, 0, bestAt);
  return `${head}::${formatGroups(bytes, at, bestAt + bestLength, 8)}${suffix}` as Ip;
}

/**
 * Tells what kind of destination the address at `bytes[at]` is (RFC 6890, RFC 4291 section 2.4).
 *
 * `broadcast` is the limited broadcast alone: directed ones depend on a prefix that the bytes do not hold. An
 * IPv4-mapped IPv6 address is judged as IPv4. Of 0.0.0.0/8 only the first address is `unspecified`.
 */
export function classifyIp(bytes: Uint8Array, at: number, family: 4 | 6): IpClass {
  if (family === 4) return classifyQuad(bytes, at);
  if (isMapped(bytes, at)) return classifyQuad(bytes, at + 12);
  const first = bytes[at]!;
  if (first === 0xff) return 'multicast';
  if (first === 0xfe && (bytes[at + 1]! & 0xc0) === 0x80) return 'link-local';
  for (let i = 0; i < 15; i++) {
    if (bytes[at + i] !== 0) return 'unicast';
  }
  const last = bytes[at + 15]!;
  if (last === 0) return 'unspecified';
  return last === 1 ? 'loopback' : 'unicast';
}

/** Compares the addresses at `a[aAt]` and `b[bAt]`: 4 bytes of IPv4 or 16 of IPv6. */
export function equalIp(
  a: Uint8Array,
  aAt: number,
  b: Uint8Array,
  bAt: number,
  family: 4 | 6,
): boolean {
  const length = family === 4 ? 4 : 16;
  for (let i = 0; i < length; i++) {
    if (a[aAt + i] !== b[bAt + i]) return false;
  }
  return true;
}

/** Not empty, and nothing that ends an address elsewhere or that would disturb a terminal. */
const zonePattern = /^[^\s%/:\p{C}]+$/u;

const quadPattern = /^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/;

const groupPattern = /^[0-9a-fA-F]{1,4}$/;

/** `::` in the middle of seven groups: no longer text is an address. */
const MAX_GROUP_PARTS = 9;

function parseQuad(text: string, out: Uint8Array, at: number): boolean {
  const match = quadPattern.exec(text);
  if (match === null) return false;
  for (let i = 0; i < 4; i++) {
    const octet = Number(match[i + 1]);
    if (octet > 255) return false;
    out[at + i] = octet;
  }
  return true;
}

function parseGroups(text: string, out: Uint8Array): boolean {
  const gap = text.indexOf('::');
  if (gap < 0) return parseRun(text, out, true) === 16;
  const head = text.slice(0, gap);
  const tail = new Uint8Array(16);
  const headLength = head === '' ? 0 : parseRun(head, out, false);
  const rest = text.slice(gap + 2);
  const tailLength = rest === '' ? 0 : parseRun(rest, tail, true);
  // RFC 5952 section 4.2.2 forbids writing `::` for one group; RFC 4291 lets readers accept it. For none it is an error.
  if (headLength < 0 || tailLength < 0 || headLength + tailLength > 14) return false;
  out.set(tail.subarray(0, tailLength), 16 - tailLength);
  return true;
}

/** Writes groups separated by single colons; returns how many bytes, or -1. */
function parseRun(text: string, out: Uint8Array, mayEndInQuad: boolean): number {
  const parts = text.split(':', MAX_GROUP_PARTS);
  let length = 0;
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i]!;
    if (groupPattern.test(part)) {
      if (length > 14) return -1;
      const value = Number.parseInt(part, 16);
      out[length] = value >> 8;
      out[length + 1] = value & 0xff;
      length += 2;
    } else {
      const isLast = i === parts.length - 1;
      if (!mayEndInQuad || !isLast || length > 12 || !parseQuad(part, out, length)) return -1;
      length += 4;
    }
  }
  return length;
}

function isMapped(bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < 10; i++) {
    if (bytes[at + i] !== 0) return false;
  }
  return bytes[at + 10] === 0xff && bytes[at + 11] === 0xff;
}

function formatQuad(bytes: Uint8Array, at: number): string {
  return `${bytes[at]!}.${bytes[at + 1]!}.${bytes[at + 2]!}.${bytes[at + 3]!}`;
}

function readGroup(bytes: Uint8Array, at: number, group: number): number {
  return (bytes[at + 2 * group]! << 8) | bytes[at + 2 * group + 1]!;
}

function formatGroups(bytes: Uint8Array, at: number, from: number, to: number): string {
  let text = '';
  for (let group = from; group < to; group++) {
    text += (group > from ? ':' : '') + readGroup(bytes, at, group).toString(16);
  }
  return text;
}

function classifyQuad(bytes: Uint8Array, at: number): IpClass {
  const first = bytes[at]!;
  const rest = (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  if (first === 0 && rest === 0) return 'unspecified';
  if (first === 127) return 'loopback';
  if (first === 169 && bytes[at + 1] === 254) return 'link-local';
  if (first >= 224 && first < 240) return 'multicast';
  return first === 255 && rest === 0xffffff ? 'broadcast' : 'unicast';
}

/** Whether an address is of this machine, whose other addresses are given. */
export function isOwnIp(ip: Ip, ownAddresses: ReadonlySet<Ip>): boolean {
  return ip.startsWith('127.') || ip === '::1' || ownAddresses.has(ip);
}
