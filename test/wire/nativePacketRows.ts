/** Packets, filters and columns for the tests of the addon's packet port. */
import { parseIp } from '../../src/packet/address.ts';
import { sumIp } from '../../src/packet/checksum.ts';
import { emitIp, IP_PROTOCOL } from '../../src/packet/ip.ts';
import { emitUdp, UDP_HEADER_BYTES } from '../../src/packet/udp.ts';
import type { NativeAddon, NativePacketPort } from '../../src/wire/native.ts';

/** One received row, its bytes copied. */
export interface SeenRow {
  readonly hex: string;
  readonly atMs: number;
  readonly protocol: number;
  readonly ifindex: number;
  readonly flags: number;
}

/** Where rows go: out of an interface to a hardware address, or by our own routes. */
export interface Hop {
  readonly ifindex: number;
  readonly ethertype: number;
  readonly address: Uint8Array;
}

/** What became of the rows of one call of packetSend. */
export interface Sent {
  readonly failed: number;
  readonly errors: readonly number[];
  readonly sentMs: readonly number[];
}

export const ETHERTYPE = { 4: 0x0800, 6: 0x86dd } as const;
export const HOP_BYTES = 48;
export const RAW_HOP: Hop = { ifindex: 0, ethertype: 0, address: new Uint8Array(0) };

/** Classic BPF, four numbers an instruction (struct sock_filter). */
export function toFilter(
  program: readonly (readonly [number, number, number, number])[],
): Uint8Array {
  const bytes = new Uint8Array(8 * program.length);
  const view = new DataView(bytes.buffer);
  for (const [i, [code, whenTrue, whenFalse, value]] of program.entries()) {
    view.setUint16(8 * i, code, true);
    view.setUint8(8 * i + 2, whenTrue);
    view.setUint8(8 * i + 3, whenFalse);
    view.setUint32(8 * i + 4, value, true);
  }
  return bytes;
}

/** Keeps this many bytes of whatever comes. */
export const keep = (bytes: number): Uint8Array => toFilter([[0x06, 0, 0, bytes]]);

/** Keeps UDP to this port, of both families. */
export const udpTo = (port: number, bytes = 65535): Uint8Array => toUdpFilter(port, bytes, 0);

/** Keeps UDP to this port and all ICMP, of both families. */
export const udpAndIcmp = (port: number): Uint8Array => toUdpFilter(port, 65535, 65535);

function toUdpFilter(port: number, bytes: number, icmpBytes: number): Uint8Array {
  const protocol = (at: number, icmp: number, portAt: number) =>
    [
      [0x30, 0, 0, at], // ldb the protocol
      [0x15, 4, 0, icmp],
      [0x15, 0, 4, 17], // not UDP: drop
      [0x28, 0, 0, portAt], // ldh the port
      [0x15, 0, 2, port],
      [0x06, 0, 0, bytes],
      [0x06, 0, 0, icmpBytes],
      [0x06, 0, 0, 0],
    ] as const;
  return toFilter([
    [0x30, 0, 0, 0], // ldb the first byte
    [0x54, 0, 0, 0xf0],
    [0x15, 0, 8, 0x40],
    ...protocol(9, 1, 22),
    ...protocol(6, 58, 42),
  ]);
}

/** A UDP datagram with its serial number in the first four bytes of the payload. */
export function datagram(
  family: 4 | 6,
  from: string,
  to: string,
  toPort: number,
  payloadLength = 4,
  serial = 0,
): Uint8Array {
  const src = parseIp(from)!.bytes;
  const dst = parseIp(to)!.bytes;
  const payload = new Uint8Array(Math.max(4, payloadLength));
  new DataView(payload.buffer).setUint32(0, serial);
  const bytes = new Uint8Array((family === 4 ? 20 : 40) + UDP_HEADER_BYTES + payloadLength);
  const at = emitIp(bytes, 0, family, {
    tos: 0,
    id: 1 + (serial & 0x7fff),
    dontFragment: true,
    flowLabel: 0,
    ttl: 64,
    protocol: IP_PROTOCOL.UDP,
    src,
    srcAt: 0,
    dst,
    dstAt: 0,
    payloadLength: UDP_HEADER_BYTES + payloadLength,
  });
  const addressSum = sumIp(src, 0, family) + sumIp(dst, 0, family);
  const fields = {
    srcPort: 40_000,
    dstPort: toPort,
    addressSum,
    payload,
    payloadAt: 0,
    payloadLength,
  };
  emitUdp(bytes, at, fields);
  return bytes;
}

