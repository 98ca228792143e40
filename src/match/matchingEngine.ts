/**
 * The matching engine: a signal -> the probe that it answers, and what kind of answer it is. (What that means for the
 * port is judged in judge.ts, once everything is known.)
 *
 * Socket wires tell the probe (the kernel's own demultiplexing) or at least both ends of the datagram; packet wires hand
 * over bytes, whose token is checked here. What cannot be tied to a probe is counted as foreign and never decides.
 */
import { NO_PROBE, PROTO_TCP, PROTO_UDP, SIGNAL, type SignalBatch } from '../batch.ts';
import type { Family, Ip, Plan, Service } from '../model.ts';
import { equalIp, formatIp } from '../packet/address.ts';
import { payloadFor } from '../probe/payload.ts';
import { TOKEN, tokenWord } from '../probe/token.ts';
import { ANSWER } from './facts.ts';
import { icmpMeaning } from './icmpMeaning.ts';
import { createPacketReader, type PacketFacts } from './readPacket.ts';

/** A signal tied to what it answers; one record, filled anew by every match. */
export interface Match {
  /** Probe number, or NO_PROBE when a control row was answered. */
  probe: number;
  /** Tag of the control row that was answered, 0 for an ordinary probe. */
  tag: number;
  target: number;
  /** One of ANSWER. */
  answer: number;
  /** 0 = not known. */
  attempt: number;
  atMs: number;
  /** 0 = the engine knows best. */
  sentMs: number;
  icmpType: number;
  icmpCode: number;
  fromIsTarget: boolean;
  /** The sender, where it is not the target. */
  from: Ip | null;
  fromPort: number;
  /** 0 = not known. */
  ttl: number;
  quotedTtl: number;
  errno: number;
  service: Service | null;
}

/** Why a signal decides nothing. */
export type Foreign = 'foreign' | 'bad-token' | 'not-an-answer';

export interface MatchingEngine {
  readonly match: Match;
  /** Ties row `row` to its probe and fills `match`; otherwise says why not. */
  read(signals: SignalBatch, row: number): 'matched' | Foreign;
}

export interface MatchingOptions {
  readonly plan: Pick<Plan, 'targets' | 'space' | 'seed'>;
  /** Tag of the control row that asked this, or 0. */
  readonly controlAt: (target: number, protocol: number, port: number) => number;
  /** Source port and keys of a packet wire; unused on socket wires. */
  readonly srcPort: number;
}

const WINDOW_UNKNOWN = 0xffffffff;
/** Probes of one target that a stranger's answer is compared with. */
const MAX_STRANGER_CANDIDATES = 256;

