/** Which sentence a group of ICMP errors gets, how telling it is, and how sure it may be said. */
import { IP_PROTOCOL } from '../packet/ip.ts';
import type { Certainty } from './finding.ts';
import { LOOP_PASSES, SURE_LOOP_PASSES } from './flow.ts';
import { type JudgedErrors, lowestTtl } from './judgedErrors.ts';
import { PROBE_TTL } from './probes.ts';

/** The sentence, and the weight of the finding. */
export interface Why {
  readonly whyId: string;
  readonly rank: number;
  readonly certainty: Certainty;
}

const RANK = {
  kills: 1000,
  doubtful: 900,
  answerRefused: 500,
  survived: 400,
  traceroute: 50,
} as const;

/** Chooses by what was said, by whom, and about what. */
export function chooseWhy(judged: JudgedErrors): Why {
  const { sender, isAnswer } = judged;
  const why = isAnswer ? ofAnswer(judged) : (ofHops(judged) ?? ofRequest(judged));
  // What a host says of its own packets it says to itself: nobody else is there to be mistaken for it.
  const needsOriginal = sender.place !== 'asker' && isUnseen(judged);
  const certainty: Certainty =
    needsOriginal && sender.certainty === 'high' ? 'medium' : sender.certainty;
  const survived = !isAnswer && didSurvive(judged);
  const more = Math.min(90, judged.group.count);
  return {
    certainty,
    ...why,
    rank: (survived ? Math.min(why.rank, RANK.survived) : why.rank) + more / 100,
  };
}

type Choice = Pick<Why, 'whyId' | 'rank'> & Partial<Pick<Why, 'certainty'>>;

function isUnseen({ resolved }: JudgedErrors): boolean {
  return resolved.every(({ flow }) => flow === null);
}

/** The flows went on after the errors. */
function didSurvive({ resolved }: JudgedErrors): boolean {
  return resolved.every(
    ({ flow, quoted }) =>
      flow !== null && flow.sides[1].packets > 0 && flow.sides[1].lastMs > quoted.lastMs,
  );
}

function ofAnswer({ reason, sender }: JudgedErrors): Choice {
  const isRefused = reason === 'port-unreach' && sender.place === 'asked';
  return {
    whyId: isRefused ? 'explain.icmp.answer-refused' : 'explain.icmp.answer-lost',
    rank: RANK.answerRefused,
  };
}

/** Packets that ran out of hops, and the end of a traceroute; null for all else. */
function ofHops(judged: JudgedErrors): Choice | null {
  const { reason, group, resolved, sender } = judged;
  const lowest = lowestTtl(resolved);
  const wasProbing = lowest !== null && lowest <= PROBE_TTL && !isLooping(judged);
  if (reason === 'port-unreach' && sender.place === 'asked' && group.protocol === IP_PROTOCOL.UDP) {
    // Small TTLs are no proof of a traceroute: that is what somebody meant by them.
    const end = { whyId: 'explain.icmp.traceroute-end', rank: RANK.traceroute } as const;
    return wasProbing ? { ...end, certainty: 'medium' } : null;
  }
  if (reason !== 'time-exceeded') return null;
  if (group.code === 1) return { whyId: 'explain.icmp.reassembly', rank: RANK.doubtful };
  if (group.sender === group.quotedDst) {
    return { whyId: 'explain.icmp.hops-at-target', rank: RANK.doubtful, certainty: 'high' };
  }
  if (isLooping(judged)) {
    const certainty = isLooping(judged, SURE_LOOP_PASSES) ? 'high' : 'medium';
    return { whyId: 'explain.icmp.loop-seen', rank: RANK.kills, certainty };
  }
  if (wasProbing) {
    return { whyId: 'explain.icmp.traceroute', rank: RANK.traceroute, certainty: 'medium' };
  }
  return { whyId: 'explain.icmp.hops', rank: RANK.kills };
}

function isLooping({ resolved }: JudgedErrors, passes = LOOP_PASSES): boolean {
  return resolved.some(({ flow }) => flow !== null && flow.sides[0].loopMost >= passes);
}

function ofRequest({ reason, sender, group }: JudgedErrors): Choice {
  const kills = RANK.kills;
  if (reason === 'smaller') return { whyId: 'explain.icmp.too-big', rank: kills };
  if (sender.place === 'asker') return { whyId: 'explain.icmp.own-side', rank: kills };
  if (sender.place === 'nearer') return { whyId: 'explain.icmp.nearer', rank: kills };
  const place = sender.place === 'between' ? 'path' : 'target';
  switch (reason) {
    case 'port-unreach':
      return { whyId: portWhy(place, group.protocol), rank: kills };
    case 'net-prohibited':
    case 'host-prohibited':
    case 'admin-prohibited':
      return { whyId: `explain.icmp.prohibited.${place}`, rank: kills };
    case 'proto-unreach':
      return { whyId: 'explain.icmp.protocol', rank: kills };
    case 'param-problem':
      return { whyId: 'explain.icmp.parameter', rank: RANK.doubtful };
    case null:
      return { whyId: 'explain.icmp.other', rank: RANK.doubtful };
    default:
      return { whyId: `explain.icmp.route.${place}`, rank: kills };
  }
}

function portWhy(place: 'path' | 'target', protocol: number): string {
  if (place === 'path') return 'explain.icmp.port.path';
  return protocol === IP_PROTOCOL.TCP ? 'explain.icmp.port.target-tcp' : 'explain.icmp.port.target';
}
