/**
 * TCP connects of the simulated scanner: SYN, retransmission, handshake, and what each end of it tells the process.
 */
import { PROTO_TCP, type ProbeBatch, SIGNAL } from '../batch.ts';
import { ERRNO } from '../errno.ts';
import type { Family } from '../model.ts';
import { equalIp } from '../packet/address.ts';
import { read16, read32 } from '../packet/bytes.ts';
import type { QuoteView } from '../packet/quote.ts';
import { TCP_FLAG, TCP_HEADER_BYTES } from '../packet/tcp.ts';
import { writeClientSegment } from './clientPackets.ts';
import { type Connection, isLive } from './connection.ts';
import { toSocketError } from './errnos.ts';
import type { Flight } from './flight.ts';
import type { IcmpNotice } from './icmpNotice.ts';
import type { OwnCounters } from './ownSide.ts';
import { mix32 } from './random.ts';
import type { SignalRecord } from './signals.ts';
import type { Sockets } from './sockets.ts';

/** TCP connects by probe rows. */
export interface TcpSockets {
  /** 0, or the errno of why nothing was begun. */
  connect(batch: ProbeBatch, row: number, nowMs: number): number;
  input(flight: Flight): void;
  /** An ICMP error that quotes a segment. */
  error(notice: IcmpNotice, quote: QuoteView): void;
  /** Retransmits what is due. */
  advance(nowMs: number): void;
  nextAtMs(): number | undefined;
  /** Sockets that are open. */
  openCount(nowMs: number): number;
}

/** Linux 6.5 and later: the first four retransmissions of a SYN come a second apart (tcp_syn_linear_timeouts). */
const RETRANSMIT_AFTER_MS = 1000;
const MAX_RETRANSMISSIONS = 4;

const NO_WINDOW_KNOWN = 0xffffffff;

/** The state of all connections; the functions below change it. */
interface Tcp {
  readonly sockets: Sockets;
  readonly out: Flight;
  readonly counters: OwnCounters;
  /** By local port; what is over is forgotten when the port's turn comes again. */
  readonly byPort: (Connection[] | undefined)[];
  /** In order of time, for every wait is equally long. */
  readonly timers: { readonly atMs: number; readonly connection: Connection }[];
  firstTimer: number;
  nextPort: number;
}

/** Creates the TCP side of the scanner's socket layer; `out` is scratch for what it sends. */
export function createTcpSockets(sockets: Sockets, out: Flight, counters: OwnCounters): TcpSockets {
  const nextPort = sockets.seed % sockets.ports.count;
  const tcp: Tcp = { sockets, out, counters, byPort: [], timers: [], firstTimer: 0, nextPort };
  return {
    connect: (batch, row, nowMs) => connect(tcp, batch, row, nowMs),
    input: (flight) => input(tcp, flight),
    error: (notice, quote) => inputError(tcp, notice, quote),
    advance: (nowMs) => retransmit(tcp, nowMs),
    nextAtMs() {
      skipClosed(tcp);
      return tcp.timers[tcp.firstTimer]?.atMs;
    },
    openCount: (nowMs) =>
      tcp.byPort.reduce(
        (sum, list) => sum + (list?.filter(isLive(tcp.sockets.view, nowMs)).length ?? 0),
        0,
      ),
  };
}

/** Takes a port that no connection with the same peer has (inet_hash_connect); false: there is none. */
function takePort(tcp: Tcp, target: number, dstPort: number, nowMs: number): boolean {
  const isTaken = (other: Connection): boolean =>
    other.target === target && other.dstPort === dstPort;
  const index = tcp.sockets.ports.next('tcp', tcp.nextPort, (at) => {
    const live = tcp.byPort[at]?.filter(isLive(tcp.sockets.view, nowMs)) ?? [];
    tcp.byPort[at] = live;
    return !live.some(isTaken);
  });
  if (index < 0) return false;
  tcp.nextPort = index;
  return true;
}

