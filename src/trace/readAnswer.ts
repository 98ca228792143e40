/** A signal of a wire -> what it says about a probe of the trace. Nothing here throws; what is not ours is null. */
import { NO_PROBE, PROTO_TCP, PROTO_UDP, SIGNAL, type SignalBatch } from '../batch.ts';
import { icmpMeaning } from '../match/icmpMeaning.ts';
import type { Family, TargetTable } from '../model.ts';
import { equalIp, formatIp } from '../packet/address.ts';
import { createIcmpView, ICMP4_TYPE, ICMP6_TYPE, readIcmp } from '../packet/icmp.ts';
import { createIpView, IP_PROTOCOL, readIp } from '../packet/ip.ts';
import { createQuoteView, readQuote } from '../packet/quote.ts';
import { createTcpView, readTcp, TCP_FLAG } from '../packet/tcp.ts';
import { createUdpView, readUdp } from '../packet/udp.ts';
import type { Answer, Observation } from './facts.ts';
import { type Flow, placeOf } from './flows.ts';
import type { ProbeReader, QuotedProbe } from './quotedProbe.ts';

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

/** An observation whose round trip is not known yet. */
export type Read = Omit<Observation, 'rttMs'> & { readonly atMs: number };

/** Creates the reader of one trace: row of a batch -> what it says, or null. */
export function createAnswerReader(
  options: AnswerOptions,
): (signals: SignalBatch, row: number) => Read | null {
  const packet = createPacketReader(options);
  const { targets, target, run, flows, probes } = options;
  const family: Family = targets.families[target] === 6 ? 6 : 4;

  const flowAt = (protocol: number, port: number): Flow | undefined =>
    flows.find((flow) => flow.protocol === protocol && flow.port === port);

  /** The flow and the probe that a row of a socket wire is about. */
  const askedBy = (
    signals: SignalBatch,
    row: number,
  ): { readonly flow: Flow; readonly probe: QuotedProbe } | null => {
    const number = signals.probe[row]!;
    if (number !== NO_PROBE) {
      const place = placeOf(number);
      const flow = flows[place.flow];
      return flow === undefined || place.run !== run
        ? null
        : { flow, probe: { ttl: place.ttl, round: signals.attempt[row]! } };
    }
    const isAnswer = signals.kind[row] === SIGNAL.DATAGRAM;
    const [ip, port] = isAnswer
      ? [signals.from, signals.fromPort[row]!]
      : [signals.dst, signals.dstPort[row]!];
    if (signals.family[row] !== family) return null;
    if (!equalIp(ip, row * 16, targets.bytes, target * 16, family)) return null;
    const flow = flowAt(signals.protocol[row]!, port);
    if (flow === undefined) return null;
    const at = signals.offset[row]!;
    const bytes = signals.bytes.subarray(at, at + signals.length[row]!);
    const probe = isAnswer ? probes.ofAnswer(flow, bytes) : probes.ofPayload(flow, bytes);
    return { flow, probe: probe ?? UNPLACED };
  };

  return (signals, row) => {
    const kind = signals.kind[row]!;
    if (kind === SIGNAL.PACKET) return packet(signals, row);
    const asked = askedBy(signals, row);
    if (asked === null) return null;
    const icmpType = kind === SIGNAL.ICMP ? signals.icmpType[row]! : 0;
    const icmpCode = kind === SIGNAL.ICMP ? signals.icmpCode[row]! : 0;
    const answer = answerOfSocket(signals, row, family);
    if (answer === null) return null;
    const hasSender = kind === SIGNAL.ICMP;
    const from = hasSender ? signals.from : targets.bytes;
    const fromAt = hasSender ? row * 16 : target * 16;
    return {
      flow: asked.flow.index,
      ...asked.probe,
      answer,
      icmpType,
      icmpCode,
      ip: formatIp(from, fromAt, family),
      isTarget: equalIp(from, fromAt, targets.bytes, target * 16, family),
      outerTtl: signals.ttl[row]!,
      quotedTtl: null,
      mtu: answer === 'too-big' ? signals.info[row]! : 0,
      atMs: signals.atMs[row]!,
    };
  };
}

