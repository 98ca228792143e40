/**
 * Traceroutes, ours among them: packets with small TTLs whose errors are wanted. All errors about one port (or about
 * the many ports that a classic one asks, each once) are one finding, which says how far its packets came.
 */
import { distanceOf } from '../match/distance.ts';
import { icmpLabel } from '../match/icmpMeaning.ts';
import { MAX_ADDRESSES } from './addressTable.ts';
import { type DirectedPorts, errorsFilter, framesFilter } from './displayFilter.ts';
import {
  type Evidence,
  endsOf,
  flowArgs,
  hasAnswered,
  MAX_CITED_FLOWS,
  MAX_LISTED_FRAMES,
  plainFacts,
} from './evidence.ts';
import type { Cited, FindingDraft } from './finding.ts';
import { type Flow, FROM_ASKED, FROM_ASKER } from './flow.ts';
import type { JudgedErrors, Resolved } from './judgedErrors.ts';
import { isProbing } from './probes.ts';
import { hasPorts } from './protocols.ts';
import { hostDistance } from './sender.ts';
import {
  isFromRouter,
  isHops,
  loopOf,
  nameRouters,
  type Part,
  routersOf,
} from './tracerouteRouters.ts';

/** What was found, and what is told by it and by nobody else. */
export interface Traceroutes {
  readonly drafts: readonly FindingDraft[];
  /** Flows whose silence, and errors that, are part of a traceroute. */
  readonly flows: ReadonlySet<Flow>;
  readonly errors: ReadonlySet<JudgedErrors>;
}

interface Sweep {
  readonly flows: readonly Flow[];
  readonly parts: readonly Part[];
}

/** Finds them among the judged errors. */
export function findTraceroutes(evidence: Evidence, all: readonly JudgedErrors[]): Traceroutes {
  const parts = new Map<Flow, Part[]>();
  for (const judged of all) {
    if (judged.isAnswer) continue;
    for (const one of judged.resolved) {
      if (one.flow === null || !isProbing(one.flow)) continue;
      const known = parts.get(one.flow) ?? [];
      known.push({ judged, resolved: [one] });
      parts.set(one.flow, known);
    }
  }
  const sweeps = sweepsOf(evidence, parts).filter((sweep) => sweep.parts.some(isFromRouter));
  const flows = new Set(sweeps.flatMap((sweep) => sweep.flows));
  return {
    drafts: sweeps.map((sweep) => toDraft(evidence, sweep)),
    flows,
    errors: new Set(all.filter((judged) => isToldBy(judged, flows))),
  };
}

/** A refusal is told by itself also where a traceroute met it; running out of hops, and a good end, are not. */
function isToldBy(judged: JudgedErrors, flows: ReadonlySet<Flow>): boolean {
  const isEnd =
    judged.reason === 'port-unreach' &&
    judged.sender.place === 'asked' &&
    hasPorts(judged.group.protocol);
  if (!isEnd && !isFromRouter({ judged, resolved: [] })) return false;
  const isTcp = judged.group.protocol === TCP;
  return !(isEnd && isTcp) && judged.resolved.every(({ flow }) => flow !== null && flows.has(flow));
}

const TCP = 6;

/** Joins the probing flows between two hosts: those to a port that was asked with several TTLs, and all others. */
function sweepsOf(evidence: Evidence, parts: ReadonlyMap<Flow, readonly Part[]>): Sweep[] {
  const wanted = new Set([...parts.keys()].map(pairOf));
  const byPort = new Map<string, Flow[]>();
  for (const flow of evidence.table.flows) {
    if (!wanted.has(pairOf(flow)) || !isProbing(flow)) continue;
    add(byPort, `${pairOf(flow)}/${flow.askedPort}`, flow);
  }
  const joined = new Map<string, Flow[]>();
  for (const [key, flows] of byPort) {
    const lowest = Math.min(...flows.map(({ sides }) => sides[FROM_ASKER].lowestTtl));
    const isSwept = highestOf(flows) > lowest;
    for (const flow of flows) add(joined, isSwept ? key : `${pairOf(flow)}/`, flow);
  }
  return [...joined.values()].map((flows) => ({ flows, parts: joinParts(flows, parts) }));
}

function add<T>(map: Map<string, T[]>, key: string, value: T): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [value]);
  else known.push(value);
}

function pairOf({ asker, asked, protocol }: Flow): string {
  return `${asker * MAX_ADDRESSES + asked}/${protocol}`;
}

function joinParts(flows: readonly Flow[], parts: ReadonlyMap<Flow, readonly Part[]>): Part[] {
  const joined = new Map<JudgedErrors, Resolved[]>();
  for (const flow of flows) {
    for (const { judged, resolved } of parts.get(flow) ?? []) {
      const known = joined.get(judged) ?? [];
      known.push(...resolved);
      joined.set(judged, known);
    }
  }
  return [...joined].map(([judged, resolved]) => ({ judged, resolved }));
}

function highestOf(flows: readonly Flow[]): number {
  return Math.max(...flows.map(({ sides }) => sides[FROM_ASKER].highestTtl));
}

/** Answered by the host itself, as far as the capture tells: no NAT in its place, and no RST that may be forged. */
function isReached({ addresses }: Evidence, { flows, parts }: Sweep): boolean {
  if (
    parts.some(({ judged }) => isHops(judged) && judged.group.sender === judged.group.quotedDst)
  ) {
    return false;
  }
  if (parts.some(({ judged }) => judged.sender.place === 'asked' && !isHops(judged))) return true;
  return flows.some((flow) => {
    const distance = hostDistance(addresses, flow.asked);
    const resets = flow.tcp?.resets.filter(({ from }) => from === FROM_ASKED) ?? [];
    return (
      hasAnswered(flow) ||
      resets.some(({ ttl }) => distance !== null && distanceOf(ttl) === distance)
    );
  });
}

