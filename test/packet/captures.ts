/** Captures for tests: reading one whole, and pcap files of any byte order. */
import type {
  CaptureCustomBlock,
  CaptureFault,
  CaptureFrame,
  CaptureName,
  CaptureStatistics,
} from '../../src/packet/capture.ts';
import { createCaptureReader } from '../../src/packet/captureReader.ts';

/** All that a capture said; frames are copied out. */
export interface ReadCapture {
  readonly frames: (Omit<CaptureFrame, 'bytes' | 'comments' | 'at' | 'end'> & {
    readonly data: Uint8Array;
    readonly texts: readonly string[];
  })[];
  readonly names: CaptureName[];
  readonly statistics: CaptureStatistics[];
  readonly customs: { readonly enterprise: number; readonly data: Uint8Array }[];
  readonly locals: { readonly type: number; readonly data: Uint8Array }[];
  fault: CaptureFault | null;
}

/** Reads a capture in chunks of the given size. */
export function readCapture(bytes: Uint8Array, chunkBytes: number = bytes.length): ReadCapture {
  const read: ReadCapture = {
    frames: [],
    names: [],
    statistics: [],
    customs: [],
    locals: [],
    fault: null,
  };
  const reader = createCaptureReader({
    frame({ bytes: from, at, end, comments, ...rest }) {
      read.frames.push({ ...rest, data: from.slice(at, end), texts: comments() });
    },
    name: (name) => void read.names.push(name),
    statistics: (one) => void read.statistics.push(one),
    custom: ({ enterprise, bytes: from, at, end }: CaptureCustomBlock) =>
      void read.customs.push({ enterprise, data: from.slice(at, end) }),
    local: ({ type, bytes: from, at, end }) =>
      void read.locals.push({ type, data: from.slice(at, end) }),
  });
  for (let at = 0; at < bytes.length; at += Math.max(1, chunkBytes)) {
    if (!reader.push(bytes.subarray(at, at + Math.max(1, chunkBytes)))) break;
  }
  read.fault = reader.end();
  return read;
}

/** A block of pcapng in either order: 16- and 32-bit words as numbers, the rest as bytes. */
export function block(
  isLittle: boolean,
  type: number,
  ...parts: readonly (Uint8Array | { readonly u16: number } | { readonly u32: number })[]
): Uint8Array {
  const body = parts.flatMap((part) => {
    if (part instanceof Uint8Array) return [...part];
    return 'u16' in part ? word(isLittle, part.u16, 2) : word(isLittle, part.u32, 4);
  });
  while (body.length % 4 !== 0) body.push(0);
  const length = word(isLittle, body.length + 12, 4);
  return Uint8Array.from([...word(isLittle, type, 4), ...length, ...body, ...length]);
}

/** A word of `size` bytes. */
export function word(isLittle: boolean, value: number, size: 2 | 4): number[] {
  const bytes = Array.from({ length: size }, (_, i) => Math.floor(value / 256 ** i) % 256);
  return isLittle ? bytes : bytes.reverse();
}

/** Joins bytes. */
export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}