function connect(tcp: Tcp, batch: ProbeBatch, row: number, nowMs: number): number {
  const { sockets } = tcp;
  const target = batch.target[row]!;
  if (!takePort(tcp, target, batch.port[row]!, nowMs)) return ERRNO.EADDRNOTAVAIL;
  const salt = Math.imul(tcp.nextPort + 1, 0x9e3779b1) ^ Math.floor(nowMs * 1000);
  const connection: Connection = {
    probe: batch.probe[row]!,
    attempt: batch.attempt[row]!,
    tag: batch.tag[row]!,
    family: sockets.targets.families[target] === 6 ? 6 : 4,
    target,
    dstPort: batch.port[row]!,
    srcPort: sockets.ports.first + tcp.nextPort,
    iss: mix32(sockets.seed ^ salt),
    ttl: batch.ttl[row]! || sockets.ttl,
    minTtl: batch.minTtl[row]!,
    sentMs: nowMs,
    state: 'syn-sent',
    retransmissions: 0,
    rcvNxt: 0,
  };
  tcp.byPort[tcp.nextPort]!.push(connection);
  emit(tcp, connection, { seq: connection.iss, flags: TCP_FLAG.SYN }, nowMs);
  arm(tcp, connection, nowMs);
  return 0;
}

function emit(
  tcp: Tcp,
  connection: Connection,
  segment: { readonly seq: number; readonly flags: number },
  nowMs: number,
): number {
  const { sockets, out } = tcp;
  const { family, target, srcPort, dstPort, ttl } = connection;
  const ends = {
    family,
    src: sockets.sourceFor(target, family),
    dst: sockets.targets.bytes,
    dstAt: target * 16,
    srcPort,
    dstPort,
    ttl,
  };
  const isSyn = (segment.flags & TCP_FLAG.SYN) !== 0;
  const whole = { ...segment, ack: isSyn ? 0 : connection.rcvNxt, isSyn };
  return sockets.emit(out, writeClientSegment(ends, whole, out), nowMs);
}

function input(tcp: Tcp, flight: Flight): void {
  const { bytes, ip, atMs } = flight;
  const at = ip.payloadAt;
  if (ip.payloadEnd - at < TCP_HEADER_BYTES) return;
  const place = { port: flight.dstPort, peerPort: flight.srcPort, family: ip.family };
  const connection = connectionOf(tcp, place, bytes, ip.srcAt);
  if (connection === null || ip.ttl < connection.minTtl) return;
  const flags = bytes[at + 13]!;
  const isReset = (flags & TCP_FLAG.RST) !== 0;
  const isAckOfSyn =
    (flags & TCP_FLAG.ACK) !== 0 && read32(bytes, at + 8) === (connection.iss + 1) >>> 0;
  const window = read16(bytes, at + 14);
  if (connection.state === 'held') {
    if (isReset) refuse(tcp, connection, SIGNAL.RESET_AFTER, atMs);
    else if (isAckOfSyn && window > 0) openWindow(tcp, connection, window, atMs);
  } else if (isAckOfSyn && isReset) {
    refuse(tcp, connection, SIGNAL.REFUSED, atMs);
  } else if (isAckOfSyn && (flags & TCP_FLAG.SYN) !== 0) {
    connection.rcvNxt = (read32(bytes, at + 4) + 1) >>> 0;
    accept(tcp, connection, window, atMs);
  }
}

function accept(tcp: Tcp, connection: Connection, window: number, atMs: number): void {
  const seesWindow = tcp.sockets.view === 'errqueue';
  tell(tcp, connection, atMs, {
    kind: SIGNAL.CONNECTED,
    info: seesWindow ? window : NO_WINDOW_KNOWN,
  });
  emit(tcp, connection, { seq: connection.iss + 1, flags: TCP_FLAG.ACK }, atMs);
  if (seesWindow && window === 0) connection.state = 'held';
  else close(tcp, connection, atMs);
}

function openWindow(tcp: Tcp, connection: Connection, window: number, atMs: number): void {
  tell(tcp, connection, atMs, { kind: SIGNAL.WINDOW_OPENED, info: window });
  close(tcp, connection, atMs);
}

/** SO_LINGER 0: neither side keeps TIME_WAIT. */
function close(tcp: Tcp, connection: Connection, atMs: number): void {
  connection.state = 'closed';
  const flags = TCP_FLAG.RST | TCP_FLAG.ACK;
  emit(tcp, connection, { seq: connection.iss + 1, flags }, atMs);
}

