/** What is kept of one flow: both directions of a pair of addresses, ports and a protocol. */
import type { Family } from '../model.ts';

/** Index of a direction in {@link Flow.sides}. */
export const FROM_ASKER = 0;
/** The other one. */
export const FROM_ASKED = 1;

/** One direction of a flow. */
export interface Side {
  packets: number;
  firstMs: number;
  lastMs: number;
  /** Its first frames, as many as are cited. */
  frames: number[];
  /** The TTL of its packets without RSTs, 0 = none yet; `otherTtl` is another one that was seen, 0 = none. */
  ttl: number;
  otherTtl: number;
  lowestTtl: number;
  highestTtl: number;
  /** Of the last packet: a copy of it that comes by again with a lower TTL runs in a loop. */
  lastTtl: number;
  lastIpId: number;
  lastChecksum: number;
  /** Packets that passed before, with a higher TTL: they were not sent again. */
  copies: number;
  /** How often in a row one packet came by, at most; and how often up to now. */
  loopMost: number;
  loopRun: number;
}

/** A packet as it was sent, to be compared with a quote of it. */
export interface Original {
  readonly ipId: number;
  readonly ttl: number;
  /** Transport checksum as captured, and as it must be; -1 where the packet is cut. Offload leaves the first unfinished. */
  readonly checksum: number;
  readonly computed: number;
  /** Sequence number of a TCP segment, -1 = none. */
  readonly seq: number;
  /** Length that the IP header names. */
  readonly lengthBytes: number;
}

/** A RST in its place. */
export interface Reset {
  readonly frame: number;
  readonly atMs: number;
  readonly from: 0 | 1;
  readonly ttl: number;
  readonly ipId: number;
  readonly hasAck: boolean;
  readonly window: number;
  /** Nothing but SYNs of the other side came before it in this connection. */
  readonly answersSyn: boolean;
  /** Time since the last packet of the side that it names as its sender; -1 where there was none. */
  readonly afterOwnMs: number;
  /** Time since the last packet of the other side, which it may answer; -1 where there was none. */
  readonly afterOtherMs: number;
}

/** A direction of TCP data. */
export interface Stream {
  /** Payload bytes, repeated ones counted once more. */
  payloadBytes: number;
  /** Sequence number after the furthest payload byte sent, -1 = none. */
  endSeq: number;
  /** Furthest acknowledgement of the other side, -1 = none. */
  ackedSeq: number;
  /** The payload that is sent again and again: its first sequence number, -1 = none, length and repetitions. */
  stuckSeq: number;
  stuckLength: number;
  stuckCount: number;
  /** Frames of it, as many as are cited. */
  stuckFrames: number[];
  /** Packets of the other side since it was first repeated. */
  aliveSince: number;
  /** Frames with a FIN. */
  finFrames: number[];
}

/** TCP facts of a flow. */
export interface TcpFacts {
  /** Connections in this flow: the ports were used again. */
  connections: number;
  synCount: number;
  synSeq: number;
  synFirstMs: number;
  synLastMs: number;
  synIpId: number;
  /** SYNs that came after a SYN-ACK had been seen. */
  synsAfterSynAck: number;
  synAckCount: number;
  synAckFrame: number;
  synAckTtl: number;
  synAckWindow: number;
  synAckAtMs: number;
  synAckOptionBytes: number;
  /** The asker acknowledged the SYN-ACK, or data were seen. */
  established: boolean;
  /** A segment of the asked side after its SYN-ACK had an open window. */
  windowOpened: boolean;
  /** The asker's segments acknowledge packets that the capture does not hold. */
  oneSided: boolean;
  resetCount: [number, number];
  resets: Reset[];
  /** Packets that each side sent after the first RST in its name. */
  afterReset: [number, number];
  /** Which side closed first, -1 = none, and when. */
  firstFin: -1 | 0 | 1;
  firstFinMs: number;
  streams: [Stream, Stream];
}

