/** Longest piece of the user's text that an error repeats: enough to find it, short enough for one line. */
const MAX_QUOTED = 80;

/** Quotes the user's text for a one-line message: control characters escaped, the middle of very long text left out. */
export function quote(text: string): string {
  const cut = text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text;
  const safe = cut.replace(/[\p{C}\u2028\u2029]/gu, (char) => {
    const code = char.codePointAt(0)!;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });
  return `"${safe}"`;
}
