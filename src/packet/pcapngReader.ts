/**
 * pcapng files (draft-ietf-opsawg-pcapng): sections of either byte order, interfaces with their own clocks, frames with
 * comments, names, statistics, custom blocks. Blocks of other types are passed over.
 */
import {
  type CaptureFormat,
  type CaptureFrame,
  type CaptureListener,
  createFrame,
  MAX_BLOCK_BYTES,
} from './capture.ts';
import {
  BLOCK,
  BYTE_ORDER_MAGIC,
  type PcapngBlock,
  type PcapngInterface,
  pad,
  readComments,
  readDirection,
  readInterface,
  readNames,
  readStamp,
  readStatistics,
} from './pcapngBlocks.ts';

const BYTE_ORDER_MAGIC_SWAPPED = 0x4d3c2b1a;
/** Type, length, and the length again behind the body. */
const AROUND_BYTES = 12;
/** Type, length, byte order, version, and the length of the section. */
const SECTION_BYTES = 28;
/** Interfaces of one section: more are somebody's attempt to fill our memory. */
const MAX_INTERFACES = 65_536;

/** The format; a file is known by its first section block. */
export function pcapngFormat(listener: CaptureListener): CaptureFormat {
  const block: PcapngBlock = {
    bytes: new Uint8Array(0),
    view: new DataView(new ArrayBuffer(0)),
    isLittle: true,
    at: 0,
    end: 0,
  };
  const frames = createFrames(block, listener);
  let interfaces: PcapngInterface[] = [];
  let isBegun = false;

  const takeSection = (): string | null => {
    if (block.end - block.at < SECTION_BYTES - AROUND_BYTES) return 'a section block is too short';
    if (block.view.getUint16(block.at + 4, block.isLittle) !== 1) {
      return 'a version of pcapng that is not known';
    }
    interfaces = [];
    isBegun = true;
    return null;
  };

  const takeInterface = (): string | null => {
    if (interfaces.length === MAX_INTERFACES) return 'more interfaces than can be meant';
    const read = readInterface(block);
    if (typeof read === 'string') return read;
    interfaces.push(read);
    return null;
  };

  const takeStatistics = (): string | null => {
    const read = readStatistics(block, interfaces);
    if (typeof read === 'string') return read;
    listener.statistics?.(read);
    return null;
  };

  const takeCustom = (): string | null => {
    const { bytes, view, isLittle, at, end } = block;
    if (end - at < 4) return 'a custom block is too short';
    listener.custom?.({ enterprise: view.getUint32(at, isLittle), bytes, at: at + 4, end });
    return null;
  };

  const takeLocal = (type: number): void => {
    const { bytes, at, end } = block;
    listener.local?.({ type, bytes, at, end });
  };

  const takeBody = (type: number): string | null => {
    switch (type) {
      case BLOCK.SECTION:
        return takeSection();
      case BLOCK.INTERFACE:
        return takeInterface();
      case BLOCK.PACKET:
      case BLOCK.OBSOLETE_PACKET:
        return frames.take(interfaces, type === BLOCK.OBSOLETE_PACKET);
      case BLOCK.SIMPLE_PACKET:
        return frames.takeSimple(interfaces[0]);
      case BLOCK.NAMES:
        if (listener.name !== undefined) readNames(block, listener.name);
        return null;
      case BLOCK.STATISTICS:
        return takeStatistics();
      case BLOCK.CUSTOM:
      case BLOCK.CUSTOM_NOT_COPIED:
        return takeCustom();
      default:
        if (type >= BLOCK.LOCAL) takeLocal(type);
        return null;
    }
  };

  /** Takes the byte order of a section block over; false where it names none. */
  const takeOrder = (view: DataView, at: number): boolean => {
    const magic = view.getUint32(at + 8);
    block.isLittle = magic === BYTE_ORDER_MAGIC_SWAPPED;
    return block.isLittle || magic === BYTE_ORDER_MAGIC;
  };

  return {
    take({ bytes, view }, at, end) {
      if (end - at < AROUND_BYTES) return -AROUND_BYTES;
      // The type of a section block reads the same in both orders.
      const isSection = view.getUint32(at) === BLOCK.SECTION;
      if (isSection && !takeOrder(view, at)) return 'a section without a byte order';
      const { isLittle } = block;
      const length = view.getUint32(at + 4, isLittle);
      if (length < AROUND_BYTES || length % 4 !== 0) return `a block of ${length} bytes cannot be`;
      if (length > MAX_BLOCK_BYTES) return `a block of ${length} bytes is too long`;
      if (end - at < length) return -length;
      if (view.getUint32(at + length - 4, isLittle) !== length) {
        return 'a block does not end with the length that it begins with';
      }
      block.bytes = bytes;
      block.view = view;
      block.at = at + 8;
      block.end = at + length - 4;
      if (!isSection && !isBegun) return 'a block before the first section';
      return takeBody(isSection ? BLOCK.SECTION : view.getUint32(at, isLittle)) ?? length;
    },
  };
}

/** Takes packet blocks; each gives null, or says why it could not be taken. */
interface Frames {
  take(interfaces: readonly PcapngInterface[], isObsolete: boolean): string | null;
  takeSimple(one: PcapngInterface | undefined): string | null;
}

function createFrames(block: PcapngBlock, listener: CaptureListener): Frames {
  let optionsAt = 0;
  const frame: CaptureFrame = createFrame(() => readComments(block, optionsAt));

  const give = (at: number, length: number): null => {
    frame.number += 1;
    frame.bytes = block.bytes;
    frame.at = at;
    frame.end = at + length;
    optionsAt = at + pad(length);
    frame.direction = readDirection(block, optionsAt);
    listener.frame(frame);
    return null;
  };

  return {
    take(interfaces, isObsolete) {
      const { view, isLittle, at, end } = block;
      if (end - at < 20) return 'a packet block is too short';
      const index = isObsolete ? view.getUint16(at, isLittle) : view.getUint32(at, isLittle);
      const one = interfaces[index];
      if (one === undefined) return `a packet of interface ${index}, which is not described`;
      const length = view.getUint32(at + 12, isLittle);
      if (length > end - at - 20) return 'a packet is longer than its block';
      frame.interface = one;
      readStamp(block, at + 4, one, frame);
      frame.originalLength = view.getUint32(at + 16, isLittle);
      return give(at + 20, length);
    },
    takeSimple(one) {
      const { view, isLittle, at, end } = block;
      if (end - at < 4) return 'a packet block is too short';
      if (one === undefined) return 'a packet before any interface';
      frame.interface = one;
      frame.seconds = Number.NaN;
      frame.nanoseconds = 0;
      frame.originalLength = view.getUint32(at, isLittle);
      const kept = one.snapLength > 0 ? one.snapLength : frame.originalLength;
      return give(at + 4, Math.min(kept, frame.originalLength, end - at - 4));
    },
  };
}
