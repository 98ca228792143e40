/** When a drop is certain (ADR 0019), and whether more rounds can make it so. */
import type { Observation } from './facts.ts';
import { differingHops, type FlowView, type View } from './view.ts';

/** Source ports from which the asked port must be silent: fewer than these could all have gone one of two ways by chance. */
const PROVING_VARIANTS = 6;
/** Rounds in which the asked flow must be silent, and its control heard. */
const PROVING_ROUNDS = 3;

/**
 * Whether it is proven that the asked flow is dropped before `hop`: `given`; `missing`, as answers of the control are, or
 * rounds; or `never`, whatever is asked.
 *
 * It asks for silence of the asked port in every round and from every source port, while the control of its protocol was
 * heard in as many rounds, on one way, and nobody else was heard there. A router that hides itself from this protocol, or a
 * second way, would have to hide from all of them.
 *
 * A router that rejects the port and is out of ICMP errors is silent, too: the last one that was heard has to answer the
 * control again in rounds of the edge, where it is asked behind the port (edges.ts). A limiter refuses in order.
 */
export function proofOfDrop(view: View, hop: number): 'given' | 'missing' | 'never' {
  const { asked, controls, targetHop, natHop } = view;
  const [same] = controls;
  if (same === undefined || same.facts.protocol !== asked.facts.protocol) return 'never';
  if (natHop !== null || hop === targetHop || !asked.facts.isConstant) return 'never';
  if (differingHops(asked, same, asked.furthest).length > 0) return 'never';
  const silent = view.variants.filter((variant) => isSilentAt(variant, hop));
  if (silent.length < view.variants.length || silent.length < PROVING_VARIANTS) return 'never';
  const heard = (same.facts.hops[hop]?.answers ?? []).map(({ round }) => round);
  const senders = controls.flatMap(({ facts }) => answersAt(facts, hop).map(({ ip }) => ip));
  // One that was never heard there hides from its protocol, or is not passed either.
  if (heard.length === 0 || new Set(senders).size > 1) return 'never';
  // The target, or who answers in its name: what is lost there may be the answer.
  if (controls.some(({ facts }) => answersAt(facts, hop).some(isOfTarget))) return 'never';
  const speaking = new Set(answersAt(same.facts, asked.furthest).map(({ round }) => round));
  const isHeardBefore =
    asked.furthest === 0 || [...speaking].filter((round) => round > 1).length >= PROVING_ROUNDS - 1;
  const areRoundsEnough =
    roundsAt(asked, hop) >= PROVING_ROUNDS &&
    silent.every((variant) => roundsAt(variant, hop) >= PROVING_ROUNDS - 1);
  const isGiven = isHeardBefore && areRoundsEnough && new Set(heard).size >= PROVING_ROUNDS;
  return isGiven ? 'given' : 'missing';
}

const isOfTarget = ({ isTarget }: Observation): boolean => isTarget;

const answersAt = ({ hops }: FlowView['facts'], hop: number) => hops[hop]?.answers ?? [];

const roundsAt = ({ facts }: FlowView, hop: number): number => facts.hops[hop]?.rounds ?? 0;

/** Silence of a flow that did leave. */
const isSilentAt = ({ facts }: FlowView, hop: number): boolean =>
  facts.sendErrno === 0 && answersAt(facts, hop).length === 0;