/** Hops as packetSend takes them. */
export function toHops(hops: readonly Hop[]): Uint8Array {
  const bytes = new Uint8Array(HOP_BYTES * hops.length);
  const view = new DataView(bytes.buffer);
  for (const [i, { ifindex, ethertype, address }] of hops.entries()) {
    view.setUint32(HOP_BYTES * i, ifindex, true);
    view.setUint16(HOP_BYTES * i + 4, ethertype, true);
    view.setUint16(HOP_BYTES * i + 6, address.length, true);
    bytes.set(address, HOP_BYTES * i + 8);
  }
  return bytes;
}

/** Sends each packet by its hop, one call. */
export function sendRows(
  native: NativeAddon,
  port: NativePacketPort,
  packets: readonly Uint8Array[],
  hops: readonly Hop[],
): Sent {
  const arena = new Uint8Array(Buffer.concat(packets));
  const offset = new Uint32Array(packets.length);
  const length = Uint16Array.from(packets, (packet) => packet.length);
  for (let row = 1; row < packets.length; row++) offset[row] = offset[row - 1]! + length[row - 1]!;
  const hop = Uint16Array.from(packets, (_, row) => row % hops.length);
  const sentMs = new Float64Array(packets.length);
  const error = new Uint16Array(packets.length).fill(0xffff);
  const failed = native.packetSend(
    port,
    arena,
    offset,
    length,
    hop,
    toHops(hops),
    sentMs,
    error,
    0,
    packets.length,
  );
  return { failed, errors: [...error], sentMs: [...sentMs] };
}

/** Columns of packetDrain. */
export interface Arrived {
  readonly offset: Uint32Array;
  readonly length: Uint16Array;
  readonly atMs: Float64Array;
  readonly protocol: Uint16Array;
  readonly ifindex: Uint32Array;
  readonly flags: Uint8Array;
}

/** Columns of so many rows, in the order that packetDrain takes (`Object.values`). */
export const createArrived = (rows: number): Arrived => ({
  offset: new Uint32Array(rows),
  length: new Uint16Array(rows),
  atMs: new Float64Array(rows),
  protocol: new Uint16Array(rows),
  ifindex: new Uint32Array(rows),
  flags: new Uint8Array(rows),
});

/** One drain of at most `limit` rows. */
export function drainRows(native: NativeAddon, port: NativePacketPort, limit = 64): SeenRow[] {
  const columns = createArrived(limit);
  const { offset, length, atMs, protocol, ifindex, flags } = columns;
  const memory = native.packetMemory(port);
  const rows: SeenRow[] = [];
  const count = native.packetDrain(port, Object.values(columns));
  for (let row = 0; row < count; row++) {
    const bytes = memory.subarray(offset[row]!, offset[row]! + length[row]!);
    rows.push({
      hex: Buffer.from(bytes).toString('hex'),
      atMs: atMs[row]!,
      protocol: protocol[row]!,
      ifindex: ifindex[row]!,
      flags: flags[row]!,
    });
  }
  return rows;
}

/** Drains until so many rows came or the time is over. */
export async function takeRows(
  native: NativeAddon,
  port: NativePacketPort,
  wanted: number,
  withinMs = 8000,
  limit = 64,
): Promise<SeenRow[]> {
  const untilMs = native.nowMs() + withinMs;
  const rows: SeenRow[] = [];
  while (rows.length < wanted && native.nowMs() < untilMs) {
    const some = drainRows(native, port, limit);
    rows.push(...some);
    if (some.length === 0) await native.packetWait(port, untilMs);
  }
  return rows;
}
