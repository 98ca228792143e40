/** Facts of the sentences that rules have in common. */
import { icmpLabel } from '../match/icmpMeaning.ts';
import type { PathPlace } from '../model.ts';
import type { Observation } from './facts.ts';
import type { View } from './view.ts';

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

/** An ICMP error in the words of its table. */
export const labelOf = (view: View, { icmpType, icmpCode }: Observation): string =>
  icmpLabel(view.facts.family, icmpType, icmpCode);
