/** Rules 7 to 12: the asked flow got no answer but from routers on the way. */
import { errnoName } from '../errno.ts';
import type { Location, PathPlace } from '../model.ts';
import type { Located, Rule } from './locate.ts';
import { proofOfDrop } from './proofOfDrop.ts';
import { commonArgs, placeArgs } from './reasonArgs.ts';
import { differingHops, type FlowView, firstAnswerAfter, placeAt, type View } from './view.ts';

const nothing = (view: View, whyId: string, extra = {}): Located => ({
  end: 'unknown',
  finding: null,
  whyId,
  whyArgs: { ...commonArgs(view), ...extra },
});

/** Our own side kept the flow from leaving, or nobody on our link takes it. */
export const ownSideFailed: Rule = (view) => {
  const { asked, facts } = view;
  const { ownSide, target } = facts;
  const answers = asked.facts.hops.flatMap((hop) => hop.answers);
  const isUnheard = answers.every(({ answer }) => answer === 'own');
  if (!isUnheard) return null;
  if (ownSide?.route === 'none') {
    return nothing(view, 'path.own.no-route', { errno: ownSide.routeErrno ?? '' });
  }
  if (asked.facts.sendErrno !== 0) {
    return nothing(view, 'path.own.send-failed', { errno: errnoName(asked.facts.sendErrno) });
  }
  if (ownSide?.carrier === false) return nothing(view, 'path.own.link-down');
  const isMissing = ownSide?.neighbour === 'failed' || ownSide?.neighbour === 'incomplete';
  const hasFailed = isMissing || answers.length > 0;
  if (!hasFailed || ownSide?.route === 'local') return null;
  if (ownSide?.gateway !== null && ownSide !== null) {
    return nothing(view, 'path.own.gateway-silent', { gateway: ownSide.gateway });
  }
  const finding: Location = {
    kind: 'route',
    after: { ttl: 0, ip: null },
    before: { ttl: 1, ip: target },
    direction: 'forward',
    by: null,
    rule: 10,
    certainty: 'medium',
  };
  return { ...nothing(view, 'path.own.no-neighbour'), end: 'broken', finding };
};

/** Returns of a router that make a loop, in all flows together: one alone could be a route that changed meanwhile. */
const LOOP_RETURNS = 2;

/** Places where a router comes back although others were between. */
function returnsOf(flow: FlowView): readonly PathPlace[] {
  const seenAt = new Map<string, number>();
  const returns: PathPlace[] = [];
  for (let ttl = 1; ttl <= flow.furthest; ttl++) {
    const ip = flow.exceededAt(ttl)?.ip;
    if (ip === undefined) continue;
    const before = seenAt.get(ip);
    if (before === undefined) seenAt.set(ip, ttl);
    else if (ttl - before >= 2) returns.push({ ttl: before, ip });
  }
  return returns;
}

/** Rule 11: the same routers come again and again. */
export const looped: Rule = (view) => {
  const { asked, controls } = view;
  const [first, ...more] = returnsOf(asked);
  if (first === undefined) return null;
  const others = controls.reduce((count, control) => count + returnsOf(control).length, 0);
  if (1 + more.length + others < LOOP_RETURNS) return null;
  const before = placeAt(asked, first.ttl + 1);
  const finding: Location = {
    kind: 'loop',
    after: first,
    before,
    direction: 'forward',
    by: null,
    rule: 11,
    certainty: asked.facts.isConstant ? 'high' : 'medium',
  };
  const whyArgs = {
    ...commonArgs(view),
    ...placeArgs('after', first),
    ...placeArgs('before', before),
  };
  return { end: 'broken', finding, whyId: 'path.loop', whyArgs };
};

/** Controls that show the same routers as the asked flow as far as it went; all where none does. */
function references(view: View): {
  readonly flows: readonly FlowView[];
  readonly areSame: boolean;
} {
  const { asked, controls } = view;
  const same = controls.filter(
    (control) => differingHops(asked, control, asked.furthest).length === 0,
  );
  return same.length > 0 ? { flows: same, areSame: true } : { flows: controls, areSame: false };
}

/** Rule 12: from other source ports the same port passes: one of several ways drops it. */
export const variesByPath: Rule = (view) => {
  const { asked, variants } = view;
  const last = asked.furthest;
  const passing = variants.filter((flow) => firstAnswerAfter(flow, last) > 0);
  const [first] = passing;
  if (first === undefined) return null;
  const next = firstAnswerAfter(first, last);
  const after = placeAt(asked, last);
  const tried = variants.filter(({ facts }) => (facts.hops[next]?.rounds ?? 0) > 0).length;
  const ways = passing.map((flow) => flow.exceededAt(last)?.ip).filter((ip) => ip !== undefined);
  const [other] = ways.filter((ip) => ip !== after.ip);
  const isByRouter = ways.length > 0 && ways.every((ip) => ip !== after.ip);
  const finding: Location = {
    kind: 'path-variant',
    after,
    before: { ttl: next, ip: null },
    direction: 'forward',
    by: null,
    rule: 12,
    certainty: isByRouter ? 'medium' : 'low',
  };
  const whyArgs = {
    ...commonArgs(view),
    ...placeArgs('after', after),
    passing: passing.length,
    tried: tried + 1,
    ...(other === undefined ? {} : { otherIp: other }),
  };
  return { end: 'dropped', finding, whyId: 'path.variant', whyArgs };
};

