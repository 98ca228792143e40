/**
 * Makes text from the network or the user safe for a terminal: control, format (bidi) and private characters and lone
 * surrogates become `\xNN` or `\u{…}`; everything else stays.
 */
export function printable(text: string): string {
  return text.replace(/[\p{C}\u2028\u2029]/gu, (char) => {
    const code = char.codePointAt(0)!;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });
}
