/** The nouns of a trace, types only; model.ts exports them with its own. */
import type { Protocol, Reason, WireKind } from './model.ts';
import type { Ip } from './packet/address.ts';

/** What was heard at one hop: nmap's spelling of an answer, `time-exceeded` of a router; null is silence. */
export interface Hop {
  /** TTL with which the probes were sent: hop 1 is on our link. */
  readonly ttl: number;
  /** Null: nobody answered. */
  readonly ip: Ip | null;
  readonly name: string | null;
  readonly rttMs: number | null;
  readonly reason: Reason | null;
  /** Further addresses that answered at this TTL. */
  readonly others: readonly Ip[];
  /** What the answer says besides; absent where it says nothing. */
  readonly notes?: HopNotes;
}

/** What an ICMP error tells of a hop besides its sender. */
export interface HopNotes {
  /** Labels under which the packet came in, outermost first (RFC 4950). */
  readonly mpls: readonly number[];
  /** Names of its interfaces, in the router's words: where the packet came in, else which it names (RFC 5837). */
  readonly interfaces: readonly string[];
  /** DSCP of the quoted packet where it is not 0, as it was sent (RFC 2474). */
  readonly dscp: number | null;
  /** What the quoted packet has that ours had not: somebody translated it on the way; absent: nothing. */
  readonly translated?: Translated;
}

/** Differences of a quoted packet from what was sent; null is as it was sent. */
export interface Translated {
  readonly source: Ip | null;
  readonly sourcePort: number | null;
  readonly destination: Ip | null;
  readonly destinationPort: number | null;
  /** Its checksum does not fit what is quoted: it was translated, and changed back in the quote alone. */
  readonly isChecksumOff: boolean;
}

/**
 * How a flow ended: `reached` the target (which may have refused it), `rejected` by somebody, `dropped` where another flow
 * passes, `broken` where none does, `unknown` where it cannot be told.
 */
export type PathEnd = 'reached' | 'rejected' | 'dropped' | 'broken' | 'unknown';

/** One flow of a trace: the asked port, or a control beside it. */
export interface PathFlow {
  readonly kind: 'asked' | 'icmp' | 'udp' | 'tcp';
  /** Null for ICMP echo. */
  readonly port: number | null;
  readonly hops: readonly Hop[];
  readonly end: PathEnd;
  /** False: each probe had a source port of its own, so that routers may have sent them different ways. */
  readonly isConstant: boolean;
  /** True: some routers quote too little, and their hops are placed by the outer TTL of their answers. */
  readonly isEstimated: boolean;
}

/** Source ports of the asked port that went one way and came to one end. */
export interface SourceGroup {
  readonly srcPorts: readonly number[];
  /** Hops at which not all source ports were answered by the same router, as this group went; unheard ones are left out. */
  readonly ways: readonly PathPlace[];
  /** `silent`: lost; `unknown`: silent, but a limiter may explain it. */
  readonly end: 'reached' | 'rejected' | 'silent' | 'unknown';
  /** The last router that was heard; TTL 0: none. */
  readonly last: PathPlace;
}

/** The asked port from many source ports (`--flows`). */
export interface PathSources {
  /** Source ports from which it was walked. */
  readonly asked: number;
  readonly groups: readonly SourceGroup[];
}

/** Sizes of packets that come through with DF set (`--mtu`), in bytes from the IP header on. */
export interface PathMtu {
  /** Largest that was tried: what our own link takes. */
  readonly linkBytes: number;
  /** Largest that came to hop `end`; null: not found out. */
  readonly bytes: number | null;
  /** TTL of the hop up to which it was measured. */
  readonly end: number;
  /** The flow that was measured with. */
  readonly protocol: Protocol | 'icmp';
  readonly port: number | null;
  /** Who said that a packet is too big for the next link, and the size that he named. */
  readonly said: readonly { readonly ip: Ip; readonly hop: number; readonly mtu: number }[];
  /** Where larger ones are lost without a word; null: nowhere. */
  readonly hole: { readonly after: PathPlace; readonly before: PathPlace } | null;
}

