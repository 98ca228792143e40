/**
 * The wire of whole packets, for processes with CAP_NET_RAW on Linux: probes are written here, byte by byte, and what
 * comes back is read where the kernel has put it. No hook of our own firewall is passed on the way, and TTLs, quotes and
 * the kernel's receive stamps are seen.
 *
 * Signals point into the memory that the kernel shares (`bytes` of the batch), so they are valid until the next call, as
 * the seam says. The engine never learns of neighbours and resets: both are looked after here.
 */
import {
  PROTO_NEIGHBOUR,
  PROTO_OWN_SIDE,
  type ProbeBatch,
  SIGNAL,
  type SignalBatch,
} from '../batch.ts';
import type { Plan, Wire } from '../model.ts';
import { CAN } from './can.ts';
import type { NativeAddon, NativePacketPort } from './native.ts';
import { createOwnSideReader } from './ownSide.ts';
import { createPacketOut } from './packetOut.ts';
import { createPacketReceiver } from './packetReceiver.ts';
import { type Ask, askOf, createSignalSink } from './signalSink.ts';

/** What a packet wire is made of: a port that is open and has reserved `srcPort`. */
export interface PacketWireOptions {
  readonly native: NativeAddon;
  readonly port: NativePacketPort;
  readonly srcPort: number;
  /** Source ports that are reserved, `srcPort` the first. */
  readonly lanes: number;
  readonly plan: Plan;
  /** The interface to send from, 0: by the route. */
  readonly interfaceIndex: number;
  /** Why this wire was chosen, for the report. */
  readonly note: string;
}

/** Answers on a direct link come within this; going to sleep on another thread would take longer. */
const SHORT_WAIT_MS = 0.3;
/** A neighbour on a wire answers within this: then its first packets leave at the time that their batch says. */
const NEIGHBOUR_WAIT_MS = 2;
/** While answers keep coming, timers and signals (Ctrl-C) get their turn this often. */
const YIELD_EVERY_MS = 20;
/** A silent port was asked three times, 100 ms apart and more: of so few lost answers all three are not its own (1e-6). */
const MOST_LOST = 0.01;
/** The addon takes finite times; it returns early anyway. */
const MAX_WAIT_MS = 1000;

