/** What the rules ask of the facts: where a flow was last seen, where it was answered, and which control went the same way. */
import { distanceOf } from '../match/distance.ts';
import type { PathPlace } from '../model.ts';
import type { FlowFacts, Observation, TraceFacts } from './facts.ts';

/** One flow, read. */
export interface FlowView {
  readonly facts: FlowFacts;
  /** The first time-exceeded at this TTL. */
  exceededAt(ttl: number): Observation | null;
  /** The first answer of any kind at this TTL. */
  answerAt(ttl: number): Observation | null;
  /** Largest TTL that ran out on the way, 0: none did. */
  readonly furthest: number;
  /** First answer of the target's own, or under its address, by TTL; null: none, or none whose TTL can be told. */
  readonly reached: Observation | null;
  /** First error of somebody else, by TTL, time-exceeded aside. */
  readonly refused: Observation | null;
}

/** All flows, and what follows from them together. */
export interface View {
  readonly facts: TraceFacts;
  readonly asked: FlowView;
  readonly controls: readonly FlowView[];
  /** The asked port from other source ports. */
  readonly variants: readonly FlowView[];
  /**
   * Hop of the target: the largest TTL at which any flow is first answered by it, as a nearer answer may be forged (but see
   * {@link isAnsweredNearer}); null.
   */
  readonly targetHop: number | null;
  /** Smallest TTL that ran out at the target's own address, or was quoted with another target, in any flow: a NAT; null. */
  readonly natHop: number | null;
  /** The first answer, by TTL, that quotes the asked flow with other addresses or ports than it was sent with; null. */
  readonly translated: Observation | null;
}

/** Reads the facts. */
export function viewOf(facts: TraceFacts): View {
  const [asked, ...controls] = facts.flows.map(flowView) as [FlowView, ...FlowView[]];
  const flows = [asked, ...controls];
  const hops = flows.flatMap(({ reached }) => (reached === null ? [] : [reached.ttl]));
  const nats = flows.flatMap(natHopsOf);
  const isNearer = asked.reached === null || isAnsweredNearer(asked.reached, flows);
  return {
    facts,
    asked,
    controls,
    variants: facts.variants.map(flowView),
    targetHop: hops.length === 0 ? null : isNearer ? Math.max(...hops) : asked.reached!.ttl,
    natHop: nats.length === 0 ? null : Math.min(...nats),
    translated:
      asked.facts.hops
        .flatMap(({ answers }) => answers)
        .find(({ notes }) => notes?.translated !== undefined) ?? null,
  };
}

/**
 * Whether the asked flow was answered nearer than the target is. That a control was answered further away only is not
 * enough: it may have lost a packet. It has to run out there or beyond, or be answered from another distance, or, where no
 * distance is seen, keep silent again and again while nothing else of the trace is lost and no other control is answered there.
 */
function isAnsweredNearer(said: Observation, flows: readonly FlowView[]): boolean {
  const from = distance(said);
  const controls = flows.slice(1);
  const isLost =
    flows.some(hasLost) ||
    controls.some(({ reached }) => reached !== null && reached.ttl <= said.ttl);
  return controls.some(({ furthest, reached, facts }) => {
    if (furthest >= said.ttl) return true;
    if (reached === null || reached.ttl <= said.ttl) return false;
    if (from === null) return facts.hops[said.ttl]!.rounds >= SILENT_ROUNDS && !isLost;
    return distance(reached) !== null && distance(reached) !== from;
  });
}

/** Whether a hop of the flow was silent in the first round and answered a later one. */
function hasLost({ facts }: FlowView): boolean {
  return facts.hops.some(
    ({ answers }) => answers.length > 0 && answers.every(({ round }) => round > 1),
  );
}

/** Rounds after which a silence is no chance: as many as are made at an edge. */
const SILENT_ROUNDS = 3;

function natHopsOf({ facts }: FlowView): readonly number[] {
  return facts.hops.flatMap(({ answers }, ttl) => (answers.some(isOfNat) ? [ttl] : []));
}

const isOfNat = ({ answer, isTarget, notes }: Observation): boolean =>
  (answer === 'time-exceeded' && isTarget) || (notes?.translated?.destination ?? null) !== null;

/** Reads one flow. */
export function flowView(facts: FlowFacts): FlowView {
  const all = facts.hops.flatMap(({ answers }) => answers);
  const first = (wanted: (one: Observation) => boolean): Observation | null => {
    const found = all.filter(wanted);
    return found.reduce<Observation | null>(
      (least, one) => (least === null || one.ttl < least.ttl ? one : least),
      null,
    );
  };
  const isExceeded = ({ answer }: Observation): boolean => answer === 'time-exceeded';
  const isError = ({ answer }: Observation): boolean =>
    answer === 'unreachable' || answer === 'too-big';
  return {
    facts,
    exceededAt: (ttl) => facts.hops[ttl]?.answers.find(isExceeded) ?? null,
    answerAt: (ttl) => facts.hops[ttl]?.answers[0] ?? null,
    furthest: all.filter(isExceeded).reduce((most, { ttl }) => Math.max(most, ttl), 0),
    reached: first(
      (one) => one.isTarget && !isExceeded(one) && one.answer !== 'too-big' && one.answer !== 'own',
    ),
    refused: first((one) => !one.isTarget && isError(one)),
  };
}

/** Hops up to `ttl` at which both flows were answered by different routers: they go different ways. */
export function differingHops(one: FlowView, other: FlowView, ttl: number): readonly number[] {
  const hops: number[] = [];
  for (let hop = 1; hop <= ttl; hop++) {
    const [a, b] = [one.exceededAt(hop), other.exceededAt(hop)];
    if (a !== null && b !== null && a.ip !== b.ip) hops.push(hop);
  }
  return hops;
}

/** First TTL above `ttl` at which the flow was answered by anybody; 0: none. */
export function firstAnswerAfter(flow: FlowView, ttl: number): number {
  const { hops } = flow.facts;
  for (let hop = ttl + 1; hop < hops.length; hop++) if (hops[hop]!.answers.length > 0) return hop;
  return 0;
}

/** The place of a hop as a flow saw it; TTL 0 is this machine. */
export function placeAt(flow: FlowView, ttl: number): PathPlace {
  return { ttl, ip: flow.answerAt(ttl)?.ip ?? null };
}

/** Hops that the quoted packet had come before it was quoted; null: not seen. */
export function travelled({ ttl, quotedTtl }: Observation): number | null {
  return quotedTtl === null || ttl === 0 ? null : ttl - quotedTtl;
}

/** Distance of the sender by the outer TTL; null: not seen. */
export function distance({ outerTtl }: Observation): number | null {
  return distanceOf(outerTtl);
}
