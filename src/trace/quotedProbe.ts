/**
 * Which probe of a flow a quote or an answer is about. A quote of 28 bytes is enough: TCP by its sequence number, a
 * datagram by its payload where enough of it is quoted, else by the IPv4 identification, else by its checksum. What names
 * two probes names none.
 */
import { isEcho, PROTO_TCP, PROTO_UDP } from '../batch.ts';
import { read16 } from '../packet/bytes.ts';
import { sumIp } from '../packet/checksum.ts';
import { ICMP_HEADER_BYTES } from '../packet/icmp.ts';
import type { QuoteView } from '../packet/quote.ts';
import { emitUdp, UDP_HEADER_BYTES } from '../packet/udp.ts';
import { attemptOfEcho } from '../probe/echo.ts';
import { attemptOfEchoSeq, attemptOfIpId, attemptOfSeq, TOKEN, tokenWord } from '../probe/token.ts';
import { tokenOffsetOf, tracePayloadFor } from '../probe/tracePayload.ts';
import type { Flow, ProbeNames } from './flows.ts';

/** A probe of a flow; 0 is what cannot be told. */
export interface QuotedProbe {
  readonly ttl: number;
  readonly round: number;
}

/** A probe that cannot be told. */
export const UNPLACED: QuotedProbe = { ttl: 0, round: 0 };

/** Tells the probes of a trace apart. */
export interface ProbeReader {
  /** Null: the quote carries nothing of ours. */
  ofQuote(flow: Flow, bytes: Uint8Array, quote: QuoteView): QuotedProbe | null;
  /** From the checksum of a quoted datagram, of which a few hundred are different: only where one flow alone has its ports. */
  ofChecksum(flow: Flow, bytes: Uint8Array, quote: QuoteView): QuotedProbe | null;
  /** From keyed words alone that nobody changes on the way: a sequence number, or the payload of a datagram. */
  ofKeyed(flow: Flow, bytes: Uint8Array, quote: QuoteView): QuotedProbe | null;
  /** From the sequence number that a TCP answer acknowledges. */
  ofSeq(flow: Flow, seq: number): QuotedProbe | null;
  /** From an echo message that comes back whole. */
  ofEcho(flow: Flow, bytes: Uint8Array): QuotedProbe | null;
  /** From the first bytes of its payload, or of its ICMP message, as an error queue gives them. */
  ofPayload(flow: Flow, bytes: Uint8Array): QuotedProbe | null;
  /** From the answer of a service, where its protocol brings the token back. */
  ofAnswer(flow: Flow, bytes: Uint8Array): QuotedProbe | null;
}

/** Bytes of a token's part of the payload that must be quoted: fewer could be hit by chance. */
const TOKEN_BYTES = 16;

