/**
 * Packets drawn for reading in Wireshark, of what no packet was seen: what kernel sockets were asked and what they said.
 * They stand on an interface of their own, whose name says so. What is not known is 0: our address and port, TTLs,
 * sequence numbers. No rule reads them; the journal has what was really said.
 */
import {
  isEcho,
  PROTO_NEIGHBOUR,
  PROTO_TCP,
  PROTO_UDP,
  type ProbeBatch,
  SIGNAL,
  type SignalBatch,
} from '../batch.ts';
import { errnoName } from '../errno.ts';
import type { Family, TargetTable } from '../model.ts';
import { sumIp } from '../packet/checksum.ts';
import { emitIcmpError, ICMP_HEADER_BYTES } from '../packet/icmp.ts';
import { emitIp, IP_PROTOCOL, IPV4_HEADER_BYTES, IPV6_HEADER_BYTES } from '../packet/ip.ts';
import { emitTcp, TCP_FLAG, TCP_HEADER_BYTES } from '../packet/tcp.ts';
import { emitUdp, UDP_HEADER_BYTES } from '../packet/udp.ts';
import { writeProbePacket } from '../probe/frame.ts';

/** Draws into `bytes`, from 0 on, and returns the length; 0: there is nothing to draw. */
export interface PacketDrawing {
  readonly bytes: Uint8Array;
  /** The packet that asks what a row asks. */
  probe(batch: ProbeBatch, row: number): number;
  /** The packet that would say what a signal says. */
  signal(signals: SignalBatch, row: number): number;
}

/** For experiments (RFC 3692): a packet that is none, with words in it. */
const NOTE_PROTOCOL = 253;
/** An IP packet without our headers is at most so long. */
const MAX_PACKET_BYTES = 65_535 + IPV6_HEADER_BYTES;
/** Of an ICMP message: our echo requests are shorter. */
const MAX_QUOTED_BYTES = 128;
const NOWHERE = new Uint8Array(16);
const NOTHING = new Uint8Array(0);
const encoder = new TextEncoder();

/** Flags of the segment by which a kernel comes to say so. */
const SEGMENTS: Readonly<Record<number, number>> = {
  [SIGNAL.CONNECTED]: TCP_FLAG.SYN | TCP_FLAG.ACK,
  [SIGNAL.REFUSED]: TCP_FLAG.RST | TCP_FLAG.ACK,
  [SIGNAL.WINDOW_OPENED]: TCP_FLAG.ACK,
  [SIGNAL.RESET_AFTER]: TCP_FLAG.RST,
};

/** Signals that name their sender. */
const TOLD: ReadonlySet<number> = new Set([SIGNAL.ICMP, SIGNAL.DATAGRAM, SIGNAL.ECHO_REPLY]);

/** Who sends a drawn packet to whom: addresses of 16 bytes, IPv4 in the first four. */
interface Ends {
  readonly family: Family;
  readonly src: Uint8Array;
  readonly srcAt: number;
  readonly dst: Uint8Array;
  readonly dstAt: number;
}

const headerBytes = (family: Family): number =>
  family === 4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES;

/** Draws the IP header; `ttl` 0 is not known. */
const header = (
  out: Uint8Array,
  ends: Ends,
  protocol: number,
  payloadLength: number,
  ttl = 0,
): number =>
  emitIp(out, 0, ends.family, {
    tos: 0,
    id: 0,
    dontFragment: false,
    flowLabel: 0,
    ttl,
    protocol,
    ...ends,
    payloadLength,
  });

const addressSum = ({ family, src, srcAt, dst, dstAt }: Ends): number =>
  sumIp(src, srcAt, family) + sumIp(dst, dstAt, family);

const segment = (
  out: Uint8Array,
  ends: Ends,
  ports: { readonly srcPort: number; readonly dstPort: number },
  flags: number,
  window: number,
): number => {
  const at = header(out, ends, IP_PROTOCOL.TCP, TCP_HEADER_BYTES);
  const sum = addressSum(ends);
  const fields = { seq: 0, ack: 0, options: NOTHING, payload: NOTHING, payloadAt: 0 };
  emitTcp(out, at, { ...ports, ...fields, flags, window, addressSum: sum, payloadLength: 0 });
  return at + TCP_HEADER_BYTES;
};

const datagram = (
  out: Uint8Array,
  ends: Ends,
  ports: { readonly srcPort: number; readonly dstPort: number },
  payload: { readonly bytes: Uint8Array; readonly at: number; readonly length: number },
  ttl: number,
): number => {
  const length = UDP_HEADER_BYTES + payload.length;
  const at = header(out, ends, IP_PROTOCOL.UDP, length, ttl);
  emitUdp(out, at, {
    ...ports,
    addressSum: addressSum(ends),
    payload: payload.bytes,
    payloadAt: payload.at,
    payloadLength: payload.length,
  });
  return at + length;
};

