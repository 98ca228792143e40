/**
 * Takes the packets of a capture one by one into tables of addresses, flows and ICMP errors.
 *
 * No object is made for a packet, and no text: a capture of a million packets is read in seconds.
 */
import { classifyIp } from '../packet/address.ts';
import { createIpView, IP_PROTOCOL, readIp } from '../packet/ip.ts';
import { createTcpView, readTcp, TCP_FLAG } from '../packet/tcp.ts';
import { createUdpView, readUdp } from '../packet/udp.ts';
import { TTL_OF } from './addressTable.ts';
import { type CapturedPacket, type CaptureTables, createCaptureTables } from './captureTables.ts';
import { looksLikeAnswer, type Payload, takeDatagram } from './datagramFlow.ts';
import { FROM_ASKED, FROM_ASKER } from './flow.ts';
import { notePacket } from './flowNotes.ts';
import { isFromAsker, type Tuple } from './flowTable.ts';
import { createIcmpTaking } from './icmpTaking.ts';
import type { Narrowing } from './narrowing.ts';
import { takeSegment } from './tcpFlow.ts';

/** What a capture held. */
export interface Capture extends CaptureTables {
  take(packet: CapturedPacket): void;
}

/** Creates an empty capture; `narrowing` takes only some flows, null all. */
export function createCapture(narrowing: Narrowing | null): Capture {
  const tables = createCaptureTables(narrowing);
  const { addresses, firstBytes, counts, probes, flowOf } = tables;
  const ip = createIpView();
  const tcp = createTcpView();
  const udp = createUdpView();
  const views = { ip, tcp, probes };
  const tuple: Tuple = { protocol: 0, src: 0, srcPort: 0, dst: 0, dstPort: 0 };
  const payload: Payload = { bytes: new Uint8Array(0), at: 0, end: 0 };

  const takeTcp = (packet: CapturedPacket): void => {
    if (!readTcp(packet.bytes, ip.payloadAt, ip.payloadEnd, tcp)) {
      counts.unreadable++;
      return;
    }
    counts.tcp++;
    tuple.srcPort = tcp.srcPort;
    tuple.dstPort = tcp.dstPort;
    const isReset = (tcp.flags & TCP_FLAG.RST) !== 0;
    addresses.saw(tuple.src, isReset ? TTL_OF.RESET : TTL_OF.TCP, ip.ttl);
    const flow = flowOf(tuple, ip.family, isAnswerSegment(tcp.flags, tcp.srcPort, tcp.dstPort));
    if (flow === null) return;
    const from = isFromAsker(flow, tuple) ? FROM_ASKER : FROM_ASKED;
    takeSegment(flow, from, ip, tcp, packet);
    notePacket(flow, from, views, packet);
  };

  const takeUdp = (packet: CapturedPacket): void => {
    if (!readUdp(packet.bytes, ip.payloadAt, ip.payloadEnd, udp)) {
      counts.unreadable++;
      return;
    }
    counts.udp++;
    tuple.srcPort = udp.srcPort;
    tuple.dstPort = udp.dstPort;
    addresses.saw(tuple.src, TTL_OF.UDP, ip.ttl);
    payload.bytes = packet.bytes;
    payload.at = udp.payloadAt;
    payload.end = udp.payloadEnd;
    takeInFlow(packet, looksLikeAnswer(udp.srcPort, udp.dstPort));
  };

  const takeInFlow = (packet: CapturedPacket, isAnswer: boolean): void => {
    if (isGroupCast(packet.bytes)) {
      counts.groupCast++;
      return;
    }
    const flow = flowOf(tuple, ip.family, isAnswer);
    if (flow === null) return;
    const from = isFromAsker(flow, tuple) ? FROM_ASKER : FROM_ASKED;
    if (flow.sides[0].packets + flow.sides[1].packets === 0) firstBytes.keep(flow.number, payload);
    takeDatagram(flow, from, payload, packet);
    notePacket(flow, from, views, packet);
  };

  const isGroupCast = (bytes: Uint8Array): boolean => {
    if (ip.family === 4 && bytes[ip.dstAt]! < FIRST_GROUP_BYTE) return false;
    const kind = classifyIp(bytes, ip.dstAt, ip.family);
    return kind === 'multicast' || kind === 'broadcast';
  };

  const takeIcmp = createIcmpTaking(tables, { ip, tuple }, (packet, isReply) => {
    payload.at = payload.end;
    takeInFlow(packet, isReply);
  });

  const takeIp = (packet: CapturedPacket): void => {
    const { bytes } = packet;
    if (ip.truncated) counts.cut++;
    tuple.protocol = ip.protocol;
    tuple.src = addresses.numberOf(bytes, ip.srcAt, ip.family);
    tuple.dst = addresses.numberOf(bytes, ip.dstAt, ip.family);
    if (tuple.src < 0 || tuple.dst < 0) counts.notFollowed++;
    else if (ip.fragmentOffset > 0) counts.fragments++;
    else if (ip.protocol === IP_PROTOCOL.TCP) takeTcp(packet);
    else if (ip.protocol === IP_PROTOCOL.UDP) takeUdp(packet);
    else if (ip.protocol === (ip.family === 4 ? IP_PROTOCOL.ICMP : IP_PROTOCOL.ICMPV6))
      takeIcmp(packet);
    else counts.otherProtocols++;
  };

  return {
    ...tables,
    take(packet) {
      if (counts.packets === 0) counts.firstMs = packet.atMs;
      counts.packets++;
      counts.lastMs = Math.max(counts.lastMs, packet.atMs);
      if (readIp(packet.bytes, packet.at, packet.end, ip)) takeIp(packet);
      else counts.unreadable++;
    },
  };
}

/** 224.0.0.0 and above: groups, and everybody on the link (RFC 5771, RFC 919). */
const FIRST_GROUP_BYTE = 224;

/** Whether the first segment of a flow was sent by the asked side; without a SYN the ports have to tell. */
function isAnswerSegment(flags: number, srcPort: number, dstPort: number): boolean {
  if ((flags & TCP_FLAG.SYN) !== 0) return (flags & TCP_FLAG.ACK) !== 0;
  return looksLikeAnswer(srcPort, dstPort);
}
