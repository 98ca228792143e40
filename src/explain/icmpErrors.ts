/** The ICMP errors of a capture, grouped by who sends them, to whom, about whom, and what they say. */
import type { Family } from '../model.ts';
import { read16 } from '../packet/bytes.ts';
import type { IcmpView } from '../packet/icmp.ts';
import type { IpView } from '../packet/ip.ts';
import type { QuoteView } from '../packet/quote.ts';
import type { AddressTable } from './addressTable.ts';
import type { Tuple } from './flowTable.ts';
import type { Moment } from './tcpFlow.ts';

/** Errors about packets of one flow. */
export interface QuotedFlow {
  /** The quoted packet's ends; ports are 0 where the protocol has none, or they are not quoted. */
  readonly tuple: Tuple;
  readonly hasPorts: boolean;
  count: number;
  firstMs: number;
  lastMs: number;
  frames: number[];
  /** TTLs with which the quoted packets passed the capture, each once, as far as they are known. */
  readonly sentTtls: number[];
  /** Outer TTL of the first error, and the TTL, id, checksum and length of what it quotes; -1 where not quoted. */
  readonly ttl: number;
  readonly quotedTtl: number;
  readonly quotedId: number;
  readonly quotedChecksum: number;
  readonly quotedSeq: number;
  readonly quotedLengthBytes: number;
  /** A quoted TCP segment's flags, -1 where they are not quoted. */
  readonly quotedFlags: number;
}

/** Errors that are alike. */
export interface ErrorGroup {
  readonly number: number;
  readonly family: Family;
  readonly type: number;
  readonly code: number;
  /** Address numbers: the error's sender and receiver, and the quoted packet's destination. */
  readonly sender: number;
  readonly receiver: number;
  readonly quotedDst: number;
  readonly protocol: number;
  count: number;
  firstMs: number;
  lastMs: number;
  /** Times of the first errors, ms: the rhythm of a limiter is read from them. */
  readonly timesMs: number[];
  readonly quoted: QuotedFlow[];
  /** Errors about further flows, which are counted and not kept. */
  furtherCount: number;
  /** Smallest next-hop MTU named, 0 = none. */
  mtu: number;
  /** The most bytes quoted. */
  quoteBytes: number;
  /** Another TTL than the first was seen. */
  severalTtls: boolean;
}

/** The errors of one capture. */
export interface IcmpErrors {
  readonly groups: readonly ErrorGroup[];
  /** Errors that are in no group as there were too many groups. */
  readonly ungrouped: () => number;
  take(error: ErrorPacket, moment: Moment): void;
}

/** An ICMP error and what it quotes, as the readers of packet/ left them. */
export interface ErrorPacket {
  readonly bytes: Uint8Array;
  readonly ip: IpView;
  readonly icmp: IcmpView;
  readonly quote: QuoteView;
  readonly sender: number;
  readonly receiver: number;
  readonly tuple: Tuple;
  /** TTL with which the quoted packet passed the capture; -1 = not known. */
  readonly sentTtl: number;
}

/** Groups kept; a scan of a large network has about one for each host that rejects. */
const MAX_GROUPS = 8192;
/** Flows of a group that are kept: a finding names fewer. */
const MAX_QUOTED = 512;
/** All groups together. */
const MAX_QUOTED_IN_ALL = 65_536;
const MAX_FRAMES = 64;
const MAX_TIMES = 256;
/** A router in a loop answers every second TTL of a traceroute. */
const MAX_TTLS = 16;

/** Creates the empty collection. */
export function createIcmpErrors(addresses: AddressTable): IcmpErrors {
  const groups: ErrorGroup[] = [];
  const byKey = new Map<string, ErrorGroup>();
  const quotedByKey = new Map<string, QuotedFlow>();
  let ungrouped = 0;

  const groupOf = (
    { icmp, sender, receiver, tuple }: ErrorPacket,
    atMs: number,
  ): ErrorGroup | null => {
    const key = [sender, receiver, tuple.dst, tuple.protocol, icmp.type, icmp.code].join();
    const known = byKey.get(key);
    if (known !== undefined || groups.length === MAX_GROUPS) return known ?? null;
    const group: ErrorGroup = {
      number: groups.length,
      family: addresses.family(sender),
      type: icmp.type,
      code: icmp.code,
      sender,
      receiver,
      quotedDst: tuple.dst,
      protocol: tuple.protocol,
      count: 0,
      firstMs: atMs,
      lastMs: atMs,
      timesMs: [],
      quoted: [],
      furtherCount: 0,
      mtu: 0,
      quoteBytes: 0,
      severalTtls: false,
    };
    byKey.set(key, group);
    groups.push(group);
    return group;
  };

  const quotedOf = (group: ErrorGroup, error: ErrorPacket, atMs: number): QuotedFlow | null => {
    const { tuple } = error;
    const key = [group.number, tuple.src, tuple.srcPort, tuple.dstPort].join();
    const known = quotedByKey.get(key);
    const isFull = group.quoted.length === MAX_QUOTED || quotedByKey.size === MAX_QUOTED_IN_ALL;
    if (known !== undefined || isFull) return known ?? null;
    const quoted = createQuoted(error, atMs);
    quotedByKey.set(key, quoted);
    group.quoted.push(quoted);
    return quoted;
  };

  return {
    groups,
    ungrouped: () => ungrouped,
    take(error, { atMs, frame }) {
      const group = groupOf(error, atMs);
      if (group === null) {
        ungrouped++;
        return;
      }
      const { icmp, ip } = error;
      group.count++;
      group.lastMs = atMs;
      if (group.timesMs.length < MAX_TIMES) group.timesMs.push(atMs);
      if (icmp.mtu > 0 && (group.mtu === 0 || icmp.mtu < group.mtu)) group.mtu = icmp.mtu;
      group.quoteBytes = Math.max(group.quoteBytes, icmp.quoteEnd - icmp.quoteAt);
      const quoted = quotedOf(group, error, atMs);
      if (quoted === null) {
        group.furtherCount++;
        return;
      }
      if (ip.ttl !== group.quoted[0]!.ttl) group.severalTtls = true;
      quoted.count++;
      quoted.lastMs = atMs;
      if (quoted.frames.length < MAX_FRAMES) quoted.frames.push(frame);
      noteSentTtl(quoted.sentTtls, error.sentTtl);
    },
  };
}

function noteSentTtl(ttls: number[], ttl: number): void {
  if (ttl >= 0 && ttls.length < MAX_TTLS && !ttls.includes(ttl)) ttls.push(ttl);
}

function createQuoted({ bytes, ip, quote, tuple }: ErrorPacket, atMs: number): QuotedFlow {
  const flagsAt = quote.transportAt + 13;
  const isWhole = quote.protocol === 6 && flagsAt < quote.payloadEnd;
  return {
    tuple: { ...tuple },
    hasPorts: quote.srcPort >= 0 && quote.dstPort >= 0,
    count: 0,
    firstMs: atMs,
    lastMs: atMs,
    frames: [],
    sentTtls: [],
    ttl: ip.ttl,
    quotedTtl: quote.ttl,
    quotedId: quote.id,
    quotedChecksum: quote.udpChecksum,
    quotedSeq: quote.tcpSeq,
    quotedLengthBytes: quote.totalLength,
    quotedFlags: isWhole ? read16(bytes, flagsAt - 1) & 0x1ff : -1,
  };
}
