/**
 * The wire of raw sockets by the npm package raw-socket: whole packets on Linux without our addon, for processes with
 * CAP_NET_RAW. Unlike a packet socket it passes the hooks of our own firewall, and of an IPv6 packet it shows no hop limit.
 */
import { PROTO_OWN_SIDE, PROTO_TCP, type ProbeBatch, SIGNAL } from '../batch.ts';
import { ERRNO } from '../errno.ts';
import type { Family, Plan, Wire } from '../model.ts';
import { read16 } from '../packet/bytes.ts';
import { IPV6_HEADER_BYTES, type IpView } from '../packet/ip.ts';
import { TCP_FLAG, TCP_HEADER_BYTES } from '../packet/tcp.ts';
import { type FrameContext, writeProbePacket } from '../probe/frame.ts';
import { CAN } from './can.ts';
import { createEventWait } from './eventWait.ts';
import { createInquire } from './rawSocketOwnSide.ts';
import { errnoOf, type RawSocketPackage } from './rawSocketPackage.ts';
import { openRawSocketPort, type RawListener } from './rawSocketPort.ts';
import { createRawReceiver } from './rawSocketReceiver.ts';
import { openSources, type Sources } from './rawSocketSource.ts';
import { createSentTap } from './sentTap.ts';
import { type Ask, askOf, createSignalSink } from './signalSink.ts';
import { drawSourcePort, MAX_PORT_DRAWS } from './sourcePort.ts';
import { emitReset, isSynAck, RESET_BYTES } from './synAckReset.ts';

/** An open wire and the port that it has reserved. */
export interface OpenedRawSocketWire {
  readonly wire: Wire;
  readonly srcPort: number;
}

/** Answers over loopback are there when a packet has left: the smallest receive buffers hold those of so many. */
const DRAIN_EVERY = 64;
/** A SYN with its option behind the longer header, or a datagram with the longest payload. */
const PACKET_BYTES = IPV6_HEADER_BYTES + TCP_HEADER_BYTES + 65_536;

/** Opens the wire for a plan, or says why it cannot be had. */
export function openRawSocketWire(
  raw: RawSocketPackage,
  plan: Plan,
  note: string,
): OpenedRawSocketWire | { readonly unavailable: string } {
  const families = ([4, 6] as const).filter((family) => plan.targets.families.includes(family));
  for (let draw = 0; draw < MAX_PORT_DRAWS; draw++) {
    // TCP ports cannot be reserved here: this one is above those that the kernel gives away.
    const srcPort = drawSourcePort(plan.seed, draw);
    const sources = openSources(plan.targets, srcPort, families);
    if (sources === undefined) continue;
    try {
      const options = { raw, plan, note, families, srcPort, sources };
      return { wire: createRawSocketWire(options), srcPort };
    } catch (error) {
      sources.close();
      const errno = errnoOf(error);
      const isForbidden = errno === ERRNO.EPERM || errno === ERRNO.EACCES;
      return { unavailable: isForbidden ? 'it needs CAP_NET_RAW' : (error as Error).message };
    }
  }
  return { unavailable: `no free source port in ${MAX_PORT_DRAWS} draws` };
}

interface RawSocketWireOptions {
  readonly raw: RawSocketPackage;
  readonly plan: Plan;
  readonly note: string;
  readonly families: readonly Family[];
  readonly srcPort: number;
  readonly sources: Sources;
}

