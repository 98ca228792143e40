/**
 * What leaves a packet wire: probes of a batch, packets that waited for their neighbour, requests for neighbours, and
 * resets. All of it is written into one arena and handed to the kernel together.
 */
import { type ProbeBatch, SIGNAL } from '../batch.ts';
import { ERRNO } from '../errno.ts';
import type { Plan, SentListener } from '../model.ts';
import { IP_PROTOCOL, IPV6_HEADER_BYTES, type IpView } from '../packet/ip.ts';
import { EXTENSION_BYTES } from '../packet/ipv6Headers.ts';
import { TCP_HEADER_BYTES } from '../packet/tcp.ts';
import { writeProbePacket } from '../probe/frame.ts';
import type { NativeAddon, NativePacketPort } from './native.ts';
import { createNeighbours, type Neighbours, type WaitingPacket } from './neighbours.ts';
import { createPacketSender, SENDER_ROWS } from './packetSender.ts';
import { createSentTap, type Sent } from './sentTap.ts';
import { askOf, type SignalSink } from './signalSink.ts';
import { emitReset, isSynAck, RESET_BYTES } from './synAckReset.ts';
import { createWays, isReady, linkOf, type Way } from './ways.ts';

/** The way out of a packet wire. */
export interface PacketOut {
  readonly neighbours: Neighbours;
  wayTo(target: number): Way;
  /** Looks whether routes have changed; what follows is for targets that were not sent to yet. */
  renewWays(): void;
  /** Writes these rows of a batch and sends them; `sentMs` of each says when it left. */
  send(batch: ProbeBatch, rows: readonly number[]): void;
  /** Asks for the target of a row of PROTO_NEIGHBOUR on its link; the sink gets what comes of it. */
  solicit(batch: ProbeBatch, row: number): void;
  /** Sends what follows from received packets: requests, resets, packets whose neighbour is known by now. */
  flush(): void;
  /** Resets the handshake, where the packet is a SYN-ACK of a target. */
  reset(bytes: Uint8Array, ip: IpView): void;
  /** Shows the listener what leaves from now on. */
  tap(listener: SentListener): void;
  counters(): Readonly<Record<'resets' | 'unresolved', number>>;
}

/** What the way out is made of. */
export interface PacketOutOptions {
  readonly native: NativeAddon;
  readonly port: NativePacketPort;
  readonly srcPort: number;
  readonly plan: Plan;
  /** The interface to send from, 0: by the route. */
  readonly interfaceIndex: number;
  /** Gets what could not be sent. */
  readonly sink: SignalSink;
}

/** A SYN with its option behind the longer header and its extension; a datagram needs less besides its payload. */
const HEADERS_BYTES = IPV6_HEADER_BYTES + EXTENSION_BYTES + TCP_HEADER_BYTES + 4;

/** Of a packet that is no row of a batch. */
const NO_ROW = -1;

/** ICMPv6 type of a neighbour solicitation (RFC 4861 section 4.3). */
const NEIGHBOUR_SOLICITATION = 135;

/** Whether a packet of ours asks for a neighbour, by ARP or by a solicitation. */
const isNeighbourTalk = ({ bytes, at }: Sent): boolean => {
  const version = bytes[at]! >> 4;
  if (version !== 6) return version !== 4;
  return (
    bytes[at + 6] === IP_PROTOCOL.ICMPV6 && bytes[at + IPV6_HEADER_BYTES] === NEIGHBOUR_SOLICITATION
  );
};

