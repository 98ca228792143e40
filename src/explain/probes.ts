/** Packets with small TTLs, as traceroutes send them: which TTL a quoted one was sent with. */
import { IP_PROTOCOL, type IpView } from '../packet/ip.ts';
import type { QuoteView } from '../packet/quote.ts';
import { type Flow, LOOP_PASSES } from './flow.ts';

/**
 * A packet that passes with a TTL up to this was sent with a small one on purpose: paths are rarely longer than 30 hops,
 * our own trace goes to 32, and stacks start with 64 or more.
 */
export const PROBE_TTL = 32;

/** The packets of one capture that have small TTLs. */
export interface Probes {
  /** Notes a packet of a flow's asker; `key` is one of {@link packetKey}. */
  note(flow: number, ttl: number, key: number): void;
  /** The TTL with which the packet of that key passed the capture first; -1 where it did not. */
  ttlOf(flow: number, key: number): number;
}

/** Of one flow: a traceroute sends three packets for each TTL, mtr goes on. */
const MAX_OF_FLOW = 128;
/** Of all flows, about 5 MB. */
const MAX_PROBES = 65_536;
const UNKNOWN = -1;

/** Creates the empty collection. */
export function createProbes(): Probes {
  const byFlow = new Map<number, Map<number, number>>();
  let count = 0;
  return {
    note(flow, ttl, key) {
      if (key < 0 || count === MAX_PROBES) return;
      let ttls = byFlow.get(flow);
      if (ttls === undefined) {
        ttls = new Map();
        byFlow.set(flow, ttls);
      }
      const before = ttls.get(key);
      // A copy on another interface has a smaller TTL. A larger one is another packet, of which nothing tells this one.
      if (before !== undefined && ttl > before) ttls.set(key, UNKNOWN);
      if (before !== undefined || ttls.size === MAX_OF_FLOW) return;
      ttls.set(key, ttl);
      count++;
    },
    ttlOf: (flow, key) => byFlow.get(flow)?.get(key) ?? UNKNOWN,
  };
}

/** What tells the packets of one flow apart, and is quoted: the IPv4 id, else sequence number (TCP, echo) or checksum (UDP); -1 = nothing. */
export function packetKey({ family, id }: Pick<IpView, 'family' | 'id'>, mark: number): number {
  // 0 is what many stacks write into packets that must not be fragmented.
  return family === 4 && id > 0 ? id : mark;
}

/** The same of a quoted packet. */
export function quotedKey(quote: QuoteView): number {
  const { protocol, tcpSeq, udpChecksum, icmpSeq } = quote;
  if (protocol === IP_PROTOCOL.TCP) return packetKey(quote, tcpSeq);
  if (protocol === IP_PROTOCOL.UDP) return packetKey(quote, udpChecksum);
  return packetKey(quote, icmpSeq);
}

/** Whether all that was sent had a small TTL. */
export function isProbing({ sides: [side] }: Flow): boolean {
  return side.packets > 0 && side.highestTtl <= PROBE_TTL && side.loopMost < LOOP_PASSES;
}
