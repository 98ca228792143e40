/** Names of hops, looked up while a trace runs; nobody waits for one. */
import { Resolver } from 'node:dns/promises';
import pLimit from 'p-limit';
import type { Ip } from './model.ts';

/** Reverse names of addresses. */
export interface HopNames {
  /** Begins to look an address up, once. */
  ask(ip: Ip): void;
  /** The name, where it is known by now. */
  nameOf(ip: Ip): string | null;
  /** Gives up what is still under way. */
  close(): void;
}

/** Look-ups at once. */
const MAX_LOOKUPS = 8;
/** Addresses of one run that are looked up at most: a path has few, a flood of answers must not ask for thousands. */
const MAX_NAMES = 512;
/** A name server that is slower is done without, ms. */
const TIMEOUT_MS = 2000;

/** Names without look-ups (`-n`). */
export const NO_NAMES: HopNames = { ask: () => {}, nameOf: () => null, close: () => {} };

/** Creates the look-ups of a run. */
export function createHopNames(): HopNames {
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: 1 });
  const limit = pLimit(MAX_LOOKUPS);
  const names = new Map<Ip, string | null>();
  return {
    ask(ip) {
      if (names.has(ip) || names.size >= MAX_NAMES) return;
      names.set(ip, null);
      const looking = limit(() => resolver.reverse(ip.replace(/%.*/, '')));
      // No name is an ordinary answer, and so is a look-up that was given up.
      looking.then(([name]) => names.set(ip, name ?? null)).catch(() => {});
    },
    nameOf: (ip) => names.get(ip) ?? null,
    close() {
      limit.clearQueue();
      resolver.cancel();
    },
  };
}
