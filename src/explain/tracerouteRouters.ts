/** The routers that a traceroute made name themselves. */
import type { AddressTable } from './addressTable.ts';
import type { JudgedErrors, Resolved } from './judgedErrors.ts';

/** Errors of one group about flows of a traceroute. */
export interface Part {
  readonly judged: JudgedErrors;
  readonly resolved: readonly Resolved[];
}

/** A router that named itself. */
export interface Router {
  readonly ip: string;
  /** With which TTLs, as far as they are known; the distance by the error's own TTL is the second best. */
  readonly ttls: readonly number[];
  readonly at: number;
}

/** A packet that ran out of hops. */
export function isHops({ reason, group }: JudgedErrors): boolean {
  return reason === 'time-exceeded' && group.code === 0;
}

/** The asked address is no router's, unless a NAT stands there, which has a finding of its own. */
export function isFromRouter({ judged }: Part): boolean {
  return isHops(judged) && judged.group.sender !== judged.group.quotedDst;
}

/** The routers in their order. */
export function routersOf(addresses: AddressTable, parts: readonly Part[]): Router[] {
  const routers = parts.filter(isFromRouter).map(({ judged, resolved }): Router => {
    const ttls = [...new Set(resolved.flatMap(({ quoted }) => quoted.sentTtls))].sort(
      (a, b) => a - b,
    );
    const { distance } = judged.sender;
    return { ip: addresses.ip(judged.group.sender), ttls, at: ttls[0] ?? distance ?? Infinity };
  });
  return routers.sort((a, b) => a.at - b.at);
}

/**
 * Addresses of routers in a loop: one of them answers again two or more hops later in the same flow, and another one
 * between; empty where there is none.
 */
export function loopOf(addresses: AddressTable, parts: readonly Part[]): string[] {
  const all = parts.filter(isFromRouter).flatMap(({ judged, resolved }) =>
    resolved.map(({ quoted, flow }) => ({
      sender: judged.group.sender,
      flow,
      ttls: quoted.sentTtls,
    })),
  );
  const looping = new Set<number>();
  for (const { sender, flow, ttls } of all) {
    const [from, to] = [Math.min(...ttls), Math.max(...ttls)];
    // One hop later the same router may answer for another reason: it forwarded a packet with TTL 0.
    if (to - from < LOOP_HOPS) continue;
    const between = all.filter(
      (other) =>
        other.flow === flow &&
        other.sender !== sender &&
        other.ttls.some((ttl) => ttl > from && ttl < to),
    );
    for (const other of between) looping.add(sender).add(other.sender);
  }
  return [...looping].map((sender) => addresses.ip(sender));
}

const LOOP_HOPS = 2;

/** Routers that a sentence names. */
const MAX_NAMED = 12;

/** `1 10.0.0.1, 2 10.0.1.1`: the number is the TTL, where it is known. */
export function nameRouters(routers: readonly Router[]): string {
  const named = routers
    .slice(0, MAX_NAMED)
    .map(({ ip, ttls }) => (ttls.length === 0 ? ip : `${ttls.join('/')} ${ip}`));
  const more = routers.length - named.length;
  return named.join(', ') + (more > 0 ? ` and ${more} more` : '');
}
