/** Addresses and prefixes of a world. */
import { formatIp, parseIp } from '../packet/address.ts';
import { failAt, type JsonPlace, readText } from './strictJson.ts';

/** One thing for each family. */
export interface PerFamily<T> {
  readonly 4: T;
  readonly 6: T;
}

/** An address (or the first address of a prefix) in the 16-byte layout, and how many of its bits are fixed. */
export interface Prefix {
  readonly bytes: Uint8Array;
  readonly bits: number;
}

/** True when the address at `bytes[at]` lies in the prefix. */
export function prefixHolds(prefix: Prefix, bytes: Uint8Array, at: number): boolean {
  const whole = prefix.bits >> 3;
  for (let i = 0; i < whole; i++) {
    if (prefix.bytes[i] !== bytes[at + i]) return false;
  }
  const rest = prefix.bits & 7;
  return (
    rest === 0 || ((prefix.bytes[whole]! ^ bytes[at + whole]!) & (0xff00 >> rest) & 0xff) === 0
  );
}

/** Parses `10.0.0.5` or `10.128.0.0/9`; nothing there is null. */
export function parsePrefix(place: JsonPlace | undefined, family: 4 | 6): Prefix | null {
  if (place === undefined) return null;
  const wanted = `an IPv${family} address or prefix is wanted here`;
  const match = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(readText(place));
  const parsed = match === null ? null : parseIp(match[1]!);
  const widest = family === 4 ? 32 : 128;
  const bits = match?.[2] === undefined ? widest : Number(match[2]);
  if (parsed === null || parsed.family !== family || parsed.zone !== null || bits > widest) {
    failAt(place, wanted);
  }
  for (let bit = bits; bit < widest; bit++) {
    if ((parsed.bytes[bit >> 3]! & (0x80 >> (bit & 7))) !== 0) {
      failAt(
        place,
        `${formatIp(parsed.bytes, 0, family)} has bits beyond the prefix length ${bits}`,
      );
    }
  }
  return { bytes: parsed.bytes, bits };
}

/** Addresses that nobody named: address `host` of link `link`. */
export function linkAddresses(link: number, host: number): PerFamily<string> {
  return { 4: `10.90.${link}.${host}`, 6: `fd90:0:0:${link.toString(16)}::${host.toString(16)}` };
}

/** The same for addresses that the file cannot name. */
export function defaultAddresses(texts: PerFamily<string>): PerFamily<Prefix> {
  return {
    4: { bytes: parseIp(texts[4])!.bytes, bits: 32 },
    6: { bytes: parseIp(texts[6])!.bytes, bits: 128 },
  };
}

/** The addresses of a node, `v4` and `v6`, or these. */
export function parseAddresses(
  at: (key: 'v4' | 'v6') => JsonPlace | undefined,
  texts: PerFamily<string>,
): PerFamily<Prefix> {
  const defaults = defaultAddresses(texts);
  return {
    4: parsePrefix(at('v4'), 4) ?? defaults[4],
    6: parsePrefix(at('v6'), 6) ?? defaults[6],
  };
}

/** Throws where a prefix stands in place of an address. */
export function refusePrefix(
  at: (key: 'v4' | 'v6') => JsonPlace | undefined,
  address: PerFamily<Prefix>,
): void {
  if (address[4].bits !== 32) failAt(at('v4')!, 'an address is wanted here, not a prefix');
  if (address[6].bits !== 128) failAt(at('v6')!, 'an address is wanted here, not a prefix');
}
