/** Hop distances from outer TTLs. */

/** TTLs that stacks start with: Linux and BSD 64, Windows 128, routers and Solaris 255. */
export const INITIAL_TTLS = [64, 128, 255] as const;

/** The initial TTL that a packet arriving with `ttl` most likely started with. */
export function initialTtl(ttl: number): number {
  for (const initial of INITIAL_TTLS) if (ttl <= initial) return initial;
  return 255;
}

/** Distance of the sender in hops, 1 = on-link or this machine; null without a TTL. */
export function distanceOf(ttl: number): number | null {
  return ttl > 0 ? initialTtl(ttl) - ttl + 1 : null;
}

/**
 * The sender's hop, where the quote agrees with the outer TTL: equal for a reject in FORWARD, one less for the target
 * itself, a route or an ingress filter (contract.md, `by.hop`). Without a quoted TTL the outer one stands alone.
 */
export function provenHop(ttl: number, quotedTtl: number, sentTtl: number): number | null {
  const outer = distanceOf(ttl);
  if (outer === null || quotedTtl === 0 || sentTtl === 0) return outer;
  const travelled = sentTtl - quotedTtl;
  return travelled === outer || travelled === outer - 1 ? outer : null;
}
