/**
 * Recognises the limit that Linux puts on ICMP errors: six at once, then one in each period, for each receiver
 * (net/ipv4/inetpeer.c, inet_peer_xrlim_allow; the period is net.ipv4.icmp_ratelimit, net.ipv6.icmp.ratelimit).
 */
import { icmpMeaning } from '../match/icmpMeaning.ts';
import { errorsFilter, framesFilter } from './displayFilter.ts';
import { type Evidence, hasAnswered, MAX_LISTED_FRAMES } from './evidence.ts';
import type { FindingDraft } from './finding.ts';
import { FROM_ASKER } from './flow.ts';
import type { ErrorGroup } from './icmpErrors.ts';
import { hasPorts, protocolName } from './protocols.ts';

/** Tokens of a full bucket (XRLIM_BURST_FACTOR). */
const BURST = 6;
/** Periods in use, ms: IPv4, and IPv6 before and after Linux 6.18. */
const PERIODS_MS = [1000, 100] as const;
/** Share of a token that jiffies and the capture's stamps may be off. */
const GUARD = 0.05;
/** Errors that must have come while the bucket was nearly empty, the last of the burst included: fewer can be chance. */
const MIN_PACED = 4;
const NEARLY_EMPTY = 2;

/** The findings of all groups whose errors came in the rhythm of a limiter while requests stayed unanswered. */
export function limiterFindings(evidence: Evidence): FindingDraft[] {
  return evidence.errors.groups.flatMap((group) => {
    if (icmpMeaning(group.family, group.type, group.code).kind !== 'state') return [];
    const periodMs = PERIODS_MS.find((period) => isPacedBy(group.timesMs, period));
    if (periodMs === undefined) return [];
    const silent = unansweredOf(evidence, group);
    return silent > 0 ? [toDraft(evidence, group, periodMs, silent)] : [];
  });
}

/** Whether errors came at no other times than such a bucket allows, and often enough while it was nearly empty. */
export function isPacedBy(timesMs: readonly number[], periodMs: number): boolean {
  let tokens: number = BURST;
  let beforeMs = timesMs[0] ?? 0;
  let paced = 0;
  for (const atMs of timesMs) {
    tokens = Math.min(BURST, tokens + (atMs - beforeMs) / periodMs);
    if (tokens < 1 - GUARD) return false;
    if (tokens < NEARLY_EMPTY) paced++;
    tokens = Math.max(0, tokens - 1);
    beforeMs = atMs;
  }
  return paced >= MIN_PACED;
}

/** Packets from the errors' receiver to the host that they are about which got neither an answer nor an error. */
function unansweredOf({ table }: Evidence, group: ErrorGroup): number {
  let silent = 0;
  for (const flow of table.flows) {
    if (flow.asker !== group.receiver || flow.asked !== group.quotedDst) continue;
    if (flow.protocol !== group.protocol || hasAnswered(flow)) continue;
    silent += Math.max(0, flow.sides[FROM_ASKER].packets - flow.errorCount);
  }
  return silent;
}

function toDraft(
  { addresses, isNarrowed, answeredPorts }: Evidence,
  group: ErrorGroup,
  periodMs: number,
  silent: number,
): FindingDraft {
  const frames = group.quoted
    .flatMap((quoted) => quoted.frames)
    .sort((a, b) => a - b)
    .slice(0, MAX_LISTED_FRAMES);
  const ip = addresses.ip(group.sender);
  const ends = {
    family: group.family,
    type: group.type,
    code: group.code,
    sender: ip,
    receiver: addresses.ip(group.receiver),
    quotedDst: addresses.ip(group.quotedDst),
    protocol: group.protocol,
  };
  const isAll = !isNarrowed || !hasPorts(group.protocol);
  const isTarget = group.sender === group.quotedDst;
  return {
    kind: 'icmp-limited',
    rank: 650,
    whyId: 'explain.icmp.limited',
    whyArgs: {
      sender: ip,
      client: ends.receiver,
      target: ends.quotedDst,
      protocol: protocolName(group.protocol),
      count: group.count,
      silent,
      periodMs,
    },
    certainty: 'medium',
    by: { ip, role: isTarget ? 'target' : 'path', hop: null },
    icmp: { type: group.type, code: group.code },
    flows: [],
    flowCount: group.quoted.length,
    firstMs: group.firstMs,
    lastMs: group.lastMs,
    cited: isAll
      ? { filter: errorsFilter({ ...ends, ports: null }), packets: group.count, frames }
      : { filter: framesFilter(frames), packets: frames.length, frames },
    facts: {
      askedPorts: [],
      ttl: group.quoted[0]?.ttl ?? -1,
      quotedTtl: -1,
      distance: null,
      targetDistance: null,
      targetTtl: -1,
      travelled: null,
      wearsTarget: isTarget,
      quoteBytes: group.quoteBytes,
      nat: [],
      isTcp: false,
      answeredPorts: answeredPorts(group.quotedDst),
      tookMs: -1,
      acceptedForMs: -1,
      count: group.count,
    },
  };
}
