/**
 * Reading a recording turn by turn: the file is pushed in chunks as it is needed, and one turn is held at a time.
 */
import type { CaptureFault } from '../packet/capture.ts';
import { createCaptureReader } from '../packet/captureReader.ts';
import {
  createJournalJoiner,
  decodeJson,
  JOURNAL,
  JOURNAL_BLOCK,
  JOURNAL_FORMAT,
  readJournal,
} from './journal.ts';
import { INTERFACE_NAME } from './recordingFile.ts';
import { MAX_ROWS, readTurn, type Turn } from './turnReader.ts';

/** What a recording holds next. */
export type RecordingItem =
  | { readonly kind: 'head'; readonly value: unknown }
  | { readonly kind: 'turn'; readonly turn: Turn }
  | { readonly kind: 'verdicts'; readonly value: unknown }
  | { readonly kind: 'end'; readonly value: unknown }
  /** Nothing more can be read. */
  | { readonly kind: 'fault'; readonly fault: CaptureFault }
  /** The file has ended. */
  | { readonly kind: 'nothing' };

/** Reads one recording. */
export interface RecordingReader {
  next(): Promise<RecordingItem>;
  /** Packets read so far, those that are no part of the run included. */
  readonly packets: () => number;
}

const NOTHING: RecordingItem = { kind: 'nothing' };

/** Creates a reader over the chunks of a file; an error of theirs rejects `next`. */
export function createRecordingReader(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): RecordingReader {
  const items: RecordingItem[] = [];
  /** Received since the last turn. */
  let received: Uint8Array[] = [];
  let packets = 0;
  let offset = 0;
  let isWhole = true;
  let isDone = false;

  const refuse = (reason: string): void => {
    items.push({ kind: 'fault', fault: { reason, offsetBytes: offset } });
    isWhole = false;
  };

  const join = createJournalJoiner();
  const capture = createCaptureReader({
    frame(frame) {
      packets += 1;
      if (frame.direction !== 'in' || frame.interface.name !== INTERFACE_NAME.SEEN) return;
      if (received.length < MAX_ROWS) received.push(frame.bytes.slice(frame.at, frame.end));
    },
    local(one) {
      if (one.type !== JOURNAL_BLOCK || !isWhole) return;
      const piece = readJournal(one.bytes, one.at, one.end);
      if (piece === null) return;
      if (piece.format !== JOURNAL_FORMAT) {
        refuse(`its journal is of format ${piece.format}, not ${JOURNAL_FORMAT}`);
        return;
      }
      const block = join(piece);
      if (typeof block === 'string') refuse(block);
      if (block === null || typeof block === 'string') return;
      if (block.kind === JOURNAL.TURN) {
        const turn = readTurn(block, received);
        received = [];
        if (typeof turn === 'string') refuse(turn);
        else items.push({ kind: 'turn', turn });
        return;
      }
      const kind = KINDS[block.kind];
      if (kind !== undefined) items.push({ kind, value: decodeJson(block) });
    },
  });

  const iterator =
    Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunks[Symbol.iterator]();

  return {
    packets: () => packets,
    async next() {
      while (items.length === 0 && !isDone) {
        const { done, value } = await iterator.next();
        const goesOn = done !== true && capture.push(value) && isWhole;
        if (done !== true) offset += value.length;
        if (goesOn) continue;
        isDone = true;
        const fault = isWhole ? capture.end() : null;
        if (fault !== null) items.push({ kind: 'fault', fault });
        await iterator.return?.();
      }
      return items.shift() ?? NOTHING;
    },
  };
}

const KINDS: Readonly<Record<number, 'head' | 'verdicts' | 'end'>> = {
  [JOURNAL.HEAD]: 'head',
  [JOURNAL.VERDICTS]: 'verdicts',
  [JOURNAL.END]: 'end',
};
