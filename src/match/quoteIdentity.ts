/**
 * Whether a packet quoted in an ICMP error is one that we sent: its identity is checked as far as the quote reaches.
 * Ports and addresses alone could be guessed by a stranger, whose ICMP never decides a verdict.
 */
import { isEcho, PROTO_TCP } from '../batch.ts';
import { read16 } from '../packet/bytes.ts';
import { sumIp } from '../packet/checksum.ts';
import type { QuoteView } from '../packet/quote.ts';
import { emitUdp, UDP_HEADER_BYTES } from '../packet/udp.ts';
import { echoSumOf, holdsEchoToken } from '../probe/echo.ts';
import type { Payloads } from '../probe/payload.ts';
import { attemptOfEchoSeq, attemptOfIpId, attemptOfSeq, TOKEN, tokenWord } from '../probe/token.ts';
import { tokenOffsetOf } from '../probe/tracePayload.ts';

/** Checks quotes against what this run sends. */
export interface QuoteIdentity {
  /** The attempt that the quote names, 0 where it cannot tell, -1 where it carries nothing of ours. */
  attemptOf(bytes: Uint8Array, quote: QuoteView, probe: number): number;
}

/** Quoted bytes from the token on that a stranger does not hit by chance: less is left to the checksum. */
const MIN_TOKEN_BYTES = 4;

/** Creates the check for a run with this seed and these payloads. */
export function createQuoteIdentity(
  seed: readonly [number, number],
  payloads: Payloads,
): QuoteIdentity {
  const [keyHi, keyLo] = seed;
  const echoSum = echoSumOf(keyHi, keyLo);
  const datagram = new Uint8Array(UDP_HEADER_BYTES + payloads.longest);

  /** Writes the datagram as it was sent, between the quoted addresses; returns its length. */
  const writeSent = (bytes: Uint8Array, quote: QuoteView, probe: number): number => {
    const length = payloads
      .of(quote.dstPort)
      .write(
        datagram,
        UDP_HEADER_BYTES,
        tokenWord(keyHi, keyLo, probe, TOKEN.PAYLOAD_HI),
        tokenWord(keyHi, keyLo, probe, TOKEN.PAYLOAD_LO),
      );
    const { family, srcAt, dstAt, srcPort, dstPort } = quote;
    return emitUdp(datagram, 0, {
      srcPort,
      dstPort,
      addressSum: sumIp(bytes, srcAt, family) + sumIp(bytes, dstAt, family),
      payload: datagram,
      payloadAt: UDP_HEADER_BYTES,
      payloadLength: length,
    });
  };

  /** The payload where enough of it is quoted, else the checksum: a NAT changes the one or the other, not both. */
  const isOurDatagram = (bytes: Uint8Array, quote: QuoteView, probe: number): boolean => {
    const length = writeSent(bytes, quote, probe);
    if (quote.udpChecksum === datagram[6]! * 256 + datagram[7]!) return true;
    const quoted = Math.min(quote.payloadEnd - quote.payloadAt, length - UDP_HEADER_BYTES);
    if (quoted < tokenOffsetOf(payloads.of(quote.dstPort)) + MIN_TOKEN_BYTES) return false;
    for (let i = 0; i < quoted; i++) {
      if (bytes[quote.payloadAt + i] !== datagram[UDP_HEADER_BYTES + i]) return false;
    }
    return true;
  };

  /** The sequence number, and the checksum or the data: a NAT that does not mend its quotes leaves one of them. */
  const attemptOfEcho = (bytes: Uint8Array, quote: QuoteView, probe: number): number => {
    const { icmpSeq, transportAt, payloadAt, payloadEnd } = quote;
    const attempt = icmpSeq < 0 ? 0 : attemptOfEchoSeq(keyHi, keyLo, probe, icmpSeq);
    if (attempt === 0) return -1;
    const isOurs =
      read16(bytes, transportAt + 2) === echoSum ||
      holdsEchoToken(bytes, payloadAt, payloadEnd, { keyHi, keyLo, probe });
    return isOurs ? attempt : -1;
  };

  return {
    attemptOf(bytes, quote, probe) {
      if (isEcho(quote.protocol)) return attemptOfEcho(bytes, quote, probe);
      if (quote.protocol === PROTO_TCP) {
        return quote.tcpSeq < 0 ? -1 : attemptOfSeq(keyHi, keyLo, probe, quote.tcpSeq) || -1;
      }
      // A NAT may have renumbered the packet: then the rest of it must be ours, and the attempt stays open.
      const attempt = quote.family === 4 ? attemptOfIpId(keyHi, keyLo, probe, quote.id) : 0;
      if (attempt > 0) return attempt;
      return isOurDatagram(bytes, quote, probe) ? 0 : -1;
    },
  };
}
