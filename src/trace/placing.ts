/**
 * Answers of which only the flow is known: routers that quote little do not tell the probe to a wire of sockets. They are
 * placed by who sent them, as another flow may have shown at which hop he is, else by their outer TTL.
 */
import { distanceOf } from '../match/distance.ts';
import type { FlowFacts, Observation } from './facts.ts';

/** Forgets of a flow that was asked again from other sockets what those were told too, by the same sender. */
export function withoutRetold(flows: readonly FlowFacts[]): readonly FlowFacts[] {
  return flows.map((flow) => {
    if (flow.isConstant || flow.unplaced.length === 0) return flow;
    const sayings = ({ answer, ip }: Observation): string => `${answer} ${ip}`;
    const told = new Set(flow.hops.flatMap(({ answers }) => answers.map(sayings)));
    return { ...flow, unplaced: flow.unplaced.filter((one) => !told.has(sayings(one))) };
  });
}

/** Places the time-exceeded of a flow at the hop at which another flow heard the same router, where that is one hop. */
export function placeBySender(flows: readonly FlowFacts[]): readonly FlowFacts[] {
  if (flows.every(({ unplaced }) => unplaced.length === 0)) return flows;
  const hopOf = hopsOfRouters(flows);
  return flows.map((flow) => {
    const ttlOf = (one: Observation): number =>
      one.answer === 'time-exceeded' ? (hopOf.get(one.ip) ?? 0) : 0;
    const placed = flow.unplaced.filter((one) => ttlOf(one) > 0);
    return placed.length === 0 ? flow : move(flow, placed, ttlOf);
  });
}

/** Places what is left where its outer TTL says that its sender is; the flow then is estimated. */
export function placeByDistance(flows: readonly FlowFacts[]): readonly FlowFacts[] {
  return flows.map((flow) => {
    const last = flow.hops.length - 1;
    const ttlOf = (one: Observation): number => Math.min(last, estimatedTtl(one));
    const placed = flow.unplaced.filter((one) => ttlOf(one) > 0);
    return placed.length === 0 ? flow : { ...move(flow, placed, ttlOf), isEstimated: true };
  });
}

/**
 * The TTL that an ICMP error was most likely for: its distance, one more for a rejection behind the TTL check; 0: unknown.
 * A way back of another length makes it wrong, so nothing that rests on it is more than a guess.
 */
function estimatedTtl({ answer, isTarget, outerTtl }: Observation): number {
  const hop = distanceOf(outerTtl);
  const isError = answer === 'time-exceeded' || answer === 'unreachable';
  if (hop === null || !isError) return 0;
  return answer === 'unreachable' && !isTarget ? hop + 1 : hop;
}

/** The flow with these answers at their TTL, and no longer without one. */
function move(
  flow: FlowFacts,
  placed: readonly Observation[],
  ttlOf: (one: Observation) => number,
): FlowFacts {
  const hops = flow.hops.map(({ rounds, answers }, ttl) => {
    const more = placed.filter((one) => ttlOf(one) === ttl).map((one) => ({ ...one, ttl }));
    return { rounds, answers: [...answers, ...more] };
  });
  return { ...flow, hops, unplaced: flow.unplaced.filter((one) => !placed.includes(one)) };
}

/** Router -> the only TTL that ran out there; 0: several did (a loop). */
function hopsOfRouters(flows: readonly FlowFacts[]): ReadonlyMap<string, number> {
  const hopOf = new Map<string, number>();
  for (const { hops } of flows) {
    for (const { answer, ip, ttl } of hops.flatMap(({ answers }) => answers)) {
      if (answer !== 'time-exceeded') continue;
      hopOf.set(ip, (hopOf.get(ip) ?? ttl) === ttl ? ttl : 0);
    }
  }
  return hopOf;
}
