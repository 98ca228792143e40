/**
 * The journal of a recording: blocks beside the packets, from which a run can be computed again. A head, a block
 * for each turn of the loop, and an end with the verdicts.
 *
 * They are of a type for local use, which other readers pass over (Wireshark lists custom blocks among the packets), and
 * begin with a magic of ours.
 * Packets are not repeated here: a turn names how many of those before it the engine received.
 */

/** Type of the blocks, among those for local use. */
export const JOURNAL_BLOCK = 0x8000_7075;
/** What a journal block is. */
export const JOURNAL = { HEAD: 1, TURN: 2, VERDICTS: 3, END: 4 } as const;
/** Shape of the blocks; another one is another number. */
export const JOURNAL_FORMAT = 1;

/** Magic, format, kind, whether it goes on, a byte of nothing, length of the body: a block is padded, so it must say. */
const MAGIC = new TextEncoder().encode('pu-probe');
const HEADER_BYTES = 16;
/** Longest data of one block, header included: what is longer goes on in the next, so that each has room in a page. */
const MAX_BLOCK_BYTES = 4000;

/** A journal block that was read: its body is `bytes[at, end)`. */
export interface JournalBlock {
  readonly format: number;
  readonly kind: number;
  /** The next block has more of the same body. */
  readonly goesOn: boolean;
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly end: number;
}

/** Begins a block in `out`; returns where its body starts. */
export function beginJournal(out: Uint8Array, kind: number): number {
  out.set(MAGIC);
  out[8] = JOURNAL_FORMAT;
  out[9] = kind;
  out[10] = 0;
  out[11] = 0;
  return HEADER_BYTES;
}

/** Ends the block at `end`: writes the length of its body. */
export function finishJournal(out: Uint8Array, end: number): void {
  new DataView(out.buffer, out.byteOffset).setUint32(12, end - HEADER_BYTES, true);
}

/** Hands out the data of one block, or of several that go on where it is long; each is valid during the call. */
export function splitJournal(
  data: Uint8Array,
  length: number,
  give: (data: Uint8Array, length: number) => void,
): void {
  if (length <= MAX_BLOCK_BYTES) {
    give(data, length);
    return;
  }
  const piece = data.slice(0, MAX_BLOCK_BYTES);
  const most = MAX_BLOCK_BYTES - HEADER_BYTES;
  for (let at = HEADER_BYTES; at < length; at += most) {
    const size = Math.min(most, length - at);
    piece[10] = at + size < length ? 1 : 0;
    piece.set(data.subarray(at, at + size), HEADER_BYTES);
    finishJournal(piece, HEADER_BYTES + size);
    give(piece, HEADER_BYTES + size);
  }
}

/** Encodes a block whose body is JSON. */
export function encodeJson(kind: number, value: unknown): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(value));
  const out = new Uint8Array(HEADER_BYTES + text.length);
  out.set(text, beginJournal(out, kind));
  finishJournal(out, out.length);
  return out;
}

/** Reads the body of a block; null where it is none of ours or cut. */
export function readJournal(bytes: Uint8Array, at: number, end: number): JournalBlock | null {
  if (end - at < HEADER_BYTES || MAGIC.some((byte, i) => bytes[at + i] !== byte)) return null;
  const length = new DataView(bytes.buffer, bytes.byteOffset + at, HEADER_BYTES).getUint32(
    12,
    true,
  );
  const bodyAt = at + HEADER_BYTES;
  if (length > end - bodyAt) return null;
  const [format, kind, goesOn] = bytes.subarray(at + 8, at + 11);
  const head = { format: format!, kind: kind!, goesOn: goesOn === 1 };
  return { ...head, bytes, at: bodyAt, end: bodyAt + length };
}

/** Longest body that is put together again. */
const MAX_JOINED_BYTES = 64 * 1024 * 1024;

/** Creates what joins blocks that go on: the whole block, null while more has to come, or why they do not belong together. */
export function createJournalJoiner(): (piece: JournalBlock) => JournalBlock | string | null {
  let pieces: Uint8Array[] = [];
  let kind = 0;
  let length = 0;
  return (piece) => {
    if (pieces.length === 0 && !piece.goesOn) return piece;
    if (pieces.length > 0 && piece.kind !== kind) return 'a part of its journal is missing';
    kind = piece.kind;
    length += piece.end - piece.at;
    if (length > MAX_JOINED_BYTES) return 'a part of its journal is too long';
    pieces.push(piece.bytes.slice(piece.at, piece.end));
    if (piece.goesOn) return null;
    const bytes = new Uint8Array(length);
    let at = 0;
    for (const part of pieces) {
      bytes.set(part, at);
      at += part.length;
    }
    pieces = [];
    length = 0;
    return { ...piece, bytes, at: 0, end: bytes.length };
  };
}

/** The JSON of a block; undefined where it is none. */
export function decodeJson({ bytes, at, end }: JournalBlock): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes.subarray(at, end))) as unknown;
  } catch {
    return undefined;
  }
}
