/**
 * Writing pcapng (draft-ietf-opsawg-pcapng), little endian, stamps in nanoseconds, into one buffer that the caller takes
 * out in pieces: each piece ends with a whole block, so that a file is valid wherever it stops.
 */

import { BLOCK, BYTE_ORDER_MAGIC, OPTION } from './pcapngBlocks.ts';
import { createBlockBuffer, type PacketFields } from './pcapngBuffer.ts';

/** What an interface is called, and what its frames begin with. */
export interface InterfaceFields {
  readonly linkType: number;
  readonly name: string;
  readonly description: string;
}

/** Writes one file. */
export interface PcapngWriter {
  /** Begins a section; its interfaces count from 0. */
  section(application: string): void;
  addInterface(fields: InterfaceFields): number;
  packet(fields: PacketFields): void;
  /** Names of addresses of 4 or 16 bytes, in one block; longer texts than 1,024 bytes are left out. */
  names(entries: readonly { readonly address: Uint8Array; readonly name: string }[]): void;
  /** What an interface received and dropped by then. */
  statistics(one: {
    readonly interface: number;
    readonly seconds: number;
    readonly nanoseconds: number;
    readonly received: number;
    readonly dropped: number;
  }): void;
  /** A block of a type for local use, 0x80000000 and above: others pass over it. */
  local(type: number, data: Uint8Array, length: number): void;
  /** A whole block, as another writer has given it; its interfaces must be those of this file. */
  block(from: Uint8Array): void;
  /** Bytes that wait to be taken. */
  size(): number;
  /** Hands out what was written since the last call; valid until the next block is written. */
  take(): Uint8Array;
}

/** A record of a name resolution block is counted in 16 bits; names of the DNS have 255 bytes at most. */
const MAX_NAME_BYTES = 1024;
const NANOSECOND_DIGITS = 9;
const encoder = new TextEncoder();

/** Creates a writer with nothing written; `pageBytes`: blocks keep within pages of the file, of which `offsetBytes` are there (pcapngBuffer.ts). */
export function createPcapngWriter(pageBytes = 0, offsetBytes = 0): PcapngWriter {
  const out = createBlockBuffer(pageBytes, offsetBytes);
  const { begin, finish, u16, u32, padded, option, stamp } = out;
  let interfaces = 0;
  const textOption = (code: number, text: Uint8Array): void => option(code, text, text.length);

  return {
    section(application) {
      const text = encoder.encode(application);
      const at = begin(BLOCK.SECTION, 48 + text.length);
      u32(BYTE_ORDER_MAGIC);
      u16(1);
      u16(0);
      // The length of the section is not known while it is written.
      u32(0xffffffff);
      u32(0xffffffff);
      textOption(OPTION.APPLICATION, text);
      u32(OPTION.END);
      finish(at);
      interfaces = 0;
    },
    addInterface(fields) {
      const name = encoder.encode(fields.name);
      const description = encoder.encode(fields.description);
      const at = begin(BLOCK.INTERFACE, 64 + name.length + description.length);
      u16(fields.linkType);
      u16(0);
      u32(0);
      textOption(OPTION.NAME, name);
      textOption(OPTION.DESCRIPTION, description);
      textOption(OPTION.RESOLUTION, Uint8Array.of(NANOSECOND_DIGITS));
      u32(OPTION.END);
      finish(at);
      return interfaces++;
    },
    packet: out.packet,
    names(entries) {
      const records = entries
        .map(({ address, name }) => ({ address, text: encoder.encode(`${name}\0`) }))
        .filter(({ text }) => text.length <= MAX_NAME_BYTES);
      if (records.length === 0) return;
      const at = begin(BLOCK.NAMES, 20 + records.length * (MAX_NAME_BYTES + 24));
      for (const { address, text } of records) {
        u16(address.length === 4 ? 1 : 2);
        u16(address.length + text.length);
        padded(Uint8Array.of(...address, ...text), 0, address.length + text.length);
      }
      u32(0);
      finish(at);
    },
    statistics(one) {
      const at = begin(BLOCK.STATISTICS, 64);
      u32(one.interface);
      stamp(one.seconds, one.nanoseconds);
      textOption(OPTION.RECEIVED, word64(one.received));
      textOption(OPTION.DROPPED, word64(one.dropped));
      u32(OPTION.END);
      finish(at);
    },
    local(type, data, length) {
      const at = begin(type, 16 + length);
      padded(data, 0, length);
      finish(at);
    },
    block: out.block,
    size: out.size,
    take: out.take,
  };
}

function word64(count: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(count), true);
  return bytes;
}
