/** Text of one target -> what it names: addresses or a name, and a port where it says one. */
import { UsageError } from '../errors.ts';
import type { Protocol } from '../model.ts';
import type { ParsedIp } from '../packet/address.ts';
import { parseIp } from '../packet/address.ts';
import { onlyProtocolOf } from './portNames.ts';
import { parsePort } from './ports.ts';
import { quote } from './quote.ts';

/** Most addresses of one run: a /8. Their table takes 21 bytes each. */
export const MAX_TARGETS: number = 2 ** 24;

/** Neighbouring addresses: the same upper 96 bits, and a range of the lower 32. IPv4 has only the lower 32. */
export interface AddressRange {
  readonly family: 4 | 6;
  readonly zone: string | null;
  readonly high: bigint;
  /** Bits of `high` that count; all but for prefixes shorter than /96, which only an exclusion may use. */
  readonly highMask: bigint;
  readonly first: number;
  readonly last: number;
}

/** What one word of a target list says, before names are looked up. */
export interface TargetText {
  readonly text: string;
  /** Null: every port of the run. */
  readonly port: number | null;
  /** What `port` is asked with; null: with every protocol of the run. */
  readonly protocol: Protocol | null;
  readonly host:
    | { readonly kind: 'addresses'; readonly ranges: readonly AddressRange[] }
    | { readonly kind: 'name'; readonly name: string; readonly prefix: number | null };
}

/** Pieces of octet ranges like `1-9.0-255.0-255.1`: each is one record, so they are bounded too. */
const MAX_PIECES = 2 ** 17;
const ALL_HIGH = 2n ** 96n - 1n;

/**
 * Parses one target: an address, a prefix, octet ranges (`10.0.0-1.1-254`), `first-last`, a name, each also with
 * `:port` (IPv6 in brackets), or a URL, whose scheme may give the port and the protocol (`udp://10.0.0.5:53`,
 * `ntp://10.0.0.5`). Throws a UsageError that quotes the text.
 */
export function parseTargetText(text: string): TargetText {
  const trimmed = text.trim();
  if (trimmed === '') throw new UsageError('a target is empty');
  const url = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)/i.exec(trimmed);
  if (url !== null) return parseUrl(text, url[1]!, url[2]!);
  const { host, port } = splitPort(trimmed, text);
  return { text, port, protocol: null, host: parseHost(host, text) };
}

/** Takes a prefix of an address: all addresses that agree with it. */
export function rangeOfPrefix(ip: ParsedIp, prefix: number): AddressRange {
  const { family, zone } = ip;
  const lowBits = family === 4 ? 32 - prefix : Math.min(32, 128 - prefix);
  const size = 2 ** lowBits;
  const low = readLow(ip.bytes, family === 4 ? 0 : 12);
  const first = Math.floor(low / size) * size;
  const highBits = family === 4 ? 96 : Math.min(96, prefix);
  const highMask = ALL_HIGH ^ (2n ** BigInt(96 - highBits) - 1n);
  const high = family === 4 ? 0n : readHigh(ip.bytes) & highMask;
  return { family, zone, high, highMask, first, last: first + size - 1 };
}

/** How many addresses a range holds; more than the lower 32 bits can count for short prefixes. */
export function sizeOfRange(range: AddressRange): number {
  const free = (ALL_HIGH ^ range.highMask).toString(2).replaceAll('0', '').length;
  return (range.last - range.first + 1) * 2 ** free;
}

function parseUrl(text: string, scheme: string, authority: string): TargetText {
  const { host, port } = splitPort(authority.slice(authority.lastIndexOf('@') + 1), text);
  if (host === '') throw new UsageError(`target ${quote(text)}: the URL names no host`);
  const known = port ?? parsePort(scheme);
  if (known === null) {
    throw new UsageError(`target ${quote(text)}: say the port, ${quote(scheme)} has no usual one`);
  }
  return { text, port: known, protocol: protocolOfScheme(scheme), host: parseHost(host, text) };
}

