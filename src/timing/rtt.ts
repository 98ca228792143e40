/**
 * Round-trip times by target and the retransmission timeout that follows from them (RFC 6298 sections 2 and 3).
 * Samples are taken from first attempts only (Karn), so an answer to a retransmission never shortens the timeout.
 */
import type { TimingTemplate } from './templates.ts';

/** Round-trip times and timeouts, one entry a target. */
export interface RttTable {
  /** Takes a sample in ms; negative samples (a clock that was read too late) count as 0. */
  sample(target: number, rttMs: number): void;
  /** No router stands between us and the target: without a sample it is waited for as long as a slow link takes. */
  noteOnLink(target: number): void;
  /** Smoothed RTT in ms, or -1 without a sample. */
  srttMs(target: number): number;
  /** Shortest RTT in ms, or Infinity without a sample. */
  leastMs(target: number): number;
  /** How long to wait for an answer of this target, ms. */
  rtoMs(target: number): number;
  /**
   * When to ask it again, ms: without a sample sooner than `rtoMs`, where others behind the same gateway answer sooner. They
   * say how the loss of a packet is mended quickly, not how far this one is: it is given up by `rtoMs` alone.
   */
  askAgainMs(target: number): number;
}

/** Wireless links that sleep answer within this, ms; the targets of a wired one within 1. */
const ON_LINK_RTO_MS = 250;

/** First samples of the targets behind one gateway. */
interface WayRtt {
  srtt: number;
  rttvar: number;
}

/**
 * Creates a table without samples. `wayOf` holds the number of each target's gateway, 0 where it is not known; it is read
 * when it is needed, so that it may be filled later.
 */
export function createRttTable(wayOf: Uint16Array, template: TimingTemplate): RttTable {
  const srtt = new Float32Array(wayOf.length).fill(-1);
  const least = new Float32Array(wayOf.length).fill(Number.POSITIVE_INFINITY);
  const rttvar = new Float32Array(wayOf.length);
  const initialMs = new Float32Array(wayOf.length).fill(template.initialRtoMs);
  const ways: WayRtt[] = [];

  const within = (rtoMs: number): number =>
    Math.min(template.maxRtoMs, Math.max(template.minRtoMs, rtoMs));

  const sampleWay = (way: number, rttMs: number): void => {
    const known = ways[way];
    if (known === undefined) {
      ways[way] = { srtt: rttMs, rttvar: rttMs / 2 };
      return;
    }
    known.rttvar = 0.75 * known.rttvar + 0.25 * Math.abs(known.srtt - rttMs);
    known.srtt = 0.875 * known.srtt + 0.125 * rttMs;
  };

  const rtoMs = (target: number): number => {
    const smoothed = srtt[target]!;
    return within(smoothed < 0 ? initialMs[target]! : smoothed + 4 * rttvar[target]!);
  };

  return {
    sample(target, rttMs) {
      const rtt = Math.max(0, rttMs);
      least[target] = Math.min(least[target]!, rtt);
      const smoothed = srtt[target]!;
      if (smoothed < 0) {
        srtt[target] = rtt;
        rttvar[target] = rtt / 2;
        if (wayOf[target]! > 0) sampleWay(wayOf[target]!, rtt);
      } else {
        rttvar[target] = 0.75 * rttvar[target]! + 0.25 * Math.abs(smoothed - rtt);
        srtt[target] = 0.875 * smoothed + 0.125 * rtt;
      }
    },
    noteOnLink(target) {
      initialMs[target] = Math.min(initialMs[target]!, ON_LINK_RTO_MS);
    },
    srttMs: (target) => srtt[target]!,
    leastMs: (target) => least[target]!,
    rtoMs,
    askAgainMs(target) {
      const way = ways[wayOf[target]!];
      if (srtt[target]! >= 0 || way === undefined) return rtoMs(target);
      return Math.min(rtoMs(target), within(way.srtt + 4 * way.rttvar));
    },
  };
}
