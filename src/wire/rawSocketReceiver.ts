/**
 * What raw sockets received, as packets of a signal batch. The sockets see all of this machine's TCP, UDP and ICMP: what
 * cannot be an answer to this run is counted and left.
 */
import { createSignalBatch, NO_PROBE, SIGNAL, type SignalBatch } from '../batch.ts';
import type { Family, TargetTable } from '../model.ts';
import { parseIp } from '../packet/address.ts';
import { read16 } from '../packet/bytes.ts';
import { fold, sumIp, sumPseudoHeader } from '../packet/checksum.ts';
import { ICMP_HEADER_BYTES } from '../packet/icmp.ts';
import {
  createIpView,
  emitIpv6,
  IP_PROTOCOL,
  IPV4_HEADER_BYTES,
  IPV6_HEADER_BYTES,
  type IpView,
  readIp,
} from '../packet/ip.ts';
import { checkTransport } from '../packet/transport.ts';

/** What a receiver is made of. */
export interface RawReceiverOptions {
  readonly targets: TargetTable;
  readonly srcPort: number;
  readonly nowMs: () => number;
  /** Our address towards a target, where packets were sent to it. */
  readonly sourceOf: (target: number) => Uint8Array | undefined;
  /** Sees each TCP packet of a target before it is kept; false: it is no answer. The view is valid during the call. */
  readonly acceptTcp: (bytes: Uint8Array, ip: IpView) => boolean;
}

/** Collects the packets of the next batch. */
export interface RawReceiver {
  packet(family: Family, protocol: number, bytes: Buffer, length: number, source: string): void;
  /** There is no room for another packet. */
  isFull(): boolean;
  /** Packets that wait to be taken. */
  count(): number;
  /** Hands out what came; valid until the next call. */
  take(): SignalBatch;
  /** Datagrams to our port, by family. */
  readonly datagrams: Readonly<Record<Family, number>>;
  counters(): Readonly<Record<'badChecksums' | 'otherTraffic' | 'lostSignals', number>>;
}

/** What is kept of a packet, as on the packet wire. */
const KEPT_BYTES = 8192;
/** ICMP types that quote a packet (RFC 792, RFC 4443). */
const QUOTING: Readonly<Record<Family, ReadonlySet<number>>> = {
  4: new Set([3, 4, 5, 11, 12]),
  6: new Set([1, 2, 3, 4]),
};
const ECHO_REPLY: Readonly<Record<Family, number>> = { 4: 0, 6: 129 };
/** Where TCP and UDP keep their checksum. */
const CHECKSUM_AT: Readonly<Record<number, number>> = {
  [IP_PROTOCOL.TCP]: 16,
  [IP_PROTOCOL.UDP]: 6,
};
/** Where an ICMPv6 error quotes the address of the target: behind its own header, in that of the probe. */
const QUOTED_TARGET_AT = ICMP_HEADER_BYTES + 24;
const NO_ADDRESS = new Uint8Array(16);

