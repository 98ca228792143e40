/**
 * UDP sockets of the simulated scanner: one a family with an error queue, or one connected socket for each probe, which with
 * error queues only those of LANE_OWN have.
 */
import { LANE_OWN, PROTO_UDP, type ProbeBatch, SIGNAL } from '../batch.ts';
import { ERRNO } from '../errno.ts';
import type { Family } from '../model.ts';
import { equalIp } from '../packet/address.ts';
import type { QuoteView } from '../packet/quote.ts';
import { UDP_HEADER_BYTES } from '../packet/udp.ts';
import { writeClientDatagram } from './clientPackets.ts';
import { toSocketError } from './errnos.ts';
import type { Flight } from './flight.ts';
import type { IcmpNotice } from './icmpNotice.ts';
import type { Sockets } from './sockets.ts';

/** UDP sockets by probe rows. */
export interface UdpSockets {
  /** 0, or the errno of why nothing was sent. */
  send(batch: ProbeBatch, row: number, nowMs: number): number;
  input(flight: Flight): void;
  /** An ICMP error that quotes a datagram. */
  error(notice: IcmpNotice, quote: QuoteView): void;
  /** Sockets that are open. */
  openCount(): number;
  /** Whether the row has a socket already. */
  isOpen(batch: ProbeBatch, row: number): boolean;
}

/** A connected socket of one probe. */
interface Connected {
  readonly localPort: number;
  readonly probe: number;
  readonly attempt: number;
  readonly tag: number;
  readonly family: Family;
  readonly target: number;
  readonly port: number;
  readonly sentMs: number;
}

/** Sockets kept for late answers (connectSockets.ts); the oldest is closed for a new one. */
const MAX_CONNECTED = 384;

/** The state of all sockets; the functions below change it. */
interface Udp {
  readonly sockets: Sockets;
  readonly out: Flight;
  /** The one unconnected socket of each family keeps its port; -1: there was none. */
  readonly ownPort: number;
  /** By peer: one socket for all attempts of a probe. */
  readonly connected: Map<string, Connected>;
  readonly byPort: Map<number, Connected>;
  nextPort: number;
}

/** Creates the UDP side of the scanner's socket layer; `out` is scratch for what it sends. */
export function createUdpSockets(sockets: Sockets, out: Flight): UdpSockets {
  const { ports } = sockets;
  const first = sockets.seed % ports.count;
  const own = ports.next('udp', first, () => true);
  const udp: Udp = {
    sockets,
    out,
    ownPort: own < 0 ? -1 : ports.first + own,
    connected: new Map(),
    byPort: new Map(),
    nextPort: first,
  };
  return {
    send: (batch, row, nowMs) => send(udp, batch, row, nowMs),
    input: (flight) => input(udp, flight),
    error: (notice, quote) => inputError(udp, notice, quote),
    openCount: () => udp.connected.size,
    isOpen: (batch, row) => udp.connected.has(nameOf(batch, row)),
  };
}

/** What the row's socket is known by: its peer, of LANE_OWN the probe itself. */
function nameOf(batch: ProbeBatch, row: number): string {
  const peer = `${batch.target[row]}/${batch.port[row]}`;
  return batch.lane[row] === LANE_OWN ? `${peer} ${batch.probe[row]} ${batch.attempt[row]}` : peer;
}

function send(udp: Udp, batch: ProbeBatch, row: number, nowMs: number): number {
  const { sockets, out } = udp;
  const { targets, view } = sockets;
  const target = batch.target[row]!;
  const family = targets.families[target] === 6 ? 6 : 4;
  const isShared = view === 'errqueue' && batch.lane[row] !== LANE_OWN;
  const srcPort = isShared ? udp.ownPort : bind(udp, batch, row, nowMs);
  // Node binds before it connects, and so learns it by another name than a first send does (inet_autobind).
  if (srcPort < 0) return view === 'errqueue' ? ERRNO.EAGAIN : ERRNO.EADDRNOTAVAIL;
  const ends = {
    family,
    src: sockets.sourceFor(target, family),
    dst: targets.bytes,
    dstAt: target * 16,
    srcPort,
    dstPort: batch.port[row]!,
    ttl: batch.ttl[row]! || sockets.ttl,
  } as const;
  const payload = { bytes: batch.bytes, at: batch.offset[row]!, length: batch.length[row]! };
  return sockets.emit(out, writeClientDatagram(ends, payload, out), nowMs);
}

