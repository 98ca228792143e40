/** What is known of every target of a run, one column a fact. */
import type { OwnSide, PlanGroup } from '../model.ts';

/** The columns, one entry a target. */
export interface TargetState {
  /** Probes of this target that are neither answered nor given up. */
  readonly remaining: Uint32Array;
  readonly inFlight: Uint32Array;
  /** When the first probe left, ms; NaN before. */
  readonly startedMs: Float64Array;
  /** Distance in hops by the farthest answer of another kind than RST, 0 = none seen. */
  readonly distance: Uint8Array;
  /** 1: such answers came from different distances. */
  readonly severalDistances: Uint8Array;
  /** Port-unreachables that the target itself sent. */
  readonly icmpAnswers: Uint32Array;
  /** ICMP errors of any kind that the target itself sent about UDP ports, and when the last of them came, ms. */
  readonly udpErrors: Uint32Array;
  readonly udpErrorMs: Float64Array;
  /** 1: something came back from the target itself. */
  readonly alive: Uint8Array;
  /** What our own side said last. */
  readonly ownSide: Map<number, OwnSide>;
  /** One of NEXT_HOP. */
  readonly nextHop: Uint8Array;
  /** The number of the gateway by which its probes leave, as the wire has it; 0: not known, or none. */
  readonly way: Uint16Array;
  /** Those of these gateways that have brought an answer of any target. */
  readonly provenWays: Set<number>;
}

/** Whether the way to a target that has not answered yet begins: its next hop answers ARP or neighbour solicitations. */
export const NEXT_HOP = {
  NOT_ASKED: 0,
  ASKED: 1,
  /** Nothing leaves until it answers, if it ever does. */
  UNRESOLVED: 2,
} as const;

/** Whether nothing came from the target yet, and nothing leaves towards it. */
export function isNextHopSilent({ alive, nextHop }: TargetState, target: number): boolean {
  return alive[target] === 0 && nextHop[target] === NEXT_HOP.UNRESOLVED;
}

/** Creates the state of `count` targets, of which nothing was asked yet. */
export function createTargetState(count: number, groups: readonly PlanGroup[]): TargetState {
  const remaining = new Uint32Array(count);
  for (const { firstTarget, targetCount, tcpPorts, udpPorts, echo } of groups) {
    const probes = tcpPorts.length + udpPorts.length + (echo ? 1 : 0);
    remaining.fill(probes, firstTarget, firstTarget + targetCount);
  }
  return {
    remaining,
    inFlight: new Uint32Array(count),
    startedMs: new Float64Array(count).fill(Number.NaN),
    distance: new Uint8Array(count),
    severalDistances: new Uint8Array(count),
    icmpAnswers: new Uint32Array(count),
    udpErrors: new Uint32Array(count),
    udpErrorMs: new Float64Array(count),
    alive: new Uint8Array(count),
    ownSide: new Map(),
    nextHop: new Uint8Array(count),
    way: new Uint16Array(count),
    provenWays: new Set(),
  };
}
