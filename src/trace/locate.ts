/**
 * Where a flow fails: facts -> end, finding, reason. Pure. The rules stand in one table, the first that speaks wins.
 *
 * Two facts of Linux carry most of it: a router checks the TTL before its FORWARD hook, so that a packet that is dropped
 * there at hop k still runs out at hop k when its TTL is k; and an ICMP error quotes the packet as it was when it died.
 */
import type { Location, PathEnd } from '../model.ts';
import type { FlowFacts, TraceFacts } from './facts.ts';
import { refineByMtu } from './rulesOfMtu.ts';
import { refineByPassage } from './rulesOfPassage.ts';
import {
  behindLastRouter,
  broken,
  droppedBetween,
  looped,
  ownSideFailed,
  variesByPath,
} from './rulesOfSilence.ts';
import { refineBySources } from './rulesOfSources.ts';
import { answered, rejectedByTarget, resetBy } from './rulesOfTarget.ts';
import { rejectedOnTheWay, tooBig } from './rulesOfTheWay.ts';
import { type View, viewOf } from './view.ts';

/** What the rules conclude. */
export interface Located {
  readonly end: PathEnd;
  readonly finding: Location | null;
  /** Key of the sentence catalogue (report/whyPath.ts). */
  readonly whyId: string;
  readonly whyArgs: Readonly<Record<string, string | number>>;
}

/** A rule: what follows from the view, or null where it does not speak. */
export type Rule = (view: View) => Located | null;

/**
 * The rules in the order in which they are asked; a rule gives its own number in its finding. What a study has found
 * refines it: rule 12 by source ports, rules 2 and 13 by sizes, 8 to 10 by passage
 * (rulesOfSources.ts, rulesOfMtu.ts, rulesOfPassage.ts).
 */
export const RULES: readonly (readonly [name: string, rule: Rule])[] = [
  ['own side', ownSideFailed],
  ['2 too big', tooBig],
  ['3 rejected on the way', rejectedOnTheWay],
  ['6 answered', answered],
  ['4 rejected under the target’s address', rejectedByTarget],
  ['5 reset', resetBy],
  ['11 loop', looped],
  ['12 varies by path', variesByPath],
  ['9 behind the last router', behindLastRouter],
  ['7, 8 dropped between', droppedBetween],
  ['10 broken', broken],
];

const isEstimated = (flow: FlowFacts): boolean => flow.isEstimated;

/** What rests on hops that were placed by the distance of their answers is a guess. */
function lessSure(located: Located): Located {
  const { finding } = located;
  if (finding === null) return located;
  return { ...located, finding: { ...finding, certainty: 'low' } };
}

/** Locates the failure; the last rule always speaks. */
export function locate(facts: TraceFacts): Located {
  const view = viewOf(facts);
  for (const [, rule] of RULES) {
    const located = rule(view);
    if (located === null) continue;
    const refined = refineByPassage(view, refineByMtu(view, refineBySources(view, located)));
    return facts.flows.some(isEstimated) ? lessSure(refined) : refined;
  }
  throw new Error('no rule speaks: the last one always does');
}
