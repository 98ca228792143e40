/**
 * Resets for SYN-ACKs to our reserved port. The kernel, which knows no such connection, sends one as well, but not where
 * our own firewall drops the SYN-ACK before TCP or the RST after it; a second one with the same number does nothing.
 */
import { sumIp } from '../packet/checksum.ts';
import { emitIp, IPV4_HEADER_BYTES, IPV6_HEADER_BYTES, type IpView } from '../packet/ip.ts';
import { createTcpView, emitTcp, readTcp, TCP_FLAG, TCP_HEADER_BYTES } from '../packet/tcp.ts';
import { DEFAULT_TTL } from '../probe/frame.ts';

/** Bytes of the longest reset. */
export const RESET_BYTES: number = IPV6_HEADER_BYTES + TCP_HEADER_BYTES;

const HANDSHAKE = TCP_FLAG.SYN | TCP_FLAG.ACK;
const NOTHING = new Uint8Array(0);
const tcp = createTcpView();

/** Whether the packet that `readIp` read is a SYN-ACK; `tcp` then holds it. */
export function isSynAck(bytes: Uint8Array, ip: IpView): boolean {
  if (!readTcp(bytes, ip.payloadAt, ip.payloadEnd, tcp)) return false;
  return (tcp.flags & (HANDSHAKE | TCP_FLAG.RST)) === HANDSHAKE;
}

/** Writes the reset for the SYN-ACK that `isSynAck` has just found at `out[at]`; returns its length. */
export function emitReset(out: Uint8Array, at: number, bytes: Uint8Array, ip: IpView): number {
  const { family, srcAt, dstAt } = ip;
  const headerBytes = family === 4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES;
  emitIp(out, at, family, {
    tos: 0,
    id: 0,
    dontFragment: true,
    flowLabel: 0,
    ttl: DEFAULT_TTL,
    protocol: ip.protocol,
    src: bytes,
    srcAt: dstAt,
    dst: bytes,
    dstAt: srcAt,
    payloadLength: TCP_HEADER_BYTES,
  });
  emitTcp(out, at + headerBytes, {
    srcPort: tcp.dstPort,
    dstPort: tcp.srcPort,
    seq: tcp.ack,
    ack: 0,
    flags: TCP_FLAG.RST,
    window: 0,
    options: NOTHING,
    addressSum: sumIp(bytes, srcAt, family) + sumIp(bytes, dstAt, family),
    payload: NOTHING,
    payloadAt: 0,
    payloadLength: 0,
  });
  return headerBytes + TCP_HEADER_BYTES;
}
