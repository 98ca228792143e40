/**
 * What ICMP errors become on sockets: icmp_err_convert of net/ipv4/icmp.c, icmpv6_err_convert
 * of net/ipv6/icmp.c.
 */
import { ERRNO, type ErrnoName } from '../errno.ts';
import type { Family } from '../model.ts';

/** What an ICMP error does: the errno, and whether it reaches a connected UDP socket that has no error queue. */
export interface SocketError {
  readonly errno: number;
  readonly fatal: boolean;
}

const row = (name: ErrnoName, fatal: 0 | 1): SocketError => ({
  errno: ERRNO[name],
  fatal: fatal === 1,
});

/** By code of type 3. */
const UNREACHABLE_4: readonly SocketError[] = [
  row('ENETUNREACH', 0),
  row('EHOSTUNREACH', 0),
  row('ENOPROTOOPT', 1),
  row('ECONNREFUSED', 1),
  row('EMSGSIZE', 0),
  row('EOPNOTSUPP', 0),
  row('ENETUNREACH', 1),
  row('EHOSTDOWN', 1),
  row('ENONET', 1),
  row('ENETUNREACH', 1),
  row('EHOSTUNREACH', 1),
  row('ENETUNREACH', 0),
  row('EHOSTUNREACH', 0),
  row('EHOSTUNREACH', 1),
  row('EHOSTUNREACH', 1),
  row('EHOSTUNREACH', 1),
];

/** By code of type 1. */
const UNREACHABLE_6: readonly SocketError[] = [
  row('ENETUNREACH', 0),
  row('EACCES', 1),
  row('EHOSTUNREACH', 0),
  row('EHOSTUNREACH', 0),
  row('ECONNREFUSED', 1),
  row('EACCES', 1),
  row('EACCES', 1),
];

/** What the error does on a socket, or null for a message that is no error of a socket (redirect, quench). */
export function toSocketError(family: Family, type: number, code: number): SocketError | null {
  if (family === 4) {
    if (type === 3) return UNREACHABLE_4[code] ?? null;
    if (type === 11) return row('EHOSTUNREACH', 0);
    return type === 12 ? row('EPROTO', 1) : null;
  }
  if (type === 1) return UNREACHABLE_6[code] ?? row('EPROTO', 1);
  if (type === 2) return row('EMSGSIZE', 0);
  if (type === 3) return row('EHOSTUNREACH', 0);
  return type === 4 ? row('EPROTO', 1) : null;
}
