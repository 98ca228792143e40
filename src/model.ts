/**
 * The nouns of pu-probe, types only.
 *
 * Text becomes a {@link Plan}; the scheduler turns it into numbered probes; a {@link Wire} carries them out and brings
 * signals back; the matching engine ties each signal to its probe and judges it; a {@link Verdict} is what a person
 * reads. Probes and signals travel in batches (batch.ts); everything here is a readonly record.
 */
import type { ProbeBatch, SignalBatch } from './batch.ts';
import type { Ip } from './packet/address.ts';

export type { Ip } from './packet/address.ts';

export type Family = 4 | 6;

export type Protocol = 'tcp' | 'udp';

/** What a port can be; `unknown` means that our own side kept us from checking. */
export type State =
  | 'open'
  | 'closed'
  | 'filtered'
  | 'open|filtered'
  | 'closed|filtered'
  | 'unknown';

/** Why, in nmap's spelling; `local-error` is ours. */
export type Reason =
  | 'udp-response'
  | 'syn-ack'
  | 'reset'
  | 'conn-refused'
  | 'port-unreach'
  | 'host-unreach'
  | 'net-unreach'
  | 'proto-unreach'
  | 'admin-prohibited'
  | 'host-prohibited'
  | 'net-prohibited'
  | 'time-exceeded'
  | 'no-response'
  | 'no-route'
  | 'beyond-scope'
  | 'reject-route'
  | 'param-problem'
  | 'local-error';

/** Finer than the state; null where the state says it all. */
export type Detail =
  | 'rejected'
  | 'forged-reset'
  | 'syn-proxy'
  | 'silent-certified'
  | 'silent-unverified'
  | 'open-silent'
  | 'other-source'
  | 'dropped'
  | 'no-neighbour'
  | 'inferred';

export type WireKind = 'packet' | 'raw-socket' | 'errqueue' | 'connect' | 'sim' | 'replay';

/** What a wire can send and see. The scheduler and the matching engine degrade on it; nobody asks for the kind. */
export interface WireCan {
  /** Signals are whole packets: TTLs, quoted headers, checksums. TCP is asked by SYN. */
  readonly packets: boolean;
  /** What is sent and received passes the hooks of our own firewall: its counters speak of it. */
  readonly passesHooks: boolean;
  /** ICMP errors come with type, code and sender. False: only the errno class of a socket remains. */
  readonly icmpSender: boolean;
  /** The outer TTL of ICMP errors and UDP answers is seen. */
  readonly replyTtl: boolean;
  /** The TTL of a probe can be set. */
  readonly setTtl: boolean;
  /** A smallest accepted TTL can be set for the answers to one TCP probe (IP_MINTTL, IPV6_MINHOPCOUNT). */
  readonly minTtl: boolean;
  /** A RST can be told from an ICMP port-unreachable on a TCP probe. */
  readonly resetKnown: boolean;
  /** UDP answers from other addresses or ports than the asked ones are seen. */
  readonly strangers: boolean;
  /** The send window of a fresh connection is seen. */
  readonly window: boolean;
  /** TCP probes that may be outstanding at once (open sockets; a large number where there is no such bound). */
  readonly maxTcpInFlight: number;
  /** Shortest wait in ms before a TCP silence means anything (1200 on `connect`: Node surfaces IPv6 errors late). */
  readonly tcpSilenceMs: number;
}

/**
 * The one seam for the network, the simulator and a recording. Probes go out and signals come back, both in batches;
 * what goes wrong on the way is a signal too: neither call throws for a network outcome.
 */
export interface Wire {
  readonly kind: WireKind;
  /** Why this wire, for the report. */
  readonly note: string;
  readonly can: WireCan;
  /** Monotonic time in ms; on the simulator virtual time. */
  nowMs(): number;
  /** Sends all rows of the batch and writes each row's `sentMs`. A row that could not be sent comes back as a signal. */
  send(batch: ProbeBatch): void;
  /** Waits until something arrived or `untilMs` has come. The batch is the wire's own and valid until the next call. */
  next(untilMs: number): Promise<SignalBatch>;
  /** Counters for the report, e.g. `ringDrops`. */
  counters(): Readonly<Record<string, number>>;
  close(): void;
}

