/**
 * A report whose ports are grouped by what they say: the input of the text report. A scan of all ports makes a verdict
 * only for the first of each large group; `summarize` makes the same of a whole report.
 */
import type { Report, Verdict } from '../model.ts';

/** Ports of one target and protocol with the same state, reason, sender and sentence. */
export interface AlikePorts {
  readonly first: Verdict;
  /** All its ports, in the order of the plan. */
  readonly ports: readonly number[];
  /** All its verdicts, or null where they are too many to be listed. */
  readonly listed: readonly Verdict[] | null;
}

/** A report whose verdicts are grouped: ports of one host that say the same stand together. */
export interface Summary extends Omit<Report, 'verdicts'> {
  readonly groups: readonly AlikePorts[];
}

/** Ports of one host that say the same are counted instead of listed beyond this many, as nmap does; open ones never. */
export const COLLAPSE_OVER = 25;

/** Whether so many ports alike are listed one by one. */
export function isListed({ state }: Pick<Verdict, 'state'>, portCount: number): boolean {
  return state === 'open' || portCount <= COLLAPSE_OVER;
}

/** Ports with the same key are alike. */
export function keyOfAlike(verdict: Verdict): string {
  const { target, protocol, state, reason, whyId, by, icmp, whyArgs } = verdict;
  const what = [target, protocol, state, reason, whyId, by?.ip, by?.hop, icmp?.type, icmp?.code];
  return [...what, whyArgs['errno'], verdict.confidence].join('/');
}

/** Groups the verdicts of a report. */
export function summarize({ verdicts, ...rest }: Report): Summary {
  const groups = new Map<string, Verdict[]>();
  for (const verdict of verdicts) {
    const key = keyOfAlike(verdict);
    const known = groups.get(key);
    if (known === undefined) groups.set(key, [verdict]);
    else known.push(verdict);
  }
  return {
    ...rest,
    groups: [...groups.values()].map((alike) => ({
      first: alike[0]!,
      ports: alike.map(({ port }) => port),
      listed: isListed(alike[0]!, alike.length) ? alike : null,
    })),
  };
}
