/**
 * ICMP errors that reach the simulated scanner: whose packet they quote, that socket hears of it.
 */
import type { Family } from '../model.ts';
import { createIcmpView, readIcmp } from '../packet/icmp.ts';
import { IP_PROTOCOL } from '../packet/ip.ts';
import { createQuoteView, readQuote } from '../packet/quote.ts';
import { toSocketError } from './errnos.ts';
import type { Flight } from './flight.ts';
import type { IcmpNotice } from './icmpNotice.ts';
import type { PingSockets } from './kernelPing.ts';
import type { TcpSockets } from './kernelTcp.ts';
import type { UdpSockets } from './kernelUdp.ts';

/** Takes ICMP messages; what is neither a reply nor an error for a known socket is ignored. */
export interface IcmpInput {
  input(flight: Flight): void;
}

/** Creates the ICMP side of the socket layer. */
export function createIcmpInput(tcp: TcpSockets, udp: UdpSockets, ping: PingSockets): IcmpInput {
  const view = createIcmpView();
  const quote = createQuoteView();
  return {
    input(flight) {
      const { bytes, ip, atMs } = flight;
      const { family } = ip;
      if (!readIcmp(bytes, ip.payloadAt, ip.payloadEnd, family, view)) return;
      if (!view.isError) {
        ping.input(flight);
        return;
      }
      if (toSocketError(family, view.type, view.code) === null) return;
      if (!readQuote(bytes, view.quoteAt, view.quoteEnd, quote)) return;
      if (quote.family !== family || (quote.srcPort < 0 && quote.icmpId < 0)) return;
      const notice: IcmpNotice = {
        family: family as Family,
        atMs,
        bytes,
        from: { bytes: bytes.slice(ip.srcAt, ip.srcAt + 16), at: 0 },
        type: view.type,
        code: view.code,
        mtu: view.mtu,
        ttl: ip.ttl,
      };
      if (quote.protocol === IP_PROTOCOL.TCP) tcp.error(notice, quote);
      else if (quote.protocol === IP_PROTOCOL.UDP) udp.error(notice, quote);
      else if (quote.icmpId >= 0) ping.error(notice, quote);
    },
  };
}