/** UDP facts of a flow; other protocols without connections have them too. */
export interface DatagramFacts {
  /** Requests since the last answer, and when the first of them left. */
  pending: number;
  pendingSinceMs: number;
  /** Longest time to an answer, and its frame. */
  slowestMs: number;
  slowestFrame: number;
  lateCount: number;
  /** The first payload of the asker, in words; null without any. */
  request: Request | null;
  /** Whether the first packet that was seen came from the asked side. */
  answerFirst: boolean;
}

/** What a first datagram asks. */
export interface Request {
  /** `dns`, `ntp`; by the port alone where `isParsed` is false. */
  readonly protocol: string;
  readonly isParsed: boolean;
  /** `A example.com`; empty where nothing can be said. */
  readonly asks: string;
  /** What the answer must bring back: the DNS id, or the NTP transmit timestamp in hex; null where it is not known. */
  readonly token: string | null;
}

/** One flow. */
export interface Flow {
  readonly number: number;
  readonly family: Family;
  /** IP protocol number. */
  readonly protocol: number;
  /** Address numbers. The asker sent the SYN or the first datagram, the asked one has the service's port. */
  asker: number;
  askerPort: number;
  asked: number;
  askedPort: number;
  readonly sides: [Side, Side];
  /** The asker's first packets. */
  readonly originals: Original[];
  tcp: TcpFacts | null;
  datagrams: DatagramFacts | null;
  /** Fragments belong to it: their ports are not in every frame. */
  isFragmented: boolean;
  /** ICMP errors that quote a packet of the asker. */
  errorCount: number;
  /** Those of them that refuse: all but time exceeded and too big. */
  refusalCount: number;
  /** When the last of them came. */
  errorLastMs: number;
}

/** First packets of a flow that are kept for comparing with quotes. */
export const MAX_ORIGINALS = 3;
/** How often a packet must come by again in a row, each time with a lower TTL, to be in a loop: once is a capture on two interfaces. */
export const LOOP_PASSES = 2;
/** From so many on no row of routers on one machine explains it. */
export const SURE_LOOP_PASSES = 8;

/** Frames of a direction, or of one repeated segment, that are kept to be cited. */
export const MAX_CITED = 8;
/** RSTs of a flow that are kept. */
export const MAX_RESETS = 4;

/** Creates an empty direction. */
export function createSide(): Side {
  return {
    packets: 0,
    firstMs: 0,
    lastMs: 0,
    frames: [],
    ttl: 0,
    otherTtl: 0,
    lowestTtl: 255,
    highestTtl: 0,
    lastTtl: 0,
    lastIpId: -1,
    lastChecksum: -1,
    copies: 0,
    loopMost: 0,
    loopRun: 0,
  };
}

function createStream(): Stream {
  return {
    payloadBytes: 0,
    endSeq: -1,
    ackedSeq: -1,
    stuckSeq: -1,
    stuckLength: 0,
    stuckCount: 0,
    stuckFrames: [],
    aliveSince: 0,
    finFrames: [],
  };
}

/** Creates the facts of a TCP flow that was not seen before. */
export function createTcpFacts(): TcpFacts {
  return {
    connections: 0,
    synCount: 0,
    synSeq: -1,
    synFirstMs: 0,
    synLastMs: 0,
    synIpId: -1,
    synsAfterSynAck: 0,
    synAckCount: 0,
    synAckFrame: 0,
    synAckTtl: 0,
    synAckWindow: 0,
    synAckAtMs: 0,
    synAckOptionBytes: 0,
    established: false,
    windowOpened: false,
    oneSided: false,
    resetCount: [0, 0],
    resets: [],
    afterReset: [0, 0],
    firstFin: -1,
    firstFinMs: 0,
    streams: [createStream(), createStream()],
  };
}

/** Creates the facts of a flow of datagrams. */
export function createDatagramFacts(answerFirst: boolean): DatagramFacts {
  return {
    pending: 0,
    pendingSinceMs: 0,
    slowestMs: 0,
    slowestFrame: 0,
    lateCount: 0,
    request: null,
    answerFirst,
  };
}
