/** Rule 12 with all source ports walked (`--flows`): one of the ways over which routers share the port out loses it. */
import type { Location, PathPlace } from '../model.ts';
import type { Located } from './locate.ts';
import { commonArgs, placeArgs } from './reasonArgs.ts';
import { lastHopOf, type Source, sharedHops, sourcesOf } from './sourceGroups.ts';
import { placeAt, type View } from './view.ts';

/** Findings that other source ports may refine: the others have nothing to do with the way. */
const REFINED_RULES: readonly number[] = [7, 8, 9, 12];

/** Certain is what chance does less than one time in so many (0.999). */
const CERTAIN_IN = 1000;

/** Choices of `k` source ports out of `n`: one of them parts the lost from the passing as the routers do. */
function choices(n: number, k: number): number {
  let count = 1;
  for (let i = 1; i <= k; i++) count = (count * (n - k + i)) / i;
  return count;
}

/**
 * Refines what was found of the asked source port by what became of the others. Silent everywhere or nowhere says nothing
 * new; where some pass and some are lost, it is the way of the lost ones if no other port takes it.
 */
export function refineBySources(view: View, located: Located): Located {
  const { finding } = located;
  if (finding !== null && !REFINED_RULES.includes(finding.rule)) return located;
  const lastHop = lastHopOf(view.facts);
  const sources = sourcesOf(view.facts, lastHop);
  const lost = sources.filter(({ end }) => end === 'silent');
  const passing = sources.filter(({ end }) => end === 'reached' || end === 'rejected');
  if (lost.length === 0 || passing.length === 0) return located;
  const after = commonEnd(lost);
  const parting = partingHop(sources, lost, passing);
  const isWhole = lost.length + passing.length === sources.length;
  const isProven = parting !== null && after !== null && isWhole && view.natHop === null;
  const isEnough = choices(sources.length, lost.length) > CERTAIN_IN;
  const place = after ?? placeAt(view.asked, view.asked.furthest);
  const location: Location = {
    kind: 'path-variant',
    after: place,
    // Routers behind it may be silent: what is known is that the target was not come to.
    before: { ttl: lastHop, ip: lastHop === view.targetHop ? view.facts.target : null },
    direction: 'forward',
    by: null,
    rule: 12,
    certainty: isProven && isEnough ? 'high' : parting === null ? 'low' : 'medium',
  };
  const whyArgs = {
    ...commonArgs(view),
    ...placeArgs('after', place),
    passing: passing.length,
    lost: lost.length,
    tried: sources.length,
    ...(parting === null ? {} : partingArgs(parting, lost, passing)),
  };
  const whyId = parting === null ? 'path.variant' : 'path.variant.way';
  const end = located.end === 'reached' || located.end === 'rejected' ? located.end : 'dropped';
  return { end, finding: location, whyId, whyArgs };
}

/** The last router of all that are lost, where it is one. */
function commonEnd(lost: readonly Source[]): PathPlace | null {
  const [first, ...more] = lost.map(({ view }) => placeAt(view, view.furthest));
  const isOne = more.every(({ ttl, ip }) => ttl === first!.ttl && ip === first!.ip);
  return isOne ? first! : null;
}

/** The first hop at which no lost source port went by a router of one that passes; null: there is none. */
function partingHop(
  sources: readonly Source[],
  lost: readonly Source[],
  passing: readonly Source[],
): number | null {
  const parting = sharedHops(sources).find((ttl) => {
    const [from, to] = [routersAt(lost, ttl), routersAt(passing, ttl)];
    return !from.includes(null) && !to.includes(null) && !from.some((ip) => to.includes(ip));
  });
  return parting ?? null;
}

const routersAt = (sources: readonly Source[], ttl: number): readonly (string | null)[] => [
  ...new Set(sources.map(({ view }) => view.exceededAt(ttl)?.ip ?? null)),
];

function partingArgs(
  wayHop: number,
  lost: readonly Source[],
  passing: readonly Source[],
): Record<string, string | number> {
  const list = (sources: readonly Source[]): string => routersAt(sources, wayHop).join(', ');
  return { wayHop, lostBy: list(lost), passingBy: list(passing) };
}
