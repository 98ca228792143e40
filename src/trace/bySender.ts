/**
 * Answers of which only the flow is known, placed by who sent them: routers that quote little do not tell the probe to a
 * wire of sockets, but another flow may have shown at which hop they are.
 */
import type { FlowFacts, Observation } from './facts.ts';

/** Places the time-exceeded of a flow at the hop at which another flow heard the same router, where that is one hop. */
export function placeBySender(flows: readonly FlowFacts[]): readonly FlowFacts[] {
  if (flows.every(({ unplaced }) => unplaced.length === 0)) return flows;
  const hopOf = hopsOfRouters(flows);
  return flows.map((flow) => {
    const ttlOf = (one: Observation): number =>
      one.answer === 'time-exceeded' ? (hopOf.get(one.ip) ?? 0) : 0;
    const placed = flow.unplaced.filter((one) => ttlOf(one) > 0);
    if (placed.length === 0) return flow;
    const hops = flow.hops.map(({ rounds, answers }, ttl) => {
      const more = placed.filter((one) => ttlOf(one) === ttl).map((one) => ({ ...one, ttl }));
      return { rounds, answers: [...answers, ...more] };
    });
    return { ...flow, hops, unplaced: flow.unplaced.filter((one) => ttlOf(one) === 0) };
  });
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
