/** What kind of limit a target puts on its ICMP errors, by what a walk has seen of it. */
import type { Family, IcmpLimiter } from '../model.ts';
import type { IcmpLimit } from '../timing/icmpLimit.ts';
import type { LimiterScope } from './walkSources.ts';

/** What was seen. */
export interface SeenLimiter {
  readonly family: Family;
  readonly limit: Pick<IcmpLimit, 'gapMs' | 'gaps' | 'isFast'>;
  /** What tests from several of our addresses have shown. */
  readonly scope: LimiterScope;
  /** Closed ports that answered when they were first asked, and those that did so later. */
  readonly first: number;
  readonly late: number;
}

/** More closed ports than these stay silent at first only at a limiter: 10 % loss each way makes a fifth silent. */
const REFUSED_SHARE = 0.3;
const MIN_REFUSED = 3;
/** Linux sends six at once and then one in this time, to each asker (icmp_ratelimit; IPv6 before 2026 by the route back), ms. */
const LINUX_GAPS_MS: Readonly<Record<Family, readonly number[]>> = {
  4: [1000],
  6: [62.5, 100, 250, 1000],
};
const LINUX_BURST = 6;
/** Answers of a first pass may be fewer by loss, and more by the time that it took. */
const BURST_SLACK = 2;
/** A measured gap is rather too long, as polls come late. */
const GAP_BELOW = 0.85;
const GAP_ABOVE = 1.25;

/**
 * The kind of the limiter; `isTested` where it was seen from several addresses, else by what is known of such rates. Null
 * where so few closed ports were asked that any limiter would have answered for them.
 */
export function limiterKind(seen: SeenLimiter): IcmpLimiter | null {
  const { family, limit, scope, first, late } = seen;
  const gapMs = Math.round(1000 * limit.gapMs()) / 1000;
  const isRefused = late >= MIN_REFUSED && late > REFUSED_SHARE * (first + late);
  if (scope !== null) {
    return { kind: scope === 'source' ? 'per-source' : 'host-wide', gapMs, isTested: true };
  }
  if (!isRefused) {
    return first > LINUX_BURST + BURST_SLACK
      ? { kind: 'none', gapMs: null, isTested: false }
      : null;
  }
  // All limiters that are known to be so fast are the whole host's: BSD 200/s, Linux 1,000/s, Solaris 100/s.
  if (limit.isFast()) return { kind: 'host-wide', gapMs, isTested: false };
  const isLinuxGap = LINUX_GAPS_MS[family].some(
    (known) => gapMs > GAP_BELOW * known && gapMs < GAP_ABOVE * known,
  );
  const isLinux = isLinuxGap && limit.gaps() > 0 && Math.abs(first - LINUX_BURST) <= BURST_SLACK;
  return { kind: isLinux ? 'per-source' : 'unknown', gapMs, isTested: false };
}