function protocolOfScheme(scheme: string): Protocol | null {
  const name = scheme.toLowerCase();
  return name === 'tcp' || name === 'udp' ? name : onlyProtocolOf(name);
}

function splitPort(trimmed: string, text: string): { host: string; port: number | null } {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(trimmed);
  if (bracketed !== null) {
    if (!bracketed[1]!.includes(':')) {
      throw new UsageError(`target ${quote(text)}: brackets hold an IPv6 address`);
    }
    return { host: bracketed[1]!, port: parseTargetPort(bracketed[2], text) };
  }
  const colon = trimmed.indexOf(':');
  if (colon < 0 || trimmed.indexOf(':', colon + 1) >= 0) return { host: trimmed, port: null };
  return { host: trimmed.slice(0, colon), port: parseTargetPort(trimmed.slice(colon + 1), text) };
}

function parseTargetPort(portText: string | undefined, text: string): number | null {
  if (portText === undefined) return null;
  const port = parsePort(portText);
  if (port !== null) return port;
  throw new UsageError(
    `target ${quote(text)}: ${quote(portText)} is no port (1 to 65535, or a name)`,
  );
}

function parseHost(host: string, text: string): TargetText['host'] {
  const slash = host.indexOf('/');
  const base = slash < 0 ? host : host.slice(0, slash);
  const prefixText = slash < 0 ? null : host.slice(slash + 1);
  const ip = parseIp(base);
  if (ip !== null) return { kind: 'addresses', ranges: [parsePrefix(ip, base, prefixText, text)] };
  if (/[:%]/.test(base)) throw new UsageError(`target ${quote(text)} is no IPv6 address`);
  if (/^[\d.,*-]+$/.test(base)) {
    if (prefixText === null) {
      return { kind: 'addresses', ranges: parseFirstLast(base, text) ?? parseOctets(base, text) };
    }
    throw new UsageError(`target ${quote(text)}: a prefix length needs a whole address before it`);
  }
  if (!isName(base)) throw new UsageError(`target ${quote(text)} is neither an address nor a name`);
  const prefix = prefixText === null ? null : parsePrefixLength(prefixText, 128, text);
  return { kind: 'name', name: base, prefix };
}

function parsePrefix(
  ip: ParsedIp,
  base: string,
  prefixText: string | null,
  text: string,
): AddressRange {
  if (ip.family === 6) return rangeOfPrefix(ip, parsePrefixLength(prefixText, 128, text));
  if (!base.includes(':')) return rangeOfPrefix(ip, parsePrefixLength(prefixText, 32, text));
  const prefix = parsePrefixLength(prefixText, 128, text);
  if (prefix >= 96) return rangeOfPrefix(ip, prefix - 96);
  throw new UsageError(`target ${quote(text)}: an IPv4-mapped prefix is /96 to /128`);
}

/** `10.0.0.1-10.0.1.7`; null when the text has another shape. */
function parseFirstLast(base: string, text: string): AddressRange[] | null {
  const dash = base.indexOf('-');
  if (dash < 0) return null;
  const first = parseIp(base.slice(0, dash));
  const last = parseIp(base.slice(dash + 1));
  if (first === null || last === null) return null;
  const range = { ...rangeOfPrefix(first, 32), last: readLow(last.bytes, 0) };
  if (range.last < range.first) {
    throw new UsageError(`target ${quote(text)}: the range ends before it begins`);
  }
  return [range];
}

