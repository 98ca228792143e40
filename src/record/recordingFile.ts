/** The file of a recording while it is written: interfaces, head, packets with their stamps and comments, journal blocks. */
import type { Plan } from '../model.ts';
import { LINK_TYPE } from '../packet/linkLayer.ts';
import type { PacketFields } from '../packet/pcapngBuffer.ts';
import { createPcapngWriter, type PcapngWriter } from '../packet/pcapngWriter.ts';
import { encodeJson, JOURNAL, JOURNAL_BLOCK, splitJournal } from './journal.ts';
import type { Label } from './labels.ts';

/** What a recording is begun with. */
export interface RecordingOptions {
  readonly plan: Plan;
  /** Pairs the clock of the wire with that of the world, ms: the stamps are made of it. */
  readonly clock: { readonly epochMs: number; readonly wireMs: number };
  /** The run may be computed again: all packets and turns are written; false: see keptPackets.ts. */
  readonly isWhole: boolean;
  /** What stands in the file already: another recording, whole. */
  readonly offsetBytes?: number;
  /** JSON, the first block of the journal. */
  readonly head: unknown;
  /** Takes whole blocks; the bytes are valid during the call. */
  readonly write: (bytes: Uint8Array) => void;
}

/** The interfaces of a recording, in the order of their numbers. */
export const INTERFACE = { SEEN: 0, DRAWN: 1 } as const;
/** Their names: packets that were seen, and what was drawn for reading. */
export const INTERFACE_NAME = { SEEN: 'packets', DRAWN: 'synthesised' } as const;

/** A packet, and when it was sent or received by the clock of the wire. */
export interface RecordedPacket {
  readonly interface: number;
  readonly direction: 'in' | 'out';
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly length: number;
  readonly ms: number;
}

/** Writes a recording. */
export interface RecordingFile {
  packet(packet: RecordedPacket, label: Label): void;
  /** A block that `encode` gave. */
  block(bytes: Uint8Array): void;
  /** The block of a packet that is not written, or not yet; valid until the next call. */
  encode(packet: RecordedPacket, label: Label): Uint8Array;
  /** What journal.ts has begun and finished: `data[0, length)`. */
  journal(data: Uint8Array, length: number): void;
  /** Hands out what is written once it is much, or old. */
  flush(nowMs: number): void;
  /** Hands out all. */
  finish(): void;
}

/** Written together, bytes: a system call for each turn would be slower than the scan. */
const CHUNK_BYTES = 256 * 1024;
/** Written at the latest after this, ms: what a run that is killed leaves behind is so young. */
const FLUSH_MS = 200;
/**
 * A kill between two pages of one write ends the file there (Linux: mm/filemap.c, generic_perform_write), so no block lies
 * across. Larger pages are multiples of it.
 */
const PAGE_BYTES = 4096;
/** Names of one block. */
const BLOCK_NAMES = 3;
/** Names of targets for Wireshark; of more it would be a long list. */
const MAX_NAMES = 1000;

/** Begins a recording; the first blocks are handed out at once, so that a run that is killed leaves a file. */
export function beginRecording(options: RecordingOptions): RecordingFile {
  const { plan, clock, isWhole, offsetBytes, head, write } = options;
  const writer = createPcapngWriter(PAGE_BYTES, offsetBytes);
  const baseSeconds = Math.floor(clock.epochMs / 1000);
  const baseNanoseconds = Math.round((clock.epochMs - baseSeconds * 1000) * 1e6);
  let flushedMs = clock.wireMs;
  const fields: PacketFields = {
    interface: INTERFACE.SEEN,
    seconds: 0,
    nanoseconds: 0,
    bytes: new Uint8Array(0),
    at: 0,
    length: 0,
    direction: 'out',
    comment: new Uint8Array(0),
    commentLength: 0,
  };

  writer.section('pu-probe');
  writer.addInterface({
    linkType: LINK_TYPE.RAW,
    name: INTERFACE_NAME.SEEN,
    description: isWhole
      ? 'packets as they were sent and received'
      : 'answers with what they answer, and the latest other packets: the run was too large for all',
  });
  writer.addInterface({
    linkType: LINK_TYPE.RAW,
    name: INTERFACE_NAME.DRAWN,
    description:
      'drawn of what kernel sockets were asked and said, or of what never left; unknown fields are 0',
  });
  const journal = (data: Uint8Array, length: number): void =>
    splitJournal(data, length, (one, oneLength) => writer.local(JOURNAL_BLOCK, one, oneLength));
  const first = encodeJson(JOURNAL.HEAD, head);
  journal(first, first.length);
  const names = namesOf(plan);
  for (let at = 0; at < names.length; at += BLOCK_NAMES) {
    writer.names(names.slice(at, at + BLOCK_NAMES));
  }
  write(writer.take());

  const fill = (packet: RecordedPacket, label: Label): PacketFields => {
    const nanoseconds = baseNanoseconds + Math.round((packet.ms - clock.wireMs) * 1e6);
    const seconds = Math.floor(nanoseconds / 1e9);
    fields.interface = packet.interface;
    fields.seconds = Math.max(0, baseSeconds + seconds);
    fields.nanoseconds = nanoseconds - seconds * 1e9;
    fields.bytes = packet.bytes;
    fields.at = packet.at;
    fields.length = packet.length;
    fields.direction = packet.direction;
    fields.comment = label.bytes;
    fields.commentLength = label.length;
    return fields;
  };
  /** Apart from the file: one block at a time. */
  let apart: PcapngWriter | undefined;

  return {
    packet: (packet, label) => writer.packet(fill(packet, label)),
    block: writer.block,
    encode(packet, label) {
      apart ??= createPcapngWriter();
      apart.packet(fill(packet, label));
      return apart.take();
    },
    journal,
    flush(nowMs) {
      const size = writer.size();
      if (size === 0 || (size < CHUNK_BYTES && nowMs - flushedMs < FLUSH_MS)) return;
      flushedMs = nowMs;
      write(writer.take());
    },
    finish: () => write(writer.take()),
  };
}

function namesOf({ targets }: Plan): { readonly address: Uint8Array; readonly name: string }[] {
  const names: { readonly address: Uint8Array; readonly name: string }[] = [];
  for (let target = 0; target < Math.min(targets.count, MAX_NAMES); target++) {
    const name = targets.name(target);
    const size = targets.families[target] === 4 ? 4 : 16;
    const address = targets.bytes.slice(16 * target, 16 * target + size);
    if (name !== null) names.push({ address, name });
  }
  return names;
}
