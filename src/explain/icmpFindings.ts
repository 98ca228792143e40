/** ICMP errors and the flows that they kill. */
import { icmpLabel, icmpMeaning } from '../match/icmpMeaning.ts';
import type { Family } from '../model.ts';
import { IP_PROTOCOL } from '../packet/ip.ts';
import { type DirectedPorts, errorsFilter, framesFilter } from './displayFilter.ts';
import {
  type Evidence,
  endsOf,
  hasAnswered,
  MAX_CITED_FLOWS,
  MAX_LISTED_FRAMES,
  portList,
} from './evidence.ts';
import type { Cited, FindingDraft, FlowEnds } from './finding.ts';
import { FROM_ASKER, type Side } from './flow.ts';
import { isFromAsker } from './flowTable.ts';
import type { ErrorGroup, QuotedFlow } from './icmpErrors.ts';
import { chooseWhy } from './icmpWhy.ts';
import { type JudgedErrors, lowestTtl, type Resolved } from './judgedErrors.ts';
import { hasPorts, protocolName } from './protocols.ts';
import { isQuoteOf, natSigns } from './quoteNat.ts';
import { hostTtl, senderOf } from './sender.ts';

/** All errors of the capture, each group judged; what is quoted of requests and of answers apart. */
export function judgeErrors(evidence: Evidence): JudgedErrors[] {
  return evidence.errors.groups.flatMap((group) => {
    const resolved = group.quoted.map((quoted) => resolve(evidence, quoted));
    const parts = [false, true]
      .map((isAnswer) => resolved.filter((one) => one.isAnswer === isAnswer))
      .filter((part) => part.length > 0);
    return parts.map((part) => judge(evidence, group, part, parts.length === 1));
  });
}

function resolve(evidence: Evidence, quoted: QuotedFlow): Resolved {
  const { tuple } = quoted;
  const flow = evidence.table.find(tuple);
  if (flow !== null) {
    const isAnswer = !isFromAsker(flow, tuple) || evidence.strangerAnswers.has(flow);
    return { quoted, flow, isAnswer };
  }
  const siblings = evidence.askers.flowsOf(tuple.protocol, tuple.src, tuple.srcPort);
  const translated = siblings.find(({ originals }) =>
    originals.some((original) => isQuoteOf(quoted, original)),
  );
  return { quoted, flow: translated ?? null, isAnswer: false };
}

function reasonOf(family: Family, type: number, code: number): JudgedErrors['reason'] {
  const meaning = icmpMeaning(family, type, code);
  if (meaning.kind === 'state') return meaning.reason;
  return meaning.kind === 'smaller' ? 'smaller' : null;
}

/** The flow that a group is compared with: the first that was captured. */
function seenOf(resolved: readonly Resolved[]): {
  readonly seen: Resolved;
  readonly side: Side | undefined;
} {
  const seen = resolved.find(({ flow }) => flow !== null) ?? resolved[0]!;
  return { seen, side: seen.flow?.sides[seen.isAnswer ? 1 : 0] };
}

function judge(
  { addresses }: Evidence,
  group: ErrorGroup,
  resolved: readonly Resolved[],
  isWhole: boolean,
): JudgedErrors {
  const [first] = resolved as [Resolved];
  const { seen, side } = seenOf(resolved);
  const sender = senderOf(addresses, {
    sender: group.sender,
    quotedSrc: first.quoted.tuple.src,
    quotedDst: group.quotedDst,
    ttl: group.severalTtls ? 0 : seen.quoted.ttl,
    quotedTtl: Math.max(0, seen.quoted.quotedTtl),
    seenTtl: side === undefined || side.otherTtl > 0 ? 0 : side.ttl,
  });
  // Of an answer only the ends can be compared: its original is not kept.
  const nat = natSigns(addresses, group, seen.quoted, seen.isAnswer ? null : seen.flow);
  const reason = reasonOf(group.family, group.type, group.code);
  return { group, resolved, isWhole, isAnswer: first.isAnswer, sender, reason, nat };
}

/** The finding of one group. */
export function toErrorFinding(evidence: Evidence, judged: JudgedErrors): FindingDraft {
  const { addresses } = evidence;
  const { group, resolved, isWhole, isAnswer, sender, nat } = judged;
  const { type, code } = group;
  const { seen, side } = seenOf(resolved);
  const { whyId, rank, certainty } = chooseWhy(judged);
  const count =
    resolved.reduce((sum, { quoted }) => sum + quoted.count, 0) +
    (isWhole ? group.furtherCount : 0);
  const asked = resolved.map(({ quoted }) => quoted.tuple.dstPort);
  return {
    kind: 'icmp-error',
    rank,
    whyId,
    whyArgs: toArgs(evidence, judged, count),
    certainty,
    // Of an answer the destination is the host that asked.
    by: isAnswer && sender.place === 'asked' ? { ...sender.by, role: 'local' } : sender.by,
    icmp: { type, code },
    flows: resolved.slice(0, MAX_CITED_FLOWS).map((one) => toEnds(evidence, one)),
    flowCount: resolved.length,
    firstMs: Math.min(...resolved.map(({ quoted }) => quoted.firstMs)),
    lastMs: Math.max(...resolved.map(({ quoted }) => quoted.lastMs)),
    cited: cite(evidence, group, resolved, isWhole),
    facts: {
      askedPorts: [...new Set(asked)].slice(0, MAX_CITED_FLOWS),
      ttl: seen.quoted.ttl,
      quotedTtl: seen.quoted.quotedTtl,
      distance: sender.distance,
      targetDistance: sender.targetDistance,
      targetTtl: hostTtl(addresses, group.quotedDst),
      travelled: sender.travelled,
      wearsTarget: group.sender === group.quotedDst,
      quoteBytes: group.quoteBytes,
      nat,
      isTcp: group.protocol === IP_PROTOCOL.TCP,
      answeredPorts: evidence.answeredPorts(group.quotedDst),
      tookMs: side === undefined ? -1 : seen.quoted.firstMs - side.firstMs,
      acceptedForMs: -1,
      count,
    },
  };
}

