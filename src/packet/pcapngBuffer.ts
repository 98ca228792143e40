/** The buffer in which blocks of pcapng are put together, little endian, one behind the other. */
import { BLOCK, OPTION, pad } from './pcapngBlocks.ts';

/** One packet; a caller may use one record for all. */
export interface PacketFields {
  /** Number that `addInterface` gave. */
  interface: number;
  /** When: whole seconds since 1970 UTC (below 2^32), and 0..999,999,999. */
  seconds: number;
  nanoseconds: number;
  bytes: Uint8Array;
  at: number;
  length: number;
  direction: 'in' | 'out';
  /** UTF-8 text in `comment[0, commentLength)`; length 0: none. */
  comment: Uint8Array;
  commentLength: number;
}

/** Writes words, padded bytes and options; `begin` and `finish` put the block around them. */
export interface BlockBuffer {
  /** Begins a block of at most `mostBytes`, all included; returns where, for `finish`. */
  begin(type: number, mostBytes: number): number;
  finish(at: number): void;
  u16(value: number): void;
  u32(value: number): void;
  /** `from[at, at + length)`, then zeros up to a multiple of four. */
  padded(from: Uint8Array, at: number, length: number): void;
  /** An option whose value is `from[0, length)`. */
  option(code: number, from: Uint8Array, length: number): void;
  /** Nanoseconds since 1970 in 64 bits, the high word first; whole seconds below 2^32, nanoseconds below 10^9. */
  stamp(seconds: number, nanoseconds: number): void;
  /** A whole block of a packet, with its direction and comment. */
  packet(fields: PacketFields): void;
  /** A block that another buffer has finished. */
  block(from: Uint8Array): void;
  size(): number;
  /** Hands out what was finished since the last call; valid until the next `begin`. */
  take(): Uint8Array;
}

/** To begin with; it grows as blocks need it. */
const BUFFER_BYTES = 256 * 1024;
/** Below this a loop is faster than the view that `subarray` would allocate. */
const SHORT_BYTES = 96;
/** Type and both lengths: no block is shorter. */
const AROUND_BYTES = 12;
/** Of the block of a packet: what stands before the packet, and all but packet and comment. */
const PACKET_HEAD_BYTES = 28;
const PACKET_AROUND_BYTES = PACKET_HEAD_BYTES + 8 + 4 + 4;
/** What the direction is called in a packet's flags. */
const DIRECTION = { in: 1, out: 2 } as const;
/** Code and length of the option that holds them. */
const FLAGS_OF_4_BYTES = OPTION.FLAGS + (4 << 16);

/**
 * Creates an empty buffer. With `pageBytes` (a power of two) no block lies across a multiple of it in the file, as far as
 * it is not longer: blocks without content fill what is left of a page. `offsetBytes` stand in the file before the first block.
 */
export function createBlockBuffer(pageBytes = 0, offsetBytes = 0): BlockBuffer {
  let bytes = new Uint8Array(BUFFER_BYTES);
  let view = new DataView(bytes.buffer);
  let end = 0;
  /** Of the file, those that were taken. */
  let takenBytes = offsetBytes;

  const reserve = (length: number): void => {
    if (end + length + pageBytes <= bytes.length) return;
    const larger = new Uint8Array(Math.max(2 * bytes.length, end + length + pageBytes));
    larger.set(bytes.subarray(0, end));
    bytes = larger;
    view = new DataView(bytes.buffer);
  };
  const u16 = (value: number): void => {
    view.setUint16(end, value, true);
    end += 2;
  };
  const u32 = (value: number): void => {
    view.setUint32(end, value, true);
    end += 4;
  };
  const padded = (from: Uint8Array, at: number, length: number): void => {
    if (length < SHORT_BYTES) for (let i = 0; i < length; i++) bytes[end + i] = from[at + i]!;
    else bytes.set(from.subarray(at, at + length), end);
    const to = end + pad(length);
    // The buffer holds older blocks.
    for (let i = end + length; i < to; i++) bytes[i] = 0;
    end = to;
  };

  const stamp = (seconds: number, nanoseconds: number): void => {
    // Without BigInt, and exact: 10^9 is 1953125 * 2^9.
    const product = seconds * 1_953_125;
    const high = Math.floor(product / 0x800000);
    const low = (product - high * 0x800000) * 512 + nanoseconds;
    u32(high + (low >= 0x1_0000_0000 ? 1 : 0));
    u32(low);
  };

  /** Moves the block that was finished last to the next page where it would lie across its edge, or leave no room to fill. */
  const keepInPage = (at: number, length: number): void => {
    const room = pageBytes - ((takenBytes + at) & (pageBytes - 1));
    const left = room - length;
    if (left === 0 || left >= AROUND_BYTES || room < AROUND_BYTES || length > pageBytes) return;
    bytes.copyWithin(at + room, at, end);
    bytes.fill(0, at, at + room);
    view.setUint32(at, BLOCK.FILLER, true);
    view.setUint32(at + 4, room, true);
    view.setUint32(at + room - 4, room, true);
    end += room;
  };

  return {
    begin(type, mostBytes) {
      reserve(mostBytes);
      const at = end;
      u32(type);
      u32(0);
      return at;
    },
    finish(at) {
      const length = end + 4 - at;
      view.setUint32(at + 4, length, true);
      u32(length);
      if (pageBytes > 0) keepInPage(at, length);
    },
    u16,
    u32,
    padded,
    option(code, from, length) {
      u16(code);
      u16(length);
      padded(from, 0, length);
    },
    stamp,
    packet(fields) {
      // One function and few calls: it is run for every packet.
      const { length, commentLength } = fields;
      const comment = commentLength > 0 ? 4 + pad(commentLength) : 0;
      const total = PACKET_AROUND_BYTES + pad(length) + comment;
      reserve(total);
      const begin = end;
      view.setUint32(begin, BLOCK.PACKET, true);
      view.setUint32(begin + 4, total, true);
      view.setUint32(begin + 8, fields.interface, true);
      end = begin + 12;
      stamp(fields.seconds, fields.nanoseconds);
      view.setUint32(begin + 20, length, true);
      view.setUint32(begin + 24, length, true);
      end = begin + PACKET_HEAD_BYTES;
      padded(fields.bytes, fields.at, length);
      view.setUint32(end, FLAGS_OF_4_BYTES, true);
      view.setUint32(end + 4, DIRECTION[fields.direction], true);
      end += 8;
      if (commentLength > 0) {
        view.setUint32(end, OPTION.COMMENT + commentLength * 0x1_0000, true);
        end += 4;
        padded(fields.comment, 0, commentLength);
      }
      view.setUint32(end, OPTION.END, true);
      view.setUint32(end + 4, total, true);
      end += 8;
      if (pageBytes > 0) keepInPage(begin, total);
    },
    block(from) {
      reserve(from.length);
      const begin = end;
      bytes.set(from, begin);
      end += from.length;
      if (pageBytes > 0) keepInPage(begin, from.length);
    },
    size: () => end,
    take() {
      const taken = bytes.subarray(0, end);
      takenBytes += end;
      end = 0;
      return taken;
    },
  };
}
