/** What was changed of a probe on its way, by the packet that an ICMP error quotes. */
import { isEcho, PROTO_TCP } from '../batch.ts';
import type { Ip, TargetTable, Translated } from '../model.ts';
import { classifyIp, equalIp, formatIp } from '../packet/address.ts';
import type { IpView } from '../packet/ip.ts';
import type { QuoteView } from '../packet/quote.ts';
import { TCP_HEADER_BYTES } from '../packet/tcp.ts';
import { checkTransport } from '../packet/transport.ts';
import type { Flow } from './flows.ts';
import type { ProbeReader, QuotedProbe } from './quotedProbe.ts';

/** What a quote is compared with. */
export interface SentContext {
  readonly targets: TargetTable;
  readonly target: number;
  readonly flows: readonly Flow[];
  readonly probes: ProbeReader;
  /** Reserved source port of a wire of packets. */
  readonly srcPort: number;
}

/** A probe of a flow that a quote is about. */
export interface QuotedFlow {
  readonly flow: Flow;
  readonly probe: QuotedProbe;
}

/**
 * The probe behind a quote that has another address or port than any flow: one end of it must be as it was sent, and it
 * must carry the keyed sequence number or payload of a probe. Null: it is none of ours.
 */
export function findTranslated(
  { targets, target, flows, probes, srcPort }: SentContext,
  bytes: Uint8Array,
  quote: QuoteView,
): QuotedFlow | null {
  if (isEcho(quote.protocol)) return null;
  const isToTarget = equalIp(bytes, quote.dstAt, targets.bytes, target * 16, quote.family);
  for (const flow of flows) {
    if (flow.protocol !== quote.protocol) continue;
    const isSource = quote.srcPort === srcPort + flow.lane;
    const isDestination = isToTarget && quote.dstPort === flow.port;
    const probe = isSource || isDestination ? probes.ofKeyed(flow, bytes, quote) : null;
    if (probe !== null) return { flow, probe };
  }
  return null;
}

/** Where TCP tells the length of its header (RFC 9293 section 3.1). */
const TCP_LENGTH_AT = 12;

/** Whether all of the segment or datagram is quoted, and its checksum fits other words than those. */
function isChecksumOff(bytes: Uint8Array, quote: QuoteView): boolean {
  const { protocol, transportAt, payloadEnd, udpLength } = quote;
  const length = payloadEnd - transportAt;
  const isTcp = protocol === PROTO_TCP && length >= TCP_HEADER_BYTES;
  const sent = isTcp ? (bytes[transportAt + TCP_LENGTH_AT]! >> 4) * 4 : udpLength;
  if (isEcho(protocol) || length !== sent) return false;
  return checkTransport(bytes, { ...quote, payloadAt: transportAt }) === 'bad';
}

/**
 * How a quote differs from the probe that was sent. An ICMP error comes to the address that we sent from; raw sockets show no
 * IPv6 header, and where that address is not known it is :: and nothing is compared with it.
 */
export function translatedOf(
  { targets, target, srcPort }: Pick<SentContext, 'targets' | 'target' | 'srcPort'>,
  bytes: Uint8Array,
  { dstAt }: IpView,
  quote: QuoteView,
  flow: Flow,
): Translated | null {
  const { family } = quote;
  const differs = (at: number, sent: Uint8Array, sentAt: number): Ip | null =>
    equalIp(bytes, at, sent, sentAt, family) ? null : formatIp(bytes, at, family);
  const portOf = (quoted: number, sent: number): number | null =>
    isEcho(flow.protocol) || quoted < 0 || quoted === sent ? null : quoted;
  const isKnown = classifyIp(bytes, dstAt, family) !== 'unspecified';
  const translated = {
    source: isKnown ? differs(quote.srcAt, bytes, dstAt) : null,
    sourcePort: portOf(quote.srcPort, srcPort + flow.lane),
    destination: differs(quote.dstAt, targets.bytes, target * 16),
    destinationPort: portOf(quote.dstPort, flow.port),
    isChecksumOff: isChecksumOff(bytes, quote),
  };
  return Object.values(translated).some((one) => one !== null && one !== false) ? translated : null;
}
