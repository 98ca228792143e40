/** All that the finders look at, and what they share. */
import { icmpMeaning } from '../match/icmpMeaning.ts';
import { IP_PROTOCOL } from '../packet/ip.ts';
import { MAX_ADDRESSES } from './addressTable.ts';
import { type AskerIndex, createAskerIndex } from './askerIndex.ts';
import type { Capture } from './capture.ts';
import { type DirectedPorts, framesFilter, packetsFilter, unique } from './displayFilter.ts';
import type { Cited, FindingFacts, FlowEnds } from './finding.ts';
import { type Flow, FROM_ASKED, FROM_ASKER } from './flow.ts';
import { hasPorts, protocolName } from './protocols.ts';
import { hostDistance, hostTtl } from './sender.ts';
import { findStrangers, type StrangerAnswer } from './strangers.ts';

/** A read capture with what is looked up in it again and again. */
export interface Evidence extends Capture {
  readonly askers: AskerIndex;
  /** Unanswered flows with the flow that answers them from elsewhere, and those answers. */
  readonly strangers: ReadonlyMap<Flow, StrangerAnswer>;
  readonly strangerAnswers: ReadonlySet<Flow>;
  /** Ports of a host that answered in this capture. */
  answeredPorts(host: number): number;
  /** How the other flows of this asker to the same port fared. */
  portFate(flow: Flow): PortFate;
  /** Some flow has packets in both directions: the capture does not hold one alone. */
  readonly bothWays: boolean;
  /** ICMP errors to this asker about that host that are subject to a limit. */
  errorsAbout(asker: number, host: number): number;
}

/** Flows of one asker to one port. */
export interface PortFate {
  answered: number;
  /** By RST or an ICMP error that is a state. */
  refused: number;
}

const NO_FATE: PortFate = { answered: 0, refused: 0 };

/** Prepares a capture whose packets are all read. */
export function toEvidence(capture: Capture): Evidence {
  const answered = new Map<number, Set<number>>();
  for (const flow of capture.table.flows) {
    if (!hasAnswered(flow)) continue;
    const ports = answered.get(flow.asked) ?? new Set();
    ports.add(flow.askedPort * 256 + flow.protocol);
    answered.set(flow.asked, ports);
  }
  const fates = portFates(capture);
  const errors = new Map<number, number>();
  for (const { receiver, quotedDst, count, family, type, code } of capture.errors.groups) {
    const meaning = icmpMeaning(family, type, code);
    // That a router tells of a traceroute's packets is no refusal.
    if (meaning.kind !== 'state' || meaning.reason === 'time-exceeded') continue;
    const key = receiver * MAX_ADDRESSES + quotedDst;
    errors.set(key, (errors.get(key) ?? 0) + count);
  }
  const askers = createAskerIndex(capture.table.flows);
  const strangers = findStrangers(capture, askers);
  return {
    ...capture,
    askers,
    strangers,
    strangerAnswers: new Set([...strangers.values()].map(({ answer }) => answer)),
    bothWays: capture.table.flows.some(
      ({ sides }) => sides[FROM_ASKER].packets > 0 && sides[FROM_ASKED].packets > 0,
    ),
    errorsAbout: (asker, host) => errors.get(asker * MAX_ADDRESSES + host) ?? 0,
    answeredPorts: (host) => answered.get(host)?.size ?? 0,
    portFate: (flow) => fates.get(portKey(flow)) ?? NO_FATE,
  };
}

function portKey({ asker, asked, askedPort, protocol }: Flow): string {
  return [asker, asked, askedPort, protocol].join();
}

/** Only of ports, and only where something came back. */
function portFates({ table }: Capture): ReadonlyMap<string, PortFate> {
  const fates = new Map<string, PortFate>();
  for (const flow of table.flows) {
    const isAnswered = hasAnswered(flow);
    const isRefused =
      !isAnswered && (flow.tcp?.resetCount[FROM_ASKED] ?? 0) + flow.refusalCount > 0;
    if (!(isAnswered || isRefused) || !hasPorts(flow.protocol)) continue;
    const key = portKey(flow);
    const fate = fates.get(key) ?? { answered: 0, refused: 0 };
    if (isAnswered) fate.answered++;
    else fate.refused++;
    fates.set(key, fate);
  }
  return fates;
}

/** Whether the asked side sent anything but a RST. */
export function hasAnswered(flow: Flow): boolean {
  const resets = flow.tcp === null ? 0 : flow.tcp.resetCount[FROM_ASKED];
  return flow.sides[FROM_ASKED].packets > resets;
}

/** The ends of a flow as people write them. */
export function endsOf({ addresses }: Evidence, flow: Flow): FlowEnds {
  const isPorted = hasPorts(flow.protocol);
  return {
    protocol: protocolName(flow.protocol),
    from: addresses.ip(flow.asker),
    fromPort: isPorted ? flow.askerPort : null,
    to: addresses.ip(flow.asked),
    toPort: isPorted ? flow.askedPort : null,
  };
}

