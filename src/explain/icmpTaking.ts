/** Takes ICMP: errors with what they quote, and pings as flows. */
import { icmpMeaning } from '../match/icmpMeaning.ts';
import type { Family } from '../model.ts';
import { createIcmpView, ICMP4_TYPE, ICMP6_TYPE, readIcmp } from '../packet/icmp.ts';
import type { IpView } from '../packet/ip.ts';
import { createQuoteView, readQuote } from '../packet/quote.ts';
import { TTL_OF } from './addressTable.ts';
import type { CapturedPacket, CaptureTables } from './captureTables.ts';
import { isFromAsker, type Tuple } from './flowTable.ts';
import { quotedKey } from './probes.ts';

/** Takes the ICMP message in the packet that `ip` and `tuple` describe; `takePing` puts an echo into its flow. */
export type TakeIcmp = (packet: CapturedPacket) => void;

/** Creates it for one capture. */
export function createIcmpTaking(
  { addresses, table, errors, counts, probes, isWanted }: CaptureTables,
  { ip, tuple }: { readonly ip: IpView; readonly tuple: Tuple },
  takePing: (packet: CapturedPacket, isReply: boolean) => void,
): TakeIcmp {
  const icmp = createIcmpView();
  const quote = createQuoteView();
  const quoted: Tuple = { protocol: 0, src: 0, srcPort: 0, dst: 0, dstPort: 0 };

  const takeError = (packet: CapturedPacket): void => {
    const { bytes } = packet;
    counts.icmpErrors++;
    addresses.saw(tuple.src, TTL_OF.ICMP_ERROR, ip.ttl);
    if (icmp.quoteAt < 0 || !readQuote(bytes, icmp.quoteAt, icmp.quoteEnd, quote)) {
      counts.unreadable++;
      return;
    }
    const isPing = quote.icmpId >= 0;
    quoted.protocol = quote.protocol;
    quoted.src = addresses.numberOf(bytes, quote.srcAt, quote.family);
    quoted.dst = addresses.numberOf(bytes, quote.dstAt, quote.family);
    quoted.srcPort = isPing ? quote.icmpId : Math.max(0, quote.srcPort);
    quoted.dstPort = isPing ? 0 : Math.max(0, quote.dstPort);
    if (quoted.src < 0 || quoted.dst < 0) {
      counts.notFollowed++;
      return;
    }
    if (!isWanted(quoted)) return;
    const flow = table.find(quoted);
    if (flow !== null && isFromAsker(flow, quoted)) {
      flow.errorCount++;
      if (isRefusal(ip.family, icmp.type, icmp.code)) flow.refusalCount++;
      flow.errorLastMs = packet.atMs;
    }
    const { src: sender, dst: receiver } = tuple;
    const sentTtl = flow === null ? -1 : probes.ttlOf(flow.number, quotedKey(quote));
    errors.take({ bytes, ip, icmp, quote, sender, receiver, tuple: quoted, sentTtl }, packet);
  };

  return (packet) => {
    if (!readIcmp(packet.bytes, ip.payloadAt, ip.payloadEnd, ip.family, icmp)) {
      counts.unreadable++;
      return;
    }
    if (icmp.isError && !isRedirect(ip.family, icmp.type)) {
      takeError(packet);
      return;
    }
    counts.otherIcmp++;
    if (icmp.echoId < 0) return;
    addresses.saw(tuple.src, TTL_OF.ECHO, ip.ttl);
    const isReply = icmp.type === (ip.family === 4 ? ICMP4_TYPE.ECHO_REPLY : ICMP6_TYPE.ECHO_REPLY);
    // The id belongs to the asker, so it is the port of whoever asks.
    tuple.srcPort = isReply ? 0 : icmp.echoId;
    tuple.dstPort = isReply ? icmp.echoId : 0;
    takePing(packet, isReply);
  };
}

function isRefusal(family: Family, type: number, code: number): boolean {
  const meaning = icmpMeaning(family, type, code);
  return meaning.kind === 'state' && meaning.reason !== 'time-exceeded';
}

/** A redirect kills no flow: it says that there is a shorter way. */
function isRedirect(family: Family, type: number): boolean {
  return family === 4 && type === ICMP4_TYPE.REDIRECT;
}
