/**
 * Syslog: an empty datagram. A receiver never answers (RFC 5426 section 4.1), and writes a line into its log for every byte that
 * it gets: measured on rsyslog 8.2302, one line feed makes an empty entry, nothing at all makes none. What can be learnt
 * of the port is whether an ICMP error comes back, and for that an empty datagram is enough.
 */
import type { PayloadKind } from '../payload.ts';

/** Asks a syslog port without writing into its log; `read` never names a service, since none answers. */
export const syslog: PayloadKind = {
  protocol: 'syslog',
  ports: [514],
  source: 'RFC 5426 section 4.1',
  maxLength: 0,
  write: () => 0,
  read: () => null,
};
