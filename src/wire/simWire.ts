/**
 * A wire over a network in memory (sim/), with virtual time: `next` jumps to what happens next.
 *
 * The same world can be looked at as three wires do: `packet` sees every packet on the link, `errqueue` what Linux
 * tells an unprivileged process with error queues, `connect` what Node alone can tell.
 */
import {
  createSignalBatch,
  NO_PROBE,
  PROTO_NEIGHBOUR,
  PROTO_OWN_SIDE,
  type ProbeBatch,
  SIGNAL,
  type SignalBatch,
} from '../batch.ts';
import { ERRNO } from '../errno.ts';
import { ProbeError } from '../errors.ts';
import type { TargetTable, Wire, WireCan } from '../model.ts';
import { classifyIp } from '../packet/address.ts';
import { type FrameContext, writeProbePacket } from '../probe/frame.ts';
import type { Arrival } from '../sim/arrivals.ts';
import { compileFilter } from '../sim/filter.ts';
import { createFlight, readFlight } from '../sim/flight.ts';
import { createKernel, toSendFailed } from '../sim/kernel.ts';
import { PROCESS_DESCRIPTORS } from '../sim/limits.ts';
import { createNetwork, type Network } from '../sim/network.ts';
import { createOwnSide } from '../sim/ownSide.ts';
import { type SignalRecord, writeSignal } from '../sim/signals.ts';
import type { World } from '../sim/world.ts';
import { CAN } from './can.ts';
import { createSentTap, type SentTap } from './sentTap.ts';
import { createSolicited } from './simNeighbours.ts';
import { toSlots } from './tcpSlots.ts';

/** Which wire the simulated one looks like. */
export type SimView = 'packet' | 'errqueue' | 'connect';

/** What a simulated wire is made of. */
export interface SimWireOptions {
  readonly world: World;
  readonly view: SimView;
  /** 32 bits: losses, sequence numbers, ephemeral ports. */
  readonly seed: number;
  readonly targets: TargetTable;
  /** View `packet`: its source ports, 8 unless given. */
  readonly lanes?: number;
  /** View `packet`: what the probes' tokens are made with, and their reserved source port. */
  readonly identity?: {
    readonly srcPort: number;
    readonly keyHi: number;
    readonly keyLo: number;
  };
}

/** Source ports of the simulated packet wire; nobody else wants them. */
const SIM_LANES = 8;

/** Sockets that the packet wire opens at once: packets, raw IP, the reserved port of both protocols and families. */
const PACKET_DESCRIPTORS = 10;

/** Fewer descriptors are fewer connects at once; throws ProbeError where not even one is left, as the real wire does. */
function canOf({ view, world: { scanner }, lanes = SIM_LANES }: SimWireOptions): WireCan {
  const { descriptors } = scanner.limits;
  const echo = view === 'packet' || (view === 'errqueue' && scanner.pingSockets);
  const packetCan = { ...CAN.packet, echo, lanes };
  if (descriptors === null && view === 'packet') return packetCan;
  if (descriptors === null || view === 'connect') return { ...CAN[view], echo };
  if (view === 'packet') {
    if (descriptors >= PROCESS_DESCRIPTORS + PACKET_DESCRIPTORS) return packetCan;
    throw new ProbeError('E_WIRE_UNAVAILABLE', 'no packet socket: Too many open files');
  }
  const slots = toSlots(descriptors);
  if (typeof slots === 'string') throw new ProbeError('E_WIRE_UNAVAILABLE', slots);
  return { ...CAN[view], echo, maxTcpInFlight: slots };
}

/** The side of the scanner: takes probes, and makes signals of what the network brings. */
interface Side {
  send(batch: ProbeBatch, row: number, nowMs: number): void;
  /** Takes one packet; false when the batch has no room for it. */
  receive(arrival: Arrival, out: SignalBatch): boolean;
  /** Lets timers of the side run out. */
  advance(nowMs: number): void;
  nextAtMs(): number | undefined;
  counters(): Readonly<Record<string, number>>;
}

const NO_BYTES = new Uint8Array(0);

/** Opens a simulated wire at virtual time 0. */
export function openSimWire(options: SimWireOptions): Wire {
  const { world, view, seed, targets } = options;
  const network = createNetwork(world, seed);
  const signals = createSignalBatch();
  const queue: SignalRecord[] = [];
  const own = createOwnSide<Uint8Array>(world);
  const tap = createSentTap();
  const context = { world, network, targets, own, queue, seed, tap };
  const side = view === 'packet' ? createPacketSide(context, options) : createKernel(context, view);
  let clockMs = 0;
  let isClosed = false;
  let carried: Arrival | null = null;

  /** Moves what has happened by now into the batch, as far as it has room. */
  function collect(): void {
    signals.count = 0;
    // The process is here to read: what came before is out of the buffer.
    own.buffer.empty();
    side.advance(clockMs);
    for (;;) {
      drainQueue(queue, signals);
      if (queue.length > 0) return;
      const arrival = carried ?? network.receive(clockMs);
      carried = null;
      if (arrival === null) return;
      if (!side.receive(arrival, signals)) {
        carried = arrival;
        return;
      }
    }
  }

  function send(batch: ProbeBatch): void {
    for (let row = 0; row < batch.count; row++) {
      batch.sentMs[row] = clockMs;
      if (batch.protocol[row] === PROTO_OWN_SIDE) {
        queue.push({
          kind: SIGNAL.OWN_SIDE,
          atMs: clockMs,
          tag: batch.tag[row]!,
          probe: batch.probe[row]!,
          attempt: batch.attempt[row]!,
          protocol: PROTO_OWN_SIDE,
          family: targets.families[batch.target[row]!]!,
          dst: { bytes: targets.bytes, at: batch.target[row]! * 16 },
          ownSide: own.describe(targets, batch.target[row]!, clockMs),
        });
      } else side.send(batch, row, clockMs);
    }
  }

  async function next(untilMs: number): Promise<SignalBatch> {
    while (!isClosed) {
      collect();
      if (signals.count > 0 || clockMs >= untilMs) break;
      const at = Math.min(network.nextAtMs() ?? Infinity, side.nextAtMs() ?? Infinity, untilMs);
      // Nothing will ever happen, and nobody said until when to wait for it.
      if (at === Infinity) break;
      clockMs = Math.max(clockMs, at);
    }
    return signals;
  }

  return {
    kind: 'sim',
    note: `simulated network, seen as the ${view} wire sees it`,
    can: canOf(options),
    nowMs: () => clockMs,
    send,
    next,
    counters: () => ({
      ...network.counters(),
      ...side.counters(),
      ringDrops: own.buffer.lost(),
    }),
    close() {
      isClosed = true;
      signals.count = 0;
    },
    ...(view === 'packet' ? { tap: tap.tap } : {}),
  };
}

