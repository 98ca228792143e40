/** What is known of every host that is looked for, one column a fact. */
import type { Ip, OwnSide } from '../model.ts';

/**
 * ROUTE: our own side is asked how it is reached · LINK: it is asked for its link-layer address · ROUND: probes are on their
 * way · HELD: all were in vain, a router may still report it · LOOK: our own side is asked what it knows by now · DONE ·
 * DROPPED: its time was over. Before ROUTE nothing has happened.
 */
export const STEP = {
  NEW: 0,
  ROUTE: 1,
  LINK: 2,
  ROUND: 3,
  HELD: 4,
  LOOK: 5,
  DONE: 6,
  DROPPED: 7,
} as const;

/** The ways to ask a host, as bits. */
export const WAY = { ECHO: 1, HTTPS: 2, HTTP: 4, UDP: 8 } as const;

/** All of them. */
export const WAYS: readonly number[] = Object.values(WAY);

/** The columns, one entry a target. */
export interface HostState {
  readonly step: Uint8Array;
  /** Rounds of probes that were begun. */
  readonly rounds: Uint8Array;
  /** Bits of WAY: in flight; and those that need not be asked again. */
  readonly inFlight: Uint8Array;
  readonly settled: Uint8Array;
  /** When it was begun, when its latest round left, and when its step is over, ms. */
  readonly startedMs: Float64Array;
  readonly roundMs: Float64Array;
  readonly dueMs: Float64Array;
  readonly cohort: Uint32Array;
  /** One of ANSWER (match/facts.ts): the strongest that came under its address. */
  readonly answer: Uint8Array;
  readonly rttMs: Float32Array;
  /** The ICMP error that tells most, `icmpFrom` its sender; type 0 of code 0: none. */
  readonly icmpType: Uint8Array;
  readonly icmpCode: Uint8Array;
  readonly icmpFrom: Map<number, Ip>;
  /** errno of a probe that did not leave, 0: none. */
  readonly errno: Uint16Array;
  /** 1: it answered on the link. */
  readonly hasNeighbour: Uint8Array;
  /** What our own side said first, and last. */
  readonly first: Map<number, OwnSide>;
  readonly last: Map<number, OwnSide>;
}

/** Creates the state of `count` hosts, of which nothing is known. */
export function createHostState(count: number): HostState {
  return {
    step: new Uint8Array(count),
    rounds: new Uint8Array(count),
    inFlight: new Uint8Array(count),
    settled: new Uint8Array(count),
    startedMs: new Float64Array(count),
    roundMs: new Float64Array(count),
    dueMs: new Float64Array(count),
    cohort: new Uint32Array(count),
    answer: new Uint8Array(count),
    rttMs: new Float32Array(count).fill(Number.NaN),
    icmpType: new Uint8Array(count),
    icmpCode: new Uint8Array(count),
    icmpFrom: new Map(),
    errno: new Uint16Array(count),
    hasNeighbour: new Uint8Array(count),
    first: new Map(),
    last: new Map(),
  };
}
