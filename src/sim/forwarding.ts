/**
 * The way out: from the scanner over the routers to a target, each hop in the order of Linux.
 */
import type { IcmpError } from './answers.ts';
import { extensionError } from './extensionError.ts';
import { decrementTtl, type Flight } from './flight.ts';
import { isThere } from './host.ts';
import {
  answerFrom,
  askedAddress,
  crossLink,
  passArrival,
  passDeparture,
  passHook,
  sendError,
  type Transit,
} from './transit.ts';

/** Carries a packet away from position `from` of the line until something becomes of it. */
export function carryOut(transit: Transit, flight: Flight, from: number): void {
  let position = from;
  let step: Step = 1;
  // A loop ends by the TTL.
  while (step !== 0) {
    if (!crossLink(transit, flight, step > 0 ? position : position - 1)) return;
    position += step;
    if (position > transit.last) {
      deliver(transit, flight, position);
      return;
    }
    transit.isTurnedBack = step < 0;
    step = passRouter(transit, flight, position);
  }
}

/** Hands a packet to the stack of the scanner (0) or of the target behind the last router. */
export function deliver(transit: Transit, flight: Flight, position: number): void {
  // The targets share the last position.
  const node = position > transit.last ? transit.last + 1 + Math.max(transit.target, 0) : position;
  if (passArrival(transit, flight, node)) takeIn(transit, flight, node);
}

/** What is left at a node once the packet is known to be its own. */
function takeIn(transit: Transit, flight: Flight, node: number): void {
  const owner = transit.nodes.at(node);
  const { reassembly, translations } = transit;
  const is4 = flight.ip.family === 4;
  // IPv4 puts fragments together before INPUT (ip_local_deliver), IPv6 behind it (ip6_input_finish).
  if (is4 && reassembly.keep(flight, node, translations)) return;
  if (!passHook(transit, flight, node, 'input')) return;
  if (!is4 && extensionError(flight) === null && reassembly.keep(flight, node, translations))
    return;
  const answer = owner.stack.answer(flight, askedAddress(flight, owner), transit.reply);
  if (typeof answer === 'number') answerFrom(transit, flight, node, answer);
  else sendError(transit, flight, node, answer);
}

/** True when somebody on the last link has the destination. */
export function isPresent(transit: Transit, flight: Flight): boolean {
  if (transit.target < 0) return false;
  const host = transit.world.targets[transit.target]!;
  return isThere(host, flight.bytes, flight.ip.dstAt, flight.ip.family);
}

/** On, back (a loop), or ended here. */
type Step = 1 | -1 | 0;

/** PREROUTING, route, TTL, MTU, FORWARD, POSTROUTING: net/ipv4/ip_forward.c, net/ipv6/ip6_output.c. */
function passRouter(transit: Transit, flight: Flight, position: number): Step {
  const node = transit.nodes.routerFor(position, flight);
  transit.chosenRoute = null;
  if (!passArrival(transit, flight, node)) return 0;
  if (transit.nodes.isOwn(node, flight)) {
    takeIn(transit, flight, node);
    return 0;
  }
  const step = passRoute(transit, flight, node);
  if (step === 0) return 0;
  const { ip } = flight;
  const is4 = ip.family === 4;
  if (ip.ttl <= 1) {
    sendError(transit, flight, node, { type: is4 ? 11 : 3, code: 0 });
    return 0;
  }
  const { mtu } = transit.world.links[step > 0 ? position : position - 1]!;
  if (flight.end > mtu && (!is4 || ip.dontFragment)) {
    sendError(transit, flight, node, is4 ? { type: 3, code: 4, mtu } : { type: 2, code: 0, mtu });
    return 0;
  }
  decrementTtl(flight);
  if (!passHook(transit, flight, node, 'forward')) return 0;
  if (!passDeparture(transit, flight, node)) return 0;
  if (position < transit.last || step < 0 || isPresent(transit, flight)) return step;
  waitForNeighbour(transit, flight, node);
  return 0;
}

function waitForNeighbour(transit: Transit, flight: Flight, node: number): void {
  transit.counters.noNeighbour += 1;
  const { ip, bytes, end, atMs } = flight;
  const { target, translations } = transit;
  transit.neighbours.wait(bytes, ip.dstAt, ip.family, atMs, () => ({
    bytes: bytes.slice(0, end),
    target,
    node,
    translations,
  }));
}

/** The route towards the targets, which is also that of addresses that nobody has. */
function passRoute(transit: Transit, flight: Flight, node: number): Step {
  const is4 = flight.ip.family === 4;
  const router = transit.nodes.at(node);
  const isUp = transit.world.links[router.position]!.up;
  const route = transit.chosenRoute ?? (isUp ? router.route : 'none');
  switch (route) {
    case 'forward':
      return 1;
    case 'loop':
      return -1;
    case 'blackhole':
      transit.counters.filtered += 1;
      return 0;
    case 'none':
      return sendRouteError(transit, flight, node, { type: is4 ? 3 : 1, code: 0 });
    case 'unreachable':
      return sendRouteError(
        transit,
        flight,
        node,
        is4 ? { type: 3, code: 1 } : { type: 1, code: 0 },
      );
    case 'prohibit':
      return sendRouteError(
        transit,
        flight,
        node,
        is4 ? { type: 3, code: 13 } : { type: 1, code: 1 },
      );
  }
}

function sendRouteError(transit: Transit, flight: Flight, node: number, error: IcmpError): 0 {
  const { ip, bytes, atMs } = flight;
  const { limiter } = transit.nodes.at(node);
  if (ip.family === 6 || limiter.allowRouteError(bytes, ip.srcAt, atMs)) {
    sendError(transit, flight, node, error);
  } else {
    transit.counters.icmpLimited += 1;
  }
  return 0;
}
