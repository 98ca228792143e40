/**
 * Classic pcap files (draft-ietf-opsawg-pcap): a header that says byte order, unit of the stamps and link type, then
 * records. Version numbers are not judged: every writer since 1998 says 2.4.
 */
import {
  type CaptureFormat,
  type CaptureInterface,
  type CaptureListener,
  createFrame,
  MAX_BLOCK_BYTES,
} from './capture.ts';

const HEADER_BYTES = 24;
const RECORD_BYTES = 16;

/** Magic in network order -> byte order, and nanoseconds in a unit of the stamps. */
const MAGICS: Readonly<
  Record<number, { readonly isLittle: boolean; readonly unitNanoseconds: number }>
> = {
  2712847316: { isLittle: false, unitNanoseconds: 1000 },
  3569595041: { isLittle: true, unitNanoseconds: 1000 },
  2712812621: { isLittle: false, unitNanoseconds: 1 },
  1295823521: { isLittle: true, unitNanoseconds: 1 },
};

/** The format behind this magic, or null when it is none of pcap. */
export function pcapFormat(magic: number, listener: CaptureListener): CaptureFormat | null {
  const order = MAGICS[magic];
  if (order === undefined) return null;
  const { isLittle, unitNanoseconds } = order;
  let known: CaptureInterface | null = null;
  const frame = createFrame(() => []);

  const takeHeader = (view: DataView, at: number): number => {
    // The upper half tells of frame check sequences behind each frame, which the lengths inside leave out.
    const linkType = view.getUint32(at + 20, isLittle) & 0xffff;
    known = { linkType, name: null, snapLength: view.getUint32(at + 16, isLittle) };
    frame.interface = known;
    return HEADER_BYTES;
  };

  return {
    take({ bytes, view }, at, end) {
      if (known === null) return end - at < HEADER_BYTES ? -HEADER_BYTES : takeHeader(view, at);
      if (end - at < RECORD_BYTES) return -RECORD_BYTES;
      const length = view.getUint32(at + 8, isLittle);
      if (length > MAX_BLOCK_BYTES) return `a record of ${length} bytes is too long`;
      if (end - at < RECORD_BYTES + length) return -(RECORD_BYTES + length);
      const nanoseconds = view.getUint32(at + 4, isLittle) * unitNanoseconds;
      frame.number += 1;
      frame.seconds = view.getUint32(at, isLittle) + Math.floor(nanoseconds / 1e9);
      frame.nanoseconds = nanoseconds % 1e9;
      frame.bytes = bytes;
      frame.at = at + RECORD_BYTES;
      frame.end = frame.at + length;
      frame.originalLength = view.getUint32(at + 12, isLittle);
      listener.frame(frame);
      return RECORD_BYTES + length;
    },
  };
}
