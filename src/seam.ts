/**
 * The seams, types only: between an engine and the network (Wire), between the loop and a strategy (Engine), and what a
 * wire knows of our own side. Both halves move batches (batch.ts).
 */
import type { ProbeBatch, SignalBatch } from './batch.ts';
import type { Ip, WireKind } from './model.ts';

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
  /** UDP probes leave in the order and at the times that the wire says: silence can be compared with later answers. */
  readonly sendOrder: boolean;
  /** Source ports that are reserved for our packets, one behind the other; 1 on socket wires, which have their own. */
  readonly lanes: number;
  /** A smallest accepted TTL can be set for the answers to one TCP probe (IP_MINTTL, IPV6_MINHOPCOUNT). */
  readonly minTtl: boolean;
  /** A RST can be told from an ICMP port-unreachable on a TCP probe. */
  readonly resetKnown: boolean;
  /** UDP answers from other addresses or ports than the asked ones are seen. */
  readonly strangers: boolean;
  /** Rows of PROTO_NEIGHBOUR are asked on the link. */
  readonly neighbours: boolean;
  /** Echo requests can be sent and their replies be seen. */
  readonly echo: boolean;
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
  /**
   * Of a wire that sends packets of its own: shows the listener each one as it was handed to the network, during `send` and
   * `next`. At most one listener; ARP and neighbour discovery are left out.
   */
  tap?(listener: SentListener): void;
}

/** One packet that left; one record, valid during the call. */
export interface SentPacket {
  /** Row of the batch that is being sent; -1: the packet had waited, or belongs to no probe. */
  row: number;
  /** The probe and attempt or the tag that it asks for; NO_PROBE and 0: a packet of the wire's own, such as a reset. */
  probe: number;
  attempt: number;
  tag: number;
  /** From the IP header on, `bytes[at, at + length)`. */
  bytes: Uint8Array;
  at: number;
  length: number;
  sentMs: number;
  /** 0, or why our own kernel did not take it. */
  errno: number;
}

/** Who is shown what a wire sends. */
export type SentListener = (packet: Readonly<SentPacket>) => void;

/** A strategy (scan; later trace): no clock, no socket, no randomness but a seed. */
export interface Engine<Result> {
  /** What to send now, and when to be woken at the latest; no wake-up means done. */
  advance(nowMs: number): { readonly send: ProbeBatch; readonly wakeAtMs: number | undefined };
  receive(signals: SignalBatch, nowMs: number): void;
  result(): Result;
}

/** What our own side looks like towards one target: an answer to an own-side inquiry (batch.ts, OWN_SIDE). */
export interface OwnSide {
  readonly target: number;
  /** Where the kernel would send: `local` is this machine; `none` with the errno that says why. */
  readonly route: 'local' | 'on-link' | 'gateway' | 'none' | 'unknown';
  readonly routeErrno: string | null;
  readonly gateway: Ip | null;
  readonly interface: string | null;
  /** Largest packet that the interface takes, in bytes from the IP header on; absent where it is not known. */
  readonly mtu?: number;
  /** False when the link has no carrier or the interface is down; null when not known. */
  readonly carrier: boolean | null;
  /** Neighbour entry of the next hop; `stale`: known from earlier, and being asked whether it is still there, for seconds at most. */
  readonly neighbour: 'reachable' | 'stale' | 'incomplete' | 'failed' | 'none' | 'unknown';
  /** Packets of this family that our kernel dropped on the way out since the wire was opened; null: not countable. */
  readonly outDropped: number | null;
  /** Packets of this family that reached IP and were not delivered since the wire was opened; null: not countable. */
  readonly inDropped: number | null;
  /** TCPRetransFail since the wire was opened: SYNs that our own kernel could not send again, 1 s after the first. */
  readonly retransFailed: number | null;
  /**
   * IP packets that our kernel transmitted and no interface has counted as sent since the wire was opened: an egress hook
   * or a queueing discipline may have dropped them. A hint only, other traffic hides it and some drivers count late;
   * null: not countable.
   */
  readonly unsent: number | null;
  /** Set when the wire lost answers (ring or buffer overflow) since the wire was opened. */
  readonly overflow: boolean;
}
