/**
 * What is known of every probe of a run, one column a fact (ADR 0003), no object until a person reads it. The only place
 * where a scan keeps what it saw.
 *
 * The columns are views of one buffer in which all that is known of a probe stands in 64 bytes, one line of the cache:
 * probes are asked in a random order, and a line and a page for each fact would be fetched from memory for each probe.
 * So a column is indexed by the probe times the stride of its type: `attempts[probe * U8]`.
 * The phase alone stands apart, a byte a probe: it is asked for when nothing else is (has a timeout become stale), and small
 * enough to stay in the cache.
 */
import type { Ip, Service } from '../model.ts';

/**
 * WAITING to be asked (again) · IN_FLIGHT · HELD: watched, but no longer in flight for the pace: accepted without a window,
 * or silent while its host may still be reported dead · WALKING: asked at the pace of its target's ICMP limiter · DONE:
 * nothing more is asked of it, its target may still be · SETTLED: judged and handed out · DROPPED: given up by a host
 * timeout or a stop.
 */
export const PHASE = {
  WAITING: 0,
  IN_FLIGHT: 1,
  HELD: 2,
  WALKING: 3,
  DONE: 4,
  SETTLED: 5,
  DROPPED: 6,
} as const;

/** References to senders: none, the target itself, or 2 + an index into the table of other addresses. */
export const FROM_NONE = 0;
/** Reference to the target itself as the sender. */
export const FROM_TARGET = 1;

/** Bytes of one probe, and from one probe to the next in elements of each type: the strides. */
const PROBE_BYTES = 64;
/** Stride of the byte columns. */
export const U8: number = PROBE_BYTES;
/** Stride of the columns of 16 bits. */
export const U16: number = PROBE_BYTES / 2;
/** Stride of the columns of 32 bits. */
export const U32: number = PROBE_BYTES / 4;
/** Stride of the columns of 32-bit floats. */
export const F32: number = PROBE_BYTES / 4;
/** Stride of the columns of 64-bit floats. */
export const F64: number = PROBE_BYTES / 8;

/** The columns; index them by probe * stride. */
export interface ProbeState {
  /** One of PHASE; index it by the probe. */
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
  /** Attempt and number in the id of the deciding answer. */
  readonly idAttempt: Uint8Array;
  readonly idNumber: Uint16Array;
  /** Attempt in the id of the first answer; 0: none has come. */
  readonly firstAnswered: Uint8Array;
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
  /** One of SILENCE (match/facts.ts). */
  readonly silence: Uint8Array;
  /** Of a silent UDP port that was settled, the chances that it is open and that it is closed; both 0: not known. */
  readonly openChance: Float32Array;
  readonly closedChance: Float32Array;
  /** All of it, in words of 32 bits. */
  readonly words: Uint32Array;
  /** What parsed answers proved. */
  readonly services: Map<number, Service>;
  /** Reference of a sender that is not the target. */
  refOf(ip: Ip): number;
  /** The sender of a reference from 2 on. */
  senderOf(ref: number): Ip;
}

/** Those `words` of a probe that hold all of what decides its verdict, but its times. */
export const WORD = {
  FROM: 7,
  /** fromPort and errno. */
  FROM_PORT: 9,
  /** attempts, answer, resetCheck and silence. */
  ANSWER: 10,
  /** icmpType, icmpCode, ttl and quotedTtl. */
  HEADERS: 11,
} as const;

/** Gives zeroed memory for what is known of the probes of a run, in bytes. */
export type Allocate = (bytes: number) => ArrayBuffer;

/** Creates the state of `count` probes, all of them waiting to be asked. */
export function createProbeState(
  count: number,
  allocate: Allocate = (bytes) => new ArrayBuffer(bytes),
): ProbeState {
  // One more, so that a column that begins inside of the first probe is not cut at the last one.
  const buffer = allocate((count + 1) * PROBE_BYTES);
  const senders: Ip[] = [];
  const refs = new Map<Ip, number>();
  const rttMs = new Float32Array(buffer, 32);
  for (let probe = 0; probe < count; probe++) rttMs[probe * F32] = Number.NaN;
  return {
    words: new Uint32Array(buffer),
    firstSentMs: new Float64Array(buffer, 0),
    lastSentMs: new Float64Array(buffer, 8),
    waitedUntilMs: new Float64Array(buffer, 16),
    cohort: new Uint32Array(buffer, 24),
    from: new Uint32Array(buffer, 28),
    rttMs,
    fromPort: new Uint16Array(buffer, 36),
    errno: new Uint16Array(buffer, 38),
    phase: new Uint8Array(count),
    attempts: new Uint8Array(buffer, 40),
    answer: new Uint8Array(buffer, 41),
    resetCheck: new Uint8Array(buffer, 42),
    silence: new Uint8Array(buffer, 43),
    icmpType: new Uint8Array(buffer, 44),
    icmpCode: new Uint8Array(buffer, 45),
    ttl: new Uint8Array(buffer, 46),
    quotedTtl: new Uint8Array(buffer, 47),
    answeredAttempt: new Uint8Array(buffer, 48),
    idNumber: new Uint16Array(buffer, 50),
    idAttempt: new Uint8Array(buffer, 52),
    firstAnswered: new Uint8Array(buffer, 53),
    openChance: new Float32Array(buffer, 56),
    closedChance: new Float32Array(buffer, 60),
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
