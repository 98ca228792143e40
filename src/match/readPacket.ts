/**
 * Reading packets of a packet wire: which probe they answer, with the token checked as far as the packet carries it.
 * Nothing here throws; what is not ours is refused with a reason that is counted.
 */
import { isEcho, NO_PROBE, PROTO_TCP, PROTO_UDP, SHAPED_TAG } from '../batch.ts';
import type { Family } from '../model.ts';
import { createIcmpView, ICMP4_TYPE, ICMP6_TYPE, readIcmp } from '../packet/icmp.ts';
import { createIpView, IP_PROTOCOL, type IpView, readIp } from '../packet/ip.ts';
import { createQuoteView, readQuote } from '../packet/quote.ts';
import { createTcpView, readTcp, TCP_FLAG } from '../packet/tcp.ts';
import { createUdpView, readUdp } from '../packet/udp.ts';
import { attemptOfEcho } from '../probe/echo.ts';
import { attemptOfSeq } from '../probe/token.ts';
import { ANSWER } from './facts.ts';
import type { MatchingContext, MatchResult } from './match.ts';
import { createQuoteIdentity } from './quoteIdentity.ts';

/** What a packet says; one record, filled anew by every read. */
export interface PacketFacts {
  /** `datagram`: a UDP answer, not yet tied to a probe. */
  kind: 'tcp' | 'datagram' | 'icmp' | 'echo';
  family: Family;
  srcAt: number;
  srcPort: number;
  ttl: number;
  quotedTtl: number;
  payloadAt: number;
  payloadEnd: number;
  probe: number;
  tag: number;
  target: number;
  attempt: number;
  answer: number;
  icmpType: number;
  icmpCode: number;
}

/** Reads packets of one run. */
export interface PacketReader {
  /** Reads the IP packet in `bytes[at, end)`; null when it is not an answer to a probe of this run. */
  read(bytes: Uint8Array, at: number, end: number): PacketFacts | null;
  /** Why the last read gave null. */
  refusal(): MatchResult;
}

function createPacketFacts(): PacketFacts {
  return {
    kind: 'tcp',
    family: 4,
    srcAt: 0,
    srcPort: 0,
    ttl: 0,
    quotedTtl: 0,
    payloadAt: 0,
    payloadEnd: 0,
    probe: NO_PROBE,
    tag: 0,
    target: 0,
    attempt: 0,
    answer: ANSWER.NONE,
    icmpType: 0,
    icmpCode: 0,
  };
}

/** What a segment that acknowledges a SYN of ours answers. */
function answerOf(flags: number, window: number): number {
  if ((flags & TCP_FLAG.RST) !== 0) return ANSWER.RESET;
  // A half-open connection says to a further SYN what it expects: its SYN-ACK was lost (RFC 793 section 3.9, first check).
  if (flags === TCP_FLAG.ACK) return ANSWER.SYN_ACK;
  if ((flags & TCP_FLAG.SYN) === 0) return ANSWER.NONE;
  return window === 0 ? ANSWER.WINDOWLESS : ANSWER.ESTABLISHED;
}

/** From the destination of an IPv6 header back to the byte that names what follows it. */
const NEXT_HEADER_BEFORE = 18;

/** Whether what is quoted has destination options before all else: scans send those to what they ask once more (SHAPED_TAG). */
function isShaped(bytes: Uint8Array, { family, dstAt }: IpView): boolean {
  if (family !== 6) return false;
  return bytes[dstAt - NEXT_HEADER_BEFORE] === IP_PROTOCOL.DESTINATION_OPTIONS;
}

