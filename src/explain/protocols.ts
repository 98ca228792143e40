/** IP protocols by name. */
import { IP_PROTOCOL } from '../packet/ip.ts';

/** `tcp`, `udp`, `icmp`, or the number of another protocol. */
export function protocolName(protocol: number): string {
  if (protocol === IP_PROTOCOL.TCP) return 'tcp';
  if (protocol === IP_PROTOCOL.UDP) return 'udp';
  if (protocol === IP_PROTOCOL.ICMP || protocol === IP_PROTOCOL.ICMPV6) return 'icmp';
  return `protocol ${protocol}`;
}

/** Whether this protocol has ports that a filter can name. */
export function hasPorts(protocol: number): boolean {
  return protocol === IP_PROTOCOL.TCP || protocol === IP_PROTOCOL.UDP;
}
