/** Which attempt of a probe an answer belongs to, where the answer does not tell it: IPv6, and sockets of the kernel. */
import type { Match } from '../match/match.ts';
import type { ScanContext } from './context.ts';
import { F64, U8 } from './probeState.ts';

/** Tells answers to latest attempts from late ones. */
export interface LatestAttempt {
  /** A port was closed by an answer, and may be asked again. */
  noteClosed(probe: number): void;
  /** Whether an answer can belong to the latest attempt of its probe; one that must shows how long answers take. */
  has(match: Match): boolean;
}

/** An answer that comes in less than this share of the shortest time seen belongs to an earlier attempt. */
const TOO_QUICK = 0.5;
/** By so much a time of sending or arrival may be off, ms: rows of one call share the times of its begin and end. */
const STAMP_NOISE_MS = 0.5;
/** The highest attempt that an IPv4 identification tells (probe/token.ts). */
const MAX_KNOWN_ATTEMPT = 15;

/** Creates the table of a run. */
export function createLatestAttempt({ probes, rtt }: ScanContext): LatestAttempt {
  /**
   * Closed by their only attempt: the answer to the next one is no late one. Where the first answers of a target took long by
   * chance, they show how long answers really take.
   */
  const answeredOnce = new Set<number>();
  return {
    noteClosed(probe) {
      if (probes.attempts[probe * U8] === 1) answeredOnce.add(probe);
    },
    has({ probe, target, attempt, atMs }) {
      const attempts = probes.attempts[probe * U8]!;
      if (attempt > 0 && attempts <= MAX_KNOWN_ATTEMPT) return attempt >= attempts;
      if (attempt > 0 && attempt < MAX_KNOWN_ATTEMPT) return false;
      const tookMs = atMs - probes.lastSentMs[probe * F64]!;
      if (answeredOnce.delete(probe)) rtt.sample(target, tookMs);
      const leastMs = rtt.leastMs(target);
      return !Number.isFinite(leastMs) || tookMs >= TOO_QUICK * leastMs - STAMP_NOISE_MS;
    },
  };
}