/** Creates the reader of one run; its record of facts is filled anew by every read. */
export function createPacketReader(options: MatchingContext): PacketReader {
  const { plan, srcPort, controlAt } = options;
  const { targets, space } = plan;
  const [keyHi, keyLo] = plan.seed;
  const ip = createIpView();
  const tcp = createTcpView();
  const udp = createUdpView();
  const icmp = createIcmpView();
  const quote = createQuoteView();
  const identity = createQuoteIdentity(plan.seed, options.payloads);
  let refusal: MatchResult = 'foreign';
  const facts = createPacketFacts();

  const refuse = (why: MatchResult): null => {
    refusal = why;
    return null;
  };

  const readTcpAnswer = (bytes: Uint8Array): PacketFacts | null => {
    if (!readTcp(bytes, ip.payloadAt, ip.payloadEnd, tcp)) return refuse('foreign');
    if (tcp.dstPort !== srcPort) return refuse('foreign');
    const target = targets.indexOf(bytes, ip.srcAt, ip.family);
    const probe = target < 0 ? -1 : space.indexOf(target, PROTO_TCP, tcp.srcPort);
    if (probe < 0) return refuse('foreign');
    if ((tcp.flags & TCP_FLAG.ACK) === 0) return refuse('not-an-answer');
    const attempt = attemptOfSeq(keyHi, keyLo, probe, (tcp.ack - 1) >>> 0);
    if (attempt === 0) return refuse('bad-token');
    facts.answer = answerOf(tcp.flags, tcp.window);
    if (facts.answer === ANSWER.NONE) return refuse('not-an-answer');
    facts.kind = 'tcp';
    facts.probe = probe;
    facts.tag = 0;
    facts.target = target;
    // It names the first attempt, whichever it answers.
    facts.attempt = facts.answer === ANSWER.SYN_ACK ? 0 : attempt;
    return facts;
  };

  const readDatagram = (bytes: Uint8Array): PacketFacts | null => {
    if (!readUdp(bytes, ip.payloadAt, ip.payloadEnd, udp)) return refuse('foreign');
    if (udp.dstPort !== srcPort) return refuse('foreign');
    facts.kind = 'datagram';
    facts.srcPort = udp.srcPort;
    facts.payloadAt = udp.payloadAt;
    facts.payloadEnd = udp.payloadEnd;
    return facts;
  };

  /** Reads the quote of an ICMP error; false when it quotes no packet that this run can have sent. */
  const readOurQuote = (bytes: Uint8Array): boolean => {
    if (icmp.quoteAt < 0 || !readQuote(bytes, icmp.quoteAt, icmp.quoteEnd, quote)) return false;
    if (isEcho(quote.protocol)) return quote.icmpId === srcPort;
    const isProbe = quote.protocol === PROTO_TCP || quote.protocol === PROTO_UDP;
    return isProbe && quote.srcPort === srcPort;
  };

  const readError = (bytes: Uint8Array): PacketFacts | null => {
    if (!readOurQuote(bytes)) return refuse('foreign');
    const target = targets.indexOf(bytes, quote.dstAt, quote.family);
    if (target < 0) return refuse('foreign');
    const port = isEcho(quote.protocol) ? 0 : quote.dstPort;
    const probe = space.indexOf(target, quote.protocol, port);
    const tag = probe < 0 ? controlAt(target, quote.protocol, port) : 0;
    if (probe < 0 && tag === 0) return refuse('foreign');
    const attempt = identity.attemptOf(bytes, quote, probe < 0 ? NO_PROBE : probe);
    if (attempt < 0) return refuse('bad-token');
    facts.kind = 'icmp';
    facts.probe = probe < 0 ? NO_PROBE : probe;
    facts.tag = probe >= 0 && isShaped(bytes, quote) ? SHAPED_TAG : tag;
    facts.target = target;
    facts.attempt = attempt;
    facts.answer = ANSWER.ICMP;
    facts.icmpType = icmp.type;
    facts.icmpCode = icmp.code;
    facts.quotedTtl = quote.ttl;
    return facts;
  };

  /** A reply brings back everything that was sent; a control row has no probe, and its token is that of none. */
  const readEchoReply = (bytes: Uint8Array): PacketFacts | null => {
    const target = targets.indexOf(bytes, ip.srcAt, ip.family);
    if (target < 0 || icmp.echoId !== srcPort) return refuse('foreign');
    const found = space.indexOf(target, ip.protocol, 0);
    const tag = found < 0 ? controlAt(target, ip.protocol, 0) : 0;
    if (found < 0 && tag === 0) return refuse('foreign');
    const probe = found < 0 ? NO_PROBE : found;
    const asked = { keyHi, keyLo, probe };
    const attempt = attemptOfEcho(bytes, ip.payloadAt, ip.payloadEnd, asked);
    if (attempt === 0) return refuse('bad-token');
    facts.kind = 'echo';
    facts.probe = probe;
    facts.tag = tag;
    facts.target = target;
    facts.attempt = attempt;
    facts.answer = ANSWER.ECHO_REPLY;
    return facts;
  };

  const readIcmpMessage = (bytes: Uint8Array): PacketFacts | null => {
    if (!readIcmp(bytes, ip.payloadAt, ip.payloadEnd, ip.family, icmp)) return refuse('foreign');
    const reply = ip.family === 4 ? ICMP4_TYPE.ECHO_REPLY : ICMP6_TYPE.ECHO_REPLY;
    return icmp.type === reply ? readEchoReply(bytes) : readError(bytes);
  };

  return {
    read(bytes, at, end) {
      if (!readIp(bytes, at, end, ip)) return refuse('foreign');
      facts.family = ip.family;
      facts.srcAt = ip.srcAt;
      facts.ttl = ip.ttl;
      facts.quotedTtl = 0;
      if (ip.fragmentOffset !== 0) return refuse('not-an-answer');
      if (ip.protocol === PROTO_TCP) return readTcpAnswer(bytes);
      if (ip.protocol === PROTO_UDP) return readDatagram(bytes);
      const isIcmp = ip.protocol === (ip.family === 4 ? IP_PROTOCOL.ICMP : IP_PROTOCOL.ICMPV6);
      return isIcmp ? readIcmpMessage(bytes) : refuse('foreign');
    },
    refusal: () => refusal,
  };
}
