/** Follows a TCP flow: handshake, resets, and data that are not acknowledged. */
import type { IpView } from '../packet/ip.ts';
import { TCP_FLAG, type TcpView } from '../packet/tcp.ts';
import {
  createTcpFacts,
  type Flow,
  FROM_ASKED,
  FROM_ASKER,
  MAX_CITED,
  MAX_RESETS,
  type Stream,
  type TcpFacts,
} from './flow.ts';

/** When and where in the file a packet stands. */
export interface Moment {
  atMs: number;
  /** From 1 on, as Wireshark counts. */
  frame: number;
}

/** Two copies of one packet, as a capture on several interfaces holds them, are closer than this, ms. RFC 6298 lets nobody resend sooner than 200 ms. */
const COPY_MS = 50;

/** Takes a segment into its flow's facts; the flow's sides do not hold it yet. */
export function takeSegment(
  flow: Flow,
  from: 0 | 1,
  ip: IpView,
  tcp: TcpView,
  { atMs, frame }: Moment,
): void {
  flow.tcp ??= createTcpFacts();
  const facts = flow.tcp;
  const { flags } = tcp;
  if ((flags & TCP_FLAG.RST) !== 0) {
    takeReset(flow, from, ip, tcp, { atMs, frame });
    return;
  }
  if (facts.resetCount[from] > 0) facts.afterReset[from]++;
  if ((flags & TCP_FLAG.SYN) !== 0) {
    if ((flags & TCP_FLAG.ACK) !== 0) takeSynAck(facts, ip, tcp, { atMs, frame });
    else takeSyn(facts, ip, tcp, atMs);
    return;
  }
  if (from === FROM_ASKER) {
    if (facts.synAckCount > 0) facts.established = true;
    else if (flow.sides[FROM_ASKED].packets === 0) facts.oneSided = true;
  } else if (tcp.window > 0) facts.windowOpened = true;
  if ((flags & TCP_FLAG.FIN) !== 0) takeFin(facts, from, { atMs, frame });
  takeData(facts, from, ip, tcp, frame);
}

function takeFin(facts: TcpFacts, from: 0 | 1, { atMs, frame }: Moment): void {
  const { finFrames } = facts.streams[from];
  if (finFrames.length < MAX_CITED) finFrames.push(frame);
  if (facts.firstFin >= 0) return;
  facts.firstFin = from;
  facts.firstFinMs = atMs;
}

function takeSyn(facts: TcpFacts, ip: IpView, tcp: TcpView, atMs: number): void {
  const isCopy =
    tcp.seq === facts.synSeq && ip.id === facts.synIpId && atMs - facts.synLastMs < COPY_MS;
  if (isCopy) return;
  if (facts.established && tcp.seq !== facts.synSeq) beginAnew(facts);
  if (facts.synCount === 0) facts.synFirstMs = atMs;
  if (facts.connections === 0) facts.connections = 1;
  if (facts.synAckCount > 0) facts.synsAfterSynAck++;
  facts.synCount++;
  facts.synSeq = tcp.seq;
  facts.synIpId = ip.id;
  facts.synLastMs = atMs;
}

/** The same ports are used for another connection; what the one before was like stays only in its resets. */
function beginAnew(facts: TcpFacts): void {
  const { connections, resetCount, resets } = facts;
  Object.assign(facts, createTcpFacts(), { connections: connections + 1, resetCount, resets });
}

function takeSynAck(facts: TcpFacts, ip: IpView, tcp: TcpView, { atMs, frame }: Moment): void {
  if (facts.synAckCount === 0) {
    facts.synAckFrame = frame;
    facts.synAckTtl = ip.ttl;
    facts.synAckWindow = tcp.window;
    facts.synAckAtMs = atMs;
    facts.synAckOptionBytes = tcp.optionsEnd - tcp.optionsAt;
  }
  facts.synAckCount++;
}

function takeReset(
  flow: Flow,
  from: 0 | 1,
  ip: IpView,
  tcp: TcpView,
  { atMs, frame }: Moment,
): void {
  const facts = flow.tcp!;
  facts.resetCount[from]++;
  if (facts.resets.length === MAX_RESETS) return;
  const own = flow.sides[from];
  const other = flow.sides[from === FROM_ASKER ? FROM_ASKED : FROM_ASKER];
  facts.resets.push({
    frame,
    atMs,
    from,
    ttl: ip.ttl,
    ipId: ip.id,
    hasAck: (tcp.flags & TCP_FLAG.ACK) !== 0,
    window: tcp.window,
    answersSyn:
      from === FROM_ASKED &&
      facts.synCount > 0 &&
      facts.synAckCount === 0 &&
      own.packets === facts.resetCount[from] - 1,
    afterOwnMs: own.packets > 0 ? atMs - own.lastMs : -1,
    afterOtherMs: other.packets > 0 ? atMs - other.lastMs : -1,
  });
}

/** Sequence numbers wrap: whether `a` lies before `b` (RFC 9293 section 3.4). */
function isBefore(a: number, b: number): boolean {
  return ((a - b) | 0) < 0;
}

function takeData(facts: TcpFacts, from: 0 | 1, ip: IpView, tcp: TcpView, frame: number): void {
  const stream = facts.streams[from];
  const opposite = facts.streams[from === FROM_ASKER ? FROM_ASKED : FROM_ASKER];
  if ((tcp.flags & TCP_FLAG.ACK) !== 0) takeAck(opposite, tcp.ack);
  const length = payloadLength(ip, tcp);
  if (length === 0) return;
  facts.established = true;
  stream.payloadBytes += length;
  const end = (tcp.seq + length) >>> 0;
  if (stream.endSeq < 0 || isBefore(stream.endSeq, end)) stream.endSeq = end;
  else takeRepeated(stream, tcp.seq, length, frame);
}

/** By the header: the capture may hold less. */
function payloadLength(ip: IpView, tcp: TcpView): number {
  const captured = tcp.payloadEnd - tcp.payloadAt;
  return ip.truncated ? ip.headerAt + ip.totalLength - tcp.payloadAt : captured;
}

function takeAck(stream: Stream, ack: number): void {
  if (stream.stuckCount > 0) stream.aliveSince++;
  if (stream.ackedSeq >= 0 && !isBefore(stream.ackedSeq, ack)) return;
  stream.ackedSeq = ack;
  if (stream.stuckSeq < 0 || !isBefore(stream.stuckSeq, ack)) return;
  stream.stuckSeq = -1;
  stream.stuckCount = 0;
  stream.stuckFrames = [];
  stream.aliveSince = 0;
}

/** One byte beyond the window is how TCP asks whether the other side still lives (RFC 9293 section 3.8.4). */
const KEEP_ALIVE_BYTES = 1;

function takeRepeated(stream: Stream, seq: number, length: number, frame: number): void {
  if (length <= KEEP_ALIVE_BYTES) return;
  if (stream.ackedSeq >= 0 && isBefore(seq, stream.ackedSeq)) return;
  if (seq !== stream.stuckSeq) {
    stream.stuckSeq = seq;
    stream.stuckCount = 0;
    stream.stuckFrames = [];
    stream.aliveSince = 0;
  }
  stream.stuckLength = Math.max(length, stream.stuckCount === 0 ? 0 : stream.stuckLength);
  stream.stuckCount++;
  if (stream.stuckFrames.length < MAX_CITED) stream.stuckFrames.push(frame);
}
