/**
 * Fields of payloads. Numbers are big-endian (network order); reading beyond the end gives -1, which no field can be, so
 * that a parser needs one comparison and never an exception.
 */

/** Reads an unsigned 16-bit number, or -1 beyond the end. */
export function readU16(bytes: Uint8Array, at: number): number {
  return at >= 0 && at + 2 <= bytes.length ? (bytes[at]! << 8) | bytes[at + 1]! : -1;
}

/** Reads an unsigned 32-bit number, or -1 beyond the end. */
export function readU32(bytes: Uint8Array, at: number): number {
  if (at < 0 || at + 4 > bytes.length) return -1;
  return (
    ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
  );
}

/** Writes the low 16 bits of `value` and returns the place after them. */
export function writeU16(out: Uint8Array, at: number, value: number): number {
  out[at] = value >>> 8;
  out[at + 1] = value;
  return at + 2;
}

/** Writes the low 32 bits of `value` and returns the place after them. */
export function writeU32(out: Uint8Array, at: number, value: number): number {
  out[at] = value >>> 24;
  out[at + 1] = value >>> 16;
  out[at + 2] = value >>> 8;
  out[at + 3] = value;
  return at + 4;
}

/** Copies `bytes` and returns the place after them. */
export function writeBytes(out: Uint8Array, at: number, bytes: Uint8Array): number {
  out.set(bytes, at);
  return at + bytes.length;
}

/** Writes 32 bits as eight lower-case hexadecimal digits and returns the place after them. */
export function writeHex32(out: Uint8Array, at: number, value: number): number {
  for (let digit = 0; digit < 8; digit++) {
    const nibble = (value >>> (28 - 4 * digit)) & 0xf;
    out[at + digit] = nibble < 10 ? 0x30 + nibble : 0x57 + nibble;
  }
  return at + 8;
}

/** The token as 16 lower-case hexadecimal digits, as {@link writeHex32} writes its words. */
export function toTokenText(tokenHi: number, tokenLo: number): string {
  const word = (value: number) => (value >>> 0).toString(16).padStart(8, '0');
  return word(tokenHi) + word(tokenLo);
}

/** The bytes of a text whose characters are below U+0100, one byte each. */
export function toBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
