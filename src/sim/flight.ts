/**
 * A packet on its way through the simulated network: its bytes and what routers and hosts look at.
 * Three or four records serve a whole network; nothing is allocated for a packet.
 */
import { read16, write16 } from '../packet/bytes.ts';
import { createIpView, IP_PROTOCOL, type IpView, readIp } from '../packet/ip.ts';

/** One packet and what was read of it; the record is reused. */
export interface Flight {
  readonly bytes: Uint8Array;
  end: number;
  readonly ip: IpView;
  /** True for ICMP and ICMPv6. */
  isIcmp: boolean;
  /** -1 where there are none. */
  srcPort: number;
  dstPort: number;
  atMs: number;
}

/** The longest IP packet, and room to write one. */
export const MAX_PACKET_BYTES = 65_575;

/** Creates a flight with room for the longest packet. */
export function createFlight(): Flight {
  return {
    bytes: new Uint8Array(MAX_PACKET_BYTES),
    end: 0,
    ip: createIpView(),
    isIcmp: false,
    srcPort: -1,
    dstPort: -1,
    atMs: 0,
  };
}

/** Reads the first `length` bytes that were put into the flight; false when they are no IP packet. */
export function readFlight(flight: Flight, length: number, atMs: number): boolean {
  const { ip, bytes } = flight;
  flight.end = length;
  flight.atMs = atMs;
  if (!readIp(bytes, 0, length, ip) || ip.truncated) return false;
  flight.end = ip.payloadEnd;
  const icmp = ip.family === 4 ? IP_PROTOCOL.ICMP : IP_PROTOCOL.ICMPV6;
  flight.isIcmp = ip.protocol === icmp;
  const hasPorts =
    (ip.protocol === IP_PROTOCOL.TCP || ip.protocol === IP_PROTOCOL.UDP) &&
    ip.fragmentOffset === 0 &&
    ip.payloadEnd - ip.payloadAt >= 8;
  flight.srcPort = hasPorts ? read16(bytes, ip.payloadAt) : -1;
  flight.dstPort = hasPorts ? read16(bytes, ip.payloadAt + 2) : -1;
  return true;
}

/** Takes one from the TTL or hop limit, as a router does (RFC 1141 for the IPv4 checksum). */
export function decrementTtl(flight: Flight): void {
  const { ip, bytes } = flight;
  ip.ttl -= 1;
  if (ip.family === 6) {
    bytes[ip.headerAt + 7] = ip.ttl;
    return;
  }
  bytes[ip.headerAt + 8] = ip.ttl;
  const sum = read16(bytes, ip.headerAt + 10) + 0x100;
  write16(bytes, ip.headerAt + 10, (sum & 0xffff) + (sum >>> 16));
}