function isAnswered({ flows }: Sweep): boolean {
  return flows.some(({ sides }) => sides[FROM_ASKED].packets > 0);
}

/** Who rejects the packets of the traceroute: an error other than those that it asks for. */
function rejectionOf({ parts }: Sweep): JudgedErrors | undefined {
  return parts.find(
    ({ judged }) => !isHops(judged) && judged.reason !== 'smaller' && judged.reason !== null,
  )?.judged;
}

type Choice = Pick<FindingDraft, 'whyId' | 'rank' | 'kind'>;

const LOOP: Choice = { whyId: 'explain.traceroute.loop', rank: 980, kind: 'icmp-error' };
const REACHED: Choice = { whyId: 'explain.traceroute.reached', rank: 50, kind: 'note' };
const ANSWERED: Choice = { whyId: 'explain.traceroute.answered', rank: 52, kind: 'note' };
const REJECTED: Choice = { whyId: 'explain.traceroute.rejected', rank: 55, kind: 'note' };
const SHORT: Choice = { whyId: 'explain.traceroute.short', rank: 690, kind: 'silent' };

function choose(evidence: Evidence, sweep: Sweep, isLoop: boolean, isRejected: boolean): Choice {
  if (isLoop) return LOOP;
  if (isReached(evidence, sweep)) return REACHED;
  if (isAnswered(sweep)) return ANSWERED;
  return isRejected ? REJECTED : SHORT;
}

function toDraft(evidence: Evidence, sweep: Sweep): FindingDraft {
  const { flows, parts } = sweep;
  const routers = routersOf(evidence.addresses, parts);
  const loop = loopOf(evidence.addresses, parts);
  const rejection = rejectionOf(sweep);
  const choice = choose(evidence, sweep, loop.length > 0, rejection !== undefined);
  const told = parts.filter(isFromRouter);
  const resolved = told.flatMap((part) => part.resolved);
  const last = routers.at(-1)!;
  const facts = plainFacts(
    evidence,
    flows,
    resolved.reduce((sum, { quoted }) => sum + quoted.count, 0),
  );
  const lastTtl = last.ttls.at(-1) ?? null;
  const times = flows.flatMap(({ sides }) => sides.filter(({ packets }) => packets > 0));
  return {
    ...choice,
    whyArgs: {
      ...flowArgs(evidence, flows),
      routers: nameRouters(routers),
      routerCount: routers.length,
      last: last.ip,
      highestTtl: highestOf(flows),
      ...(lastTtl === null ? {} : { lastTtl }),
      ...(facts.targetDistance === null ? {} : { targetDistance: facts.targetDistance }),
      ...(loop.length > 0 ? { again: loop[0]!, between: loop.slice(1).join(', ') } : {}),
      ...(rejection === undefined ? {} : rejectionArgs(evidence, rejection)),
      ...(facts.answeredPorts > 0 ? { answeredPorts: facts.answeredPorts } : {}),
    },
    // Small TTLs are no proof of a traceroute: that is what somebody meant by them.
    certainty: 'medium',
    by: null,
    icmp: { type: told[0]!.judged.group.type, code: 0 },
    flows: flows.slice(0, MAX_CITED_FLOWS).map((flow) => endsOf(evidence, flow)),
    flowCount: flows.length,
    firstMs: Math.min(...times.map(({ firstMs }) => firstMs)),
    lastMs: Math.max(...times.map(({ lastMs }) => lastMs)),
    cited: cite(evidence, told),
    facts,
  };
}

function rejectionArgs({ addresses }: Evidence, { group }: JudgedErrors): Record<string, string> {
  return {
    icmp: icmpLabel(group.family, group.type, group.code),
    sender: addresses.ip(group.sender),
  };
}

/** As many pairs of ports are still readable in a filter. */
const MAX_FILTER_PORTS = 16;

/** All errors of the routers about these flows. */
function cite({ addresses, isNarrowed }: Evidence, parts: readonly Part[]): Cited {
  const resolved = parts.flatMap((part) => part.resolved);
  const frames = resolved
    .flatMap(({ quoted }) => quoted.frames)
    .sort((a, b) => a - b)
    .slice(0, MAX_LISTED_FRAMES);
  const [
    {
      judged: { group },
    },
  ] = parts as [Part];
  const pairs = new Map(
    resolved.map(({ quoted: { tuple } }): [string, DirectedPorts] => [
      `${tuple.srcPort}/${tuple.dstPort}`,
      tuple,
    ]),
  );
  const areAll =
    !isNarrowed &&
    parts.every(
      (part) =>
        part.judged.isWhole &&
        part.resolved.length === part.judged.resolved.length &&
        part.judged.group.furtherCount === 0,
    );
  const isPorted = hasPorts(group.protocol) && resolved.every(({ quoted }) => quoted.hasPorts);
  const areFew = isPorted && pairs.size <= MAX_FILTER_PORTS;
  // Who answers the asker may be asked by another address behind a NAT: then one filter would not do.
  const isOneReceiver = parts.every((part) => part.judged.group.receiver === group.receiver);
  if (!isOneReceiver || !(areFew || areAll))
    return { filter: framesFilter(frames), packets: frames.length, frames };
  const filter = errorsFilter({
    family: group.family,
    type: group.type,
    code: group.code,
    sender: [...new Set(parts.map((part) => addresses.ip(part.judged.group.sender)))],
    receiver: addresses.ip(group.receiver),
    quotedDst: addresses.ip(group.quotedDst),
    protocol: group.protocol,
    ports: areFew ? [...pairs.values()] : null,
  });
  return { filter, packets: resolved.reduce((sum, { quoted }) => sum + quoted.count, 0), frames };
}
