/**
 * The moving parts of a simulated network in one record, and what every hop does with it: filter, answer, send back.
 */
import { IP_PROTOCOL } from '../packet/ip.ts';
import { TCP_FLAG, TCP_HEADER_BYTES } from '../packet/tcp.ts';
import { checkTransport } from '../packet/transport.ts';
import { type IcmpError, type Sender, writeIcmpError, writeReset, writeSynAck } from './answers.ts';
import type { Arrivals } from './arrivals.ts';
import { decrementTtl, type Flight, readFlight } from './flight.ts';
import { setFields, type Translation, translate, undo } from './nat.ts';
import type { Neighbours } from './neighbours.ts';
import type { Node, Nodes } from './nodes.ts';
import type { Random } from './random.ts';
import type { Reassembly } from './reassembly.ts';
import type { RuleRoute } from './ruleChanges.ts';
import { type Hook, REJECTS, type Rule } from './rules.ts';
import type { World } from './world.ts';

/** A packet that waits at the last router for a host that does not answer. */
export interface WaitingPacket {
  readonly bytes: Uint8Array;
  readonly target: number;
  /** The router that asks for it. */
  readonly node: number;
  readonly translations: readonly Translation[];
}

/** State of a network; its functions change it. */
export interface Transit {
  readonly world: World;
  readonly nodes: Nodes;
  readonly random: Random;
  readonly arrivals: Arrivals;
  readonly neighbours: Neighbours<WaitingPacket>;
  readonly reassembly: Reassembly;
  /** Number of the last router; 0 without any. */
  readonly last: number;
  /** What the scanner sent. */
  readonly probe: Flight;
  /** What answers it. */
  readonly reply: Flight;
  /** The SYN that a proxy sends to the service in the client's name. */
  readonly proxied: Flight;
  /** Number of the target that the packet in hand is for, -1 for none. */
  target: number;
  /** The packet in hand came to its router from the targets' side (a loop). */
  isTurnedBack: boolean;
  /** The route that a rule of the router in hand has chosen; null: its own. */
  chosenRoute: RuleRoute | null;
  /** What was changed of the packet in hand, in order. */
  translations: readonly Translation[];
  /** The SYN proxy that has to ask the service, or that waits for its answer; -1: none. */
  proxyAt: number;
  /** The answer to a proxy's question has come to it, in `reply`. */
  proxyAnswered: boolean;
  readonly counters: {
    sent: number;
    delivered: number;
    lost: number;
    filtered: number;
    icmpLimited: number;
    noNeighbour: number;
    garbage: number;
  };
}

/** Crosses link `index`; false when the packet is lost on it. */
export function crossLink(transit: Transit, flight: Flight, index: number): boolean {
  const link = transit.world.links[index]!;
  if (!link.up || (link.loss > 0 && transit.random() < link.loss)) {
    transit.counters.lost += 1;
    return false;
  }
  flight.atMs += link.delayMs;
  return true;
}

/** What a packet meets before its destination is looked at; false when a rule ended it. */
export function passArrival(transit: Transit, flight: Flight, node: number): boolean {
  if (!passHook(transit, flight, node, 'raw')) return false;
  changeEnd(transit, flight, node, 'dnat');
  return passHook(transit, flight, node, 'prerouting');
}

/** What a packet meets last at a router; false when a rule ended it. */
export function passDeparture(transit: Transit, flight: Flight, node: number): boolean {
  if (!passHook(transit, flight, node, 'postrouting')) return false;
  changeEnd(transit, flight, node, 'snat');
  return true;
}

function changeEnd(transit: Transit, flight: Flight, node: number, verdict: 'dnat' | 'snat'): void {
  const { filter, near, far } = transit.nodes.at(node);
  const rule = filter.matchNat(verdict, flight);
  if (rule === null) return;
  const { family } = flight.ip;
  const own = verdict === 'dnat' ? near : far;
  const address = rule.to![family] ?? own![family].bytes;
  const end = verdict === 'dnat' ? 'dst' : 'src';
  const change = translate(flight, end, { address, port: rule.toPort ?? -1 }, node);
  transit.translations = [...transit.translations, change];
  transit.target = transit.nodes.targetOf(flight);
}

/** Changes an answer back at a node: answers find their way by it (src), or wear the address that was asked (dst). */
function changeBack(transit: Transit, node: number, end: 'src' | 'dst'): void {
  for (const change of transit.translations) {
    if (change.node === node && change.end === end) undo(transit.reply, change);
  }
}

/** Passes a hook on the way out; false when a rule ended the packet there, which has been answered if it is a reject. */
export function passHook(transit: Transit, flight: Flight, node: number, hook: Hook): boolean {
  const rule = transit.nodes.at(node).filter.match(hook, flight);
  if (rule === null || rule.verdict === 'accept') return true;
  if (rule.verdict === 'synproxy') return passProxy(transit, flight, node);
  if (rule.verdict === 'set') setFields(flight, rule);
  if (rule.verdict === 'route') transit.chosenRoute = rule.route!;
  if (rule.verdict === 'set' || rule.verdict === 'route') return true;
  transit.counters.filtered += 1;
  if (rule.verdict === 'reject') reject(transit, flight, node, rule);
  return false;
}

function reject(transit: Transit, flight: Flight, node: number, rule: Rule): void {
  // nf_reject looks at the checksum first: what the host itself would not take is not answered.
  if (checkTransport(flight.bytes, flight.ip) === 'bad') return;
  const name = rule.with[flight.ip.family]!;
  if (name === 'tcp-reset') {
    const sender = askedAddress(flight, transit.nodes.at(node));
    answerFrom(transit, flight, node, writeReset(flight, sender, transit.reply));
    return;
  }
  const [type, code] = REJECTS[name][flight.ip.family]!;
  sendError(transit, flight, node, { type, code });
}

