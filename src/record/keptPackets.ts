/**
 * The packets of a run that is too large to be recorded whole: answers with the probes that they answer, up to a limit for
 * each kind of answer, and the latest of all others, which are written at the end.
 */
import { BLOCK } from '../packet/pcapngBlocks.ts';
import { HEARD, type HeardRow, isControl, type Label } from './labels.ts';
import type { RecordedPacket, RecordingFile } from './recordingFile.ts';

/** Takes packets of a run; `key` is that of the probe that is asked or answered ({@link keyOf}). */
export interface PacketSink {
  asked(packet: RecordedPacket, label: Label, key: number): void;
  heard(packet: RecordedPacket, label: Label, row: HeardRow): void;
  /** Writes what waits. */
  finish(): void;
}

/** Answers of one kind (ANSWER), with their probes, bytes of the file: about 60,000 of them. So no kind crowds out another. */
export const MAX_KIND_BYTES: number = 16 * 1024 * 1024;
/** Others are held in so many pieces, bytes; the oldest piece goes when all are full: about 130,000 packets. */
export const PIECE_BYTES: number = 256 * 1024;
/** How many of them. */
export const MAX_PIECES = 64;

/** One attempt of one probe, or a control row. */
export function keyOf(probe: number, attempt: number, tag: number): number {
  return isControl(tag) ? -tag : probe * 256 + attempt;
}

/** Writes every packet. */
export function createWholeSink(file: RecordingFile): PacketSink {
  return { asked: file.packet, heard: file.packet, finish: () => undefined };
}

/** Blocks one behind the other, and where those of probes begin. */
interface Piece {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly at: Map<number, number>;
  end: number;
}

/** Keeps what decides, and the latest others. */
export function createKeptPackets(file: RecordingFile): PacketSink {
  const bytesOfKind = new Map<number, number>();
  /** The oldest first. */
  const pieces: Piece[] = [];

  const roomFor = (length: number): Piece => {
    const last = pieces.at(-1);
    if (last !== undefined && last.end + length <= last.bytes.length) return last;
    if (pieces.length === MAX_PIECES) pieces.shift();
    const bytes = new Uint8Array(Math.max(PIECE_BYTES, length));
    const piece = { bytes, view: new DataView(bytes.buffer), at: new Map(), end: 0 };
    pieces.push(piece);
    return piece;
  };

  const hold = (block: Uint8Array, key: number | null): void => {
    const piece = roomFor(block.length);
    if (key !== null) piece.at.set(key, piece.end);
    piece.bytes.set(block, piece.end);
    piece.end += block.length;
  };

  const blockAt = ({ bytes, view }: Piece, at: number): Uint8Array =>
    bytes.subarray(at, at + view.getUint32(at + 4, true));

  /** Writes the probe of an answer; its length, 0 where it is held no more, or was written. */
  const writeProbe = (key: number): number => {
    // An answer comes soon: its probe is in one of the latest pieces.
    for (let i = pieces.length - 1; i >= 0; i--) {
      const piece = pieces[i]!;
      const at = piece.at.get(key);
      if (at === undefined) continue;
      const block = blockAt(piece, at);
      file.block(block);
      piece.at.delete(key);
      piece.view.setUint32(at, BLOCK.FILLER, true);
      return block.length;
    }
    return 0;
  };

  return {
    asked: (packet, label, key) => hold(file.encode(packet, label), key),
    heard(packet, label, row) {
      const kind = isControl(row.tag) ? -1 : row.answer;
      const written = bytesOfKind.get(kind) ?? 0;
      const block = file.encode(packet, label);
      if (row.heard !== HEARD.ANSWER || written > MAX_KIND_BYTES) {
        hold(block, null);
        return;
      }
      const probe = writeProbe(keyOf(row.probe, row.idAttempt, row.tag));
      file.block(block);
      bytesOfKind.set(kind, written + probe + block.length);
    },
    finish() {
      for (const piece of pieces) {
        for (let at = 0; at < piece.end; ) {
          const block = blockAt(piece, at);
          if (piece.view.getUint32(at, true) !== BLOCK.FILLER) file.block(block);
          at += block.length;
        }
      }
    },
  };
}
