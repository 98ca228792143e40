/**
 * The matching engine: a signal -> the probe that it answers, and what kind of answer it is. (What that means for the
 * port is judged in judge.ts, once everything is known.)
 *
 * Socket wires tell the probe (the kernel's own demultiplexing) or at least both ends of the datagram; packet wires hand
 * over bytes, whose token is checked (readPacket.ts). What cannot be tied to a probe is counted and never decides.
 */
import { isEcho, NO_PROBE, PROTO_TCP, PROTO_UDP, SIGNAL, type SignalBatch } from '../batch.ts';
import type { Family } from '../model.ts';
import { equalIp, formatIp } from '../packet/address.ts';
import { attemptOfEcho } from '../probe/echo.ts';
import { createPayloads } from '../probe/payload.ts';
import { ANSWER } from './facts.ts';
import { icmpMeaning } from './icmpMeaning.ts';
import {
  beginMatch,
  createMatch,
  locate,
  type Match,
  type MatchingOptions,
  type MatchResult,
} from './match.ts';
import { matchDatagram } from './matchDatagram.ts';
import { createPacketReader } from './readPacket.ts';

/** Ties signals to probes, one row at a time. */
export interface MatchingEngine {
  readonly match: Match;
  /** Ties row `row` to its probe and fills `match`; otherwise says why not. */
  read(signals: SignalBatch, row: number): MatchResult;
}

const WINDOW_UNKNOWN = 0xffffffff;

const familyAt = (signals: SignalBatch, row: number): Family => (signals.family[row] === 6 ? 6 : 4);

/** Creates the matching engine of one run; it keeps nothing but the latest match. */
export function createMatchingEngine(asked: MatchingOptions): MatchingEngine {
  const options = { ...asked, payloads: createPayloads(asked.plan.snmpCommunity) };
  const { targets, space } = options.plan;
  const [keyHi, keyLo] = options.plan.seed;
  const packets = createPacketReader(options);
  const match = createMatch();

  const takeIcmp = (
    family: Family,
    from: Uint8Array,
    fromAt: number,
    type: number,
    code: number,
  ): MatchResult => {
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

  const takePacket = (signals: SignalBatch, row: number): MatchResult => {
    const { bytes } = signals;
    const at = signals.offset[row]!;
    const facts = packets.read(bytes, at, at + signals.length[row]!);
    if (facts === null) return packets.refusal();
    const { family, srcAt } = facts;
    match.ttl = facts.ttl;
    match.quotedTtl = facts.quotedTtl;
    if (facts.kind === 'datagram') {
      const payload = bytes.subarray(facts.payloadAt, facts.payloadEnd);
      const datagram = { family, from: bytes, fromAt: srcAt, fromPort: facts.srcPort, payload };
      return matchDatagram(match, options, datagram);
    }
    match.probe = facts.probe;
    match.tag = facts.tag;
    match.target = facts.target;
    match.attempt = facts.attempt;
    if (facts.kind === 'icmp') {
      return takeIcmp(family, bytes, srcAt, facts.icmpType, facts.icmpCode);
    }
    match.fromIsTarget = true;
    match.answer = facts.answer;
    return 'matched';
  };

  const takeDatagram = (signals: SignalBatch, row: number): MatchResult => {
    const at = signals.offset[row]!;
    return matchDatagram(match, options, {
      family: familyAt(signals, row),
      from: signals.from,
      fromAt: row * 16,
      fromPort: signals.fromPort[row]!,
      payload: signals.bytes.subarray(at, at + signals.length[row]!),
    });
  };

  /** Takes what the wire says of the probe, or finds it by the probe's destination. */
  const takeProbe = (signals: SignalBatch, row: number): boolean => {
    match.probe = signals.probe[row]!;
    match.tag = signals.tag[row]!;
    if (match.probe !== NO_PROBE) {
      match.target = space.targetOf(match.probe);
      return true;
    }
    const target = targets.indexOf(signals.dst, row * 16, familyAt(signals, row));
    if (match.tag !== 0) {
      match.target = target;
      return true;
    }
    const asked = signals.protocol[row]!;
    const protocol = asked === PROTO_TCP || isEcho(asked) ? asked : PROTO_UDP;
    return locate(match, options, { target, protocol, port: signals.dstPort[row]! });
  };

  /** The attempt whose message the row holds, an echo reply or a quote; 0 where it is cut or not ours. */
  const echoAttempt = (signals: SignalBatch, row: number): number => {
    const at = signals.offset[row]!;
    const asked = { keyHi, keyLo, probe: match.probe };
    return attemptOfEcho(signals.bytes, at, at + signals.length[row]!, asked);
  };

  /** A reply to the kernel's own socket, which has checked the identifier; the token is ours to check. */
  const takeEchoReply = (signals: SignalBatch, row: number): MatchResult => {
    const family = familyAt(signals, row);
    const target = targets.indexOf(signals.from, row * 16, family);
    const protocol = signals.protocol[row]!;
    if (!locate(match, options, { target, protocol, port: 0 })) return 'foreign';
    match.attempt = echoAttempt(signals, row);
    if (match.attempt === 0) return 'bad-token';
    match.answer = ANSWER.ECHO_REPLY;
    match.fromIsTarget = true;
    return 'matched';
  };

  return {
    match,
    read(signals, row) {
      beginMatch(match, signals, row);
      const kind = signals.kind[row]!;
      if (kind === SIGNAL.PACKET) return takePacket(signals, row);
      if (kind === SIGNAL.DATAGRAM) return takeDatagram(signals, row);
      if (kind === SIGNAL.ECHO_REPLY) return takeEchoReply(signals, row);
      if (!takeProbe(signals, row)) return 'foreign';
      if (kind === SIGNAL.ICMP) {
        const type = signals.icmpType[row]!;
        const code = signals.icmpCode[row]!;
        if (isEcho(signals.protocol[row]!)) match.attempt ||= echoAttempt(signals, row);
        return takeIcmp(familyAt(signals, row), signals.from, row * 16, type, code);
      }
      match.answer = socketAnswer(kind, signals.info[row]!);
      match.fromIsTarget = match.answer >= ANSWER.RESET;
      return match.answer === ANSWER.NONE ? 'not-an-answer' : 'matched';
    },
  };
}

/** What an event of a socket answers; NONE for an unknown one. */
function socketAnswer(kind: number, window: number): number {
  switch (kind) {
    case SIGNAL.CONNECTED:
      if (window === WINDOW_UNKNOWN) return ANSWER.SYN_ACK;
      return window === 0 ? ANSWER.WINDOWLESS : ANSWER.ESTABLISHED;
    case SIGNAL.REFUSED:
      return ANSWER.RESET;
    case SIGNAL.WINDOW_OPENED:
      return ANSWER.ESTABLISHED;
    case SIGNAL.RESET_AFTER:
      return ANSWER.WINDOWLESS_RESET;
    case SIGNAL.SEND_FAILED:
      return ANSWER.SEND_FAILED;
    case SIGNAL.SOCKET_ERROR:
      return ANSWER.SOCKET_ERROR;
    default:
      return ANSWER.NONE;
  }
}
