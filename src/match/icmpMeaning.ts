/**
 * What every ICMP error means for a port, IPv4 and IPv6, as one table (RFC 792, 1122 section 3.2.2, 1812 section 5.2.7,
 * 4443 section 3; truth.md, "ICMP that needs care").
 */
import type { Family, Reason } from '../model.ts';

/** `state`: decides a port. `smaller`: send smaller, says nothing of the port. `none`: no statement about the probe. */
export type IcmpMeaning =
  | { readonly kind: 'state'; readonly reason: Reason; readonly transient: boolean }
  | { readonly kind: 'smaller' }
  | { readonly kind: 'none' };

const NONE: IcmpMeaning = { kind: 'none' };
const SMALLER: IcmpMeaning = { kind: 'smaller' };

/** `transient`: routers also say this while a route or neighbour is being found, so it is asked once more. */
const state = (reason: Reason, transient = false): IcmpMeaning => ({
  kind: 'state',
  reason,
  transient,
});

const V4_UNREACHABLE: readonly IcmpMeaning[] = [
  state('net-unreach', true), // 0 net
  state('host-unreach', true), // 1 host
  state('proto-unreach'), // 2 protocol
  state('port-unreach'), // 3 port
  SMALLER, // 4 fragmentation needed
  state('host-unreach'), // 5 source route failed
  state('net-unreach'), // 6 destination network unknown
  state('host-unreach'), // 7 destination host unknown
  state('host-unreach'), // 8 source host isolated
  state('net-prohibited'), // 9
  state('host-prohibited'), // 10
  state('net-unreach'), // 11 for this type of service
  state('host-unreach'), // 12 for this type of service
  state('admin-prohibited'), // 13
  state('admin-prohibited'), // 14 host precedence violation
  state('admin-prohibited'), // 15 precedence cut-off
];

const V6_UNREACHABLE: readonly IcmpMeaning[] = [
  state('no-route', true), // 0
  state('admin-prohibited'), // 1
  state('beyond-scope'), // 2
  state('host-unreach', true), // 3 address unreachable
  state('port-unreach'), // 4
  state('admin-prohibited'), // 5 source address failed ingress/egress policy
  state('reject-route'), // 6
  state('no-route'), // 7 error in source routing header (RFC 6550)
];

const TIME_EXCEEDED = state('time-exceeded');
const PARAMETER_PROBLEM = state('param-problem');

/** A code that no RFC names is still an unreachable by somebody: the class stays true, the kind is not invented. */
const UNKNOWN_CODE = state('net-unreach');

/** The meaning of an ICMP error of this family for the probe that it quotes. */
export function icmpMeaning(family: Family, type: number, code: number): IcmpMeaning {
  if (family === 4) {
    if (type === 3) return V4_UNREACHABLE[code] ?? UNKNOWN_CODE;
    if (type === 11) return TIME_EXCEEDED;
    if (type === 12) return PARAMETER_PROBLEM;
    return NONE;
  }
  if (type === 1) return V6_UNREACHABLE[code] ?? UNKNOWN_CODE;
  if (type === 2) return SMALLER;
  if (type === 3) return TIME_EXCEEDED;
  if (type === 4) return PARAMETER_PROBLEM;
  return NONE;
}

/** Whether this is "port unreachable" of its family: the only ICMP error by which a UDP port says that it is closed. */
export function isPortUnreachable(family: Family, type: number, code: number): boolean {
  return family === 4 ? type === 3 && code === 3 : type === 1 && code === 4;
}

/** The message's name, for sentences: `ICMP 3/13`, `ICMPv6 1/1`. */
export function icmpLabel(family: Family, type: number, code: number): string {
  return `${family === 4 ? 'ICMP' : 'ICMPv6'} ${type}/${code}`;
}

/** errno of a Linux socket -> the class that it keeps of an ICMP error (`icmp_err_convert`; net/ipv6/icmp.c `tab_unreach`). */
export const ERRNO_REASON: Readonly<Record<string, Reason>> = {
  ENETUNREACH: 'net-unreach',
  EHOSTUNREACH: 'host-unreach',
  ENOPROTOOPT: 'proto-unreach',
  ECONNREFUSED: 'port-unreach',
  EOPNOTSUPP: 'host-unreach',
  EHOSTDOWN: 'host-unreach',
  ENONET: 'host-unreach',
  EACCES: 'admin-prohibited',
  EPROTO: 'param-problem',
};