function refuse(tcp: Tcp, connection: Connection, kind: number, atMs: number): void {
  connection.state = 'closed';
  tell(tcp, connection, atMs, { kind, errno: ERRNO.ECONNREFUSED });
}

function inputError(tcp: Tcp, notice: IcmpNotice, quote: QuoteView): void {
  const { bytes, family, type, code, atMs } = notice;
  const place = { port: quote.srcPort, peerPort: quote.dstPort, family };
  const connection = connectionOf(tcp, place, bytes, quote.dstAt);
  if (connection === null || connection.state !== 'syn-sent') return;
  // tcp_v4_err looks at the quoted TTL, tcp_v6_err at that of the message.
  const ttl = family === 4 ? quote.ttl : notice.ttl;
  if (quote.tcpSeq !== connection.iss || ttl < connection.minTtl) return;
  const error = toSocketError(family, type, code);
  // A smaller path MTU ends no handshake.
  if (error === null || error.errno === ERRNO.EMSGSIZE) return;
  if (tcp.sockets.view === 'errqueue') {
    connection.state = 'closed';
    tell(tcp, connection, atMs, {
      kind: SIGNAL.ICMP,
      from: notice.from,
      icmpType: type,
      icmpCode: code,
      ttl: notice.ttl,
      errno: error.errno,
      bytes: bytes.slice(quote.transportAt, quote.payloadEnd),
    });
    return;
  }
  // While the process is inside connect(), IPv6 keeps the error soft: it shows with that of the next SYN (tcp_v6_err).
  if (family === 6 && connection.retransmissions === 0) return;
  connection.state = 'closed';
  const isRefused = error.errno === ERRNO.ECONNREFUSED;
  const kind = isRefused ? SIGNAL.REFUSED : SIGNAL.SOCKET_ERROR;
  tell(tcp, connection, atMs, { kind, errno: error.errno });
}

function connectionOf(
  tcp: Tcp,
  place: { readonly port: number; readonly peerPort: number; readonly family: Family },
  bytes: Uint8Array,
  peerAt: number,
): Connection | null {
  const { ports, targets } = tcp.sockets;
  const isAsked = ({ state, dstPort, family, target }: Connection): boolean =>
    state !== 'closed' &&
    dstPort === place.peerPort &&
    family === place.family &&
    equalIp(targets.bytes, target * 16, bytes, peerAt, family);
  return tcp.byPort[place.port - ports.first]?.find(isAsked) ?? null;
}

function tell(
  tcp: Tcp,
  connection: Connection,
  atMs: number,
  more: Partial<SignalRecord> & { readonly kind: number },
): void {
  const { probe, attempt, tag, family, target, dstPort, sentMs } = connection;
  const { targets, queue } = tcp.sockets;
  const dst = { bytes: targets.bytes, at: target * 16 };
  const protocol = PROTO_TCP;
  queue.push({ atMs, probe, attempt, tag, protocol, sentMs, family, dst, dstPort, ...more });
}

function arm(tcp: Tcp, connection: Connection, nowMs: number): void {
  if (connection.retransmissions >= MAX_RETRANSMISSIONS) return;
  tcp.timers.push({ atMs: nowMs + RETRANSMIT_AFTER_MS, connection });
}

function retransmit(tcp: Tcp, nowMs: number): void {
  for (;;) {
    skipClosed(tcp);
    const timer = tcp.timers[tcp.firstTimer];
    if (timer === undefined || timer.atMs > nowMs) return;
    tcp.firstTimer += 1;
    const { connection, atMs } = timer;
    connection.retransmissions += 1;
    const sent = emit(tcp, connection, { seq: connection.iss, flags: TCP_FLAG.SYN }, atMs);
    if (sent !== 0) tcp.counters.retransFailed += 1;
    arm(tcp, connection, atMs);
  }
}

function skipClosed(tcp: Tcp): void {
  const { timers } = tcp;
  while (timers[tcp.firstTimer] !== undefined) {
    if (timers[tcp.firstTimer]!.connection.state === 'syn-sent') break;
    tcp.firstTimer += 1;
  }
  if (tcp.firstTimer > SPENT_TIMERS) {
    timers.splice(0, tcp.firstTimer);
    tcp.firstTimer = 0;
  }
}

/** The head of the list is cut off in pieces of this size: each cut moves all that stays. */
const SPENT_TIMERS = 4096;