/** Four octets, each a list of numbers, ranges, `-` or `*`; full trailing octets make one long range. */
function parseOctets(base: string, text: string): AddressRange[] {
  const parts = base.split('.');
  if (parts.length !== 4) {
    throw new UsageError(`target ${quote(text)} is no IPv4 address: it has four octets`);
  }
  let runs: [number, number][] = [[0, 0]];
  for (const part of parts) {
    const octets = parseOctet(part, text);
    const isWhole = octets.length === 1 && octets[0]![0] === 0 && octets[0]![1] === 255;
    const next: [number, number][] = [];
    for (const [first, last] of isWhole ? runs : singles(runs, text)) {
      for (const [low, high] of octets) next.push([first * 256 + low, last * 256 + high]);
    }
    if (next.length > MAX_PIECES) throw new UsageError(tooScattered(text));
    runs = next;
  }
  return runs.map(([first, last]) => ({
    family: 4,
    zone: null,
    high: 0n,
    highMask: ALL_HIGH,
    first,
    last,
  }));
}

/** Ranges are taken apart when the octet that follows is not whole: their addresses are no longer neighbours. */
function singles(runs: readonly [number, number][], text: string): [number, number][] {
  const result: [number, number][] = [];
  for (const [first, last] of runs) {
    if (result.length + last - first >= MAX_PIECES) throw new UsageError(tooScattered(text));
    for (let value = first; value <= last; value++) result.push([value, value]);
  }
  return result;
}

function parseOctet(part: string, text: string): [number, number][] {
  return part.split(',').map((piece) => {
    if (piece === '*') return [0, 255];
    const match = /^(\d{0,3})(-?)(\d{0,3})$/.exec(piece);
    const isRange = match?.[2] === '-';
    const first = isRange && match[1] === '' ? 0 : parseOctetNumber(match?.[1]);
    const last = isRange ? (match[3] === '' ? 255 : parseOctetNumber(match[3])) : first;
    if (first === null || last === null) {
      throw new UsageError(`target ${quote(text)}: ${quote(piece)} is no octet (0 to 255)`);
    }
    if (first > last) {
      throw new UsageError(
        `target ${quote(text)}: the range ${quote(piece)} ends before it begins`,
      );
    }
    return [first, last];
  });
}

function parseOctetNumber(digits: string | undefined): number | null {
  // Leading zeros are refused: some programs read them as octal.
  if (digits === undefined || !/^(0|[1-9]\d{0,2})$/.test(digits)) return null;
  const value = Number(digits);
  return value <= 255 ? value : null;
}

function parsePrefixLength(prefixText: string | null, bits: number, text: string): number {
  if (prefixText === null) return bits;
  const prefix = /^\d{1,3}$/.test(prefixText) ? Number(prefixText) : bits + 1;
  if (prefix <= bits) return prefix;
  throw new UsageError(
    `target ${quote(text)}: ${quote(`/${prefixText}`)} is no prefix length (0 to ${bits})`,
  );
}

function tooScattered(text: string): string {
  const limit = MAX_PIECES.toLocaleString('en-US');
  return `target ${quote(text)} holds too many separate ranges: ${limit} at most`;
}

/** The error for a target that holds more addresses than {@link MAX_TARGETS}. */
export function tooMany(text: string): string {
  return `target ${quote(text)} holds too many addresses: a run takes ${MAX_TARGETS.toLocaleString('en-US')} at most`;
}

/**
 * A name that may be looked up: labels of letters, digits, `-` and `_` (any script: the resolver makes it ASCII), with
 * a letter in the last one, since `10.0.0.300` is a mistyped address and not a name (RFC 1123 section 2.1).
 */
function isName(name: string): boolean {
  const labels = (name.endsWith('.') ? name.slice(0, -1) : name).split('.');
  const last = labels.at(-1)!;
  if (name.length > 253 || !/\p{L}/u.test(last) || /^0x[0-9a-f]*$/i.test(last)) return false;
  return labels.every(
    (label) => /^[\p{L}\p{M}\p{N}_-]{1,63}$/u.test(label) && !label.startsWith('-'),
  );
}

function readLow(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at);
}

function readHigh(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return (view.getBigUint64(0) << 32n) | BigInt(view.getUint32(8));
}