/** Creates the reader; `sentTtl` is the largest TTL that was sent so far. */
export function createProbeReader(
  seed: readonly [number, number],
  names: ProbeNames,
  sentTtl: () => number,
): ProbeReader {
  const [keyHi, keyLo] = seed;

  /** The only TTL that fits; 0 where none or several do. */
  const onlyTtl = (fits: (ttl: number) => boolean): number => {
    let found = 0;
    for (let ttl = 1; ttl <= sentTtl(); ttl++) {
      if (!fits(ttl)) continue;
      if (found !== 0) return 0;
      found = ttl;
    }
    return found;
  };

  const ofSeq = (flow: Flow, seq: number): QuotedProbe | null => {
    const roundAt = (ttl: number) => attemptOfSeq(keyHi, keyLo, names.numberOf(flow, ttl), seq);
    const ttl = onlyTtl((one) => roundAt(one) > 0);
    return ttl === 0 ? null : { ttl, round: roundAt(ttl) };
  };

  const ofEchoSeq = (flow: Flow, seq: number): QuotedProbe | null => {
    const roundAt = (ttl: number) => attemptOfEchoSeq(keyHi, keyLo, names.numberOf(flow, ttl), seq);
    const ttl = onlyTtl((one) => roundAt(one) > 0);
    return ttl === 0 ? null : { ttl, round: roundAt(ttl) };
  };

  const ttlOfPayload = (flow: Flow, bytes: Uint8Array): number => {
    const offset = tokenOffsetOf(tracePayloadFor(flow.port));
    return onlyTtl((ttl) => {
      const sent = names.payloadOf(flow, ttl);
      const length = Math.min(bytes.length, sent.length);
      if (length < Math.min(sent.length, offset + TOKEN_BYTES)) return false;
      for (let i = 0; i < length; i++) if (bytes[i] !== sent[i]) return false;
      return true;
    });
  };

  const ttlOfChecksum = (flow: Flow, bytes: Uint8Array, quote: QuoteView): number => {
    const { family, srcAt, dstAt, srcPort, dstPort, udpChecksum } = quote;
    const addressSum = sumIp(bytes, srcAt, family) + sumIp(bytes, dstAt, family);
    return onlyTtl((ttl) => {
      const payload = names.payloadOf(flow, ttl);
      const payloadLength = payload.length;
      const datagram = new Uint8Array(UDP_HEADER_BYTES + payloadLength);
      emitUdp(datagram, 0, { srcPort, dstPort, addressSum, payload, payloadAt: 0, payloadLength });
      return udpChecksum === datagram[6]! * 256 + datagram[7]!;
    });
  };

  const ofPayload = (flow: Flow, bytes: Uint8Array): QuotedProbe | null => {
    const ttl = ttlOfPayload(flow, bytes);
    return ttl === 0 ? null : { ttl, round: 0 };
  };

  return {
    ofSeq,
    ofKeyed(flow, bytes, { tcpSeq, payloadAt, payloadEnd }) {
      if (flow.protocol === PROTO_TCP) return tcpSeq < 0 ? null : ofSeq(flow, tcpSeq);
      return ofPayload(flow, bytes.subarray(payloadAt, payloadEnd));
    },
    ofQuote(flow, bytes, quote) {
      if (flow.protocol === PROTO_TCP) return quote.tcpSeq < 0 ? null : ofSeq(flow, quote.tcpSeq);
      const { family, id, payloadAt, payloadEnd, icmpSeq } = quote;
      if (isEcho(flow.protocol)) return icmpSeq < 0 ? null : ofEchoSeq(flow, icmpSeq);
      const roundAt = (ttl: number): number =>
        family === 4 ? attemptOfIpId(keyHi, keyLo, names.numberOf(flow, ttl), id) : 0;
      const ttl =
        ttlOfPayload(flow, bytes.subarray(payloadAt, payloadEnd)) ||
        onlyTtl((one) => roundAt(one) > 0);
      return ttl === 0 ? null : { ttl, round: roundAt(ttl) };
    },
    ofChecksum(flow, bytes, quote) {
      const ttl = flow.protocol === PROTO_UDP ? ttlOfChecksum(flow, bytes, quote) : 0;
      return ttl === 0 ? null : { ttl, round: 0 };
    },
    ofEcho(flow, bytes) {
      const roundAt = (ttl: number): number => {
        const asked = { keyHi, keyLo, probe: names.numberOf(flow, ttl) };
        return attemptOfEcho(bytes, 0, bytes.length, asked);
      };
      const ttl = onlyTtl((one) => roundAt(one) > 0);
      return ttl === 0 ? null : { ttl, round: roundAt(ttl) };
    },
    ofPayload(flow, bytes) {
      if (isEcho(flow.protocol)) {
        return bytes.length < ICMP_HEADER_BYTES ? null : ofEchoSeq(flow, read16(bytes, 6));
      }
      return ofPayload(flow, bytes);
    },
    ofAnswer(flow, bytes) {
      const kind = tracePayloadFor(flow.port);
      const ttl = onlyTtl((one) => {
        const number = names.numberOf(flow, one);
        const hi = tokenWord(keyHi, keyLo, number, TOKEN.PAYLOAD_HI);
        const lo = tokenWord(keyHi, keyLo, number, TOKEN.PAYLOAD_LO);
        return kind.read(bytes, hi, lo) !== null;
      });
      return ttl === 0 ? null : { ttl, round: 0 };
    },
  };
}