/** A strategy (scan; later trace): no clock, no socket, no randomness but a seed. */
export interface Engine<Result> {
  /** What to send now, and when to be woken at the latest; no wake-up means done. */
  advance(nowMs: number): { readonly send: ProbeBatch; readonly wakeAtMs: number | undefined };
  receive(signals: SignalBatch, nowMs: number): void;
  result(): Result;
}

/** One address of an interface of this machine, as `os.networkInterfaces()` lists them. */
export interface LocalInterface {
  readonly name: string;
  /** The address with its prefix length, `10.0.0.2/24`; null where it is not known. */
  readonly cidr: string | null;
  /** Kernel index of the interface on its link-local address; 0 on all others. */
  readonly scopeId: number;
}

/** The targets of a run by number; addresses as bytes for the wires, as text at the borders. */
export interface TargetTable {
  readonly count: number;
  /** 16 bytes a target, IPv4 in the first four. */
  readonly bytes: Uint8Array;
  /** 4 or 6, a byte a target. */
  readonly families: Uint8Array;
  /** Interface index of a zone, 0 without one. */
  readonly scopeIds: Uint32Array;
  ip(target: number): Ip;
  name(target: number): string | null;
  /** The target with this address (16-byte layout from `at`), or -1. Zones are compared only when both are known. */
  indexOf(bytes: Uint8Array, at: number, family: Family): number;
}

/** The numbered probes of a run: index <-> (target, protocol, port), by arithmetic. */
export interface ProbeSpace {
  readonly count: number;
  targetOf(probe: number): number;
  portOf(probe: number): number;
  /** IP protocol number: 6 or 17. */
  protocolOf(probe: number): number;
  /** -1 when this was not asked. */
  indexOf(target: number, protocol: number, port: number): number;
}

/** One rectangle of the plan: these targets, each asked for these ports. */
export interface PlanGroup {
  /** First target number and how many follow. */
  readonly firstTarget: number;
  readonly targetCount: number;
  readonly tcpPorts: readonly number[];
  readonly udpPorts: readonly number[];
}

/** A target whose name gave no address: it is told and not asked. */
export interface Unresolved {
  readonly name: string;
  /** In words that follow the name: `cannot be looked up: no such name (ENOTFOUND)`. */
  readonly why: string;
  /** The look-up failed, which says nothing about the name. */
  readonly isOurSide: boolean;
  /** Where the name was read, `targets.txt:3`; null: on the command line. */
  readonly place: string | null;
}

/** What a run will do; printable before anything is sent (`--dry-run`). */
export interface Plan {
  readonly targets: TargetTable;
  readonly groups: readonly PlanGroup[];
  readonly space: ProbeSpace;
  /** 64-bit seed as two words: order, tokens, random names. */
  readonly seed: readonly [number, number];
  /** -T0..-T5. */
  readonly timing: 0 | 1 | 2 | 3 | 4 | 5;
  /** Packets per second; undefined: the tool decides; Infinity: `max`. */
  readonly ratePps: number | undefined;
  /** Retransmissions after the first attempt; undefined: by the timing template. */
  readonly retries: number | undefined;
  readonly hostTimeoutMs: number | undefined;
  /** Whether the tool may choose control ports itself (at most three a target). */
  readonly control: boolean;
  /** Chance that a whole run holds no wrong verdict. */
  readonly certainty: number;
  readonly unresolved: readonly Unresolved[];
  readonly warnings: readonly string[];
}

/** Who gave the deciding answer. */
export interface By {
  /** Null when the sender wears the target's address. */
  readonly ip: Ip | null;
  readonly role: 'target' | 'path' | 'local';
  /** Distance in hops, 1 = on-link; null when it is not proven. */
  readonly hop: number | null;
}

