/**
 * Reading captures as a stream: pcapng and classic pcap, pushed in chunks of any size, frame by frame into a listener.
 *
 * Nothing here throws, whatever the bytes are. A file that is cut or wrong ends with a {@link CaptureFault} after
 * everything before that place was handed out. Memory is bounded by the largest block that is taken, not by the file.
 */

import type { CaptureFault, CaptureFormat, CaptureListener, CaptureMemory } from './capture.ts';
import { pcapngFormat } from './pcapngReader.ts';
import { pcapFormat } from './pcapReader.ts';

/** Reads one capture. */
export interface CaptureReader {
  /** Takes the next bytes of the file; false once nothing more can be read. */
  push(chunk: Uint8Array): boolean;
  /** The file has ended: null when it was whole, else what was wrong. */
  end(): CaptureFault | null;
}

/** What is held of a file with small blocks. */
const BUFFER_BYTES = 256 * 1024;

/** Creates the reader of one file, whose format is known by its first four bytes. */
export function createCaptureReader(listener: CaptureListener): CaptureReader {
  let memory = allocate(BUFFER_BYTES);
  let start = 0;
  let end = 0;
  /** Offset of `start` in the file. */
  let offset = 0;
  let format: CaptureFormat | null = null;
  let fault: CaptureFault | null = null;

  /** Takes all whole blocks; returns how many bytes the next one needs. */
  const takeBlocks = (): number => {
    for (;;) {
      if (format === null) {
        if (end - start < 4) return 4;
        const known = formatOf(memory.view.getUint32(start), listener);
        if (typeof known === 'string') return fail(known);
        format = known;
      }
      const taken = format.take(memory, start, end);
      if (typeof taken === 'string') return fail(taken);
      if (taken <= 0) return -taken;
      start += taken;
      offset += taken;
    }
  };

  const fail = (reason: string): number => {
    fault = { reason, offsetBytes: offset };
    return 0;
  };

  /** Makes room for a block of `needed` bytes at `start`. */
  const makeRoom = (needed: number): void => {
    const before = memory.bytes;
    if (needed > before.length) memory = allocate(needed);
    memory.bytes.set(before.subarray(start, end));
    end -= start;
    start = 0;
  };

  return {
    push(chunk) {
      for (let at = 0; at < chunk.length && fault === null; ) {
        const part = Math.min(chunk.length - at, memory.bytes.length - end);
        memory.bytes.set(chunk.subarray(at, at + part), end);
        end += part;
        at += part;
        const needed = takeBlocks();
        if (start === end) {
          start = 0;
          end = 0;
        } else if (end === memory.bytes.length || start + needed > memory.bytes.length) {
          makeRoom(needed);
        }
      }
      return fault === null;
    },
    end() {
      if (fault !== null) return fault;
      if (offset === 0 && start === end) return { reason: 'the file is empty', offsetBytes: 0 };
      if (start === end) return null;
      return { reason: 'the file ends in the middle of a block', offsetBytes: offset };
    },
  };
}

function allocate(length: number): CaptureMemory {
  const bytes = new Uint8Array(length);
  return { bytes, view: new DataView(bytes.buffer) };
}

/** The format by the first four bytes, read in network order. */
function formatOf(magic: number, listener: CaptureListener): CaptureFormat | string {
  if (magic === 0x0a0d0d0a) return pcapngFormat(listener);
  if (magic >>> 16 === 0x1f8b) return 'compressed by gzip: unpack it first';
  if (magic === 0x28b52ffd) return 'compressed by zstd: unpack it first';
  return pcapFormat(magic, listener) ?? 'neither pcapng nor pcap';
}