/** The local port of the row's socket, which is opened when there is none; -1: every port is in use. */
function bind(udp: Udp, batch: ProbeBatch, row: number, nowMs: number): number {
  const { connected, byPort } = udp;
  const { ports } = udp.sockets;
  const name = nameOf(batch, row);
  const known = connected.get(name);
  if (known !== undefined) return known.localPort;
  if (connected.size >= MAX_CONNECTED) {
    const [oldest, { localPort }] = connected.entries().next().value!;
    connected.delete(oldest);
    byPort.delete(localPort);
  }
  const index = ports.next('udp', udp.nextPort, (at) => isFree(udp, ports.first + at));
  if (index < 0) return -1;
  udp.nextPort = index;
  const target = batch.target[row]!;
  const localPort = ports.first + index;
  const socket = {
    localPort,
    probe: batch.probe[row]!,
    attempt: batch.attempt[row]!,
    tag: batch.tag[row]!,
    family: udp.sockets.targets.families[target] === 6 ? 6 : 4,
    target,
    port: batch.port[row]!,
    sentMs: nowMs,
  } as const;
  connected.set(name, socket);
  byPort.set(localPort, socket);
  return localPort;
}

const isFree = ({ sockets, ownPort, byPort }: Udp, port: number): boolean =>
  !byPort.has(port) && (sockets.view !== 'errqueue' || port !== ownPort);

function input(udp: Udp, flight: Flight): void {
  const { view, queue, buffer } = udp.sockets;
  const { bytes, ip, srcPort, dstPort, atMs } = flight;
  if (srcPort < 0) return;
  const datagram = {
    kind: SIGNAL.DATAGRAM,
    atMs,
    protocol: PROTO_UDP,
    family: ip.family,
    from: { bytes: bytes.slice(ip.srcAt, ip.srcAt + 16), at: 0 },
    fromPort: srcPort,
    bytes: bytes.slice(ip.payloadAt + UDP_HEADER_BYTES, ip.payloadEnd),
  };
  const hasQueue = view === 'errqueue';
  const ttl = hasQueue ? { ttl: ip.ttl } : {};
  if (hasQueue && dstPort === udp.ownPort) {
    if (buffer.takes(datagram.bytes.length)) queue.push({ ...datagram, ...ttl });
    return;
  }
  const socket = socketOf(udp, dstPort, { family: ip.family, bytes, at: ip.srcAt });
  if (socket === null || socket.port !== srcPort) return;
  queue.push({ ...datagram, ...ttl, ...askedOf(socket) });
}

function inputError(udp: Udp, notice: IcmpNotice, quote: QuoteView): void {
  const { view, queue, buffer } = udp.sockets;
  const { bytes, family, atMs } = notice;
  const error = toSocketError(family, notice.type, notice.code);
  if (error === null) return;
  const dst = { bytes: bytes.slice(quote.dstAt, quote.dstAt + 16), at: 0 };
  const common = {
    atMs,
    protocol: PROTO_UDP,
    family,
    dst,
    dstPort: quote.dstPort,
    errno: error.errno,
  };
  const socket = socketOf(udp, quote.srcPort, { family, bytes, at: quote.dstAt });
  if (view === 'errqueue') {
    const lengthBytes = quote.payloadEnd - quote.payloadAt;
    if (quote.srcPort !== udp.ownPort && socket === null) return;
    if (!buffer.takes(lengthBytes)) return;
    queue.push({
      ...common,
      ...(socket === null ? {} : askedOf(socket)),
      kind: SIGNAL.ICMP,
      from: notice.from,
      icmpType: notice.type,
      icmpCode: notice.code,
      ttl: notice.ttl,
      info: Math.max(notice.mtu, 0),
      bytes: bytes.slice(quote.payloadAt, quote.payloadEnd),
    });
    return;
  }
  if (!error.fatal || socket === null) return;
  queue.push({ ...common, kind: SIGNAL.SOCKET_ERROR, ...askedOf(socket) });
}

const askedOf = ({ probe, attempt, tag, sentMs }: Connected) => ({ probe, attempt, tag, sentMs });

/** The connected socket with this local port, if the peer is the one that it is connected to. */
function socketOf(
  udp: Udp,
  port: number,
  peer: { readonly family: Family; readonly bytes: Uint8Array; readonly at: number },
): Connected | null {
  const socket = udp.byPort.get(port);
  if (socket === undefined || socket.family !== peer.family) return null;
  const known = udp.sockets.targets.bytes;
  return equalIp(known, socket.target * 16, peer.bytes, peer.at, peer.family) ? socket : null;
}
