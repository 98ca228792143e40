/**
 * What is known of every probe of a run, one column a fact (ADR 0003): about 30 bytes a probe, no object until a person
 * reads it. The only place where a scan keeps what it saw.
 */
import type { Ip, Service } from '../model.ts';

/**
 * WAITING to be asked (again) · IN_FLIGHT · HELD: watched, but no longer in flight for the pace: accepted without a window,
 * or silent while its host may still be reported dead · DONE: nothing more is asked of it, its target may still be ·
 * SETTLED: judged and handed out · DROPPED: given up by a host timeout or a stop.
 */
export const PHASE = {
  WAITING: 0,
  IN_FLIGHT: 1,
  HELD: 2,
  DONE: 3,
  SETTLED: 4,
  DROPPED: 5,
} as const;

/** References to senders: none, the target itself, or 2 + an index into the table of other addresses. */
export const FROM_NONE = 0;
/** Reference to the target itself as the sender. */
export const FROM_TARGET = 1;

/** The columns, one entry a probe. */
export interface ProbeState {
  readonly phase: Uint8Array;
  readonly attempts: Uint8Array;
  /** When the first and the latest attempt left, ms. */
  readonly firstSentMs: Float64Array;
  readonly lastSentMs: Float64Array;
  /** When the attempt in flight is given up; of a silent probe, until when it was waited for, ms. */
  readonly waitedUntilMs: Float64Array;
  /** Cohort of the first attempt (timing/pace.ts), 0 once it was settled. */
  readonly cohort: Uint32Array;
  /** One of ANSWER (match/facts.ts). */
  readonly answer: Uint8Array;
  readonly answeredAttempt: Uint8Array;
  readonly icmpType: Uint8Array;
  readonly icmpCode: Uint8Array;
  readonly from: Uint32Array;
  readonly fromPort: Uint16Array;
  readonly ttl: Uint8Array;
  readonly quotedTtl: Uint8Array;
  /** NaN where it is not known which attempt was answered. */
  readonly rttMs: Float32Array;
  readonly errno: Uint16Array;
  /** One of RESET_CHECK. */
  readonly resetCheck: Uint8Array;
  /** What parsed answers proved. */
  readonly services: Map<number, Service>;
  /** Reference of a sender that is not the target. */
  refOf(ip: Ip): number;
  /** The sender of a reference from 2 on. */
  senderOf(ref: number): Ip;
}

/** Creates the state of `count` probes, all of them waiting to be asked. */
export function createProbeState(count: number): ProbeState {
  const senders: Ip[] = [];
  const refs = new Map<Ip, number>();
  return {
    phase: new Uint8Array(count),
    attempts: new Uint8Array(count),
    firstSentMs: new Float64Array(count),
    lastSentMs: new Float64Array(count),
    waitedUntilMs: new Float64Array(count),
    cohort: new Uint32Array(count),
    answer: new Uint8Array(count),
    answeredAttempt: new Uint8Array(count),
    icmpType: new Uint8Array(count),
    icmpCode: new Uint8Array(count),
    from: new Uint32Array(count),
    fromPort: new Uint16Array(count),
    ttl: new Uint8Array(count),
    quotedTtl: new Uint8Array(count),
    rttMs: new Float32Array(count).fill(Number.NaN),
    errno: new Uint16Array(count),
    resetCheck: new Uint8Array(count),
    services: new Map(),
    refOf(ip) {
      let ref = refs.get(ip);
      if (ref === undefined) {
        ref = senders.push(ip) + 1;
        refs.set(ip, ref);
      }
      return ref;
    },
    senderOf: (ref) => senders[ref - 2]!,
  };
}
