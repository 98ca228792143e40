/**
 * The shape in which probes and signals cross the seam: struct of arrays, owned by one side, reused for every call
 * (ADR 0003 has the measurements). A row is a number; nothing is allocated for a probe or a signal.
 *
 * Native code writes the columns of a signal batch directly, so their types and order are part of the addon's contract.
 */
import type { OwnSide } from './model.ts';

/** IP protocol numbers, and one of ours: an inquiry to our own side about a target. */
export const PROTO_TCP = 6;
export const PROTO_UDP = 17;
/** IP protocol number of an echo request over IPv4. */
export const PROTO_ICMP = 1;
/** IP protocol number of an echo request over IPv6. */
export const PROTO_ICMPV6 = 58;
export const PROTO_OWN_SIDE = 255;
/** One more of ours: the target, on our own link, is asked for its link-layer address (ARP, neighbour discovery). */
export const PROTO_NEIGHBOUR = 254;

/** Whether a row of this protocol is an echo request: of IPv4 or of IPv6, as its target is. It has port 0. */
export const isEcho = (protocol: number): boolean =>
  protocol === PROTO_ICMP || protocol === PROTO_ICMPV6;

/** How a probe is put in a packet, on wires of packets. */
export const SHAPE = {
  PLAIN: 0,
  /** IPv6: behind a destination option that the target has to refuse (packet/ipv6Headers.ts). */
  DST_OPTION: 1,
  /** As the first fragment of a packet of which no more is sent. */
  FIRST_FRAGMENT: 2,
} as const;

/** Tag of a probe that is asked once more in another shape than that of its port; what answers that is told by its quote. */
export const SHAPED_TAG = 0xffffffff;

/** No probe: the wire could not tell, or the row is about none. */
export const NO_PROBE = 0xffffffff;

/**
 * Lane of a datagram that leaves from a socket of its own, on wires of sockets that see who sends ICMP errors (`can.icmpSender`
 * without `can.packets`): its signals carry its probe, however little is quoted.
 */
export const LANE_OWN = 255;

export interface ProbeBatch {
  count: number;
  readonly capacity: number;
  /** Number of the probe in the plan's space; NO_PROBE for control and own-side rows, which `tag` tells apart. */
  readonly probe: Uint32Array;
  /** 1-based attempt. */
  readonly attempt: Uint8Array;
  /** Free for the engine; comes back in the signals of socket wires. 0 = an ordinary probe. */
  readonly tag: Uint32Array;
  readonly protocol: Uint8Array;
  readonly target: Uint32Array;
  readonly port: Uint16Array;
  /** 0 = the system's default. */
  readonly ttl: Uint8Array;
  /** 0 = any; else answers to this TCP probe with a lower TTL are ignored. */
  readonly minTtl: Uint8Array;
  /**
   * Source port on wires of packets: the reserved one plus this, below `can.lanes`. Socket wires have their own, the same
   * for all datagrams but those of {@link LANE_OWN}.
   */
  readonly lane: Uint8Array;
  /** One of {@link SHAPE}; socket wires send PLAIN alone. */
  readonly shape: Uint8Array;
  /** Place of the own address that a wire of packets sends from, of those that were named (Sending.sources); 0 without any. */
  readonly source: Uint8Array;
  /** UDP payload, data of a SYN on wires of packets, or the echo request from its ICMP header on (probe/echo.ts): `bytes[offset .. offset+length)`. */
  readonly offset: Uint32Array;
  readonly length: Uint16Array;
  readonly bytes: Uint8Array;
  /** Written by the wire: when the row was handed to the network, ms. */
  readonly sentMs: Float64Array;
  /** Written by wires that know it: the number of the gateway by which the row left; 0 = not known, or none. */
  readonly way: Uint16Array;
}

/** What a signal is. */
export const SIGNAL = {
  /** `bytes` hold a whole IP packet, from the IP header on. */
  PACKET: 1,
  /** A UDP answer from `from`:`fromPort`; `bytes` hold its payload. */
  DATAGRAM: 2,
  /** An ICMP error about `dst`:`dstPort`, told by `from`. */
  ICMP: 3,
  /** The TCP handshake is done; `window` is the send window, 0xffffffff when not known. */
  CONNECTED: 4,
  /** Refused, and the error queue is empty: a RST. On wires without error queue: ECONNREFUSED of unknown cause. */
  REFUSED: 5,
  /** The send window of a connection that began with none has opened, or bytes were seen. */
  WINDOW_OPENED: 6,
  /** A connection that began with no window was reset. */
  RESET_AFTER: 7,
  /** Sending failed at once with `errno`: our own side. */
  SEND_FAILED: 8,
  /** The socket failed later with `errno`, nothing more is known. */
  SOCKET_ERROR: 9,
  /** Answer to an own-side inquiry; `ownSide[row]` holds it. */
  OWN_SIDE: 10,
  /** An echo reply from `from`; `bytes` hold the ICMP message. */
  ECHO_REPLY: 11,
  /** A row of PROTO_NEIGHBOUR, told by its tag: the target has answered. Where nobody does, SEND_FAILED with EHOSTUNREACH. */
  NEIGHBOUR: 12,
} as const;