const UNPLACED: QuotedProbe = { ttl: 0, round: 0 };

function answerOfSocket(signals: SignalBatch, row: number, family: Family): Answer | null {
  switch (signals.kind[row]) {
    case SIGNAL.ICMP:
      if (signals.localOrigin[row] === 1) return 'own';
      return answerOfIcmp(family, signals.icmpType[row]!, signals.icmpCode[row]!);
    case SIGNAL.DATAGRAM:
      return 'udp-response';
    case SIGNAL.CONNECTED:
      return 'syn-ack';
    case SIGNAL.REFUSED:
      return 'reset';
    default:
      return null;
  }
}

/** What an ICMP error says of the way; null: nothing. */
function answerOfIcmp(family: Family, type: number, code: number): Answer | null {
  const meaning = icmpMeaning(family, type, code);
  if (meaning.kind === 'smaller') return 'too-big';
  if (meaning.kind === 'none') return null;
  const exceeded = family === 4 ? ICMP4_TYPE.TIME_EXCEEDED : ICMP6_TYPE.TIME_EXCEEDED;
  // Code 1 is about reassembly, at the target (RFC 792, RFC 4443 section 3.3).
  return type === exceeded && code === 0 ? 'time-exceeded' : 'unreachable';
}

/** Creates the reader of packets. */
function createPacketReader({
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
  const flowAt = (protocol: number, port: number): Flow | undefined =>
    flows.find((flow) => flow.protocol === protocol && flow.port === port);
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
    atMs,
  });

  const readSegment = (bytes: Uint8Array, atMs: number): Read | null => {
    if (!isFromTarget(bytes) || !readTcp(bytes, ip.payloadAt, ip.payloadEnd, tcp)) return null;
    const flow = flowAt(PROTO_TCP, tcp.srcPort);
    if (flow === undefined || tcp.dstPort !== srcPort) return null;
    if ((tcp.flags & TCP_FLAG.ACK) === 0) return null;
    const probe = probes.ofSeq(flow, (tcp.ack - 1) >>> 0);
    if (probe === null) return null;
    const isReset = (tcp.flags & TCP_FLAG.RST) !== 0;
    if (!isReset && (tcp.flags & TCP_FLAG.SYN) === 0) return null;
    return observe(bytes, atMs, flow, probe, isReset ? 'reset' : 'syn-ack');
  };

  const readDatagram = (bytes: Uint8Array, atMs: number): Read | null => {
    if (!isFromTarget(bytes) || !readUdp(bytes, ip.payloadAt, ip.payloadEnd, udp)) return null;
    const flow = flowAt(PROTO_UDP, udp.srcPort);
    if (flow === undefined || udp.dstPort !== srcPort) return null;
    const payload = bytes.subarray(udp.payloadAt, udp.payloadEnd);
    const probe = probes.ofAnswer(flow, payload) ?? UNPLACED;
    return observe(bytes, atMs, flow, probe, 'udp-response');
  };

  const readError = (bytes: Uint8Array, atMs: number): Read | null => {
    if (!readIcmp(bytes, ip.payloadAt, ip.payloadEnd, ip.family, icmp)) return null;
    if (icmp.quoteAt < 0 || !readQuote(bytes, icmp.quoteAt, icmp.quoteEnd, quote)) return null;
    const answer = answerOfIcmp(ip.family, icmp.type, icmp.code);
    const flow = flowAt(quote.protocol, quote.dstPort);
    if (answer === null || flow === undefined || quote.srcPort !== srcPort) return null;
    if (targets.indexOf(bytes, quote.dstAt, quote.family) !== target) return null;
    const probe = probes.ofQuote(flow, bytes, quote);
    if (probe === null) return null;
    return {
      ...observe(bytes, atMs, flow, probe, answer),
      icmpType: icmp.type,
      icmpCode: icmp.code,
      quotedTtl: quote.ttl,
      mtu: Math.max(0, icmp.mtu),
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
