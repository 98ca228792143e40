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
  /** How long to wait for an answer of this target, ms. */
  rtoMs(target: number): number;
}

/** Wireless links that sleep answer within this, ms; the targets of a wired one within 1. */
const ON_LINK_RTO_MS = 250;

/** Creates a table without samples. */
export function createRttTable(targetCount: number, template: TimingTemplate): RttTable {
  const srtt = new Float32Array(targetCount).fill(-1);
  const rttvar = new Float32Array(targetCount);
  const initialMs = new Float32Array(targetCount).fill(template.initialRtoMs);

  return {
    sample(target, rttMs) {
      const rtt = Math.max(0, rttMs);
      const smoothed = srtt[target]!;
      if (smoothed < 0) {
        srtt[target] = rtt;
        rttvar[target] = rtt / 2;
      } else {
        rttvar[target] = 0.75 * rttvar[target]! + 0.25 * Math.abs(smoothed - rtt);
        srtt[target] = 0.875 * smoothed + 0.125 * rtt;
      }
    },
    noteOnLink(target) {
      initialMs[target] = Math.min(initialMs[target]!, ON_LINK_RTO_MS);
    },
    srttMs: (target) => srtt[target]!,
    rtoMs(target) {
      const smoothed = srtt[target]!;
      const base = smoothed < 0 ? initialMs[target]! : smoothed + 4 * rttvar[target]!;
      return Math.min(template.maxRtoMs, Math.max(template.minRtoMs, base));
    },
  };
}
