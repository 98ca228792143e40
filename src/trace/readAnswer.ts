/** A signal of a wire -> what it says about a probe of the trace. Nothing here throws; what is not ours is null. */
import { isEcho, NO_PROBE, SIGNAL, type SignalBatch } from '../batch.ts';
import type { Family } from '../model.ts';
import { equalIp, formatIp } from '../packet/address.ts';
import type { Answer } from './facts.ts';
import { type Flow, placeOf } from './flows.ts';
import { type QuotedProbe, UNPLACED } from './quotedProbe.ts';
import {
  type AnswerOptions,
  answerOfIcmp,
  createPacketReader,
  type Read,
} from './readPacketAnswer.ts';

/** The probe that a row of a socket wire is about. */
interface AskedBy {
  readonly flow: Flow;
  readonly probe: QuotedProbe;
}

/** Creates the reader of one trace: row of a batch -> what it says, or null. */
export function createAnswerReader(
  options: AnswerOptions,
): (signals: SignalBatch, row: number) => Read | null {
  const packet = createPacketReader(options);
  const { targets, target, run, flows, probes } = options;
  const family: Family = targets.families[target] === 6 ? 6 : 4;

  const flowAt = (protocol: number, port: number): Flow | undefined =>
    flows.find((flow) => flow.protocol === protocol && flow.port === port);

  /** By the number that the wire gives back. */
  const byNumber = (signals: SignalBatch, row: number): AskedBy | null => {
    const place = placeOf(signals.probe[row]!);
    const flow = flows[place.flow];
    if (flow === undefined || place.run !== run) return null;
    return { flow, probe: { ttl: place.ttl, round: signals.attempt[row]! } };
  };

  /** By who answers, or where the probe went, and by what comes back of it. */
  const byContent = (signals: SignalBatch, row: number): AskedBy | null => {
    const kind = signals.kind[row]!;
    const ip = kind === SIGNAL.ICMP ? signals.dst : signals.from;
    const ports = kind === SIGNAL.ICMP ? signals.dstPort : signals.fromPort;
    if (signals.family[row] !== family) return null;
    if (!equalIp(ip, row * 16, targets.bytes, target * 16, family)) return null;
    const protocol = signals.protocol[row]!;
    const flow = flowAt(protocol, isEcho(protocol) ? 0 : ports[row]!);
    if (flow === undefined) return null;
    const at = signals.offset[row]!;
    const bytes = signals.bytes.subarray(at, at + signals.length[row]!);
    if (kind === SIGNAL.ECHO_REPLY) {
      const probe = probes.ofEcho(flow, bytes);
      return probe === null ? null : { flow, probe };
    }
    const isAnswer = kind === SIGNAL.DATAGRAM;
    const probe = isAnswer ? probes.ofAnswer(flow, bytes) : probes.ofPayload(flow, bytes);
    return { flow, probe: probe ?? UNPLACED };
  };

  return (signals, row) => {
    const kind = signals.kind[row]!;
    if (kind === SIGNAL.PACKET) return packet(signals, row);
    const asked =
      signals.probe[row] === NO_PROBE ? byContent(signals, row) : byNumber(signals, row);
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
      notes: null,
      atMs: signals.atMs[row]!,
    };
  };
}

function answerOfSocket(signals: SignalBatch, row: number, family: Family): Answer | null {
  switch (signals.kind[row]) {
    case SIGNAL.ICMP:
      if (signals.localOrigin[row] === 1) return 'own';
      return answerOfIcmp(family, signals.icmpType[row]!, signals.icmpCode[row]!);
    case SIGNAL.DATAGRAM:
      return 'udp-response';
    case SIGNAL.ECHO_REPLY:
      return 'echo-reply';
    case SIGNAL.CONNECTED:
      return 'syn-ack';
    case SIGNAL.REFUSED:
      return 'reset';
    default:
      return null;
  }
}
