/**
 * What a packet wire received, sorted: packets for the engine stay in the batch, neighbours' answers and faulty packets
 * leave it, and SYN-ACKs are shown to whoever resets them.
 */
import { createSignalBatch, NO_PROBE, SIGNAL, type SignalBatch } from '../batch.ts';
import type { Family } from '../model.ts';
import { createIpView, IP_PROTOCOL, IPV6_HEADER_BYTES, type IpView, readIp } from '../packet/ip.ts';
import { TCP_FLAG } from '../packet/tcp.ts';
import { checkTransport } from '../packet/transport.ts';
import type { Columns, NativeAddon, NativePacketPort } from './native.ts';
import { ETHER_TYPE } from './packetFilter.ts';

/** The packets of the last drain, and what was counted in all. */
export interface PacketReceiver {
  /** Packets for the engine; they lie in memory that is the kernel's again at the next drain. */
  readonly signals: SignalBatch;
  /** Datagrams received, by family. */
  readonly datagrams: Readonly<Record<Family, number>>;
  readonly badChecksums: () => number;
  /** Takes what has arrived, without waiting; true when there is something for the engine. */
  drain(): boolean;
}

/** Who is told of packets that matter to the wire itself; the view is valid during the call. */
export interface PacketListener {
  arp(bytes: Uint8Array, at: number, end: number, interfaceIndex: number): void;
  advertisement(bytes: Uint8Array, ip: IpView, interfaceIndex: number): void;
  /** May be a SYN-ACK: both flags are set. */
  handshake(bytes: Uint8Array, ip: IpView): void;
}

/** Flags of a received row (native/packet.h): checksum not computed yet (it never left this machine), or verified. */
const CHECKSUM_SETTLED = 1 | 2;
/** Where TCP keeps its flags. */
const TCP_FLAGS_AT = 13;
const HANDSHAKE = TCP_FLAG.SYN | TCP_FLAG.ACK;
/** ICMPv6 type (RFC 4861 section 4.4). */
const NEIGHBOUR_ADVERTISEMENT = 136;

/** Creates the receiver of an open port. */
export function createPacketReceiver(
  native: NativeAddon,
  port: NativePacketPort,
  listener: PacketListener,
): PacketReceiver {
  const memory = native.packetMemory(port);
  const signals: SignalBatch = { ...createSignalBatch(undefined, 0), bytes: memory };
  signals.kind.fill(SIGNAL.PACKET);
  signals.probe.fill(NO_PROBE);
  const { offset, length, atMs, family } = signals;
  const etherType = new Uint16Array(signals.capacity);
  const interfaceIndex = new Uint32Array(signals.capacity);
  const flags = new Uint8Array(signals.capacity);
  const columns: Columns = [offset, length, atMs, etherType, interfaceIndex, flags];
  const datagrams: Record<Family, number> = { 4: 0, 6: 0 };
  const ip = createIpView();
  let badChecksums = 0;

  /** Damaged packets never reach a socket; here they would. */
  const isDamaged = (row: number, at: number, end: number): boolean =>
    (flags[row]! & CHECKSUM_SETTLED) === 0 &&
    (!readIp(memory, at, end, ip) || checkTransport(memory, ip) === 'bad');

  /** Tells the listener where the packet matters to the wire; true when it is none for the engine. */
  const isTaken = (row: number, protocol: number, at: number, transportAt: number): boolean => {
    const end = at + length[row]!;
    if (protocol === IP_PROTOCOL.TCP) {
      const isHandshake = (memory[transportAt + TCP_FLAGS_AT]! & HANDSHAKE) === HANDSHAKE;
      if (isHandshake && readIp(memory, at, end, ip)) listener.handshake(memory, ip);
      return false;
    }
    if (protocol !== IP_PROTOCOL.ICMPV6) return false;
    if (memory[transportAt] !== NEIGHBOUR_ADVERTISEMENT) return false;
    if (readIp(memory, at, end, ip)) listener.advertisement(memory, ip, interfaceIndex[row]!);
    return true;
  };

  /** Whether an IP packet is one for the engine. */
  const takeIp = (row: number, is4: boolean): boolean => {
    const at = offset[row]!;
    if (isDamaged(row, at, at + length[row]!)) {
      badChecksums += 1;
      return false;
    }
    const protocol = memory[at + (is4 ? 9 : 6)]!;
    const transportAt = at + (is4 ? (memory[at]! & 0xf) * 4 : IPV6_HEADER_BYTES);
    if (protocol === IP_PROTOCOL.UDP) datagrams[is4 ? 4 : 6] += 1;
    return !isTaken(row, protocol, at, transportAt);
  };

  const isForEngine = (row: number): boolean => {
    const type = etherType[row]!;
    if (type === ETHER_TYPE.IPV4 || type === ETHER_TYPE.IPV6) {
      return takeIp(row, type === ETHER_TYPE.IPV4);
    }
    const at = offset[row]!;
    if (type === ETHER_TYPE.ARP) listener.arp(memory, at, at + length[row]!, interfaceIndex[row]!);
    return false;
  };

  return {
    signals,
    datagrams,
    badChecksums: () => badChecksums,
    drain() {
      const rows = native.packetDrain(port, columns);
      let kept = 0;
      for (let row = 0; row < rows; row++) {
        if (!isForEngine(row)) continue;
        offset[kept] = offset[row]!;
        length[kept] = length[row]!;
        atMs[kept] = atMs[row]!;
        family[kept] = etherType[row] === ETHER_TYPE.IPV4 ? 4 : 6;
        kept += 1;
      }
      signals.count = kept;
      return kept > 0;
    },
  };
}
