/** What the traces of one run have left of the ICMP errors that each router has for us: those that run out are silent, too. */
import type { Family, Ip } from '../model.ts';

/** The errors of all routers that were heard. */
export interface ErrorBudget {
  /** Notes an ICMP error of this sender. */
  note(ip: Ip, family: Family, atMs: number): void;
  /** When all senders have so many again, as far as is known, unless given enough for a trace; ms. */
  readyAtMs(needed?: number): number;
}

/** Errors that a limiter gives at once, and that a trace needs of a router: three flows, and twice the edge (Linux: XRLIM_BURST_CACHEFACTOR). */
const BURST = 6;
const NEEDED = 5;
/** Time for another one, ms: icmp_ratelimit; over IPv6 what kernels before 2026 give to a /64 (methods A1). */
const GAP_MS: Readonly<Record<Family, number>> = { 4: 1000, 6: 250 };
/** A limiter counts in jiffies. */
const GUARD = 1.05;

/** A router that has said all it may has another error after this, over IPv4; IPv6 is sooner. */
export const LIMITER_MS: number = GAP_MS[4] * GUARD;

/** Creates the budget of a run: nobody has said anything yet. */
export function createErrorBudget(): ErrorBudget {
  const senders = new Map<Ip, { left: number; atMs: number; readonly gapMs: number }>();
  return {
    note(ip, family, atMs) {
      const gapMs = GAP_MS[family];
      const known = senders.get(ip) ?? { left: BURST, atMs, gapMs };
      const refilled = known.left + Math.max(0, atMs - known.atMs) / gapMs;
      senders.set(ip, { left: Math.max(0, Math.min(BURST, refilled) - 1), atMs, gapMs });
    },
    readyAtMs(needed = NEEDED) {
      let latestMs = Number.NEGATIVE_INFINITY;
      for (const { left, atMs, gapMs } of senders.values()) {
        if (left >= needed) continue;
        latestMs = Math.max(latestMs, atMs + (needed - left) * gapMs * GUARD);
      }
      return latestMs;
    },
  };
}

/** The one wait of a trace for errors that others have taken. */
export interface Refill {
  /** Notes when the trace begins. */
  begin(nowMs: number): void;
  /** Routers may have been out of errors then, and were not waited for yet. */
  readonly isDue: boolean;
  /** Time for which they were waited for, ms. */
  readonly waitedMs: number;
  /** When they are ready, now at the earliest; that is waited for. */
  waitUntil(nowMs: number): number;
}

/** Creates the wait of one trace. */
export function createRefill({ readyAtMs }: Pick<ErrorBudget, 'readyAtMs'>): Refill {
  let isDue = false;
  let waitedMs = 0;
  return {
    begin(nowMs) {
      isDue = readyAtMs() > nowMs;
    },
    get isDue() {
      return isDue;
    },
    get waitedMs() {
      return waitedMs;
    },
    waitUntil(nowMs) {
      isDue = false;
      const readyMs = Math.max(nowMs, readyAtMs());
      waitedMs = readyMs - nowMs;
      return readyMs;
    },
  };
}
