/** Rules 1 to 6: the asked flow was answered. */
import { icmpLabel, isPortUnreachable } from '../match/icmpMeaning.ts';
import type { Location, PathPlace } from '../model.ts';
import type { Observation } from './facts.ts';
import type { Located, Rule } from './locate.ts';
import { differingHops, distance, type FlowView, placeAt, travelled, type View } from './view.ts';

/** Facts of the sentence that every reason has. */
export function commonArgs({ facts, asked }: View): Record<string, string | number> {
  const { target } = facts;
  return { target, port: asked.facts.port ?? 0, protocol: asked.facts.protocol };
}

/** Facts about a place, where there is one. */
export function placeArgs(
  name: 'after' | 'before',
  place: PathPlace | null,
): Record<string, string | number> {
  if (place === null) return {};
  const ip = place.ip === null ? {} : { [`${name}Ip`]: place.ip };
  return { [`${name}Hop`]: place.ttl, ...ip };
}

const labelOf = (view: View, { icmpType, icmpCode }: Observation): string =>
  icmpLabel(view.facts.family, icmpType, icmpCode);

/** Rule 2: somebody says that the packet is too big for the next link. */
export const tooBig: Rule = (view) => {
  const said = view.asked.refused;
  if (said?.answer !== 'too-big') return null;
  // It is quoted before the TTL is counted down, one hop further than it has come.
  const hop = (travelled(said) ?? said.ttl - 1) + 1;
  const finding: Location = {
    kind: 'mtu',
    after: { ttl: hop, ip: said.ip },
    before: { ttl: hop + 1, ip: null },
    direction: 'forward',
    by: { ip: said.ip, hop },
    mtu: said.mtu,
    rule: 2,
    certainty: travelled(said) === null ? 'medium' : 'high',
  };
  const args = { ...commonArgs(view), by: said.ip, hop, mtu: said.mtu };
  return { end: 'rejected', finding, whyId: 'path.mtu', whyArgs: args };
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

/** Rule 1: the flow is translated on the way; it decides nothing of who answered, and is told where nothing else is wrong. */
function natFinding(view: View, natHop: number): Location {
  return {
    kind: 'nat',
    after: placeAt(view.asked, natHop - 1),
    before: { ttl: natHop, ip: view.facts.target },
    direction: 'forward',
    // Who translates wears the target's address: he is known by the hop alone.
    by: { ip: null, hop: natHop },
    rule: 1,
    certainty: 'high',
  };
}

/** The flow ended at the target, as far as can be told; behind a NAT that is said. */
function atTarget(view: View, whyId: string, extra: Record<string, string | number>): Located {
  const { natHop } = view;
  const args = { ...commonArgs(view), ...extra, ...(natHop === null ? {} : { natHop }) };
  const finding = natHop === null ? null : natFinding(view, natHop);
  return { end: 'reached', finding, whyId, whyArgs: args };
}

/** Rule 4: an ICMP error under the target's address. */
export const rejectedByTarget: Rule = (view) => {
  const said = view.asked.reached;
  if (said?.answer !== 'unreachable') return null;
  const extra = { icmp: labelOf(view, said), hop: said.ttl };
  const { targetHop } = view;
  const quoted = travelled(said);
  const isNearer =
    view.natHop === null &&
    targetHop !== null &&
    (said.ttl < targetHop || (quoted !== null && quoted < targetHop - 1));
  const certainty = isNearer && isProvenNearer(view, said) ? 'high' : 'medium';
  if (isNearer) {
    const hop = said.ttl - 1;
    return {
      end: 'rejected',
      finding: nearerFinding(view, 'reject', hop, 4, certainty),
      whyId: 'path.reject.forged',
      whyArgs: { ...commonArgs(view), ...extra, hop, targetHop },
    };
  }
  const isUdp = view.asked.facts.protocol === 'udp';
  if (isUdp && isPortUnreachable(view.facts.family, said.icmpType, said.icmpCode)) {
    return atTarget(view, 'path.closed.udp', extra);
  }
  const finding: Location = {
    kind: 'reject',
    after: placeAt(view.asked, said.ttl - 1),
    before: { ttl: said.ttl, ip: said.ip },
    direction: 'forward',
    by: { ip: said.ip, hop: said.ttl },
    rule: 4,
    certainty: view.natHop === null && distance(said) === said.ttl ? 'high' : 'medium',
  };
  return {
    end: 'rejected',
    finding,
    whyId: 'path.reject.target',
    whyArgs: { ...commonArgs(view), ...extra },
  };
};

/** A finding about somebody at `hop` who answers in the target's name. */
function nearerFinding(
  view: View,
  kind: Location['kind'],
  hop: number,
  rule: number,
  certainty: Location['certainty'],
): Location {
  const after = placeAt(view.asked, hop);
  return {
    kind,
    after,
    before: { ttl: hop + 1, ip: null },
    direction: 'forward',
    // Who wears the target's address is known by the hop alone.
    by: { ip: null, hop: hop < 1 ? null : hop },
    rule,
    certainty,
  };
}

/**
 * Whether an answer in the target's name is proven to come from the hop before its TTL: its outer TTL says the same, and a
 * control that went the same way is passed on there, by others than the target, so that the target is further away.
 */
function isProvenNearer(view: View, said: Observation): boolean {
  const hop = said.ttl - 1;
  if (hop < 1 || distance(said) !== hop) return false;
  const sender = view.asked.exceededAt(hop);
  return view.controls.some((control) => {
    const beyond = control.exceededAt(said.ttl);
    if (beyond === null || beyond.isTarget || beyond.ip === sender?.ip) return false;
    return sender !== null && differingHops(view.asked, control, hop).length === 0;
  });
}

/** Outer TTL of TCP answers of the target in a control flow, at its own hop; 0: none is known. */
function tcpTtlOfTarget({ controls, targetHop }: View): number {
  const answer = controls
    .filter(({ facts }) => facts.protocol === 'tcp')
    .map(({ reached }) => reached)
    .find((one) => one !== null && one.ttl === targetHop && isTcp(one));
  return answer?.outerTtl ?? 0;
}

const isTcp = ({ answer }: Observation): boolean => answer === 'reset' || answer === 'syn-ack';

/** Rule 5: a RST. */
export const resetBy: Rule = (view) => {
  const said = view.asked.reached;
  if (said?.answer !== 'reset') return null;
  const { targetHop, natHop } = view;
  const isNearer = natHop === null && targetHop !== null && said.ttl < targetHop;
  if (!isNearer) return atTarget(view, 'path.closed.tcp', { hop: said.ttl });
  if (said.outerTtl !== 0 && said.outerTtl === tcpTtlOfTarget(view)) {
    return rewritten(view, said, 'path.ttl-rewrite.closed');
  }
  const hop = said.ttl - 1;
  const certainty = isProvenNearer(view, said) ? 'high' : 'medium';
  return {
    end: 'rejected',
    finding: nearerFinding(view, 'forged-reset', hop, 5, certainty),
    whyId: 'path.forged-reset',
    whyArgs: { ...commonArgs(view), hop, targetHop, ...byArgs(view.asked, hop) },
  };
};

const byArgs = (flow: FlowView, hop: number): Record<string, string> => {
  const { ip } = placeAt(flow, hop);
  return ip === null ? {} : { by: ip };
};

/** The target's own answer, to a packet that should have run out before: its TTL was set anew on the way. */
function rewritten(view: View, said: Observation, whyId: string): Located {
  return {
    end: 'reached',
    finding: {
      ...nearerFinding(view, 'ttl-rewrite', said.ttl - 1, 6, 'medium'),
      by: { ip: null, hop: said.ttl },
    },
    whyId,
    whyArgs: { ...commonArgs(view), hop: said.ttl, targetHop: view.targetHop ?? 0 },
  };
}

/** Rule 6: the port answers. */
export const answered: Rule = (view) => {
  const { asked, targetHop, natHop } = view;
  const accepted = (one: Observation): boolean =>
    one.answer === 'syn-ack' || (one.answer === 'udp-response' && one.isTarget);
  const all = asked.facts.hops.flatMap(({ answers }) => answers.filter(accepted));
  const [said] = all.toSorted((a, b) => a.ttl - b.ttl);
  if (said === undefined) {
    return asked.facts.unplaced.some(accepted) ? atTarget(view, 'path.open', {}) : null;
  }
  if (natHop !== null || targetHop === null || said.ttl >= targetHop) {
    return atTarget(view, 'path.open', { hop: said.ttl });
  }
  const isTargets =
    said.outerTtl !== 0 &&
    (said.answer === 'syn-ack'
      ? said.outerTtl === tcpTtlOfTarget(view)
      : distance(said) === targetHop);
  if (isTargets) return rewritten(view, said, 'path.ttl-rewrite.open');
  const hop = distance(said) ?? said.ttl;
  // Without its TTL the answer may as well be the target's own.
  const certainty = said.outerTtl === 0 ? 'low' : 'medium';
  return {
    end: 'reached',
    finding: { ...nearerFinding(view, 'proxy', said.ttl - 1, 6, certainty), by: { ip: null, hop } },
    whyId: 'path.proxy',
    whyArgs: { ...commonArgs(view), hop, targetHop },
  };
};
