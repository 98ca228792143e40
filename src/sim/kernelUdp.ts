/**
 * UDP sockets of the simulated scanner: one a family with an error queue, or one connected socket for each probe.
 */
import { PROTO_UDP, type ProbeBatch, SIGNAL } from '../batch.ts';
import type { Family } from '../model.ts';
import { equalIp } from '../packet/address.ts';
import type { QuoteView } from '../packet/quote.ts';
import { UDP_HEADER_BYTES } from '../packet/udp.ts';
import { writeClientDatagram } from './clientPackets.ts';
import { toSocketError } from './errnos.ts';
import type { Flight } from './flight.ts';
import type { IcmpNotice } from './icmpNotice.ts';
import { EPHEMERAL_PORTS, FIRST_EPHEMERAL_PORT } from './kernelTcp.ts';
import type { Sockets } from './sockets.ts';

/** UDP sockets by probe rows. */
export interface UdpSockets {
  /** -1: EPERM. */
  send(batch: ProbeBatch, row: number, nowMs: number): 0 | -1;
  input(flight: Flight): void;
  /** An ICMP error that quotes a datagram. */
  error(notice: IcmpNotice, quote: QuoteView): void;
}

/** A connected socket of one probe. */
interface Connected {
  readonly probe: number;
  readonly attempt: number;
  readonly tag: number;
  readonly family: Family;
  readonly target: number;
  readonly port: number;
  readonly sentMs: number;
}

/** The state of all sockets; the functions below change it. */
interface Udp {
  readonly sockets: Sockets;
  readonly out: Flight;
  /** The one unconnected socket of each family keeps its port. */
  readonly ownPort: number;
  /** By local port; an old socket is forgotten when its port's turn comes again. */
  readonly connected: (Connected | undefined)[];
  nextPort: number;
}

/** Creates the UDP side of the scanner's socket layer; `out` is scratch for what it sends. */
export function createUdpSockets(sockets: Sockets, out: Flight): UdpSockets {
  const first = sockets.seed % EPHEMERAL_PORTS;
  const udp: Udp = {
    sockets,
    out,
    ownPort: FIRST_EPHEMERAL_PORT + first,
    connected: [],
    nextPort: first,
  };
  return {
    send: (batch, row, nowMs) => send(udp, batch, row, nowMs),
    input: (flight) => input(udp, flight),
    error: (notice, quote) => inputError(udp, notice, quote),
  };
}

function send(udp: Udp, batch: ProbeBatch, row: number, nowMs: number): 0 | -1 {
  const { sockets, out } = udp;
  const { targets, view } = sockets;
  const target = batch.target[row]!;
  const family = targets.families[target] === 6 ? 6 : 4;
  const ends = {
    family,
    src: sockets.sourceFor(target, family),
    dst: targets.bytes,
    dstAt: target * 16,
    srcPort: view === 'errqueue' ? udp.ownPort : bind(udp, batch, row, nowMs),
    dstPort: batch.port[row]!,
    ttl: batch.ttl[row]! || sockets.ttl,
  } as const;
  const payload = { bytes: batch.bytes, at: batch.offset[row]!, length: batch.length[row]! };
  return sockets.emit(out, writeClientDatagram(ends, payload, out), nowMs);
}

function bind(udp: Udp, batch: ProbeBatch, row: number, nowMs: number): number {
  const target = batch.target[row]!;
  udp.nextPort = (udp.nextPort + 1) % EPHEMERAL_PORTS;
  udp.connected[udp.nextPort] = {
    probe: batch.probe[row]!,
    attempt: batch.attempt[row]!,
    tag: batch.tag[row]!,
    family: udp.sockets.targets.families[target] === 6 ? 6 : 4,
    target,
    port: batch.port[row]!,
    sentMs: nowMs,
  };
  return FIRST_EPHEMERAL_PORT + udp.nextPort;
}

function input(udp: Udp, flight: Flight): void {
  const { view, queue } = udp.sockets;
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
  if (view === 'errqueue') {
    if (dstPort === udp.ownPort) queue.push({ ...datagram, ttl: ip.ttl });
    return;
  }
  const socket = socketOf(udp, dstPort, { family: ip.family, bytes, at: ip.srcAt });
  if (socket === null || socket.port !== srcPort) return;
  const { probe, attempt, tag, sentMs } = socket;
  queue.push({ ...datagram, probe, attempt, tag, sentMs });
}

function inputError(udp: Udp, notice: IcmpNotice, quote: QuoteView): void {
  const { view, queue } = udp.sockets;
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
  if (view === 'errqueue') {
    if (quote.srcPort !== udp.ownPort) return;
    queue.push({
      ...common,
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
  const socket = socketOf(udp, quote.srcPort, { family, bytes, at: quote.dstAt });
  if (!error.fatal || socket === null) return;
  const { probe, attempt, tag, sentMs } = socket;
  queue.push({ ...common, kind: SIGNAL.SOCKET_ERROR, probe, attempt, tag, sentMs });
}

/** The connected socket with this local port, if the peer is the one that it is connected to. */
function socketOf(
  udp: Udp,
  port: number,
  peer: { readonly family: Family; readonly bytes: Uint8Array; readonly at: number },
): Connected | null {
  const socket = udp.connected[port - FIRST_EPHEMERAL_PORT];
  if (socket === undefined || socket.family !== peer.family) return null;
  const known = udp.sockets.targets.bytes;
  return equalIp(known, socket.target * 16, peer.bytes, peer.at, peer.family) ? socket : null;
}