/** A control was answered by the target right behind the last router that anybody heard; another one has lost a packet there. */
function isTargetNext({ asked: { furthest }, controls }: View): boolean {
  return (
    controls.every((control) => control.furthest <= furthest) &&
    controls.some(({ reached }) => reached?.ttl === furthest + 1)
  );
}

/** Rule 9: it came to the last router, and not an answer came back. */
export const behindLastRouter: Rule = (view) => {
  const { asked, targetHop } = view;
  const last = asked.furthest;
  if (targetHop === null || (last < targetHop - 1 && !isTargetNext(view))) return null;
  const after = placeAt(asked, last);
  const before = { ttl: last + 1, ip: view.facts.target };
  const finding: Location = {
    kind: 'drop',
    after,
    before,
    direction: 'either',
    by: null,
    rule: 9,
    certainty: 'medium',
  };
  const whyArgs = {
    ...commonArgs(view),
    ...placeArgs('after', after),
    ...placeArgs('before', before),
    targetHop,
  };
  const whyId = view.facts.isSelf
    ? 'path.drop.self'
    : last === 0
      ? 'path.drop.link'
      : 'path.drop.last';
  return { end: 'dropped', finding, whyId, whyArgs };
};

/** Rules 7 and 8: a control goes on where the asked flow ends. */
export const droppedBetween: Rule = (view) => {
  const { asked, facts, targetHop, natHop } = view;
  const { flows, areSame } = references(view);
  const heard = flows.map((flow) => ({ flow, hop: firstAnswerAfter(flow, asked.furthest) }));
  const [next] = heard.filter(({ hop }) => hop > 0).toSorted((a, b) => a.hop - b.hop);
  if (next === undefined) return null;
  const after = placeAt(asked, asked.furthest);
  // Behind a NAT the flow goes to another host than the controls do.
  const isSameWay = areSame && natHop === null;
  const isTarget = next.hop === targetHop;
  // Routers that quote too little may have been further on the way than is known.
  const isPlaced = asked.facts.unplaced.length === 0;
  const ip = isSameWay ? (next.flow.answerAt(next.hop)?.ip ?? null) : null;
  const before = { ttl: next.hop, ip };
  const rule = next.hop === asked.furthest + 1 ? 7 : 8;
  const finding: Location = {
    kind: 'drop',
    after,
    before,
    direction: isTarget || natHop !== null ? 'either' : 'forward',
    by: null,
    rule,
    certainty: !isPlaced
      ? 'low'
      : proofOfDrop(view, next.hop) === 'given'
        ? 'high'
        : isSameWay
          ? 'medium'
          : 'low',
  };
  const whyArgs = {
    ...commonArgs(view),
    ...placeArgs('after', after),
    ...placeArgs('before', before),
    control: controlName(next.flow),
    attempts: facts.flows[0]!.hops[next.hop]?.rounds ?? 0,
    ...(targetHop === null ? {} : { targetHop }),
    ...(natHop === null ? {} : { natHop }),
  };
  const whyId = !areSame ? 'path.drop.differs' : isTarget ? 'path.drop.silent-hops' : 'path.drop';
  return { end: 'dropped', finding, whyId: natHop === null ? whyId : 'path.drop.nat', whyArgs };
};

const controlName = ({ facts: { protocol, port } }: FlowView): string =>
  port === null ? 'ICMP echo' : `${protocol.toUpperCase()} port ${port}`;

/** Rule 10: nothing is heard from beyond the furthest hop, whatever was sent. */
export const broken: Rule = (view) => {
  const { asked, controls } = view;
  const after = placeAt(asked, asked.furthest);
  const hasControl = controls.length > 0;
  const finding: Location = {
    kind: hasControl ? 'route' : 'drop',
    after,
    before: null,
    direction: 'either',
    by: null,
    rule: 10,
    certainty: hasControl && after.ttl > 0 ? 'medium' : 'low',
  };
  const whyArgs = { ...commonArgs(view), ...placeArgs('after', after), maxTtl: view.facts.maxTtl };
  const whyId = !hasControl ? 'path.silent' : after.ttl === 0 ? 'path.nothing' : 'path.broken';
  return { end: hasControl ? 'broken' : 'unknown', finding, whyId, whyArgs };
};
