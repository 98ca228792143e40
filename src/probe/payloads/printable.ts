/**
 * Bytes from the network as text for people. A terminal must never see a control character that a stranger chose
 * (CWE-150), and one answer must not fill a table.
 */

/** Characters that `info` holds at most: what fits below a verdict without wrapping twice on 80 columns. */
export const INFO_MAX_LENGTH = 120;

/**
 * Bytes as ASCII text; everything else, and the backslash, becomes an escape of the form `\x1b`.
 * No length limit here: {@link toInfo} cuts.
 */
export function toPrintable(bytes: Uint8Array): string {
  let text = '';
  // No character takes less room in the result than in the source, so what lies beyond is cut in any case.
  const end = Math.min(bytes.length, INFO_MAX_LENGTH + 1);
  for (let i = 0; i < end; i++) {
    const byte = bytes[i]!;
    const plain = byte >= 0x20 && byte < 0x7f && byte !== 0x5c;
    text += plain ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
  }
  return text;
}

/** Bytes as a MAC address is written: `00:50:56:9a:0b:0c`. */
export function toMac(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(':');
}

/**
 * Joins the facts that are known with commas and cuts the text at {@link INFO_MAX_LENGTH} characters, `...` included.
 */
export function toInfo(facts: readonly (string | null)[]): string {
  const text = facts.filter((fact) => fact !== null && fact !== '').join(', ');
  return text.length <= INFO_MAX_LENGTH ? text : `${text.slice(0, INFO_MAX_LENGTH - 3)}...`;
}
