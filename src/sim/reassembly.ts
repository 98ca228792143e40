/**
 * Fragments of which the rest never comes: no packet is put together here, but whoever has the first one says at the end of
 * his patience that he gave up (net/ipv4/ip_fragment.c, ip_expire; net/ipv6/reassembly.c, ip6frag_expire_frag_queue).
 */
import type { Family } from '../model.ts';
import { equalIp } from '../packet/address.ts';
import { read32 } from '../packet/bytes.ts';
import { IPV6_HEADER_BYTES } from '../packet/ip.ts';
import type { Flight } from './flight.ts';
import type { Translation } from './nat.ts';

/** IP_FRAG_TIME and IPV6_FRAG_TIMEOUT; Linux was measured to be up to 0.7 s late. */
const WAIT_MS: Readonly<Record<Family, number>> = { 4: 30_000, 6: 60_000 };
/** First fragments that are kept; the kernel bounds them by bytes (ipfrag_high_thresh, 4 MiB), about this many. */
const MAX_KEPT = 4096;

/** A first fragment whose time is over. */
export interface Expired {
  readonly bytes: Uint8Array;
  readonly node: number;
  readonly atMs: number;
  readonly translations: readonly Translation[];
}

/** The fragments that nodes wait with. */
export interface Reassembly {
  /** Keeps what is a fragment; false: it is none. */
  keep(flight: Flight, node: number, translations: readonly Translation[]): boolean;
  nextAtMs(): number | undefined;
  /** The oldest that has expired by now, or null. */
  takeExpired(nowMs: number): Expired | null;
}

interface Kept extends Expired {
  readonly family: Family;
  readonly id: number;
  readonly srcAt: number;
}

/** Creates an empty memory. */
export function createReassembly(): Reassembly {
  /** Each in the order of time: within a family all wait equally long. */
  const queues: Readonly<Record<Family, Kept[]>> = { 4: [], 6: [] };

  const first = (): Kept | undefined => {
    const [four, six] = [queues[4][0], queues[6][0]];
    if (four === undefined || six === undefined) return four ?? six;
    return six.atMs < four.atMs ? six : four;
  };

  return {
    keep({ ip, bytes, end, atMs }, node, translations) {
      const { family, srcAt } = ip;
      if (ip.fragmentOffset === 0 && !ip.moreFragments) return false;
      const queue = queues[family];
      if (ip.fragmentOffset > 0 || queue.length >= MAX_KEPT) return true;
      const id = family === 4 ? ip.id : read32(bytes, ip.headerAt + IPV6_HEADER_BYTES + 4);
      // A second one of the same packet is dropped.
      const isKnown = queue.some(
        (kept) =>
          kept.id === id && kept.node === node && equalIp(kept.bytes, srcAt, bytes, srcAt, family),
      );
      if (isKnown) return true;
      queue.push({
        ...{ family, id, srcAt, node, translations },
        bytes: bytes.slice(0, end),
        atMs: atMs + WAIT_MS[family],
      });
      return true;
    },
    nextAtMs: () => first()?.atMs,
    takeExpired(nowMs) {
      const kept = first();
      if (kept === undefined || kept.atMs > nowMs) return null;
      queues[kept.family].shift();
      return kept;
    },
  };
}
