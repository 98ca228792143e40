/** A packet of a wire of packets -> what it says about a probe of the trace. */
import { isEcho, PROTO_TCP, PROTO_UDP, type SignalBatch } from '../batch.ts';
import { icmpMeaning } from '../match/icmpMeaning.ts';
import type { Family, TargetTable } from '../model.ts';
import { equalIp, formatIp } from '../packet/address.ts';
import { createIcmpView, ICMP4_TYPE, ICMP6_TYPE, readIcmp } from '../packet/icmp.ts';
import { createIpView, IP_PROTOCOL, readIp } from '../packet/ip.ts';
import { createQuoteView, readQuote } from '../packet/quote.ts';
import { createTcpView, readTcp, TCP_FLAG } from '../packet/tcp.ts';
import { createUdpView, readUdp } from '../packet/udp.ts';
import type { Answer, Observation } from './facts.ts';
import type { Flow } from './flows.ts';
import { readHopNotes } from './hopNotes.ts';
import { type ProbeReader, type QuotedProbe, UNPLACED } from './quotedProbe.ts';

/** What a reader has to know of its trace. */
export interface AnswerOptions {
  readonly targets: TargetTable;
  readonly target: number;
  /** Number of the trace. */
  readonly run: number;
  readonly flows: readonly Flow[];
  readonly probes: ProbeReader;
  /** Reserved source port of a wire of packets. */
  readonly srcPort: number;
}

/** An observation without its round trip and its id, which are not known yet. */
export type Read = Omit<Observation, 'rttMs' | 'id'> & { readonly atMs: number };

/** What an ICMP error says of the way; null: nothing. */
export function answerOfIcmp(family: Family, type: number, code: number): Answer | null {
  const meaning = icmpMeaning(family, type, code);
  if (meaning.kind === 'smaller') return 'too-big';
  if (meaning.kind === 'none') return null;
  const exceeded = family === 4 ? ICMP4_TYPE.TIME_EXCEEDED : ICMP6_TYPE.TIME_EXCEEDED;
  // Code 1 is about reassembly, at the target (RFC 792, RFC 4443 section 3.3).
  return type === exceeded && code === 0 ? 'time-exceeded' : 'unreachable';
}

/** Creates the reader of packets. */
export function createPacketReader({
  targets,
  target,
  flows,
  probes,
  srcPort,
}: AnswerOptions): (signals: SignalBatch, row: number) => Read | null {
  const ip = createIpView();
  const tcp = createTcpView();
  const udp = createUdpView();
  const icmp = createIcmpView();
  const quote = createQuoteView();
  /** By the asked port and our own. */
  const flowAt = (protocol: number, port: number, ownPort: number): Flow | undefined =>
    flows.find(
      (flow) => flow.protocol === protocol && flow.port === port && srcPort + flow.lane === ownPort,
    );
  const isFromTarget = (bytes: Uint8Array): boolean =>
    targets.families[target] === ip.family &&
    equalIp(bytes, ip.srcAt, targets.bytes, target * 16, ip.family);

  const observe = (
    bytes: Uint8Array,
    atMs: number,
    flow: Flow,
    probe: QuotedProbe,
    answer: Answer,
  ): Read => ({
    flow: flow.index,
    ...probe,
    answer,
    icmpType: 0,
    icmpCode: 0,
    ip: formatIp(bytes, ip.srcAt, ip.family),
    isTarget: isFromTarget(bytes),
    outerTtl: ip.ttl,
    quotedTtl: null,
    mtu: 0,
    notes: null,
    atMs,
  });

  const readSegment = (bytes: Uint8Array, atMs: number): Read | null => {
    if (!isFromTarget(bytes) || !readTcp(bytes, ip.payloadAt, ip.payloadEnd, tcp)) return null;
    const flow = flowAt(PROTO_TCP, tcp.srcPort, tcp.dstPort);
    if (flow === undefined) return null;
    if ((tcp.flags & TCP_FLAG.ACK) === 0) return null;
    const probe = probes.ofSeq(flow, (tcp.ack - 1) >>> 0);
    if (probe === null) return null;
    const isReset = (tcp.flags & TCP_FLAG.RST) !== 0;
    if (!isReset && (tcp.flags & TCP_FLAG.SYN) === 0) return null;
    return observe(bytes, atMs, flow, probe, isReset ? 'reset' : 'syn-ack');
  };

  const readDatagram = (bytes: Uint8Array, atMs: number): Read | null => {
    if (!isFromTarget(bytes) || !readUdp(bytes, ip.payloadAt, ip.payloadEnd, udp)) return null;
    const flow = flowAt(PROTO_UDP, udp.srcPort, udp.dstPort);
    if (flow === undefined) return null;
    const payload = bytes.subarray(udp.payloadAt, udp.payloadEnd);
    const probe = probes.ofAnswer(flow, payload) ?? UNPLACED;
    return observe(bytes, atMs, flow, probe, 'udp-response');
  };

  const readEchoReply = (bytes: Uint8Array, atMs: number): Read | null => {
    const isReply = icmp.type === (ip.family === 4 ? ICMP4_TYPE : ICMP6_TYPE).ECHO_REPLY;
    const flow = flowAt(ip.protocol, 0, icmp.echoId);
    if (!isReply || flow === undefined || !isFromTarget(bytes)) return null;
    const probe = probes.ofEcho(flow, bytes.subarray(ip.payloadAt, ip.payloadEnd));
    return probe === null ? null : observe(bytes, atMs, flow, probe, 'echo-reply');
  };

  const readError = (bytes: Uint8Array, atMs: number): Read | null => {
    if (!readIcmp(bytes, ip.payloadAt, ip.payloadEnd, ip.family, icmp)) return null;
    if (icmp.echoId >= 0) return readEchoReply(bytes, atMs);
    if (icmp.quoteAt < 0 || !readQuote(bytes, icmp.quoteAt, icmp.quoteEnd, quote)) return null;
    const answer = answerOfIcmp(ip.family, icmp.type, icmp.code);
    const flow = isEcho(quote.protocol)
      ? flowAt(quote.protocol, 0, quote.icmpId)
      : flowAt(quote.protocol, quote.dstPort, quote.srcPort);
    if (answer === null || flow === undefined) return null;
    if (targets.indexOf(bytes, quote.dstAt, quote.family) !== target) return null;
    const probe = probes.ofQuote(flow, bytes, quote);
    if (probe === null) return null;
    return {
      ...observe(bytes, atMs, flow, probe, answer),
      icmpType: icmp.type,
      icmpCode: icmp.code,
      quotedTtl: quote.ttl,
      mtu: Math.max(0, icmp.mtu),
      notes: readHopNotes(bytes, icmp, quote),
    };
  };

  return (signals, row) => {
    const { bytes } = signals;
    const at = signals.offset[row]!;
    if (!readIp(bytes, at, at + signals.length[row]!, ip) || ip.fragmentOffset !== 0) return null;
    const atMs = signals.atMs[row]!;
    if (ip.protocol === PROTO_TCP) return readSegment(bytes, atMs);
    if (ip.protocol === PROTO_UDP) return readDatagram(bytes, atMs);
    const isIcmp = ip.protocol === (ip.family === 4 ? IP_PROTOCOL.ICMP : IP_PROTOCOL.ICMPV6);
    return isIcmp ? readError(bytes, atMs) : null;
  };
}
