/**
 * Changing packets on their way: NAT and its undoing in answers, TTL, DSCP; checksums follow (RFC 1624, RFC 3022).
 *
 * A translation is kept only as long as the packet and its answer are in flight: every packet of a flow meets the same
 * rule, so that it gets the same one again.
 */
import { copyBytes, read16, write16 } from '../packet/bytes.ts';
import { sum, sumIp, sumPseudoHeader, toChecksum } from '../packet/checksum.ts';
import { createIcmpView, ICMP_HEADER_BYTES, readIcmp } from '../packet/icmp.ts';
import { createIpView, IP_PROTOCOL, type IpView, readIp } from '../packet/ip.ts';
import type { Flight } from './flight.ts';

/** Which end of a packet. */
export type End = 'src' | 'dst';

/** What a node changed of a packet: this end was `address` and `port` before. */
export interface Translation {
  readonly node: number;
  readonly end: End;
  /** 16 bytes. */
  readonly address: Uint8Array;
  /** -1 without ports. */
  readonly port: number;
}

/** Gives the packet another address and port (-1: the one that it has) at one end; returns how it was. */
export function translate(
  flight: Flight,
  end: End,
  to: { readonly address: Uint8Array; readonly port: number },
  node: number,
): Translation {
  const { bytes, ip } = flight;
  const at = end === 'src' ? ip.srcAt : ip.dstAt;
  const address = new Uint8Array(16);
  copyBytes(address, 0, bytes, at, lengthOf(ip));
  const port = end === 'src' ? flight.srcPort : flight.dstPort;
  rewrite(bytes, ip, end, to);
  if (to.port >= 0 && end === 'src') flight.srcPort = to.port;
  if (to.port >= 0 && end === 'dst') flight.dstPort = to.port;
  return { node, end, address, port };
}

const inner = createIpView();
const icmp = createIcmpView();

/**
 * Changes an answer back. In an ICMP error the quoted packet is changed back too, and its sender then wears the address
 * that was asked (nf_nat_icmp_reply_translation).
 */
export function undo(reply: Flight, { end, address, port }: Translation): void {
  const { bytes, ip } = reply;
  const answerEnd = end === 'src' ? 'dst' : 'src';
  const isError =
    reply.isIcmp &&
    readIcmp(bytes, ip.payloadAt, ip.payloadEnd, ip.family, icmp) &&
    icmp.isError &&
    readIp(bytes, icmp.quoteAt, icmp.quoteEnd, inner);
  if (isError) rewrite(bytes, inner, end, { address, port });
  translate(reply, answerEnd, { address, port: isError ? -1 : port }, 0);
  if (isError) renewIcmpChecksum(reply);
}

/** Writes TTL or DSCP anew; undefined leaves it. */
export function setFields(
  { bytes, ip }: Flight,
  { ttl, dscp }: { readonly ttl?: number; readonly dscp?: number },
): void {
  const at = ip.headerAt;
  if (ttl !== undefined) {
    ip.ttl = ttl;
    bytes[ip.family === 4 ? at + 8 : at + 7] = ttl;
  }
  if (dscp !== undefined) {
    ip.tos = (ip.tos & 3) | (dscp << 2);
    if (ip.family === 4) bytes[at + 1] = ip.tos;
    else write16(bytes, at, 0x6000 | (ip.tos << 4) | (bytes[at + 1]! & 0x0f));
  }
  if (ip.family === 4) {
    write16(bytes, at + 10, 0);
    write16(bytes, at + 10, toChecksum(sum(bytes, at, ip.payloadAt, 0)));
  }
}

function lengthOf({ family }: IpView): number {
  return family === 4 ? 4 : 16;
}

/** Writes one end of a packet, which may be cut as in a quote, and corrects the checksums that are there. */
function rewrite(
  bytes: Uint8Array,
  ip: IpView,
  end: End,
  { address, port }: { readonly address: Uint8Array; readonly port: number },
): void {
  const length = lengthOf(ip);
  const at = end === 'src' ? ip.srcAt : ip.dstAt;
  const checksumAt = transportChecksumAt(ip);
  const hasChecksum =
    checksumAt >= 0 &&
    checksumAt + 2 <= ip.payloadEnd &&
    !(ip.protocol === IP_PROTOCOL.UDP && read16(bytes, checksumAt) === 0);
  const before = sum(bytes, at, at + length, 0);
  copyBytes(bytes, at, address, 0, length);
  const after = sum(bytes, at, at + length, 0);
  if (ip.family === 4) correct(bytes, ip.headerAt + 10, before, after);
  if (hasChecksum) correct(bytes, checksumAt, before, after);
  const portAt = ip.payloadAt + (end === 'src' ? 0 : 2);
  if (port < 0 || !hasPorts(ip) || portAt + 2 > ip.payloadEnd) return;
  const portBefore = read16(bytes, portAt);
  write16(bytes, portAt, port);
  if (hasChecksum) correct(bytes, checksumAt, portBefore, port);
}

function hasPorts({ protocol, fragmentOffset }: IpView): boolean {
  return (protocol === IP_PROTOCOL.TCP || protocol === IP_PROTOCOL.UDP) && fragmentOffset === 0;
}

/** Where a checksum over the addresses stands, or -1. */
function transportChecksumAt({ protocol, payloadAt, fragmentOffset }: IpView): number {
  if (fragmentOffset > 0) return -1;
  if (protocol === IP_PROTOCOL.TCP) return payloadAt + 16;
  if (protocol === IP_PROTOCOL.UDP) return payloadAt + 6;
  return protocol === IP_PROTOCOL.ICMPV6 ? payloadAt + 2 : -1;
}

/** RFC 1624 section 3, with sums of any number of words. */
function correct(bytes: Uint8Array, at: number, before: number, after: number): void {
  // 0x1fffe0 is a multiple of 0xffff above any sum of eight words: the difference stays positive.
  const total = (~read16(bytes, at) & 0xffff) + 0x1fffe0 - before + after;
  write16(bytes, at, toChecksum(total));
}

function renewIcmpChecksum({ bytes, ip }: Flight): void {
  const at = ip.payloadAt;
  const length = ip.payloadEnd - at;
  if (length < ICMP_HEADER_BYTES) return;
  const addresses = sumIp(bytes, ip.srcAt, ip.family) + sumIp(bytes, ip.dstAt, ip.family);
  const initial = ip.family === 4 ? 0 : sumPseudoHeader(addresses, IP_PROTOCOL.ICMPV6, length);
  write16(bytes, at + 2, 0);
  write16(bytes, at + 2, toChecksum(sum(bytes, at, ip.payloadEnd, initial)));
}
