/** Packets on their way out of a packet wire: written one behind the other, handed to the kernel in one call. */
import type { NativeAddon, NativePacketPort } from './native.ts';

/** Where a packet goes on its link. */
export interface Link {
  /** Interface index; 0: by the kernel's own routing (raw IP), which is how this machine is reached. */
  readonly index: number;
  /** EtherType. */
  readonly etherType: number;
  /** Link-layer address of the next hop; empty on links without one. */
  readonly address: Uint8Array;
  /** Interface of a link-local destination, for raw IP. */
  readonly scopeId: number;
}

/** Packets of one call. */
export interface PacketSender {
  /** Packets are written here, at the offset that `room` gives. */
  readonly arena: Uint8Array;
  /** Where a packet of at most `bytes` may be written, or -1: flush first. */
  room(bytes: number): number;
  /** Takes over the packet that was written last; returns its row. */
  add(length: number, link: Link): number;
  /** Sends what was added; `onRow` gets each row with the time at which it left, ms, 0 or its errno, and where it lies. */
  flush(
    onRow: (row: number, sentMs: number, errno: number, at: number, length: number) => void,
  ): void;
}

/** Packets of one call, at most. */
export const SENDER_ROWS = 2048;
/** As many rows with 128 bytes on average; longer ones make the call shorter. */
const ARENA_BYTES = 256 * 1024;
/** Bytes of one next hop (native/packet.h). */
const LINK_BYTES = 48;

/** Creates a sender over an open port. */
export function createPacketSender(native: NativeAddon, port: NativePacketPort): PacketSender {
  const arena = new Uint8Array(ARENA_BYTES);
  const offset = new Uint32Array(SENDER_ROWS);
  const length = new Uint16Array(SENDER_ROWS);
  const hop = new Uint16Array(SENDER_ROWS);
  const sentMs = new Float64Array(SENDER_ROWS);
  const errno = new Uint16Array(SENDER_ROWS);
  const links = new Uint8Array(SENDER_ROWS * LINK_BYTES);
  const view = new DataView(links.buffer);
  let count = 0;
  let end = 0;
  let linkCount = 0;
  let lastLink: Link | undefined;

  /** Neighbouring rows mostly share their next hop. */
  const placeOf = (link: Link): number => {
    if (link === lastLink) return linkCount - 1;
    const at = linkCount * LINK_BYTES;
    view.setUint32(at, link.index, true);
    view.setUint16(at + 4, link.etherType, true);
    view.setUint16(at + 6, link.address.length, true);
    links.set(link.address, at + 8);
    view.setUint32(at + 16, link.scopeId, true);
    lastLink = link;
    return linkCount++;
  };

  return {
    arena,
    room: (bytes) => (count < SENDER_ROWS && end + bytes <= ARENA_BYTES ? end : -1),
    add(bytes, link) {
      hop[count] = placeOf(link);
      offset[count] = end;
      length[count] = bytes;
      end += bytes;
      return count++;
    },
    flush(onRow) {
      const rows = count;
      if (rows === 0) return;
      native.packetSend(port, arena, offset, length, hop, links, sentMs, errno, 0, rows);
      count = 0;
      end = 0;
      linkCount = 0;
      lastLink = undefined;
      for (let row = 0; row < rows; row++) {
        onRow(row, sentMs[row]!, errno[row]!, offset[row]!, length[row]!);
      }
    },
  };
}
