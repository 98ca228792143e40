import { read16, read32, write16, write32 } from './bytes.ts';

/** The data offset has four bits: 15 words, five of them the fixed header. */
export const MAX_TCP_OPTION_BYTES = 40;

/** Option kinds that are read (IANA, TCP Option Kind Numbers; RFC 9293, RFC 7323, RFC 2018). */
const KIND = { END: 0, NOP: 1, MSS: 2, WINDOW_SCALE: 3, SACK_PERMITTED: 4, TIMESTAMPS: 8 } as const;

/** What the options of a segment say; -1 where an option is absent. */
export interface TcpOptionsView {
  mss: number;
  windowScale: number;
  sackPermitted: boolean;
  timestampValue: number;
  timestampEcho: number;
  /** False when an option is cut or its length is impossible; what came before it was read. */
  wellFormed: boolean;
}

/** Creates a view for `readTcpOptions`. */
export function createTcpOptionsView(): TcpOptionsView {
  return {
    mss: -1,
    windowScale: -1,
    sackPermitted: false,
    timestampValue: -1,
    timestampEcho: -1,
    wellFormed: true,
  };
}

/**
 * Reads the options in `[at, end)`, of which 40 bytes at most are looked at.
 *
 * Unknown kinds are skipped by their length, known kinds with a wrong length are skipped too. Of an option that comes
 * twice the last one counts, as in Linux (tcp_parse_options).
 */
export function readTcpOptions(
  bytes: Uint8Array,
  at: number,
  end: number,
  view: TcpOptionsView,
): void {
  view.mss = -1;
  view.windowScale = -1;
  view.sackPermitted = false;
  view.timestampValue = -1;
  view.timestampEcho = -1;
  view.wellFormed = true;
  const limit = Math.min(end, at + MAX_TCP_OPTION_BYTES);
  let next = at;
  while (next < limit) {
    const kind = bytes[next]!;
    if (kind === KIND.END) return;
    if (kind === KIND.NOP) {
      next += 1;
      continue;
    }
    const length = next + 1 < limit ? bytes[next + 1]! : 0;
    if (length < 2 || next + length > limit) {
      view.wellFormed = false;
      return;
    }
    readOption(bytes, next, length, view);
    next += length;
  }
}

function readOption(bytes: Uint8Array, at: number, length: number, view: TcpOptionsView): void {
  const kind = bytes[at]!;
  if (kind === KIND.MSS && length === 4) view.mss = read16(bytes, at + 2);
  else if (kind === KIND.WINDOW_SCALE && length === 3) view.windowScale = bytes[at + 2]!;
  else if (kind === KIND.SACK_PERMITTED && length === 2) view.sackPermitted = true;
  else if (kind === KIND.TIMESTAMPS && length === 10) {
    view.timestampValue = read32(bytes, at + 2);
    view.timestampEcho = read32(bytes, at + 6);
  }
}

/** Options to write; -1 and false leave one out. */
export interface TcpOptionsFields {
  readonly mss: number;
  readonly windowScale: number;
  readonly sackPermitted: boolean;
  /** Written together with `timestampEcho`. */
  readonly timestampValue: number;
  readonly timestampEcho: number;
}

/**
 * Writes options in the order and with the padding of a Linux SYN (MSS, SACK, timestamps, NOP, window scale); returns
 * how many bytes, a multiple of 4 and at most 20.
 */
export function emitTcpOptions(out: Uint8Array, at: number, fields: TcpOptionsFields): number {
  let next = at;
  if (fields.mss >= 0) {
    out[next] = KIND.MSS;
    out[next + 1] = 4;
    write16(out, next + 2, fields.mss);
    next += 4;
  }
  const hasTimestamps = fields.timestampValue >= 0;
  if (fields.sackPermitted || hasTimestamps) {
    // Two bytes are free beside either: both options together fill whole words.
    if (!fields.sackPermitted || !hasTimestamps) {
      out[next] = KIND.NOP;
      out[next + 1] = KIND.NOP;
      next += 2;
    }
    if (fields.sackPermitted) {
      out[next] = KIND.SACK_PERMITTED;
      out[next + 1] = 2;
      next += 2;
    }
    if (hasTimestamps) {
      out[next] = KIND.TIMESTAMPS;
      out[next + 1] = 10;
      write32(out, next + 2, fields.timestampValue);
      write32(out, next + 6, fields.timestampEcho);
      next += 10;
    }
  }
  if (fields.windowScale >= 0) {
    out[next] = KIND.NOP;
    out[next + 1] = KIND.WINDOW_SCALE;
    out[next + 2] = 3;
    out[next + 3] = fields.windowScale;
    next += 4;
  }
  return next - at;
}
