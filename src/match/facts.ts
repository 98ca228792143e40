/** What is known of one port when it is judged: the input of the pure half of the matching engine. */
import type {
  By,
  Detail,
  Family,
  Ip,
  OwnSide,
  Protocol,
  Reason,
  Service,
  State,
  WireCan,
} from '../model.ts';

/**
 * The deciding answer of a probe, weakest first: a later answer replaces an earlier one of a smaller number.
 * A number, because it is a column of the probe state.
 */
export const ANSWER = {
  NONE: 0,
  /** A UDP answer from an address or port that was not asked. */
  STRANGER: 1,
  /** An errno without its ICMP message. */
  SOCKET_ERROR: 2,
  /** Sending failed at home: our own firewall may make an errno of the kind above besides. */
  SEND_FAILED: 3,
  ICMP: 4,
  /** RST, or on wires that cannot tell: refused. */
  RESET: 5,
  /** SYN-ACK with a closed window and nothing after it. */
  WINDOWLESS: 6,
  /** SYN-ACK with a closed window, then a reset. */
  WINDOWLESS_RESET: 7,
  /** SYN-ACK. */
  SYN_ACK: 8,
  /** SYN-ACK, and the window is open or bytes were seen. */
  ESTABLISHED: 9,
  DATAGRAM: 10,
  ECHO_REPLY: 11,
} as const;

/** What the comparison of a RST with another kind of answer of the same target gave. */
export const RESET_CHECK = {
  NONE: 0,
  /** The RST came from the target's distance. */
  SAME: 1,
  /** It came from nearer: somebody on the path wears the target's address. */
  NEARER: 2,
  /** It was compared, and the result fits neither. */
  UNCLEAR: 3,
} as const;

/**
 * What was found about a silence: nothing, that the port is not closed, that the ICMP limiter had no token to say so, or that
 * the port is not closed and our own side had dropped nothing until that was proven.
 */
export const SILENCE = { PLAIN: 0, CERTIFIED: 1, NO_TOKEN: 2, CHECKED: 3 } as const;

/**
 * Port-unreachables after which a stock Linux target may have none left: its bucket holds 6 (XRLIM_BURST_FACTOR, net/ipv4/icmp.c), and the
 * last token is spent on an answer that we may still be waiting for.
 */
export const LIMITER_BURST = 5;

/** One port. */
export interface PortFacts {
  readonly probe: number;
  readonly protocol: Protocol;
  readonly port: number;
  /** One of ANSWER. */
  readonly answer: number;
  readonly icmpType: number;
  readonly icmpCode: number;
  /** Who sent the deciding answer; null where the wire cannot tell. */
  readonly from: Ip | null;
  readonly fromIsTarget: boolean;
  readonly fromIsOwn: boolean;
  /** The port of a stranger's answer. */
  readonly fromPort: number;
  /** Outer TTL, 0 = unknown. */
  readonly ttl: number;
  readonly quotedTtl: number;
  readonly sentTtl: number;
  /** Null when it is ambiguous which attempt was answered. */
  readonly rttMs: number | null;
  readonly attempts: number;
  /** The attempt that was answered; 0 when not known. */
  readonly answeredAttempt: number;
  /** Attempt and number in the id of the deciding answer. */
  readonly idAttempt: number;
  readonly idNumber: number;
  /** How long a silent port was waited for in all, ms. */
  readonly waitedMs: number;
  readonly errno: number;
  readonly service: Service | null;
  /** One of RESET_CHECK. */
  readonly resetCheck: number;
  /** One of SILENCE. */
  readonly silence: number;
  /** The two ports that it was told by, where it was not asked. */
  readonly between: BetweenFacts | null;
  /** Null: not asked, or not told by what came back. */
  readonly passage: PassageFacts | null;
}

/** What became of probes that the target has to refuse behind its filters and before the port (ADR 0025). */
export interface PassageFacts {
  /** `passes`: one was refused. `lost`: none, beside those of another port that were. */
  readonly result: 'passes' | 'lost';
  /** How many were sent; their attempts follow those of the port. */
  readonly asked: number;
  /** Attempt and number in the id of the refusal; 0 without one. */
  readonly idAttempt: number;
  readonly idNumber: number;
}

/** Two ports of a target that are alike: both closed, or both silent and proven not to be closed. */
export interface BetweenFacts {
  readonly isClosed: boolean;
  readonly low: number;
  readonly high: number;
  /** Ids of what they were asked and what they answered. */
  readonly evidence: readonly string[];
}

/** What a router said of the way to a target, to more than one of its ports, where nobody said anything else. */
export interface Cover {
  readonly from: Ip;
  readonly icmpType: number;
  readonly icmpCode: number;
  /** As in PortFacts. */
  readonly ttl: number;
  readonly quotedTtl: number;
  readonly sentTtl: number;
}

/** Its target. */
export interface TargetFacts {
  readonly ip: Ip;
  readonly family: Family;
  /** Distance by an answer of another kind than RST, in hops; null: none in this run. */
  readonly distance: number | null;
  /** Answers under its address came from several distances: a NAT, or somebody on the way. */
  readonly severalDistances: boolean;
  /** Port-unreachables that this target has sent in this run. */
  readonly icmpAnswers: number;
  /** Null where the target itself has answered. */
  readonly cover: Cover | null;
  /** Chance that one packet or its answer is lost, as this run saw it (with a prior). */
  readonly loss: number;
  /** Our own side towards it, where it was asked for. */
  readonly ownSide: OwnSide | null;
}

/** What is the same for all ports of a run. */
export interface JudgeContext {
  readonly can: WireCan;
}

/** The part of a judgement that a rule decides; the rest follows from the facts. */
export interface Ruling {
  readonly state: State;
  readonly reason: Reason;
  readonly detail?: Detail;
  readonly by: By | null;
  readonly confidence: number;
  readonly whyId: string;
  readonly whyArgs?: Readonly<Record<string, string | number>>;
}