function drainQueue(queue: SignalRecord[], signals: SignalBatch): void {
  let taken = 0;
  while (taken < queue.length && writeSignal(signals, queue[taken]!, arenaEnd(signals))) taken += 1;
  queue.splice(0, taken);
}

/** Where free room begins: rows are written one behind the other. */
function arenaEnd(signals: SignalBatch): number {
  const { count } = signals;
  return count === 0 ? 0 : signals.offset[count - 1]! + signals.length[count - 1]!;
}

interface PacketSideContext {
  readonly world: World;
  readonly network: Network;
  readonly targets: TargetTable;
  readonly own: ReturnType<typeof createOwnSide<Uint8Array>>;
  readonly queue: SignalRecord[];
  readonly seed: number;
  readonly tap: SentTap;
}

/** Frames written by ourselves: they pass no hook of the own firewall but the device's, and every packet on the link is seen. */
function createPacketSide(context: PacketSideContext, options: SimWireOptions): Side {
  const { world, network, targets, own, queue, tap } = context;
  const solicited = createSolicited(world, targets, own, queue);
  const identity = options.identity ?? { srcPort: 61_000, keyHi: 0, keyLo: options.seed };
  const { address } = world.scanner;
  const frame: FrameContext = {
    ...identity,
    targets,
    source4: address[4].bytes,
    source6: address[6].bytes,
  };
  const loopback4 = Uint8Array.of(127, 0, 0, 1, ...new Uint8Array(12));
  const loopback6 = Uint8Array.of(...new Uint8Array(15), 1);
  const loopbackFrame: FrameContext = { ...frame, source4: loopback4, source6: loopback6 };
  const out = createFlight();
  const filter = compileFilter(world.scanner.rules);
  const hasEgress = world.scanner.rules.some(({ hook }) => hook === 'egress');

  const isKept = (length: number, nowMs: number): boolean =>
    hasEgress && readFlight(out, length, nowMs) && filter.match('egress', out)?.verdict === 'drop';

  return {
    send(batch, row, nowMs) {
      const target = batch.target[row]!;
      const family = targets.families[target] === 6 ? 6 : 4;
      const at = target * 16;
      if (batch.protocol[row] === PROTO_NEIGHBOUR) {
        solicited.ask(batch, row, nowMs);
        return;
      }
      const errno = own.routeError(targets.bytes, at, family);
      if (errno !== null) {
        queue.push(toSendFailed(targets, batch, row, { errno: ERRNO[errno], nowMs }));
        return;
      }
      if (!own.hasNextHop(targets.bytes, at, family)) {
        own.wait(targets.bytes, at, family, nowMs, () => NO_BYTES);
        return;
      }
      const isLoopback = classifyIp(targets.bytes, at, family) === 'loopback';
      const { bytes } = out;
      const length = writeProbePacket(batch, row, isLoopback ? loopbackFrame : frame, bytes, 0);
      const isKeptBack = isKept(length, nowMs);
      if (tap.isOn()) {
        const errno = isKeptBack ? ERRNO.ENOBUFS : 0;
        tap.ofRow(batch, row, { bytes, at: 0, length, sentMs: nowMs, errno });
      }
      if (isKeptBack) {
        queue.push(toSendFailed(targets, batch, row, { errno: ERRNO.ENOBUFS, nowMs }));
      } else network.send(bytes, nowMs, 0, length);
    },
    receive(arrival, out) {
      const row = out.count;
      const { bytes } = arrival;
      const at = arenaEnd(out);
      if (row >= out.capacity || at + bytes.length > out.bytes.length) return false;
      if (!own.buffer.takes(bytes.length)) return true;
      out.kind[row] = SIGNAL.PACKET;
      out.probe[row] = NO_PROBE;
      out.attempt[row] = 0;
      out.tag[row] = 0;
      out.protocol[row] = 0;
      out.atMs[row] = arrival.atMs;
      out.sentMs[row] = 0;
      out.family[row] = bytes[0]! >> 4;
      out.offset[row] = at;
      out.length[row] = bytes.length;
      out.bytes.set(bytes, at);
      out.ownSide[row] = undefined;
      out.count = row + 1;
      return true;
    },
    advance(nowMs) {
      while (own.neighbours.takeFailed(nowMs) !== null);
      solicited.advance(nowMs);
    },
    nextAtMs: solicited.nextAtMs,
    counters: () => ({}),
  };
}