/** Creates an empty receiver. */
export function createRawReceiver(options: RawReceiverOptions): RawReceiver {
  const { targets, srcPort, nowMs, sourceOf, acceptTcp } = options;
  const ip = createIpView();
  const datagrams: Record<Family, number> = { 4: 0, 6: 0 };
  const counted = { badChecksums: 0, otherTraffic: 0, lostSignals: 0 };
  let filling = createPacketBatch();
  let handedOut = createPacketBatch();
  let bytesUsed = 0;

  const isFull = (): boolean =>
    filling.count === filling.capacity ||
    bytesUsed + IPV6_HEADER_BYTES + KEPT_BYTES > filling.bytes.length;

  /**
   * Puts an IPv6 header before a payload: hop limit 0, "not known", as the package cannot read it. Our address is that towards
   * the target which answers, or which is quoted.
   */
  const addHeader6 = (protocol: number, bytes: Buffer, length: number, source: string): boolean => {
    const from = parseIp(source);
    if (from?.family !== 6) return false;
    const answering = targets.indexOf(from.bytes, 0, 6);
    const isQuoting = protocol === IP_PROTOCOL.ICMPV6 && length >= QUOTED_TARGET_AT + 16;
    const quoted = isQuoting ? targets.indexOf(bytes, QUOTED_TARGET_AT, 6) : -1;
    const target = answering < 0 ? quoted : answering;
    emitIpv6(filling.bytes, bytesUsed, {
      tos: 0,
      id: 0,
      dontFragment: false,
      flowLabel: 0,
      ttl: 0,
      protocol,
      src: from.bytes,
      srcAt: 0,
      dst: (target < 0 ? undefined : sourceOf(target)) ?? NO_ADDRESS,
      dstAt: 0,
      payloadLength: Math.min(length, 0xffff),
    });
    return true;
  };

  /** Keeps the packet that was copied to the end of the arena, unless it is faulty or no answer. */
  const keep = (family: Family, protocol: number, length: number): void => {
    const { bytes } = filling;
    if (!readIp(bytes, bytesUsed, bytesUsed + length, ip) || isDamaged(bytes, ip)) {
      counted.badChecksums += 1;
      return;
    }
    if (protocol === IP_PROTOCOL.UDP) datagrams[family] += 1;
    if (protocol === IP_PROTOCOL.TCP && !acceptTcp(bytes, ip)) return;
    const row = filling.count++;
    filling.offset[row] = bytesUsed;
    filling.length[row] = length;
    filling.family[row] = family;
    filling.protocol[row] = protocol;
    filling.atMs[row] = nowMs();
    bytesUsed += length;
  };

  return {
    packet(family, protocol, bytes, length, source) {
      const transportAt = family === 4 ? (bytes[0]! & 0xf) * 4 : 0;
      if (!isForUs(family, protocol, bytes, transportAt, length, srcPort)) {
        counted.otherTraffic += 1;
        return;
      }
      if (isFull()) {
        counted.lostSignals += 1;
        return;
      }
      const kept = Math.min(length, KEPT_BYTES);
      const headerBytes = family === 4 ? 0 : IPV6_HEADER_BYTES;
      if (family === 6 && !addHeader6(protocol, bytes, length, source)) {
        counted.otherTraffic += 1;
        return;
      }
      filling.bytes.set(bytes.subarray(0, kept), bytesUsed + headerBytes);
      keep(family, protocol, headerBytes + kept);
    },
    isFull,
    count: () => filling.count,
    take() {
      const taken = filling;
      filling = handedOut;
      filling.count = 0;
      bytesUsed = 0;
      handedOut = taken;
      return taken;
    },
    datagrams,
    counters: () => counted,
  };
}

function createPacketBatch(): SignalBatch {
  const batch = createSignalBatch();
  batch.kind.fill(SIGNAL.PACKET);
  batch.probe.fill(NO_PROBE);
  return batch;
}

/** TCP and UDP to our port, echo replies to our identifier, and ICMP messages that quote a packet. */
function isForUs(
  family: Family,
  protocol: number,
  bytes: Uint8Array,
  transportAt: number,
  length: number,
  srcPort: number,
): boolean {
  const isCut = length < transportAt + 8 || (family === 4 && length < IPV4_HEADER_BYTES);
  if (isCut) return false;
  if (protocol in CHECKSUM_AT) return read16(bytes, transportAt + 2) === srcPort;
  const type = bytes[transportAt]!;
  if (type === ECHO_REPLY[family]) return read16(bytes, transportAt + 4) === srcPort;
  return QUOTING[family].has(type);
}

/**
 * Whether the transport checksum is wrong: raw sockets get packets before TCP and UDP look at it. A checksum that was left
 * to hardware which a packet inside this machine never reaches holds the sum of the pseudo-header (CHECKSUM_PARTIAL). What
 * cannot be told without our own address, or was verified by the kernel (ICMPv6), is not damaged.
 */
function isDamaged(bytes: Uint8Array, ip: IpView): boolean {
  const { family, protocol, payloadAt, payloadEnd, srcAt, dstAt } = ip;
  const isUnknown6 = family === 6 && sumIp(bytes, dstAt, 6) === 0;
  if (protocol === IP_PROTOCOL.ICMPV6 || isUnknown6) return false;
  if (checkTransport(bytes, ip) !== 'bad') return false;
  const at = CHECKSUM_AT[protocol];
  if (at === undefined) return true;
  const addressSum = sumIp(bytes, srcAt, family) + sumIp(bytes, dstAt, family);
  const pseudo = fold(sumPseudoHeader(addressSum, protocol, payloadEnd - payloadAt));
  return read16(bytes, payloadAt + at) !== pseudo;
}