/** Creates the wire over an open port. */
export function createPacketWire(options: PacketWireOptions): Wire {
  const { native, port, srcPort, plan, interfaceIndex, note } = options;
  const { targets } = plan;
  const nowMs = (): number => native.nowMs();
  const sink = createSignalSink(targets, nowMs, () => undefined);
  const out = createPacketOut({ native, port, srcPort, plan, interfaceIndex, sink });
  const { neighbours } = out;
  const ownSide = createOwnSideReader(native, targets, interfaceIndex);
  let hasCarried = false;
  let yieldedMs = nowMs();
  let isOpen = true;

  const receiver = createPacketReceiver(native, port, {
    arp: neighbours.takeArp,
    advertisement: neighbours.takeAdvertisement,
    handshake: out.reset,
  });

  /** Takes what has arrived and sends what follows from it at once. */
  const drain = (): boolean => {
    const isForEngine = receiver.drain();
    out.flush();
    return isForEngine;
  };

  /** Asks for neighbours that nobody knows yet; what they are needed for then leaves now, not at the next turn. */
  const meetNeighbours = (batch: ProbeBatch, rows: readonly number[]): void => {
    for (const row of rows) out.wayTo(batch.target[row]!);
    if (neighbours.asking() === 0) return;
    neighbours.advance(nowMs());
    out.flush();
    const untilMs = nowMs() + NEIGHBOUR_WAIT_MS;
    while (neighbours.asking() > 0 && !hasCarried && nowMs() < untilMs) {
      native.packetPause(port, 1000 * SHORT_WAIT_MS);
      hasCarried = drain();
    }
  };

  const inquire = (asked: readonly Ask[]): void => {
    const said = ownSide.read(
      asked.map(({ target }) => target),
      { overflow: lostShare(native, port) > MOST_LOST, datagrams: receiver.datagrams },
      (target) => out.wayTo(target).found,
    );
    for (const [i, ask] of asked.entries()) {
      const own = said[i]!;
      // Our own requests know more than the kernel's table, which they pass by.
      const next = own.route === 'none' ? null : out.wayTo(ask.target).neighbour;
      const known = next === null ? own : { ...own, neighbour: neighbours.check(next) };
      sink.add(SIGNAL.OWN_SIDE, ask, { ownSide: known });
    }
  };

  /** Waits for the next packet or timer; returns when there may be one. */
  const wait = async (untilMs: number): Promise<void> => {
    const begunMs = nowMs();
    native.packetPause(port, 1000 * Math.max(0, Math.min(SHORT_WAIT_MS, untilMs - begunMs)));
    hasCarried = drain();
    if (hasCarried || sink.count() > 0) return;
    const wakeMs = Math.min(untilMs, neighbours.wakeAtMs(), begunMs + MAX_WAIT_MS);
    if (wakeMs - nowMs() <= SHORT_WAIT_MS) return;
    await native.packetWait(port, wakeMs);
    yieldedMs = nowMs();
  };

  /** What an earlier call has left. */
  const takeReady = (): SignalBatch | undefined => {
    if (!hasCarried) return sink.count() > 0 ? sink.take() : undefined;
    hasCarried = false;
    return receiver.signals;
  };

  const close = (): void => {
    if (!isOpen) return;
    isOpen = false;
    process.off('exit', close);
    native.packetClose(port);
  };
  process.on('exit', close);

  return {
    kind: 'packet',
    note,
    can: { ...CAN.packet, lanes: options.lanes },
    nowMs,
    send(batch) {
      const rows: number[] = [];
      const inquiries: Ask[] = [];
      for (let row = 0; row < batch.count; row++) {
        if (batch.protocol[row] === PROTO_NEIGHBOUR) out.solicit(batch, row);
        else if (batch.protocol[row] !== PROTO_OWN_SIDE) rows.push(row);
        else {
          batch.sentMs[row] = nowMs();
          inquiries.push(askOf(batch, row));
        }
      }
      out.renewWays();
      meetNeighbours(batch, rows);
      out.send(batch, rows);
      if (inquiries.length > 0) inquire(inquiries);
    },
    async next(untilMs) {
      while (isOpen) {
        const ready = takeReady();
        if (ready !== undefined) return ready;
        if (nowMs() - yieldedMs > YIELD_EVERY_MS) {
          await new Promise((resolve) => setImmediate(resolve));
          yieldedMs = nowMs();
          continue;
        }
        neighbours.advance(nowMs());
        out.flush();
        // Whom nobody answers for is told before there is more to tell: the sink has room for one batch.
        if (sink.count() > 0) continue;
        if (drain()) return receiver.signals;
        if (sink.count() > 0) continue;
        if (nowMs() >= untilMs) return receiver.signals;
        await wait(untilMs);
      }
      receiver.signals.count = 0;
      return receiver.signals;
    },
    counters: () => ({
      ...portCounters(native, port),
      ...out.counters(),
      badChecksums: receiver.badChecksums(),
      lostSignals: sink.lost(),
    }),
    close,
    tap: out.tap,
  };
}

function portCounters(
  native: NativeAddon,
  port: NativePacketPort,
): Readonly<Record<string, number>> {
  const counted = native.packetCounters(port);
  return { ...counted, ringDrops: counted['dropped']! };
}

/** Share of the answers that reached this machine and found no room. */
function lostShare(native: NativeAddon, port: NativePacketPort): number {
  const { received, dropped } = native.packetCounters(port) as Record<
    'received' | 'dropped',
    number
  >;
  return dropped === 0 ? 0 : dropped / (received + dropped);
}