/** A SYN is answered in the service's stead with no window; the client's ACK makes the proxy ask the service. */
function passProxy(transit: Transit, flight: Flight, node: number): boolean {
  const { ip, bytes } = flight;
  if (flight === transit.proxied || ip.payloadEnd - ip.payloadAt < TCP_HEADER_BYTES) return true;
  const flags = bytes[ip.payloadAt + 13]! & 0x3f;
  if (flags === TCP_FLAG.SYN) {
    const proxy = transit.nodes.at(node);
    const answer = { isn: proxy.stack.isn(flight), window: 'none' } as const;
    const length = writeSynAck(flight, askedAddress(flight, proxy), answer, transit.reply);
    answerFrom(transit, flight, node, length);
    return false;
  }
  if (flags !== TCP_FLAG.ACK) return true;
  transit.proxyAt = node;
  return false;
}

/** The sender that an answer of the asked address itself has. */
export function askedAddress(flight: Flight, node: Node): Sender {
  return { bytes: flight.bytes, at: flight.ip.dstAt, ttl: node.ttl };
}

/** Sends an ICMP error about the packet to its sender, if the node's limiter lets it. */
export function sendError(transit: Transit, flight: Flight, node: number, error: IcmpError): void {
  const { ip, bytes, atMs } = flight;
  const { limiter, icmpTtl, near, far, errors } = transit.nodes.at(node);
  if (flight.isIcmp && isIcmpError(flight)) return;
  const isTooBig = ip.family === 4 ? error.type === 3 && error.code === 4 : error.type === 2;
  // net/ipv4/icmp.c, icmpv4_xrlim_allow: nothing over loopback is limited, nor is what path MTU discovery needs.
  if (node > 0 && !isTooBig && !limiter.allow(bytes, ip.srcAt, ip.family, atMs)) {
    transit.counters.icmpLimited += 1;
    return;
  }
  // IPv4 errors come from the address towards the scanner, IPv6 errors from that of the interface of arrival.
  const own = transit.isTurnedBack && ip.family === 6 ? far : near;
  const sender =
    own === null
      ? { bytes, at: ip.dstAt, ttl: icmpTtl }
      : { bytes: own[ip.family].bytes, at: 0, ttl: icmpTtl };
  answerFrom(transit, flight, node, writeIcmpError(flight, sender, error, transit.reply, errors));
}

/** Sends the first `length` bytes of `reply` from a node back to the scanner; 0 is no answer. */
export function answerFrom(transit: Transit, about: Flight, node: number, length: number): void {
  const { reply, nodes } = transit;
  if (length <= 0 || !readFlight(reply, length, about.atMs)) return;
  if (!passBack(transit, node, 'output') || !passBack(transit, node, 'postrouting')) return;
  changeBack(transit, node, 'dst');
  changeBack(transit, node, 'src');
  carryBack(transit, nodes.at(node).position);
}

/** Carries `reply` from a position of the line to the scanner, or to the SYN proxy that waits for it. */
export function carryBack(transit: Transit, from: number): void {
  const { reply, nodes, counters } = transit;
  for (let position = from - 1; position >= 0; position--) {
    if (!crossLink(transit, reply, position)) return;
    if (position > 0 && !passRouterBack(transit, nodes.routerBack(position, reply))) return;
  }
  if (!nodes.isScanner(reply)) {
    counters.lost += 1;
    return;
  }
  counters.delivered += 1;
  transit.arrivals.push(reply.bytes.slice(0, reply.end), reply.atMs);
}

/** What a router does with an answer. Errors about it would go to the target, where nobody sees them. */
function passRouterBack(transit: Transit, node: number): boolean {
  const { reply, counters } = transit;
  if (!passBack(transit, node, 'raw')) return false;
  changeBack(transit, node, 'src');
  if (!passBack(transit, node, 'prerouting')) return false;
  if (node === transit.proxyAt && !transit.proxyAnswered && isTcp(reply)) {
    transit.proxyAnswered = true;
    return false;
  }
  if (reply.ip.ttl <= 1) {
    counters.lost += 1;
    return false;
  }
  decrementTtl(reply);
  if (!passBack(transit, node, 'forward') || !passBack(transit, node, 'postrouting')) return false;
  changeBack(transit, node, 'dst');
  return true;
}

function isTcp(flight: Flight): boolean {
  return flight.ip.protocol === IP_PROTOCOL.TCP;
}

/** Passes a hook on the way back; the errors of rejects and of routes to nowhere go to the target and are not seen. */
function passBack(transit: Transit, node: number, hook: Hook): boolean {
  const rule = transit.nodes.at(node).filter.match(hook, transit.reply);
  if (rule === null || rule.verdict === 'accept' || rule.verdict === 'synproxy') return true;
  if (rule.verdict === 'set') {
    setFields(transit.reply, rule);
    return true;
  }
  transit.counters.filtered += 1;
  return false;
}

/** RFC 1122 section 3.2.2, RFC 4443 section 2.4 e: errors are not answered by errors. */
function isIcmpError(flight: Flight): boolean {
  const type = flight.bytes[flight.ip.payloadAt]!;
  if (flight.ip.family === 6) return type < 128;
  return type === 3 || type === 4 || type === 5 || type === 11 || type === 12;
}
