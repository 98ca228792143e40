/**
 * An answer of a router that is about the way to a target, not about one port: no route, a prohibited one, a dead host. Its
 * limiter lets few of them through (an unreachable route of Linux sends 2 and then none while it is asked), so that most
 * ports stay silent for the same cause.
 */
import type { Cover } from '../match/facts.ts';
import { icmpMeaning } from '../match/icmpMeaning.ts';
import type { Match } from '../match/match.ts';
import type { Ip, Reason } from '../model.ts';

/** What routers said of the ways to the targets. */
export interface Covers {
  /** Notes an ICMP error of somebody who is neither the target nor one of our addresses. */
  note(match: Match, family: 4 | 6, sentTtl: number): void;
  /** What is said of every port that stayed silent; null where the answers differ, or there is but one. */
  of(target: number): Cover | null;
}

/** Reasons that routes and dead hosts give. A port-unreachable is always about a port. */
const ABOUT_THE_WAY: ReadonlySet<Reason> = new Set([
  'net-unreach',
  'host-unreach',
  'net-prohibited',
  'host-prohibited',
  'admin-prohibited',
  'no-route',
  'reject-route',
  'beyond-scope',
]);

/** Alike answers that make a cause: one may be about its port alone. */
const MIN_ANSWERS = 2;

interface Said {
  readonly from: Ip;
  readonly icmpType: number;
  readonly icmpCode: number;
  readonly ttl: number;
  readonly quotedTtl: number;
  readonly sentTtl: number;
  readonly ports: Set<number>;
  /** Somebody said something else. */
  isMixed: boolean;
}

/** Creates an empty table; only targets of which routers speak have an entry. */
export function createCovers(): Covers {
  const saidOf = new Map<number, Said>();
  return {
    note({ target, probe, from, icmpType, icmpCode, ttl, quotedTtl }, family, sentTtl) {
      if (from === null || target < 0) return;
      const meaning = icmpMeaning(family, icmpType, icmpCode);
      const isAbout = meaning.kind === 'state' && ABOUT_THE_WAY.has(meaning.reason);
      const known = saidOf.get(target);
      if (known === undefined) {
        const ports = new Set([probe]);
        const isMixed = !isAbout;
        saidOf.set(target, { from, icmpType, icmpCode, ttl, quotedTtl, sentTtl, ports, isMixed });
        return;
      }
      const isSame = known.from === from && known.icmpType === icmpType;
      if (!isAbout || !isSame || known.icmpCode !== icmpCode) known.isMixed = true;
      if (known.ports.size < MIN_ANSWERS) known.ports.add(probe);
    },
    of(target) {
      const said = saidOf.get(target);
      if (said === undefined || said.isMixed || said.ports.size < MIN_ANSWERS) return null;
      const { from, icmpType, icmpCode, ttl, quotedTtl, sentTtl } = said;
      return { from, icmpType, icmpCode, ttl, quotedTtl, sentTtl };
    },
  };
}
