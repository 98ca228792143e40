/** What a trace has seen: the input of the rules that locate a failure (locate.ts). */
import type { Family, HopNotes, Ip, OwnSide, PathPlace, Protocol } from '../model.ts';

/** One answer to one probe of a flow. */
export interface Observation {
  /** Its id in evidence (contract.md). */
  readonly id: string;
  /** Index of its flow. */
  readonly flow: number;
  /** TTL that the probe was sent with; 0: it cannot be told. */
  readonly ttl: number;
  /** 1-based; 0: it cannot be told. */
  readonly round: number;
  readonly answer: Answer;
  readonly icmpType: number;
  readonly icmpCode: number;
  readonly ip: Ip;
  /** The sender wears the target's address. */
  readonly isTarget: boolean;
  /** Outer TTL; 0: not seen. */
  readonly outerTtl: number;
  /** TTL of the quoted packet; null: not seen. */
  readonly quotedTtl: number | null;
  /** Of a packet that is too big; 0: not said. */
  readonly mtu: number;
  readonly rttMs: number | null;
  /** Null: nothing besides. */
  readonly notes: HopNotes | null;
}

/** What kind of answer it is. `own` is an error that our own kernel made: nobody answers on the link. */
export type Answer =
  | 'time-exceeded'
  | 'unreachable'
  | 'too-big'
  | 'syn-ack'
  | 'reset'
  | 'udp-response'
  | 'echo-reply'
  | 'own';

/** A flow at one TTL. */
export interface HopFacts {
  /** Rounds in which it was asked. */
  readonly rounds: number;
  /** Answers in order of arrival. */
  readonly answers: readonly Observation[];
}

/** All that one flow showed. */
export interface FlowFacts {
  readonly index: number;
  readonly kind: 'asked' | 'icmp' | 'udp' | 'tcp';
  readonly protocol: Protocol | 'icmp';
  readonly port: number | null;
  /** False: each probe had a source port of its own. */
  readonly isConstant: boolean;
  /** Quotes were too short to tell some TTLs: those hops stand where the outer TTL of their answers puts them. */
  readonly isEstimated: boolean;
  /** By TTL; entry 0 is never asked. */
  readonly hops: readonly HopFacts[];
  /** Answers to a probe whose TTL cannot be told. */
  readonly unplaced: readonly Observation[];
  /** Errno of probes that could not be sent, 0: none. */
  readonly sendErrno: number;
}

/** The asked port from one of several source ports (sourcesStudy.ts). */
export interface SourceFacts {
  readonly srcPort: number;
  readonly flow: FlowFacts;
  /** By TTL: nothing came, as often as neither a limiter nor the losses that were seen explain. */
  readonly silent: readonly boolean[];
}

/** Where large packets are lost and small ones are not. */
export interface HoleFacts {
  /** The last place that a large packet came to, and the next that a small one did. */
  readonly after: PathPlace;
  readonly before: PathPlace;
  /** Two routers side by side, the second of which was silent to large packets while small ones were answered. */
  readonly isProven: boolean;
}

/** Sizes of packets on the way, in bytes from the IP header on (mtuStudy.ts). */
export interface MtuFacts {
  /** Largest that was tried: what our own link takes. */
  readonly linkBytes: number;
  /** Largest that comes to `end`; null: not found out. */
  readonly bytes: number | null;
  /** TTL of the hop up to which it was measured. */
  readonly end: number;
  /** The flow that was measured with. */
  readonly protocol: Protocol | 'icmp';
  readonly port: number | null;
  /** Who said that a packet is too big, in order. */
  readonly said: readonly Observation[];
  readonly hole: HoleFacts | null;
}

/** Whether packets to the asked port come to the target's own stack (passageStudy.ts). */
export interface PassageFacts {
  readonly form: 'dst-option' | 'first-fragment' | 'reassembly';
  /** `lost` where the control was answered beside it; `unknown` where nobody was. */
  readonly result: 'passes' | 'lost' | 'unknown';
  readonly ttl: number;
  /** Indices of the flows in this form; null: there is no control. */
  readonly asked: number;
  readonly control: number | null;
}

/** All that a trace has seen. */
export interface TraceFacts {
  readonly family: Family;
  readonly target: Ip;
  /** The target is this machine. */
  readonly isSelf: boolean;
  /** The first is the asked flow; the others are its controls. */
  readonly flows: readonly FlowFacts[];
  /** The asked port from other source ports, where it was asked so. */
  readonly variants: readonly FlowFacts[];
  /** The asked port from all source ports that were walked; empty where none but its own was asked for. */
  readonly sources: readonly SourceFacts[];
  /** Null: not asked for, or nothing to measure with. */
  readonly mtu: MtuFacts | null;
  /** Null: not asked for, or nothing was to be asked. */
  readonly passage: PassageFacts | null;
  /** The asked port in the form of {@link passage}, and its control. */
  readonly passageFlows: readonly FlowFacts[];
  /** Whether the wire sees TTLs of answers and quoted headers. */
  readonly seesTtl: boolean;
  readonly seesQuote: boolean;
  /** Our own side, where nothing answered. */
  readonly ownSide: OwnSide | null;
  /** Largest TTL that was asked. */
  readonly maxTtl: number;
}