export function createMatchingEngine(options: MatchingOptions): MatchingEngine {
  const { plan, controlAt } = options;
  const { targets, space } = plan;
  const [keyHi, keyLo] = plan.seed;
  const readPacket = createPacketReader({ plan, srcPort: options.srcPort, controlAt });
  const match: Match = {
    probe: NO_PROBE,
    tag: 0,
    target: 0,
    answer: ANSWER.NONE,
    attempt: 0,
    atMs: 0,
    sentMs: 0,
    icmpType: 0,
    icmpCode: 0,
    fromIsTarget: true,
    from: null,
    fromPort: 0,
    ttl: 0,
    quotedTtl: 0,
    errno: 0,
    service: null,
  };

  const readService = (probe: number, port: number, bytes: Uint8Array): Service | null =>
    payloadFor(port).read(
      bytes,
      tokenWord(keyHi, keyLo, probe, TOKEN.PAYLOAD_HI),
      tokenWord(keyHi, keyLo, probe, TOKEN.PAYLOAD_LO),
    );

  /** Ties (target, protocol, port) to a probe or a control row. */
  const locate = (target: number, protocol: number, port: number): boolean => {
    match.target = target;
    match.probe = NO_PROBE;
    match.tag = 0;
    if (target < 0) return false;
    const probe = space.indexOf(target, protocol, port);
    if (probe >= 0) match.probe = probe;
    else match.tag = controlAt(target, protocol, port);
    return match.probe !== NO_PROBE || match.tag !== 0;
  };

  /** The probe that a stranger's UDP answer belongs to, by its token; -1 when none is proven. */
  const probeOfStranger = (target: number, bytes: Uint8Array): number => {
    let compared = 0;
    for (let probe = 0; probe < space.count && compared < MAX_STRANGER_CANDIDATES; probe++) {
      if (space.protocolOf(probe) !== PROTO_UDP) continue;
      if (target >= 0 && space.targetOf(probe) !== target) continue;
      compared += 1;
      const service = readService(probe, space.portOf(probe), bytes);
      if (service !== null) {
        match.service = service;
        return probe;
      }
    }
    return -1;
  };

  const takeDatagram = (
    family: Family,
    from: Uint8Array,
    fromAt: number,
    fromPort: number,
    payload: Uint8Array,
  ): 'matched' | Foreign => {
    const target = targets.indexOf(from, fromAt, family);
    match.answer = ANSWER.DATAGRAM;
    match.fromIsTarget = true;
    match.fromPort = fromPort;
    if (locate(target, PROTO_UDP, fromPort)) {
      if (match.probe !== NO_PROBE) match.service = readService(match.probe, fromPort, payload);
      return 'matched';
    }
    const probe = probeOfStranger(target, payload);
    if (probe < 0) return 'foreign';
    match.probe = probe;
    match.target = space.targetOf(probe);
    const expected = target >= 0 && payloadFor(space.portOf(probe)).answersFromOtherPort === true;
    if (!expected) {
      match.answer = ANSWER.STRANGER;
      match.fromIsTarget = false;
      match.from = formatIp(from, fromAt, family);
      match.service = null;
    }
    return 'matched';
  };

  const takeIcmp = (
    family: Family,
    from: Uint8Array,
    fromAt: number,
    type: number,
    code: number,
  ): 'matched' | Foreign => {
    if (icmpMeaning(family, type, code).kind !== 'state') return 'not-an-answer';
    match.answer = ANSWER.ICMP;
    match.icmpType = type;
    match.icmpCode = code;
    match.fromIsTarget =
      targets.families[match.target] === family &&
      equalIp(from, fromAt, targets.bytes, match.target * 16, family);
    match.from = match.fromIsTarget ? null : formatIp(from, fromAt, family);
    return 'matched';
  };

  const takePacket = (signals: SignalBatch, row: number): 'matched' | Foreign => {
    const at = signals.offset[row]!;
    const facts: PacketFacts | null = readPacket.read(signals.bytes, at, at + signals.length[row]!);
    if (facts === null) return readPacket.refusal();
    match.ttl = facts.ttl;
    match.quotedTtl = facts.quotedTtl;
    if (facts.kind === 'datagram') {
      const payload = signals.bytes.subarray(facts.payloadAt, facts.payloadEnd);
      return takeDatagram(facts.family, signals.bytes, facts.srcAt, facts.srcPort, payload);
    }
    match.probe = facts.probe;
    match.tag = facts.tag;
    match.target = facts.target;
    match.attempt = facts.attempt;
    if (facts.kind === 'icmp') {
      return takeIcmp(facts.family, signals.bytes, facts.srcAt, facts.icmpType, facts.icmpCode);
    }
    match.answer = facts.answer;
    return 'matched';
  };

  const takeTcp = (signals: SignalBatch, row: number): 'matched' | Foreign => {
    match.fromIsTarget = true;
    switch (signals.kind[row]) {
      case SIGNAL.CONNECTED: {
        const window = signals.info[row]!;
        match.answer =
          window === WINDOW_UNKNOWN
            ? ANSWER.SYN_ACK
            : window === 0
              ? ANSWER.WINDOWLESS
              : ANSWER.ESTABLISHED;
        return 'matched';
      }
      case SIGNAL.REFUSED:
        match.answer = ANSWER.RESET;
        return 'matched';
      case SIGNAL.WINDOW_OPENED:
        match.answer = ANSWER.ESTABLISHED;
        return 'matched';
      case SIGNAL.RESET_AFTER:
        match.answer = ANSWER.WINDOWLESS_RESET;
        return 'matched';
      default:
        return 'not-an-answer';
    }
  };

  /** Takes what the wire says of the probe, or finds it by the probe's destination. */
  const takeProbe = (signals: SignalBatch, row: number): boolean => {
    match.probe = signals.probe[row]!;
    match.tag = signals.tag[row]!;
    if (match.probe !== NO_PROBE) {
      match.target = space.targetOf(match.probe);
      return true;
    }
    const family = signals.family[row] === 6 ? 6 : 4;
    const target = targets.indexOf(signals.dst, row * 16, family);
    if (match.tag !== 0) {
      match.target = target;
      return true;
    }
    const protocol = signals.protocol[row] === PROTO_TCP ? PROTO_TCP : PROTO_UDP;
    return locate(target, protocol, signals.dstPort[row]!);
  };

  return {
    match,
    read(signals, row) {
      const kind = signals.kind[row]!;
      const family = signals.family[row] === 6 ? 6 : 4;
      match.answer = ANSWER.NONE;
      match.attempt = signals.attempt[row]!;
      match.atMs = signals.atMs[row]!;
      match.sentMs = signals.sentMs[row]!;
      match.ttl = signals.ttl[row]!;
      match.quotedTtl = 0;
      match.errno = signals.errno[row]!;
      match.icmpType = 0;
      match.icmpCode = 0;
      match.fromIsTarget = false;
      match.from = null;
      match.fromPort = 0;
      match.service = null;
      if (kind === SIGNAL.PACKET) return takePacket(signals, row);
      if (kind === SIGNAL.DATAGRAM) {
        const at = signals.offset[row]!;
        const payload = signals.bytes.subarray(at, at + signals.length[row]!);
        return takeDatagram(family, signals.from, row * 16, signals.fromPort[row]!, payload);
      }
      if (!takeProbe(signals, row)) return 'foreign';
      if (kind === SIGNAL.ICMP) {
        return takeIcmp(
          family,
          signals.from,
          row * 16,
          signals.icmpType[row]!,
          signals.icmpCode[row]!,
        );
      }
      if (kind === SIGNAL.SEND_FAILED || kind === SIGNAL.SOCKET_ERROR) {
        match.answer = kind === SIGNAL.SEND_FAILED ? ANSWER.SEND_FAILED : ANSWER.SOCKET_ERROR;
        return 'matched';
      }
      return takeTcp(signals, row);
    },
  };
}