/** Creates the way out of an open port. */
export function createPacketOut(options: PacketOutOptions): PacketOut {
  const { native, port, srcPort, plan, sink } = options;
  const { targets } = plan;
  const [keyHi, keyLo] = plan.seed;
  const counted = { resets: 0, unresolved: 0 };
  const sender = createPacketSender(native, port);
  /** The batch that is being sent, and its row for each row of the sender; packets of our own have {@link NO_ROW}. */
  let sending: ProbeBatch | undefined;
  const rowOf = new Int32Array(SENDER_ROWS).fill(NO_ROW);
  /** Rows of the sender that had waited for their neighbour. */
  const waited = new Map<number, WaitingPacket>();
  const tap = createSentTap();

  const show = (sentRow: number, row: number, sent: Sent): void => {
    if (row >= 0 && sending !== undefined) tap.ofRow(sending, row, sent);
    // ARP is no IP packet, and solicitations are left out with it.
    else if (!isNeighbourTalk(sent)) tap.other(waited.get(sentRow), sent);
  };

  const flush = (): void => {
    sender.flush((sentRow, sentMs, errno, at, length) => {
      const row = rowOf[sentRow]!;
      rowOf[sentRow] = NO_ROW;
      if (tap.isOn()) show(sentRow, row, { bytes: sender.arena, at, length, sentMs, errno });
      if (row < 0 || sending === undefined) return;
      sending.sentMs[row] = sentMs;
      if (errno !== 0) sink.add(SIGNAL.SEND_FAILED, askOf(sending, row), { errno });
    });
    waited.clear();
  };

  const roomFor = (bytes: number): number => {
    const at = sender.room(bytes);
    if (at >= 0) return at;
    flush();
    return sender.room(bytes);
  };

  const neighbours = createNeighbours(
    sender,
    (neighbour, waiting) => {
      for (const packet of waiting) {
        const { family, bytes } = packet;
        sender.arena.set(bytes, roomFor(bytes.length));
        waited.set(sender.add(bytes.length, neighbour.links[family]), packet);
      }
    },
    sink.hasRoom,
  );
  const ways = createWays({
    native,
    targets,
    frame: { targets, srcPort, keyHi, keyLo },
    interfaceIndex: options.interfaceIndex,
    sources: plan.sending.sources.map(({ bytes }) => bytes),
    neighbours,
  });
  const wayTo = ways.to;

  const sendRow = (batch: ProbeBatch, row: number, nowMs: number): void => {
    const way = wayTo(batch.target[row]!);
    const { neighbour } = way;
    batch.sentMs[row] = nowMs;
    batch.way[row] = way.number;
    if (way.errno !== 0) {
      sink.add(SIGNAL.SEND_FAILED, askOf(batch, row), { errno: way.errno });
      return;
    }
    if (neighbour?.state === 'failed') {
      counted.unresolved += 1;
      return;
    }
    const at = roomFor(HEADERS_BYTES + batch.length[row]!);
    const frame = way.frames[batch.source[row]!] ?? way.frames[0]!;
    const length = writeProbePacket(batch, row, frame, sender.arena, at);
    if (isReady(way)) rowOf[sender.add(length, linkOf(way))] = row;
    else {
      const { probe, attempt, tag } = askOf(batch, row);
      const bytes = sender.arena.slice(at, at + length);
      neighbour?.waiting.push({ family: way.family, bytes, probe, attempt, tag });
    }
  };

  return {
    neighbours,
    wayTo,
    renewWays: ways.renew,
    send(batch, rows) {
      const nowMs = native.nowMs();
      flush();
      sending = batch;
      for (const row of rows) sendRow(batch, row, nowMs);
      flush();
      sending = undefined;
    },
    solicit(batch, row) {
      batch.sentMs[row] = native.nowMs();
      const ask = askOf(batch, row);
      const { errno, neighbour, found } = wayTo(ask.target);
      const isOnLink = neighbour !== null && found.gatewayFamily === 0;
      if (errno !== 0 || !isOnLink) {
        sink.add(SIGNAL.SEND_FAILED, ask, { errno: errno || ERRNO.EOPNOTSUPP });
        return;
      }
      neighbours.confirm(neighbour, (isThere, sentMs) => {
        if (isThere) sink.add(SIGNAL.NEIGHBOUR, { ...ask, sentMs });
        else sink.add(SIGNAL.SEND_FAILED, ask, { errno: ERRNO.EHOSTUNREACH });
      });
    },
    flush,
    reset(bytes, ip) {
      if (!isSynAck(bytes, ip)) return;
      const target = targets.indexOf(bytes, ip.srcAt, ip.family);
      if (target < 0) return;
      const way = wayTo(target);
      if (!isReady(way)) return;
      const at = roomFor(RESET_BYTES);
      sender.add(emitReset(sender.arena, at, bytes, ip), linkOf(way));
      counted.resets += 1;
    },
    tap: tap.tap,
    counters: () => counted,
  };
}
