/**
 * A network in memory that speaks packets: what is sent comes back as a real network would answer it, at a time that is
 * a parameter. Pure but for its own state; the same world, seed and calls give the same bytes.
 *
 * A packet is carried to its end at once, its delays added up: with constant delays every node sees the packets in the
 * order in which they were sent, so its limiters count right. Only what waits for a neighbour is kept for later.
 */
import { isHeaderIntact } from '../packet/ip.ts';
import { type Arrival, createArrivals } from './arrivals.ts';
import { createFlight, MAX_PACKET_BYTES, readFlight } from './flight.ts';
import { carryOut, deliver, isPresent } from './forwarding.ts';
import { createNeighbours } from './neighbours.ts';
import { createNodes } from './nodes.ts';
import { createRandom } from './random.ts';
import { createReassembly } from './reassembly.ts';
import { finishHandshake } from './synProxy.ts';
import { sendError, type Transit } from './transit.ts';
import type { World } from './world.ts';

/** The network as its scanner sees it; nothing it is given makes it throw. */
export interface Network {
  /** Puts the packet `bytes[at, end)` on the scanner's link (or into its own stack, if it is for itself). */
  send(bytes: Uint8Array, nowMs: number, at?: number, end?: number): void;
  /** When the next packet arrives or may arrive at the scanner; undefined: none is on its way. */
  nextAtMs(): number | undefined;
  /** The next packet that has arrived by now, or null; the bytes are the caller's. */
  receive(nowMs: number): Arrival | null;
  /** What became of the packets so far. */
  counters(): Readonly<Record<string, number>>;
}

/** Creates a network at time 0 of its own clock; `seed` decides losses, sequence numbers and shares. */
export function createNetwork(world: World, seed: number): Network {
  const random = createRandom(seed);
  const transit: Transit = {
    world,
    nodes: createNodes(world, seed, random),
    random,
    arrivals: createArrivals(),
    neighbours: createNeighbours(),
    reassembly: createReassembly(),
    last: world.routers.length,
    probe: createFlight(),
    reply: createFlight(),
    proxied: createFlight(),
    target: -1,
    isTurnedBack: false,
    chosenRoute: null,
    translations: [],
    proxyAt: -1,
    proxyAnswered: false,
    counters: {
      sent: 0,
      delivered: 0,
      lost: 0,
      filtered: 0,
      icmpLimited: 0,
      noNeighbour: 0,
      garbage: 0,
    },
  };
  const { arrivals, neighbours, reassembly } = transit;
  return {
    send(bytes, nowMs, at = 0, end = bytes.length) {
      advance(transit, nowMs);
      transit.counters.sent += 1;
      if (load(transit, bytes, at, end, nowMs)) launch(transit);
      else transit.counters.garbage += 1;
    },
    nextAtMs() {
      const times = [arrivals, neighbours, reassembly].map((one) => one.nextAtMs() ?? Infinity);
      const nextMs = Math.min(...times);
      return nextMs === Infinity ? undefined : nextMs;
    },
    receive(nowMs) {
      advance(transit, nowMs);
      return arrivals.take(nowMs);
    },
    counters: () => ({ ...transit.counters }),
  };
}

function load(
  transit: Transit,
  bytes: Uint8Array,
  at: number,
  end: number,
  nowMs: number,
): boolean {
  const { probe } = transit;
  if (end - at > MAX_PACKET_BYTES) return false;
  for (let i = at; i < end; i++) probe.bytes[i - at] = bytes[i]!;
  return readFlight(probe, end - at, nowMs) && isHeaderIntact(probe.bytes, 0, end - at);
}

function launch(transit: Transit): void {
  const { probe, nodes, world } = transit;
  transit.target = -1;
  transit.translations = [];
  transit.isTurnedBack = false;
  transit.proxyAt = -1;
  if (nodes.isOwn(0, probe)) {
    deliver(transit, probe, 0);
    return;
  }
  transit.target = nodes.targetOf(probe);
  const hasNextHop =
    world.scanner.gatewayAnswers && (transit.last > 0 || isPresent(transit, probe));
  if (!hasNextHop) {
    transit.counters.noNeighbour += 1;
    return;
  }
  carryOut(transit, probe, 0);
  if (transit.proxyAt >= 0) finishHandshake(transit);
}

/** Lets time pass: what waited for a neighbour that never answered fails, and what waited for its rest. */
function advance(transit: Transit, nowMs: number): void {
  failNeighbours(transit, nowMs);
  const { probe, reassembly } = transit;
  for (;;) {
    const expired = reassembly.takeExpired(nowMs);
    if (expired === null) return;
    const { bytes, node, atMs } = expired;
    probe.bytes.set(bytes);
    readFlight(probe, bytes.length, atMs);
    transit.translations = expired.translations;
    transit.isTurnedBack = false;
    sendError(transit, probe, node, { type: probe.ip.family === 4 ? 11 : 3, code: 1 });
  }
}

function failNeighbours(transit: Transit, nowMs: number): void {
  const { probe, neighbours } = transit;
  for (;;) {
    const failed = neighbours.takeFailed(nowMs);
    if (failed === null) return;
    for (const waiting of failed.waiting) {
      probe.bytes.set(waiting.bytes);
      readFlight(probe, waiting.bytes.length, failed.failedAtMs);
      transit.target = waiting.target;
      transit.translations = waiting.translations;
      transit.isTurnedBack = false;
      const is4 = probe.ip.family === 4;
      sendError(transit, probe, waiting.node, is4 ? { type: 3, code: 1 } : { type: 1, code: 3 });
    }
  }
}
