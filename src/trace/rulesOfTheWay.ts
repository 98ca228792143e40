/** Rules 2 and 3: somebody on the way says that he does not pass the packet on. */
import type { Location } from '../model.ts';
import type { Observation } from './facts.ts';
import type { Rule } from './locate.ts';
import { commonArgs, labelOf } from './reasonArgs.ts';
import { distance, placeAt, travelled, type View } from './view.ts';

/** It is quoted before the TTL is counted down, one hop further than it has come. */
export const hopOfTooBig = (said: Observation): number => (travelled(said) ?? said.ttl - 1) + 1;

/** What is found by a "too big"; behind a translation its hop is a guess. */
export function tooBigFinding(said: Observation, isTranslated: boolean): Location {
  const hop = hopOfTooBig(said);
  return {
    kind: 'mtu',
    after: { ttl: hop, ip: said.ip },
    before: { ttl: hop + 1, ip: null },
    direction: 'forward',
    by: { ip: said.ip, hop },
    mtu: said.mtu,
    rule: 2,
    certainty: isTranslated || travelled(said) === null ? 'medium' : 'high',
  };
}

/** Rule 2: somebody says that the packet is too big for the next link. */
export const tooBig: Rule = (view) => {
  const said = view.asked.refused;
  if (said?.answer !== 'too-big') return null;
  const args = { ...commonArgs(view), by: said.ip, hop: hopOfTooBig(said), mtu: said.mtu };
  return {
    end: 'rejected',
    finding: tooBigFinding(said, false),
    whyId: 'path.mtu',
    whyArgs: args,
  };
};

/** Codes that a router says of its own table: net, host (3/0, 3/1; v6 no route, address unreachable, reject route). */
function isAboutRoute(view: View, { icmpType, icmpCode }: Observation): boolean {
  if (view.facts.family === 4) return icmpType === 3 && [0, 1, 6, 7].includes(icmpCode);
  return icmpType === 1 && [0, 3, 6].includes(icmpCode);
}

/** Where a rejection was made: a FORWARD hook has counted the TTL down and lets it run out too, a route has not. */
interface RejectPlace {
  readonly hop: number;
  readonly isForward: boolean;
  readonly certainty: 'high' | 'medium';
}

/**
 * The hop of a rejection, by as many of four witnesses as there are: the TTL at which it is first made, the TTL at which the
 * same router lets the flow run out, the quoted TTL, and the outer TTL. Certain where two agree and none contradicts.
 */
function rejectPlace({ asked }: View, said: Observation): RejectPlace {
  const ranOutAt = asked.facts.hops.findLastIndex(({ answers }) =>
    answers.some(({ answer, ip }) => answer === 'time-exceeded' && ip === said.ip),
  );
  const isForward = ranOutAt > 0;
  const hop = isForward ? ranOutAt : said.ttl;
  const quoted = travelled(said);
  const outer = distance(said);
  const witnesses = [
    ...(isForward
      ? [said.ttl === hop + 1]
      : asked.exceededAt(hop - 1) !== null || hop === 1
        ? [true]
        : []),
    ...(quoted === null ? [] : [quoted === (isForward ? hop : hop - 1)]),
    ...(outer === null ? [] : [outer === hop]),
  ];
  const areSure = witnesses.length >= 2 && witnesses.every((agrees) => agrees);
  return { hop, isForward, certainty: areSure ? 'high' : 'medium' };
}

/** A neighbour that does not answer is given up after three requests, a second apart (Linux: net.ipv4.neigh mcast_solicit). */
const NEIGHBOUR_FAILED_MS = 2500;

/** Rule 3: somebody on the way rejects. */
export const rejectedOnTheWay: Rule = (view) => {
  const said = view.asked.refused;
  if (said === null) return null;
  if (said.ttl === 0) return null;
  const { hop, isForward, certainty } = rejectPlace(view, said);
  const isLate = (said.rttMs ?? 0) > NEIGHBOUR_FAILED_MS;
  const isRoute = isAboutRoute(view, said) && (!isForward || isLate);
  const args = {
    ...commonArgs(view),
    by: said.ip,
    hop,
    icmp: labelOf(view, said),
  };
  const finding: Location = {
    kind: isRoute ? 'route' : 'reject',
    after: isForward ? { ttl: hop, ip: said.ip } : placeAt(view.asked, hop - 1),
    before: isForward ? { ttl: hop + 1, ip: null } : { ttl: hop, ip: said.ip },
    direction: 'forward',
    by: { ip: said.ip, hop },
    rule: 3,
    certainty,
  };
  const whyId =
    isLate && isRoute
      ? 'path.no-neighbour'
      : isRoute
        ? 'path.route'
        : isForward
          ? 'path.reject.forward'
          : 'path.reject.ingress';
  return { end: 'rejected', finding, whyId, whyArgs: args };
};