function createRawSocketWire(options: RawSocketWireOptions): Wire {
  const { raw, plan, note, families, srcPort, sources } = options;
  const { targets } = plan;
  const nowMs = (): number => performance.now();
  const events = createEventWait(nowMs);
  let isOpen = true;
  const sink = createSignalSink(targets, nowMs, events.wake);
  const tap = createSentTap();
  const resetPacket = Buffer.alloc(RESET_BYTES);
  /** SYNs that our own OUTPUT hook kept back: a reset from there is its own (`reject with tcp reset`). */
  const keptBack = new Set<number>();
  const keyOf = (target: number, port: number): number => target * 0x10000 + port;
  const counted = { resets: 0, ownResets: 0 };

  const acceptTcp = (bytes: Uint8Array, ip: IpView): boolean => {
    const target = targets.indexOf(bytes, ip.srcAt, ip.family);
    if (target < 0) return true;
    const isReset = (bytes[ip.payloadAt + TCP_FLAGS_AT]! & TCP_FLAG.RST) !== 0;
    if (isReset && keptBack.has(keyOf(target, read16(bytes, ip.payloadAt)))) {
      counted.ownResets += 1;
      return false;
    }
    if (isSynAck(bytes, ip)) {
      const length = emitReset(resetPacket, 0, bytes, ip);
      const errno = port.send(ip.family, resetPacket, length, targets.ip(target));
      if (errno === 0) counted.resets += 1;
      if (tap.isOn()) {
        tap.other(undefined, { bytes: resetPacket, at: 0, length, sentMs: nowMs(), errno });
      }
    }
    return true;
  };

  const sourceOf = sources.known;
  const receiver = createRawReceiver({ targets, srcPort, nowMs, sourceOf, acceptTcp });
  const listener: RawListener = {
    packet: receiver.packet,
    isFull: receiver.isFull,
    arrived: events.wake,
  };
  const port = openRawSocketPort(raw, families, listener);
  const inquire = createInquire(targets, sources);
  const lost = (): number => port.lost() + sink.lost() + receiver.counters().lostSignals;
  const writeRow = createRowWriter(options, (ask, errno) => {
    if (isOpen) sink.add(SIGNAL.SEND_FAILED, ask, { errno });
  });

  const sendRow = (batch: ProbeBatch, row: number): void => {
    const written = writeRow(batch, row);
    if (written === undefined) return;
    const { family, address, packet, length } = written;
    const errno = port.send(family, packet, length, address);
    if (tap.isOn()) {
      tap.ofRow(batch, row, { bytes: packet, at: 0, length, sentMs: batch.sentMs[row]!, errno });
    }
    const isTcp = batch.protocol[row] === PROTO_TCP;
    if (errno === 0 && keptBack.size === 0) return;
    const ask = askOf(batch, row);
    if (isTcp && errno === ERRNO.EPERM) keptBack.add(keyOf(ask.target, ask.port));
    else if (isTcp) keptBack.delete(keyOf(ask.target, ask.port));
    if (errno !== 0) sink.add(SIGNAL.SEND_FAILED, ask, { errno });
  };

  return {
    kind: 'raw-socket',
    note,
    can: { ...CAN['raw-socket'], replyTtl: !families.includes(6) },
    nowMs,
    send(batch) {
      for (let row = 0; row < batch.count; row++) {
        batch.sentMs[row] = nowMs();
        if (batch.protocol[row] !== PROTO_OWN_SIDE) sendRow(batch, row);
        else {
          const ask = askOf(batch, row);
          const { datagrams } = receiver;
          inquire(ask.target, { overflow: lost() > 0, datagrams }, (ownSide) => {
            if (isOpen) sink.add(SIGNAL.OWN_SIDE, ask, { ownSide });
          });
        }
        if (row % DRAIN_EVERY === DRAIN_EVERY - 1) port.drain();
      }
    },
    async next(untilMs) {
      port.resume();
      // The sockets' events need a turn of the event loop, even when there is something already.
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (isOpen && sink.count() === 0 && receiver.count() === 0) {
        await events.until(untilMs);
      }
      const taken = receiver.count() > 0 ? receiver.take() : sink.take();
      if (!isOpen) taken.count = 0;
      return taken;
    },
    counters: () => ({ ...counted, ...receiver.counters(), ringDrops: port.lost() }),
    close() {
      if (!isOpen) return;
      isOpen = false;
      port.close();
      sources.close();
      events.wake();
    },
    tap: tap.tap,
  };
}

/** Where TCP keeps its flags. */
const TCP_FLAGS_AT = 13;

/** How a target's packets are written and addressed. */
interface Way {
  readonly family: Family;
  readonly address: string;
  readonly frame: FrameContext;
}

/** A packet, and where it goes; valid until the next is written. */
interface Written {
  readonly family: Family;
  readonly address: string;
  readonly packet: Buffer;
  readonly length: number;
}

/** Creates what writes the packet of a row; `failed` gets the errno, now or in a moment, where we have no address for it. */
function createRowWriter(
  { plan, srcPort, sources }: RawSocketWireOptions,
  failed: (ask: Ask, errno: number) => void,
): (batch: ProbeBatch, row: number) => Written | undefined {
  const { targets } = plan;
  const [keyHi, keyLo] = plan.seed;
  const packet = Buffer.alloc(PACKET_BYTES);
  const ways: (Way | undefined)[] = [];

  const wayOf = (target: number, source: Uint8Array): Way => ({
    family: targets.families[target] === 6 ? 6 : 4,
    address: targets.ip(target),
    frame: { targets, source4: source, source6: source, srcPort, keyHi, keyLo },
  });

  return (batch, row) => {
    const target = batch.target[row]!;
    if (ways[target] === undefined) {
      const ask = askOf(batch, row);
      const source = sources.find(target, (errno) => failed(ask, errno));
      if (source === undefined) return undefined;
      ways[target] = wayOf(target, source);
    }
    const { family, address, frame } = ways[target];
    return { family, address, packet, length: writeProbePacket(batch, row, frame, packet, 0) };
  };
}