function toEnds(evidence: Evidence, { quoted, flow }: Resolved): FlowEnds {
  if (flow !== null) {
    const ends = endsOf(evidence, flow);
    // The answer of a stranger is a flow of its own, which the stranger began.
    if (!evidence.strangerAnswers.has(flow) || !isFromAsker(flow, quoted.tuple)) return ends;
    const { from, fromPort, to, toPort } = ends;
    return { ...ends, from: to, fromPort: toPort, to: from, toPort: fromPort };
  }
  const { tuple, hasPorts: isPorted } = quoted;
  return {
    protocol: protocolName(tuple.protocol),
    from: evidence.addresses.ip(tuple.src),
    fromPort: isPorted ? tuple.srcPort : null,
    to: evidence.addresses.ip(tuple.dst),
    toPort: isPorted ? tuple.dstPort : null,
  };
}

function toArgs(
  evidence: Evidence,
  { group, resolved, isAnswer, sender, nat }: JudgedErrors,
  count: number,
): Record<string, string | number> {
  const { addresses } = evidence;
  const [{ quoted }] = resolved as [Resolved];
  const { tuple } = quoted;
  const args: Record<string, string | number> = {
    icmp: icmpLabel(group.family, group.type, group.code),
    protocol: protocolName(group.protocol),
    sender: addresses.ip(group.sender),
    target: addresses.ip(isAnswer ? tuple.src : group.quotedDst),
    client: addresses.ip(isAnswer ? group.quotedDst : tuple.src),
    count,
    flows: resolved.length,
  };
  if (hasPorts(group.protocol) && quoted.hasPorts) {
    const ports = resolved.map((one) =>
      isAnswer ? one.quoted.tuple.srcPort : one.quoted.tuple.dstPort,
    );
    args['ports'] = portList(ports);
    args['portCount'] = new Set(ports).size;
    args['port'] = ports[0]!;
  }
  if (sender.distance !== null && !group.severalTtls) args['distance'] = sender.distance;
  if (sender.targetDistance !== null) args['targetDistance'] = sender.targetDistance;
  if (sender.travelled !== null) args['travelled'] = sender.travelled;
  if (group.mtu > 0) args['mtu'] = group.mtu;
  if (nat.length > 0) args['nat'] = nat.join('; ');
  const request = resolved.find(({ flow }) => flow?.datagrams?.request)?.flow?.datagrams?.request;
  if (request !== undefined && request !== null) {
    args['request'] = request.protocol;
    if (request.isParsed) args['asks'] = request.asks;
  }
  if (!isAnswer) Object.assign(args, answeredArgs(evidence, group, resolved));
  const unseen = resolved.filter(({ flow }) => flow === null).length;
  if (unseen > 0) args['unseen'] = unseen;
  const lowest = lowestTtl(resolved);
  if (lowest !== null) args['lowestTtl'] = lowest;
  const loops = Math.max(0, ...resolved.map(({ flow }) => flow?.sides[FROM_ASKER].loopMost ?? 0));
  if (loops > 0) args['passes'] = loops + 1;
  return args;
}

/** Whether the same flows, and other ports of the host, were answered all the same. */
function answeredArgs(
  evidence: Evidence,
  { quotedDst }: ErrorGroup,
  resolved: readonly Resolved[],
): Record<string, number> {
  const answered = resolved.filter(({ flow }) => flow !== null && hasAnswered(flow)).length;
  const answeredPorts = evidence.answeredPorts(quotedDst);
  return {
    ...(answered > 0 ? { answered } : {}),
    ...(answeredPorts > 0 ? { answeredPorts } : {}),
  };
}

/** A filter by ports, where so many are still readable; beyond, a whole group is selected by its ends alone. */
const MAX_FILTER_PORTS = 16;

function cite(
  { addresses, isNarrowed }: Evidence,
  group: ErrorGroup,
  resolved: readonly Resolved[],
  isWhole: boolean,
): Cited {
  const frames = resolved
    .flatMap(({ quoted }) => quoted.frames)
    .sort((a, b) => a - b)
    .slice(0, MAX_LISTED_FRAMES);
  const isPorted = resolved.every(({ quoted }) => quoted.hasPorts);
  const few = resolved.length <= MAX_FILTER_PORTS && group.furtherCount === 0;
  const base = {
    family: group.family,
    type: group.type,
    code: group.code,
    sender: addresses.ip(group.sender),
    receiver: addresses.ip(group.receiver),
    quotedDst: addresses.ip(group.quotedDst),
    protocol: group.protocol,
  };
  const count = resolved.reduce((sum, { quoted }) => sum + quoted.count, 0);
  if (few && isPorted && hasPorts(group.protocol)) {
    const ports = resolved.map(({ quoted }): DirectedPorts => quoted.tuple);
    return { filter: errorsFilter({ ...base, ports }), packets: count, frames };
  }
  if (isWhole && !isNarrowed)
    return { filter: errorsFilter({ ...base, ports: null }), packets: group.count, frames };
  return { filter: framesFilter(frames), packets: frames.length, frames };
}