/**
 * What came of a SYN to a router's own address: `answered` by TCP (RST or SYN-ACK), `silent` each time, `unclear` what is
 * neither, such as an ICMP error.
 */
export type HopAnswer = 'answered' | 'silent' | 'unclear';

/** A router of the path that was asked itself (`--ask-hops`). */
export interface AskedHop {
  readonly ttl: number;
  readonly ip: Ip;
  /** Of the asked port, and of a port that nobody filters by name. */
  readonly port: HopAnswer;
  readonly control: HopAnswer;
}

/** What the routers of a path said to SYNs that were addressed to them (`--ask-hops`). */
export interface PathAskedHops {
  /** The control port. */
  readonly control: number;
  /** Nearest first. */
  readonly hops: readonly AskedHop[];
}

/** Whether packets to the port come to the target's own stack (`--passage`, `--fragment`). */
export interface PathPassage {
  /**
   * How it was asked: behind a destination option, as a first fragment that its target has to refuse, or (`--fragment`) as one
   * whose rest it waits for in vain.
   */
  readonly form: 'dst-option' | 'first-fragment' | 'reassembly';
  /** `lost`: its control was answered, it was not; `unknown`: neither was. */
  readonly result: 'passes' | 'lost' | 'unknown';
  readonly rounds: number;
  /** The same probe to another port, and how many rounds of it were answered; null: none was asked. */
  readonly control: { readonly port: number; readonly answered: number } | null;
}

/** What a trace can find. */
export type FindingKind =
  | 'drop'
  | 'reject'
  | 'forged-reset'
  | 'route'
  | 'mtu'
  | 'nat'
  | 'return-drop'
  | 'proxy'
  | 'loop'
  | 'ttl-rewrite'
  | 'path-variant';

/** A place on a path: TTL 0 is this machine; `ip` is null where nobody answered. */
export interface PathPlace {
  readonly ttl: number;
  readonly ip: Ip | null;
}

/** Where and how a flow fails, before it is put in words (contract.md). */
export interface Location {
  readonly kind: FindingKind;
  /**
   * The last place that the lost packet is known, or concluded, to have come to; null: not known. On the way back (`return`) the
   * packet is the answer, and this is further away than `before`: the target, or the nearest router whose answers are lost too.
   */
  readonly after: PathPlace | null;
  /** The first that it did not come to: on the way back the furthest router whose answers come, or this machine (TTL 0); null: not known. */
  readonly before: PathPlace | null;
  readonly direction: 'forward' | 'return' | 'either';
  readonly by: { readonly ip: Ip | null; readonly hop: number | null } | null;
  readonly mtu?: number;
  /** What the rule that drops seems to name, where routers were asked; absent: not known. */
  readonly scope?: 'port' | 'destination';
  /** Number of the rule that decided (trace/locate.ts). */
  readonly rule: number;
  /** `high` is certain. */
  readonly certainty: 'high' | 'medium' | 'low';
}

/** A location in words. */
export interface Finding extends Location {
  /** What else it could be, or what it most likely is. */
  readonly hypotheses: readonly string[];
  /** Commands and experiments that would settle it. */
  readonly next: readonly string[];
  readonly evidence: readonly string[];
}

/** The answer of a trace about one port (contract.md, `paths`). */
export interface Path {
  readonly target: Ip;
  readonly name: string | null;
  readonly port: number;
  readonly protocol: Protocol;
  readonly end: PathEnd;
  /** Those of the asked flow. */
  readonly hops: readonly Hop[];
  readonly flows: readonly PathFlow[];
  readonly finding: Finding | null;
  /** One English sentence; key and facts of it as in a judgement. */
  readonly why: string;
  readonly whyId: string;
  readonly whyArgs: Readonly<Record<string, string | number>>;
  readonly wire: WireKind;
  /** Absent unless it was asked for. */
  readonly sources?: PathSources;
  readonly mtu?: PathMtu;
  readonly askedHops?: PathAskedHops;
  readonly passage?: PathPassage;
}
