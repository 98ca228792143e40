/**
 * Messages of a start line and headers, as SSDP (RFC 7230 section 3) and SIP (RFC 3261 section 7) have them in one datagram.
 */

/** Start line, headers by lower-case name in order of appearance; the body is not kept. */
export interface HeaderText {
  readonly startLine: Uint8Array;
  /** The values of a header, white space around them removed. */
  values(name: string): readonly string[];
}

/** Bytes of headers that are looked at: more than one datagram on any usual link. */
const MAX_HEAD_LENGTH = 4096;
/** A header's name (RFC 3261 section 25.1, token). */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Reads the head of a message up to its empty line; null when there is none or a line is no header. */
export function readHeaderText(bytes: Uint8Array): HeaderText | null {
  const head = toLatin1(bytes.subarray(0, MAX_HEAD_LENGTH));
  const end = head.indexOf('\r\n\r\n');
  if (end < 0) return null;
  const startEnd = head.indexOf('\r\n');
  const headers = new Map<string, string[]>();
  // With no header at all the start line ends where the head ends.
  const lines = startEnd === end ? [] : unfold(head.slice(startEnd + 2, end)).split('\r\n');
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0)).trim().toLowerCase();
    if (!TOKEN.test(name)) return null;
    const value = line.slice(colon + 1).trim();
    const values = headers.get(name);
    if (values === undefined) headers.set(name, [value]);
    else values.push(value);
  }
  return { startLine: bytes.subarray(0, startEnd), values: (name) => headers.get(name) ?? [] };
}

/** Joins folded lines (RFC 3261 section 7.3.1). */
function unfold(text: string): string {
  return text.replace(/\r\n[ \t]+/g, ' ');
}

function toLatin1(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
