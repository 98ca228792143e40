/** What a stack says of the IPv6 extension headers of a packet for itself, before it looks behind them. */
import { IP_PROTOCOL, IPV6_HEADER_BYTES } from '../packet/ip.ts';
import type { IcmpError } from './answers.ts';
import type { Flight } from './flight.ts';

const PAD1 = 0;
const PADN = 1;
/** Where the length of the payload stands in the IPv6 header: what the pointer of a bad fragment shows. */
const LENGTH_AT = 4;

/**
 * An error, 0: discarded without a word, or null: nothing against it. The first header alone is looked at: no probe has
 * more. As net/ipv6/exthdrs.c (ip6_parse_tlv: first bad option) and net/ipv6/reassembly.c (ip6_frag_queue: a first fragment
 * that does not end at 8 bytes).
 */
export function extensionError({ ip, bytes, end }: Flight): IcmpError | 0 | null {
  if (ip.family === 4) return null;
  const at = ip.headerAt + IPV6_HEADER_BYTES;
  const nextHeader = bytes[ip.headerAt + 6]!;
  if (nextHeader === IP_PROTOCOL.FRAGMENT) {
    const isCut = ip.moreFragments && (end - ip.payloadAt) % 8 !== 0;
    return isCut ? { type: 4, code: 0, pointer: LENGTH_AT } : null;
  }
  if (nextHeader !== IP_PROTOCOL.DESTINATION_OPTIONS) return null;
  const optionsEnd = Math.min(ip.payloadAt, end);
  let next = at + 2;
  while (next < optionsEnd) {
    const type = bytes[next]!;
    // Its two highest bits say what to do with an option that is not known (RFC 8200 section 4.2).
    const action = type >> 6;
    if (type === PAD1) next += 1;
    else if (type === PADN || action === 0) next += 2 + (bytes[next + 1] ?? 0);
    else return action === 1 ? 0 : { type: 4, code: 2, pointer: next - ip.headerAt };
  }
  return null;
}
