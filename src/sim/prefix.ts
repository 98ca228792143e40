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
