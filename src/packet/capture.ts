/** What a capture holds, whichever format it is written in. Read by captureReader.ts. */

/** An interface of a capture. */
export interface CaptureInterface {
  /** LINKTYPE_ number (linkLayer.ts reads those of LINK_TYPE). */
  readonly linkType: number;
  readonly name: string | null;
  /** Bytes of a frame that were kept at most; 0 = all. */
  readonly snapLength: number;
}

/** One frame; filled anew for each, valid during the call of the listener. */
export interface CaptureFrame {
  /** Its number in the file, 1 for the first; Wireshark from 4.0 on counts custom blocks besides. */
  number: number;
  interface: CaptureInterface;
  /** When it was captured: whole seconds since 1970 UTC; NaN where the file does not say. */
  seconds: number;
  /** 0..999,999,999 */
  nanoseconds: number;
  /** The frame as far as it was kept: `bytes[at, end)`, link-layer header first. */
  bytes: Uint8Array;
  at: number;
  end: number;
  /** Length on the wire. */
  originalLength: number;
  /** Null where the file does not say. */
  direction: 'in' | 'out' | null;
  /** Decodes the comments of the frame, at most {@link MAX_COMMENTS}. */
  comments: () => readonly string[];
}

/** Comments of one frame that are read; further ones are left alone. */
export const MAX_COMMENTS = 64;

/** A custom block of a pcapng file; its data are followed by its padding and options. */
export interface CaptureCustomBlock {
  /** Private enterprise number of who defined it (IANA). */
  readonly enterprise: number;
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly end: number;
}

/** A pcapng block of a type that is reserved for local use (0x80000000 and above): its body, padded. */
export interface CaptureLocalBlock {
  readonly type: number;
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly end: number;
}

/** An address and a name for it, from a name resolution block. */
export interface CaptureName {
  readonly family: 4 | 6;
  /** 4 or 16 bytes. */
  readonly address: Uint8Array;
  readonly name: string;
}

/** What an interface statistics block counts; null where it does not say. */
export interface CaptureStatistics {
  readonly interface: CaptureInterface;
  /** Packets that the interface received, and of them those that were dropped for want of room. */
  readonly received: number | null;
  readonly dropped: number | null;
}

/** Who is told what a capture holds, in its order. Its exceptions are its own affair: they pass through `push`. */
export interface CaptureListener {
  frame(frame: CaptureFrame): void;
  custom?(block: CaptureCustomBlock): void;
  local?(block: CaptureLocalBlock): void;
  name?(name: CaptureName): void;
  statistics?(statistics: CaptureStatistics): void;
}

/** Why a capture could be read no further. */
export interface CaptureFault {
  /** In words, without the offset. */
  readonly reason: string;
  /** Where in the file: the first byte of the block or record that could not be taken. */
  readonly offsetBytes: number;
}

/** Bytes that a format looks at. */
export interface CaptureMemory {
  readonly bytes: Uint8Array;
  /** Over the same memory. */
  readonly view: DataView;
}

/**
 * One file format. `take` looks at `[at, end)` and gives: a positive number, the bytes that it has taken; a negative one,
 * how many it needs from `at` on; a text, why it cannot go on.
 */
export interface CaptureFormat {
  take(memory: CaptureMemory, at: number, end: number): number | string;
}

/** Longest block or record that is taken, bytes: Wireshark's own limit for pcapng blocks is of this size. */
export const MAX_BLOCK_BYTES: number = 16 * 1024 * 1024;

/** Creates the record that a format fills anew for each frame. */
export function createFrame(comments: () => readonly string[]): CaptureFrame {
  return {
    number: 0,
    interface: { linkType: 0, name: null, snapLength: 0 },
    seconds: 0,
    nanoseconds: 0,
    bytes: new Uint8Array(0),
    at: 0,
    end: 0,
    originalLength: 0,
    direction: null,
    comments,
  };
}
