/**
 * BER as SNMP, LDAP and Kerberos use it (RFC 3417 section 8, RFC 4511 section 5.1): definite lengths, one-byte tags.
 */
import { toBytes } from './bytes.ts';

/** One element: `bytes[at .. end)` is its content. */
export interface BerElement {
  readonly tag: number;
  readonly at: number;
  readonly end: number;
}

/** Tag of an INTEGER (X.690 section 8.3). */
export const BER_INTEGER = 0x02;
/** Tag of an OCTET STRING (X.690 section 8.7). */
export const BER_OCTETS = 0x04;
/** Tag of a SEQUENCE, constructed (X.690 section 8.9). */
export const BER_SEQUENCE = 0x30;

/** Tag of a SET, constructed (X.690 section 8.11). */
export const BER_SET = 0x31;

/** Bytes of the longest length field: Active Directory writes 0x84 and four bytes whatever the length. */
const MAX_LENGTH_BYTES = 4;

/**
 * Writes one element: its tag, the length in its shortest form, and what it holds; a text stands for one byte a
 * character.
 */
export function toBer(tag: number, ...parts: readonly (Uint8Array | string)[]): Uint8Array {
  const contents = parts.map((part) => (typeof part === 'string' ? toBytes(part) : part));
  const length = contents.reduce((sum, content) => sum + content.length, 0);
  const lengthBytes: number[] = [];
  for (let rest = length; rest > 0; rest >>>= 8) lengthBytes.unshift(rest & 0xff);
  const header = length < 0x80 ? [length] : [0x80 | lengthBytes.length, ...lengthBytes];
  return Uint8Array.from([tag, ...header, ...contents.flatMap((content) => [...content])]);
}

/**
 * 30 bits of a word for an INTEGER of always four bytes: the sign bit stays clear (SNMP and LDAP ids are 0..2^31-1,
 * RFC 3412 section 6.2 and RFC 4511 section 4.1.1.1) and the next one is set, so that BER has no shorter form.
 */
export function toBerId(word: number): number {
  return 0x40000000 | (word & 0x3fffffff);
}

/**
 * Reads the elements that fill `bytes[at .. end)` exactly and carry these tags in this order; null otherwise.
 * A tag of -1 takes any.
 */
export function readBerFields(
  bytes: Uint8Array,
  range: { readonly at: number; readonly end: number },
  tags: readonly number[],
): BerElement[] | null {
  const fields: BerElement[] = [];
  let at = range.at;
  for (const tag of tags) {
    const field = readBer(bytes, at, range.end);
    if (field === null || (tag !== -1 && field.tag !== tag)) return null;
    fields.push(field);
    at = field.end;
  }
  return at === range.end ? fields : null;
}

/**
 * Reads the elements, `most` at the most, that fill `bytes[at .. end)` exactly, whatever their tags; null otherwise.
 */
export function readBerList(
  bytes: Uint8Array,
  range: { readonly at: number; readonly end: number },
  most: number,
): BerElement[] | null {
  const list: BerElement[] = [];
  let at = range.at;
  while (at < range.end && list.length < most) {
    const element = readBer(bytes, at, range.end);
    if (element === null) return null;
    list.push(element);
    at = element.end;
  }
  return at === range.end ? list : null;
}

/** The value of an INTEGER of up to 32 bits, signed, or null. */
export function toBerInteger(bytes: Uint8Array, { at, end }: BerElement): number | null {
  if (end === at || end - at > 4) return null;
  let value = bytes[at]! >= 0x80 ? -1 : 0;
  for (let i = at; i < end; i++) value = value * 256 + bytes[i]!;
  return value;
}

/** Reads the element at `at` that must end at or before `end`; null when it is malformed or does not fit. */
function readBer(bytes: Uint8Array, at: number, end: number): BerElement | null {
  if (at + 2 > end) return null;
  const tag = bytes[at]!;
  let length = bytes[at + 1]!;
  let content = at + 2;
  if (length >= 0x80) {
    const lengthBytes = length & 0x7f;
    if (lengthBytes === 0 || lengthBytes > MAX_LENGTH_BYTES || content + lengthBytes > end) {
      return null;
    }
    length = 0;
    for (let i = 0; i < lengthBytes; i++) length = length * 256 + bytes[content + i]!;
    content += lengthBytes;
  }
  return content + length <= end ? { tag, at: content, end: content + length } : null;
}