/** What the answer of a service proved about itself. */
export interface Service {
  readonly protocol: string;
  readonly info: string;
}

/** What the matching engine concluded of one port, before it is put in words. */
export interface Judgement {
  readonly state: State;
  readonly reason: Reason;
  readonly detail: Detail | null;
  readonly service: Service | null;
  readonly by: By | null;
  readonly icmp: { readonly type: number; readonly code: number } | null;
  readonly ttl: number | null;
  readonly quotedTtl: number | null;
  readonly rttMs: number | null;
  readonly attempts: number;
  /** 0..1; certain from 0.999 on. */
  readonly confidence: number;
  /** Key of the sentence catalogue (report/sentences.ts; its words are in whyUdp.ts, whyTcp.ts, whyOwn.ts). */
  readonly whyId: string;
  readonly whyArgs: Readonly<Record<string, string | number>>;
  readonly evidence: readonly string[];
}

/** The answer about one port (contract.md, schema pu-probe/report/1). */
export interface Verdict extends Judgement {
  readonly target: Ip;
  readonly name: string | null;
  readonly port: number;
  readonly protocol: Protocol;
  /** One English sentence. */
  readonly why: string;
  readonly wire: WireKind;
}

export interface HostVerdict {
  readonly target: Ip;
  readonly name: string | null;
  readonly state: 'up' | 'down' | 'unknown';
  readonly reason: string;
}

/** What our own side looks like towards one target: an answer to an own-side inquiry (batch.ts, OWN_SIDE). */
export interface OwnSide {
  readonly target: number;
  /** Where the kernel would send: `local` is this machine; `none` with the errno that says why. */
  readonly route: 'local' | 'on-link' | 'gateway' | 'none' | 'unknown';
  readonly routeErrno: string | null;
  readonly gateway: Ip | null;
  readonly interface: string | null;
  /** False when the link has no carrier or the interface is down; null when not known. */
  readonly carrier: boolean | null;
  /** Neighbour entry of the next hop. */
  readonly neighbour: 'reachable' | 'incomplete' | 'failed' | 'none' | 'unknown';
  /** Packets of this family that our kernel dropped on the way out since the wire was opened; null: not countable. */
  readonly outDropped: number | null;
  /** Packets of this family that reached IP and were not delivered since the wire was opened; null: not countable. */
  readonly inDropped: number | null;
  /** TCPRetransFail since the wire was opened: SYNs that our own kernel could not send again, 1 s after the first. */
  readonly retransFailed: number | null;
  /**
   * IP packets that our kernel transmitted and no interface has counted as sent since the wire was opened: an egress hook
   * or a qdisc may have dropped them. A hint only: other traffic hides it, some drivers count late; null: not countable.
   */
  readonly unsent: number | null;
  /** Set when the wire lost answers (ring or buffer overflow) since the wire was opened. */
  readonly overflow: boolean;
}

/** How large a run was planned to be, and what could not be planned. */
export interface ReportPlan {
  readonly targets: number;
  /** Ports of all targets together. */
  readonly probes: number;
  readonly unresolved: readonly Unresolved[];
}

/** The input of every writer (contract.md). */
export interface Report {
  readonly schema: 'pu-probe/report/1';
  readonly tool: { readonly name: string; readonly version: string };
  readonly command: 'scan';
  readonly startedAt: string;
  readonly durationMs: number;
  readonly wire: { readonly kind: WireKind; readonly note: string };
  readonly plan: ReportPlan;
  /** False: planned work was not finished, or a name gave no address; `notDone` lists it. */
  readonly complete: boolean;
  /** `10.0.0.5 53/udp`, or a range in words where there are many. */
  readonly notDone: readonly string[];
  readonly seed: string;
  readonly verdicts: readonly Verdict[];
  readonly hosts: readonly HostVerdict[];
  readonly paths: readonly never[];
  readonly counters: Readonly<Record<string, number>>;
  readonly warnings: readonly string[];
}
