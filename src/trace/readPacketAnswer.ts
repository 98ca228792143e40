/** A packet of a wire of packets -> what it says about a probe of the trace. */
import { isEcho, PROTO_TCP, PROTO_UDP, type SignalBatch } from '../batch.ts';
import { icmpMeaning } from '../match/icmpMeaning.ts';
import type { Family } from '../model.ts';
import { equalIp, formatIp } from '../packet/address.ts';
import { createIcmpView, ICMP4_TYPE, ICMP6_TYPE, readIcmp } from '../packet/icmp.ts';
import { createIpView, IP_PROTOCOL, readIp } from '../packet/ip.ts';
import { createQuoteView, readQuote } from '../packet/quote.ts';
import { createTcpView, readTcp, TCP_FLAG } from '../packet/tcp.ts';
import { createUdpView, readUdp } from '../packet/udp.ts';
import type { Answer, Observation } from './facts.ts';
import type { Flow } from './flows.ts';
import { readHopNotes } from './hopNotes.ts';
import { type QuotedProbe, UNPLACED } from './quotedProbe.ts';
import { findTranslated, type QuotedFlow, type SentContext, translatedOf } from './translated.ts';

/** What a reader has to know of its trace. */
export interface AnswerOptions extends SentContext {
  /** Number of the trace. */
  readonly run: number;
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

/** The one of several flows whose probe it is. */
function told(
  some: readonly Flow[],
  probeOf: (flow: Flow) => QuotedProbe | null,
): QuotedFlow | null {
  for (const flow of some) {
    const probe = probeOf(flow);
    if (probe !== null) return { flow, probe };
  }
  return null;
}

/** Creates the reader of packets. */
export function createPacketReader(
  options: AnswerOptions,
): (signals: SignalBatch, row: number) => Read | null {
  const { targets, target, flows, probes, srcPort } = options;
  const family = targets.families[target];
  const ip = createIpView();
  const tcp = createTcpView();
  const udp = createUdpView();
  const icmp = createIcmpView();
  const quote = createQuoteView();
  /** By the asked port and our own: the same ports with several sizes are several flows. */
  const flowsAt = (protocol: number, port: number, ownPort: number): readonly Flow[] =>
    flows.filter(
      (flow) => flow.protocol === protocol && flow.port === port && srcPort + flow.lane === ownPort,
    );
  const isFromTarget = (bytes: Uint8Array): boolean =>
    targets.families[target] === ip.family &&
    equalIp(bytes, ip.srcAt, targets.bytes, target * 16, ip.family);

  const observe = (
    bytes: Uint8Array,
    atMs: number,
    { flow, probe }: QuotedFlow,
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
    if ((tcp.flags & TCP_FLAG.ACK) === 0) return null;
    // A reset acknowledges the data of the SYN too (RFC 9293 section 3.10.7.1), a SYN-ACK need not.
    const by = told(flowsAt(PROTO_TCP, tcp.srcPort, tcp.dstPort), (flow) => {
      const { dataBytes = 0 } = flow;
      return (
        probes.ofSeq(flow, (tcp.ack - 1) >>> 0) ??
        (dataBytes > 0 ? probes.ofSeq(flow, (tcp.ack - 1 - dataBytes) >>> 0) : null)
      );
    });
    if (by === null) return null;
    const isReset = (tcp.flags & TCP_FLAG.RST) !== 0;
    if (!isReset && (tcp.flags & TCP_FLAG.SYN) === 0) return null;
    return observe(bytes, atMs, by, isReset ? 'reset' : 'syn-ack');
  };

  const readDatagram = (bytes: Uint8Array, atMs: number): Read | null => {
    if (!isFromTarget(bytes) || !readUdp(bytes, ip.payloadAt, ip.payloadEnd, udp)) return null;
    const some = flowsAt(PROTO_UDP, udp.srcPort, udp.dstPort);
    const [first] = some;
    if (first === undefined) return null;
    const payload = bytes.subarray(udp.payloadAt, udp.payloadEnd);
    const by = told(some, (flow) => probes.ofAnswer(flow, payload));
    return observe(bytes, atMs, by ?? { flow: first, probe: UNPLACED }, 'udp-response');
  };

  const readEchoReply = (bytes: Uint8Array, atMs: number): Read | null => {
    const isReply = icmp.type === (ip.family === 4 ? ICMP4_TYPE : ICMP6_TYPE).ECHO_REPLY;
    if (!isReply || !isFromTarget(bytes)) return null;
    const by = told(flowsAt(ip.protocol, 0, icmp.echoId), (flow) =>
      probes.ofEcho(flow, bytes.subarray(ip.payloadAt, ip.payloadEnd)),
    );
    return by === null ? null : observe(bytes, atMs, by, 'echo-reply');
  };

  /** The probe that the quote in view is about. */
  const quotedFlow = (bytes: Uint8Array): QuotedFlow | null => {
    const isToTarget = targets.indexOf(bytes, quote.dstAt, quote.family) === target;
    const some = isEcho(quote.protocol)
      ? flowsAt(quote.protocol, 0, quote.icmpId)
      : flowsAt(quote.protocol, quote.dstPort, quote.srcPort);
    if (!isToTarget || some.length === 0) return findTranslated(options, bytes, quote);
    return (
      told(some, (flow) => probes.ofQuote(flow, bytes, quote)) ??
      told(some.length === 1 ? some : [], (flow) => probes.ofChecksum(flow, bytes, quote))
    );
  };

  const readError = (bytes: Uint8Array, atMs: number): Read | null => {
    if (!readIcmp(bytes, ip.payloadAt, ip.payloadEnd, ip.family, icmp)) return null;
    if (icmp.echoId >= 0) return readEchoReply(bytes, atMs);
    if (icmp.quoteAt < 0 || !readQuote(bytes, icmp.quoteAt, icmp.quoteEnd, quote)) return null;
    const answer = answerOfIcmp(ip.family, icmp.type, icmp.code);
    if (answer === null || quote.family !== ip.family || ip.family !== family) return null;
    const by = quotedFlow(bytes);
    if (by === null) return null;
    const translated = translatedOf(options, bytes, ip, quote, by.flow);
    return {
      ...observe(bytes, atMs, by, answer),
      icmpType: icmp.type,
      icmpCode: icmp.code,
      quotedTtl: quote.ttl,
      mtu: Math.max(0, icmp.mtu),
      notes: readHopNotes(bytes, icmp, quote, translated),
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