export interface SignalBatch {
  count: number;
  readonly capacity: number;
  readonly kind: Uint8Array;
  /** Set by wires whose sockets tell (TCP connect); NO_PROBE where the matching engine must find out. */
  readonly probe: Uint32Array;
  readonly attempt: Uint8Array;
  readonly tag: Uint32Array;
  /** IP protocol number of the probe that this is about. */
  readonly protocol: Uint8Array;
  /** When it was received, ms, same clock as the wire's nowMs. */
  readonly atMs: Float64Array;
  /** When the probe was sent, where the wire knows better than the engine; else 0. */
  readonly sentMs: Float64Array;
  /** 4 or 6. */
  readonly family: Uint8Array;
  /** 16 bytes a row, IPv4 in the first four. */
  readonly from: Uint8Array;
  readonly fromPort: Uint16Array;
  /** Where the probe went, as the kernel or the quote says; 16 bytes a row. */
  readonly dst: Uint8Array;
  readonly dstPort: Uint16Array;
  readonly icmpType: Uint8Array;
  readonly icmpCode: Uint8Array;
  /** 1: the record was made by our own kernel (SO_EE_ORIGIN_LOCAL), not by an ICMP message. */
  readonly localOrigin: Uint8Array;
  /** Outer TTL; 0 = not known. */
  readonly ttl: Uint8Array;
  readonly errno: Uint16Array;
  /** Send window of CONNECTED; next-hop MTU of an ICMP error that has one. */
  readonly info: Uint32Array;
  readonly offset: Uint32Array;
  readonly length: Uint16Array;
  /** Arena of the payloads and packets. */
  readonly bytes: Uint8Array;
  /** Rare rows with more to say than columns hold. */
  readonly ownSide: (OwnSide | undefined)[];
}

/** Rows of one batch: enough for one sendmmsg burst several times over, small enough to stay in the L2 cache. */
export const BATCH_ROWS = 1024;
/** Arena of one batch: 1024 payloads of 64 bytes, or fewer larger ones. */
export const BATCH_BYTES = 65_536;

/** Creates an empty batch of probes. */
export function createProbeBatch(
  capacity: number = BATCH_ROWS,
  arena: number = BATCH_BYTES,
): ProbeBatch {
  return {
    count: 0,
    capacity,
    probe: new Uint32Array(capacity),
    attempt: new Uint8Array(capacity),
    tag: new Uint32Array(capacity),
    protocol: new Uint8Array(capacity),
    target: new Uint32Array(capacity),
    port: new Uint16Array(capacity),
    ttl: new Uint8Array(capacity),
    minTtl: new Uint8Array(capacity),
    lane: new Uint8Array(capacity),
    shape: new Uint8Array(capacity),
    source: new Uint8Array(capacity),
    offset: new Uint32Array(capacity),
    length: new Uint16Array(capacity),
    bytes: new Uint8Array(arena),
    sentMs: new Float64Array(capacity),
    way: new Uint16Array(capacity),
  };
}

/** Creates an empty batch of signals. */
export function createSignalBatch(
  capacity: number = BATCH_ROWS,
  arena: number = 4 * BATCH_BYTES,
): SignalBatch {
  return {
    count: 0,
    capacity,
    kind: new Uint8Array(capacity),
    probe: new Uint32Array(capacity),
    attempt: new Uint8Array(capacity),
    tag: new Uint32Array(capacity),
    protocol: new Uint8Array(capacity),
    atMs: new Float64Array(capacity),
    sentMs: new Float64Array(capacity),
    family: new Uint8Array(capacity),
    from: new Uint8Array(capacity * 16),
    fromPort: new Uint16Array(capacity),
    dst: new Uint8Array(capacity * 16),
    dstPort: new Uint16Array(capacity),
    icmpType: new Uint8Array(capacity),
    icmpCode: new Uint8Array(capacity),
    localOrigin: new Uint8Array(capacity),
    ttl: new Uint8Array(capacity),
    errno: new Uint16Array(capacity),
    info: new Uint32Array(capacity),
    offset: new Uint32Array(capacity),
    length: new Uint16Array(capacity),
    bytes: new Uint8Array(arena),
    ownSide: [],
  };
}
