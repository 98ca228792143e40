/** The blocks of pcapng (draft-ietf-opsawg-pcapng, section 4): their numbers, and reading the bodies of those with options. */
import {
  type CaptureFrame,
  type CaptureInterface,
  type CaptureName,
  type CaptureStatistics,
  MAX_COMMENTS,
} from './capture.ts';

/** Types of the blocks that are read or written here. */
export const BLOCK = {
  INTERFACE: 1,
  OBSOLETE_PACKET: 2,
  SIMPLE_PACKET: 3,
  NAMES: 4,
  STATISTICS: 5,
  PACKET: 6,
  CUSTOM: 0xbad,
  /** Not to be copied into a file that was edited. */
  CUSTOM_NOT_COPIED: 0x40000bad,
  /** The first of those for local use. */
  LOCAL: 0x80000000,
  /** One for local use that is written here between others, and means nothing. */
  FILLER: 0x8000_7070,
  SECTION: 0x0a0d0d0a,
} as const;

/** Codes of the options that are read or written here; but for the first two they are those of one block. */
export const OPTION = {
  END: 0,
  COMMENT: 1,
  /** Of an interface. */
  NAME: 2,
  DESCRIPTION: 3,
  RESOLUTION: 9,
  OFFSET: 14,
  /** Of a packet. */
  FLAGS: 2,
  /** Of a section. */
  APPLICATION: 4,
  /** Of statistics. */
  RECEIVED: 4,
  DROPPED: 5,
} as const;

/** What a section begins with, in its own byte order. */
export const BYTE_ORDER_MAGIC = 0x1a2b3c4d;

/** One block; filled anew for each. */
export interface PcapngBlock {
  bytes: Uint8Array;
  /** Over the same memory. */
  view: DataView;
  isLittle: boolean;
  /** Where the body begins and ends: between the two lengths. */
  at: number;
  end: number;
}

/** An interface with its clock. */
export interface PcapngInterface extends CaptureInterface {
  /** Units of the stamps in a second. */
  readonly unitsPerSecond: bigint;
  /** Added to the stamps, s. */
  readonly offsetSeconds: number;
}

/** Digits of a unit, of base ten or two, up to which stamps of 64 bits can mean anything. */
const MAX_RESOLUTION_DIGITS = 64;
const DEFAULT_RESOLUTION_DIGITS = 6;
const decoder = new TextDecoder();

/** Options and addresses begin at multiples of four bytes. */
export const pad = (length: number): number => (length + 3) & ~3;

/** Hands out the options from `from` to the end of the body, as far as they are whole. */
export function walkOptions(
  { view, isLittle, end }: PcapngBlock,
  from: number,
  each: (code: number, at: number, length: number) => void,
): void {
  for (let at = from; at + 4 <= end; ) {
    const code = view.getUint16(at, isLittle);
    const length = view.getUint16(at + 2, isLittle);
    if (code === OPTION.END || at + 4 + length > end) return;
    each(code, at + 4, length);
    at += 4 + pad(length);
  }
}

/** Reads an interface description; a text says why it cannot be read. */
export function readInterface(block: PcapngBlock): PcapngInterface | string {
  const { bytes, view, isLittle, at } = block;
  if (block.end - at < 8) return 'an interface block is too short';
  let name: string | null = null;
  let resolution = DEFAULT_RESOLUTION_DIGITS;
  let offsetSeconds = 0;
  walkOptions(block, at + 8, (code, from, length) => {
    if (code === OPTION.NAME) name = decoder.decode(bytes.subarray(from, from + length));
    if (code === OPTION.RESOLUTION && length === 1) resolution = bytes[from]!;
    if (code === OPTION.OFFSET && length === 8) {
      offsetSeconds = Number(view.getBigInt64(from, isLittle));
    }
  });
  const digits = resolution & 0x7f;
  if (digits > MAX_RESOLUTION_DIGITS) return `stamps with ${digits} digits cannot be read`;
  return {
    linkType: view.getUint16(at, isLittle),
    snapLength: view.getUint32(at + 4, isLittle),
    name,
    unitsPerSecond: ((resolution & 0x80) === 0 ? 10n : 2n) ** BigInt(digits),
    offsetSeconds,
  };
}

/** Reads the stamp at `at` into the frame. */
export function readStamp(
  { view, isLittle }: PcapngBlock,
  at: number,
  { unitsPerSecond, offsetSeconds }: PcapngInterface,
  frame: CaptureFrame,
): void {
  const high = BigInt(view.getUint32(at, isLittle));
  const units = (high << 32n) | BigInt(view.getUint32(at + 4, isLittle));
  frame.seconds = Number(units / unitsPerSecond) + offsetSeconds;
  frame.nanoseconds = Number(((units % unitsPerSecond) * 1_000_000_000n) / unitsPerSecond);
}

/** Direction in the lowest two bits of a packet's flags. */
const DIRECTIONS = [null, 'in', 'out', null] as const;

/** The direction that the options of a packet name. */
export function readDirection(block: PcapngBlock, from: number): 'in' | 'out' | null {
  let direction: 'in' | 'out' | null = null;
  walkOptions(block, from, (code, at, length) => {
    if (code !== OPTION.FLAGS || length !== 4) return;
    direction = DIRECTIONS[block.view.getUint32(at, block.isLittle) & 3] ?? null;
  });
  return direction;
}

/** The comments among the options of a packet. */
export function readComments(block: PcapngBlock, from: number): readonly string[] {
  const comments: string[] = [];
  walkOptions(block, from, (code, at, length) => {
    if (code !== OPTION.COMMENT || comments.length === MAX_COMMENTS) return;
    comments.push(decoder.decode(block.bytes.subarray(at, at + length)));
  });
  return comments;
}

/** Bytes of an address by the type of its record. */
const ADDRESS_BYTES: Readonly<Record<number, 4 | 16>> = { 1: 4, 2: 16 };

/** Hands out the names of a name resolution block, as far as its records are whole. */
export function readNames(block: PcapngBlock, give: (name: CaptureName) => void): void {
  const { bytes, view, isLittle, end } = block;
  for (let at = block.at; at + 4 <= end; ) {
    const type = view.getUint16(at, isLittle);
    const length = view.getUint16(at + 2, isLittle);
    const to = at + 4 + length;
    if (type === 0 || to > end) return;
    const size = ADDRESS_BYTES[type];
    if (size !== undefined && length > size) {
      const address = bytes.slice(at + 4, at + 4 + size);
      const names = decoder.decode(bytes.subarray(at + 4 + size, to)).split('\0');
      for (const name of names.filter((text) => text !== '')) {
        give({ family: size === 4 ? 4 : 6, address, name });
      }
    }
    at += 4 + pad(length);
  }
}

/** Reads an interface statistics block; a text says why it cannot be read. */
export function readStatistics(
  block: PcapngBlock,
  interfaces: readonly CaptureInterface[],
): CaptureStatistics | string {
  const { view, isLittle, at } = block;
  if (block.end - at < 12) return 'a statistics block is too short';
  const one = interfaces[view.getUint32(at, isLittle)];
  if (one === undefined) return 'statistics of an interface that the file does not name';
  let received: number | null = null;
  let dropped: number | null = null;
  walkOptions(block, at + 12, (code, from, length) => {
    if (length !== 8) return;
    if (code === OPTION.RECEIVED) received = Number(view.getBigUint64(from, isLittle));
    if (code === OPTION.DROPPED) dropped = Number(view.getBigUint64(from, isLittle));
  });
  return { interface: one, received, dropped };
}