/** Flows that a finding names, and that its filter selects. */
export const MAX_CITED_FLOWS = 64;
/** Frames that a finding lists. */
export const MAX_LISTED_FRAMES = 64;
/** Ports that a sentence names. */
const MAX_NAMED_PORTS = 8;

/** `53`, `53, 123`, `1, 2, 3 and 997 more`. */
export function portList(ports: readonly number[]): string {
  const all = unique(ports).sort((a, b) => a - b);
  const named = all.slice(0, MAX_NAMED_PORTS).join(', ');
  const more = all.length - MAX_NAMED_PORTS;
  return more > 0 ? `${named} and ${more} more` : named;
}

/** The arguments that every sentence about flows between two hosts may use. */
export function flowArgs(
  evidence: Evidence,
  flows: readonly Flow[],
): Record<string, string | number> {
  const [first] = flows as [Flow];
  const { addresses } = evidence;
  const args: Record<string, string | number> = {
    protocol: protocolName(first.protocol),
    target: addresses.ip(first.asked),
    client: addresses.ip(first.asker),
    flows: flows.length,
  };
  if (hasPorts(first.protocol)) {
    const ports = unique(flows.map(({ askedPort }) => askedPort));
    args['ports'] = portList(ports);
    args['portCount'] = ports.length;
    args['port'] = ports[0]!;
  }
  const errors = evidence.errorsAbout(first.asker, first.asked);
  if (errors > 0) args['icmpErrors'] = errors;
  const request = flows.find(({ datagrams }) => datagrams?.request)?.datagrams?.request;
  if (request !== undefined && request !== null) {
    args['request'] = request.protocol;
    if (request.isParsed) args['asks'] = request.asks;
  }
  return args;
}

/** What is cited of several flows between two hosts: the packets of one direction that meet a condition. */
export interface Citing {
  readonly from: 0 | 1;
  /** A display filter; empty: all packets of that direction; null: no field tells them from others, only their frames. */
  readonly also: string | null;
  /** How many packets of a flow that is, and which, as far as they are known. */
  readonly count: (flow: Flow) => number;
  readonly frames: (flow: Flow) => readonly number[];
}

/**
 * Cites packets of flows between the same two hosts. Where ports were used for several connections, or packets were
 * fragmented, a filter by fields would select others too: then frames are named.
 */
export function citeFlows({ addresses }: Evidence, all: readonly Flow[], citing: Citing): Cited {
  const flows = all.slice(0, MAX_CITED_FLOWS);
  const [first] = flows as [Flow];
  const listed = firstFrames(flows, citing).slice(0, MAX_LISTED_FRAMES);
  const isPlain = flows.every(
    (flow) => !flow.isFragmented && (flow.tcp === null || flow.tcp.connections < 2),
  );
  if (!isPlain || citing.also === null)
    return { filter: framesFilter(listed), packets: listed.length, frames: listed };
  const isForward = citing.from === FROM_ASKER;
  const ports = flows.map(
    ({ askerPort, askedPort }): DirectedPorts =>
      isForward
        ? { srcPort: askerPort, dstPort: askedPort }
        : { srcPort: askedPort, dstPort: askerPort },
  );
  const filter = packetsFilter({
    family: first.family,
    protocol: first.protocol,
    src: addresses.ip(isForward ? first.asker : first.asked),
    dst: addresses.ip(isForward ? first.asked : first.asker),
    ports,
    also: citing.also,
  });
  const packets = flows.reduce((sum, flow) => sum + citing.count(flow), 0);
  return { filter, packets, frames: listed };
}

/** The first frames of all flows together: none beyond the last that is kept of a flow that has more. */
function firstFrames(flows: readonly Flow[], citing: Citing): number[] {
  const kept = flows.map((flow) => ({ frames: citing.frames(flow), count: citing.count(flow) }));
  const ends = kept.filter(({ frames, count }) => frames.length < count);
  const end = Math.min(...ends.map(({ frames }) => frames.at(-1) ?? 0));
  return kept
    .flatMap(({ frames }) => frames)
    .filter((frame) => frame <= end)
    .sort((a, b) => a - b);
}

/** Facts of flows where nothing is known but their ports and packets. */
export function plainFacts(
  evidence: Evidence,
  flows: readonly Flow[],
  count: number,
): FindingFacts {
  const [first] = flows as [Flow];
  return {
    askedPorts: unique(flows.map(({ askedPort }) => askedPort)).slice(0, MAX_CITED_FLOWS),
    ttl: first.sides[FROM_ASKED].ttl || -1,
    quotedTtl: -1,
    distance: null,
    targetDistance: hostDistance(evidence.addresses, first.asked),
    targetTtl: hostTtl(evidence.addresses, first.asked),
    travelled: null,
    wearsTarget: false,
    quoteBytes: -1,
    nat: [],
    isTcp: first.protocol === IP_PROTOCOL.TCP,
    answeredPorts: evidence.answeredPorts(first.asked),
    tookMs: -1,
    acceptedForMs: -1,
    count,
  };
}
