/** What the losses that were seen say of silences: how likely it is that they are losses too. */

/** Asks at one hop that only a loss could leave without an answer, and how many of them it did. */
export interface Trials {
  readonly asked: number;
  readonly lost: number;
}

/** Chance that any source port of a trace is called lost which only lost its packets. */
export const MOST_FALSE = 0.01;

/**
 * Chance that so many further asks in a row are lost. Laplace's rule of succession: each loss makes the next one more likely,
 * so that few trials ask for more silences than many do.
 */
export function chanceOfLosses({ asked, lost }: Trials, silences: number): number {
  let chance = 1;
  for (let i = 0; i < silences; i++) chance *= (lost + 1 + i) / (asked + 2 + i);
  return chance;
}