/** The ICMP message that the row holds, as far as a quote would. */
const message = (out: Uint8Array, ends: Ends, signals: SignalBatch, row: number): number => {
  const length = Math.min(signals.length[row]!, MAX_QUOTED_BYTES);
  const at = header(out, ends, signals.protocol[row]!, length, signals.ttl[row]);
  const from = signals.offset[row]!;
  out.set(signals.bytes.subarray(from, from + length), at);
  return at + length;
};

/** Creates a drawing for a run with these targets and this seed. */
export function createPacketDrawing(
  targets: TargetTable,
  [keyHi, keyLo]: readonly [number, number],
): PacketDrawing {
  const bytes = new Uint8Array(MAX_PACKET_BYTES);
  const frame = { targets, source4: NOWHERE, source6: NOWHERE, srcPort: 0, keyHi, keyLo };

  const note = (ends: Ends, words: string): number => {
    const text = encoder.encode(words);
    const at = header(bytes, ends, NOTE_PROTOCOL, text.length);
    bytes.set(text, at);
    return at + text.length;
  };

  /** An ICMP error that quotes the probe's header, with an empty payload. */
  const icmpError = (signals: SignalBatch, row: number, ends: Ends): number => {
    const quote = new Uint8Array(IPV6_HEADER_BYTES + MAX_QUOTED_BYTES);
    const asked: Ends = { ...ends, src: NOWHERE, srcAt: 0, dst: signals.dst, dstAt: 16 * row };
    const ports = { srcPort: 0, dstPort: signals.dstPort[row]! };
    const isTcp = signals.protocol[row] === PROTO_TCP;
    const empty = { bytes: NOTHING, at: 0, length: 0 };
    const quoted = isEcho(signals.protocol[row]!)
      ? message(quote, asked, signals, row)
      : isTcp
        ? segment(quote, asked, ports, TCP_FLAG.SYN, 0)
        : datagram(quote, asked, ports, empty, 0);
    const { family } = ends;
    const protocol = family === 4 ? IP_PROTOCOL.ICMP : IP_PROTOCOL.ICMPV6;
    const at = header(bytes, ends, protocol, ICMP_HEADER_BYTES + quoted, signals.ttl[row]);
    const type = signals.icmpType[row]!;
    const fields = { type, code: signals.icmpCode[row]!, addressSum: addressSum(ends) };
    return at + emitIcmpError(bytes, at, family, fields, quote.subarray(0, quoted));
  };

  return {
    bytes,
    probe(batch, row) {
      const protocol = batch.protocol[row]!;
      if (protocol !== PROTO_TCP && protocol !== PROTO_UDP && !isEcho(protocol)) return 0;
      return writeProbePacket(batch, row, frame, bytes, 0);
    },
    signal(signals, row) {
      const kind = signals.kind[row]!;
      // ARP and neighbour discovery are left out, questions and answers (ADR 0018).
      if (kind === SIGNAL.OWN_SIDE || signals.protocol[row] === PROTO_NEIGHBOUR) return 0;
      const family: Family = signals.family[row] === 6 ? 6 : 4;
      const isTold = TOLD.has(kind);
      const src = isTold ? signals.from : signals.dst;
      const ends: Ends = { family, src, srcAt: 16 * row, dst: NOWHERE, dstAt: 0 };
      if (kind === SIGNAL.ICMP && signals.localOrigin[row] === 0) {
        return icmpError(signals, row, ends);
      }
      if (kind === SIGNAL.ECHO_REPLY) return message(bytes, ends, signals, row);
      if (kind === SIGNAL.DATAGRAM) {
        const at = signals.offset[row]!;
        const payload = { bytes: signals.bytes, at, length: signals.length[row]! };
        const ports = { srcPort: signals.fromPort[row]!, dstPort: 0 };
        if (payload.length > MAX_PACKET_BYTES - headerBytes(family) - UDP_HEADER_BYTES) return 0;
        return datagram(bytes, ends, ports, payload, signals.ttl[row]!);
      }
      const flags = SEGMENTS[kind];
      if (flags !== undefined) {
        const ports = { srcPort: signals.dstPort[row]!, dstPort: 0 };
        return segment(bytes, ends, ports, flags, Math.min(signals.info[row]!, 0xffff));
      }
      return note(ends, `the kernel said: ${errnoName(signals.errno[row]!)}`);
    },
  };
}
