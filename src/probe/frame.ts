/**
 * Probes as IP packets, for wires that send packets: TCP SYN, UDP and echo requests, IPv4 and IPv6, each with its identity
 * (token.ts): TCP in the sequence number, UDP in the reserved source port, the IPv4 identification and the payload's own id,
 * an echo request in its identifier, sequence number, checksum and data (echo.ts).
 */
import { isEcho, PROTO_TCP, type ProbeBatch, SHAPE } from '../batch.ts';
import type { TargetTable } from '../model.ts';
import { sumIp } from '../packet/checksum.ts';
import {
  emitIp,
  IP_PROTOCOL,
  IPV4_HEADER_BYTES,
  IPV6_HEADER_BYTES,
  type IpFields,
} from '../packet/ip.ts';
import { EXTENSION_BYTES, emitFirstFragment, emitUnknownOption } from '../packet/ipv6Headers.ts';
import { emitTcp, TCP_FLAG, TCP_HEADER_BYTES, type TcpFields } from '../packet/tcp.ts';
import { emitTcpOptions } from '../packet/tcpOptions.ts';
import { emitUdp, UDP_HEADER_BYTES } from '../packet/udp.ts';
import { ECHO_BYTES, echoSumOf, emitEcho } from './echo.ts';
import { ipIdOf, seqOf, TOKEN, tokenWord } from './token.ts';

/** What all packets of a run share. */
export interface FrameContext {
  readonly targets: TargetTable;
  /** Our addresses, 16 bytes each, IPv4 in the first four. */
  readonly source4: Uint8Array;
  readonly source6: Uint8Array;
  /** The reserved, bound source port of the run, of its first lane where there are several; the identifier of its echo requests. */
  readonly srcPort: number;
  readonly keyHi: number;
  readonly keyLo: number;
}

/** TTL of a probe that asks for none: what Linux and BSD use. */
export const DEFAULT_TTL = 64;
/** What an ordinary Linux client announces on Ethernet; a bare SYN without MSS is dropped by some middleboxes. */
const SYN_MSS = 1460;
const SYN_WINDOW = 64_240;

const SYN_OPTIONS = new Uint8Array(4);
emitTcpOptions(SYN_OPTIONS, 0, {
  mss: SYN_MSS,
  windowScale: -1,
  sackPermitted: false,
  timestampValue: -1,
  timestampEcho: -1,
});

const NO_BYTES = new Uint8Array(0);

/** Filled anew for every packet; what is not changed stands for all. */
const ipFields: Mutable<IpFields> = {
  tos: 0,
  id: 0,
  dontFragment: true,
  moreFragments: false,
  flowLabel: 0,
  ttl: DEFAULT_TTL,
  protocol: PROTO_TCP,
  src: NO_BYTES,
  srcAt: 0,
  dst: NO_BYTES,
  dstAt: 0,
  payloadLength: 0,
};
const synFields: Mutable<TcpFields> = {
  srcPort: 0,
  dstPort: 0,
  seq: 0,
  ack: 0,
  flags: TCP_FLAG.SYN,
  window: SYN_WINDOW,
  options: SYN_OPTIONS,
  addressSum: 0,
  payload: NO_BYTES,
  payloadAt: 0,
  payloadLength: 0,
};

type Mutable<Fields> = { -readonly [Key in keyof Fields]: Fields[Key] };

/** Length of the TCP header of a probe, its option included. */
export const SYN_BYTES: number = TCP_HEADER_BYTES + SYN_OPTIONS.length;

/** What an IPv6 header names of each shape; what is left out names the probe's protocol. */
const FIRST_HEADERS: readonly (number | undefined)[] = [
  undefined,
  IP_PROTOCOL.DESTINATION_OPTIONS,
  IP_PROTOCOL.FRAGMENT,
];

/** Writes row `row` of the batch as an IP packet at `out[at]` and returns its length in bytes. */
export function writeProbePacket(
  batch: ProbeBatch,
  row: number,
  context: FrameContext,
  out: Uint8Array,
  at: number,
): number {
  const { targets, keyHi, keyLo } = context;
  const srcPort = context.srcPort + batch.lane[row]!;
  const target = batch.target[row]!;
  const family = targets.families[target] === 6 ? 6 : 4;
  const source = family === 4 ? context.source4 : context.source6;
  const isTcp = batch.protocol[row] === PROTO_TCP;
  const probe = batch.probe[row]!;
  const attempt = batch.attempt[row]!;
  const isIcmp = isEcho(batch.protocol[row]!);
  const payloadLength = batch.length[row]!;
  const transportLength = isTcp
    ? SYN_BYTES + payloadLength
    : isIcmp
      ? ECHO_BYTES
      : UDP_HEADER_BYTES + payloadLength;
  const addressSum = sumIp(source, 0, family) + sumIp(targets.bytes, target * 16, family);

  const shape = family === 6 ? batch.shape[row]! : SHAPE.PLAIN;
  const ipBytes = family === 4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES;
  const headerBytes = ipBytes + (shape === SHAPE.PLAIN ? 0 : EXTENSION_BYTES);
  const isFragment = batch.shape[row] === SHAPE.FIRST_FRAGMENT;
  const seq = isTcp ? seqOf(keyHi, keyLo, probe, attempt) : 0;
  // A segment is known by its sequence number: a second keyed word would tell nothing more. Fragments are told apart by it.
  ipFields.id = isTcp && !isFragment ? seq & 0xffff || 1 : ipIdOf(keyHi, keyLo, probe, attempt);
  ipFields.dontFragment = !isFragment;
  ipFields.moreFragments = isFragment;
  ipFields.ttl = batch.ttl[row]! || DEFAULT_TTL;
  ipFields.protocol = FIRST_HEADERS[shape] ?? batch.protocol[row]!;
  ipFields.src = source;
  ipFields.dst = targets.bytes;
  ipFields.dstAt = target * 16;
  ipFields.payloadLength = headerBytes - ipBytes + transportLength;
  emitIp(out, at, family, ipFields);
  if (shape === SHAPE.DST_OPTION) emitUnknownOption(out, at + ipBytes, batch.protocol[row]!);
  if (shape === SHAPE.FIRST_FRAGMENT) {
    const id = tokenWord(keyHi, keyLo, probe, TOKEN.FRAGMENT);
    emitFirstFragment(out, at + ipBytes, batch.protocol[row]!, (id + attempt) >>> 0);
  }
  const transportAt = at + headerBytes;
  const dstPort = batch.port[row]!;
  if (isTcp) {
    synFields.srcPort = srcPort;
    synFields.dstPort = dstPort;
    synFields.seq = seq;
    synFields.addressSum = addressSum;
    synFields.payload = batch.bytes;
    synFields.payloadAt = batch.offset[row]!;
    synFields.payloadLength = payloadLength;
    emitTcp(out, transportAt, synFields);
  } else if (isIcmp) {
    emitEcho(out, transportAt, family, {
      bytes: batch.bytes,
      from: batch.offset[row]!,
      id: srcPort,
      checksum: echoSumOf(keyHi, keyLo),
      addressSum,
    });
  } else {
    emitUdp(out, transportAt, {
      srcPort,
      dstPort,
      addressSum,
      payload: batch.bytes,
      payloadAt: batch.offset[row]!,
      payloadLength,
    });
  }
  return headerBytes + transportLength;
}
