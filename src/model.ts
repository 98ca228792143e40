/**
 * The nouns of pu-probe, types only.
 *
 * Text becomes a {@link Plan}; the scheduler turns it into numbered probes; a {@link Wire} carries them out and brings
 * signals back; the matching engine ties each signal to its probe and judges it; a {@link Verdict} is what a person
 * reads. Probes and signals travel in batches (batch.ts); everything here is a readonly record.
 */
import type { Path } from './modelPath.ts';
import type { Ip } from './packet/address.ts';

export type * from './modelPath.ts';
export type { Ip } from './packet/address.ts';
export type {
  Engine,
  OwnSide,
  SentListener,
  SentPacket,
  Wire,
  WireCan,
} from './seam.ts';

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
  | 'echo-reply'
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
  /** IP protocol number: 6, 17, or that of an echo request (1 or 58 by the family of the target), which has port 0. */
  protocolOf(probe: number): number;
  /** The number behind the last probe of the same target and protocol: they are neighbours. */
  endOf(probe: number): number;
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
  /** Those of them that the user named one by one, where ranges stand beside them: asked and settled first. */
  readonly udpNamed?: readonly number[];
  /** Each target gets an echo request as well. */
  readonly echo?: boolean;
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

/** An address of this machine; 16 bytes, IPv4 in the first four. */
export interface OwnAddress {
  readonly ip: Ip;
  readonly family: Family;
  readonly bytes: Uint8Array;
}

/** How probes leave where the user says so; null is the system's own choice. */
export interface Sending {
  /** Name of the interface. */
  readonly interface: string | null;
  /** Addresses of this machine, of the family of all targets; with several, all but the walks go out from the first one. */
  readonly sources: readonly OwnAddress[];
  readonly sourcePort: number | null;
  readonly ttl: number | null;
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
  /** UDP ports between two that are alike are told by them, and not asked (scan/rangeInference.ts). */
  readonly inferRanges?: true;
  /** Silent UDP ports of IPv6 targets are asked once more by what their target has to refuse (scan/passage.ts). */
  readonly passage?: true;
  readonly sending: Sending;
  /** What SNMP is asked with; null: no community, the discovery of version 3 alone. A password: it is never printed. */
  readonly snmpCommunity: { readonly name: string; readonly version: 'v1' | 'v2c' } | null;
  /** Hosts are looked for (`-sn`): the probes are ways to find them, and no port gets a verdict. */
  readonly discover: boolean;
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

/** What a silent UDP port may be, by chances whose sum is 1 (match/silentOdds.ts); `dropped` by a filter, either way. */
export interface SilentOdds {
  readonly open: number;
  readonly dropped: number;
  readonly closed: number;
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
  /** Of a UDP port that stayed silent, by what was known when the verdict became final; 4 decimals, each rounded down. */
  readonly between?: SilentOdds;
}

export interface HostVerdict {
  readonly target: Ip;
  readonly name: string | null;
  readonly state: 'up' | 'down' | 'unknown';
  readonly reason: string;
  /** Of a host that was looked for (`-sn`): how sure, 0..1, null where nothing is said of it. */
  readonly confidence?: number | null;
  /** The same: who said it, where it was not the host itself. */
  readonly by?: Ip | null;
  /** The same: of the answer that decided, null where it is ambiguous. */
  readonly rttMs?: number | null;
  /** Of a host whose silent UDP ports were asked at the pace of its limit. */
  readonly limiter?: IcmpLimiter;
}

/** What limits the ICMP errors of a host, as far as it was seen. */
export interface IcmpLimiter {
  /** A bucket for each asker, one for the whole host, no limit that was met, or a limit of which that is not known. */
  readonly kind: 'per-source' | 'host-wide' | 'none' | 'unknown';
  /** Time between two errors once it is empty, ms; null without a limit. */
  readonly gapMs: number | null;
  /** Seen from several of our addresses; else the kind is that of all known limiters with this rate. */
  readonly isTested: boolean;
}

/** How large a run was planned to be, and what could not be planned. */
export interface ReportPlan {
  readonly targets: number;
  /** Ports of all targets together. */
  readonly probes: number;
  /** Hosts were looked for, and no ports asked (`-sn`). */
  readonly discover?: true;
  readonly unresolved: readonly Unresolved[];
}

/** The input of every writer (contract.md). */
export interface Report {
  readonly schema: 'pu-probe/report/1';
  readonly tool: { readonly name: string; readonly version: string };
  readonly command: 'scan' | 'trace';
  readonly startedAt: string;
  readonly durationMs: number;
  readonly wire: { readonly kind: WireKind; readonly note: string };
  readonly plan: ReportPlan;
  /** False: planned work was not finished, or a name gave no address; `notDone` lists it. */
  readonly complete: boolean;
  /** `10.0.0.5 53/udp`, or a range in words where there are many. */
  readonly notDone: readonly string[];
  readonly seed: string;
  /** The file that holds the packets, as it was named; null: none was kept. */
  readonly recording: string | null;
  readonly verdicts: readonly Verdict[];
  readonly hosts: readonly HostVerdict[];
  readonly paths: readonly Path[];
  readonly counters: Readonly<Record<string, number>>;
  readonly warnings: readonly string[];
}
