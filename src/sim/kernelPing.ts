/**
 * The ping socket of each family of the simulated scanner (net/ipv4/ping.c): the kernel's own identifier and checksum, an
 * error queue, and nothing but the replies to its own requests.
 */
import { type ProbeBatch, SIGNAL } from '../batch.ts';
import { ERRNO } from '../errno.ts';
import { read16 } from '../packet/bytes.ts';
import { ICMP_HEADER_BYTES, ICMP4_TYPE, ICMP6_TYPE } from '../packet/icmp.ts';
import type { QuoteView } from '../packet/quote.ts';
import { writeClientEcho } from './clientPackets.ts';
import { toSocketError } from './errnos.ts';
import type { Flight } from './flight.ts';
import type { IcmpNotice } from './icmpNotice.ts';
import type { Sockets } from './sockets.ts';

/** Ping sockets by probe rows. */
export interface PingSockets {
  /** 0, or the errno of why nothing was sent. */
  send(batch: ProbeBatch, row: number, nowMs: number): number;
  input(flight: Flight): void;
  /** An ICMP error that quotes an echo request. */
  error(notice: IcmpNotice, quote: QuoteView): void;
}

/** Creates the ping sockets; `isAllowed`: the process may have them. `out` is scratch for what they send. Node has none. */
export function createPingSockets(sockets: Sockets, isAllowed: boolean, out: Flight): PingSockets {
  const { targets, queue, buffer } = sockets;
  const id = sockets.seed & 0xffff || 1;
  return {
    send(batch, row, nowMs) {
      if (sockets.view === 'connect') return ERRNO.EPROTONOSUPPORT;
      if (!isAllowed) return ERRNO.EACCES;
      const target = batch.target[row]!;
      const family = targets.families[target] === 6 ? 6 : 4;
      const ends = {
        family,
        src: sockets.sourceFor(target, family),
        dst: targets.bytes,
        dstAt: target * 16,
        srcPort: id,
        dstPort: 0,
        ttl: batch.ttl[row]! || sockets.ttl,
      } as const;
      const at = batch.offset[row]!;
      const message = { bytes: batch.bytes, at, length: batch.length[row]! };
      if (message.length < ICMP_HEADER_BYTES) return ERRNO.EINVAL;
      return sockets.emit(out, writeClientEcho(ends, message, out), nowMs);
    },
    input({ bytes, ip, atMs }) {
      const reply = ip.family === 4 ? ICMP4_TYPE.ECHO_REPLY : ICMP6_TYPE.ECHO_REPLY;
      const { payloadAt, payloadEnd } = ip;
      if (payloadEnd - payloadAt < ICMP_HEADER_BYTES || bytes[payloadAt] !== reply) return;
      if (read16(bytes, payloadAt + 4) !== id || !buffer.takes(payloadEnd - payloadAt)) return;
      queue.push({
        kind: SIGNAL.ECHO_REPLY,
        atMs,
        protocol: ip.protocol,
        family: ip.family,
        from: { bytes: bytes.slice(ip.srcAt, ip.srcAt + 16), at: 0 },
        ttl: ip.ttl,
        bytes: bytes.slice(payloadAt, payloadEnd),
      });
    },
    error(notice, quote) {
      const { bytes, family } = notice;
      const error = toSocketError(family, notice.type, notice.code);
      const lengthBytes = quote.payloadEnd - quote.transportAt;
      if (error === null || quote.icmpId !== id || !buffer.takes(lengthBytes)) return;
      queue.push({
        kind: SIGNAL.ICMP,
        atMs: notice.atMs,
        protocol: quote.protocol,
        family,
        dst: { bytes: bytes.slice(quote.dstAt, quote.dstAt + 16), at: 0 },
        dstPort: 0,
        errno: error.errno,
        from: notice.from,
        icmpType: notice.type,
        icmpCode: notice.code,
        ttl: notice.ttl,
        info: Math.max(notice.mtu, 0),
        bytes: bytes.slice(quote.transportAt, quote.payloadEnd),
      });
    },
  };
}
