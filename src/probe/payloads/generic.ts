/**
 * One line feed, for ports whose protocol is not known. An answer proves that something answers, never what.
 *
 * Why one byte, and this one:
 * - An empty datagram ends listeners that take "0 bytes read" for the end (OpenBSD `nc -lu`, many a home-made loop), and
 *   anti-flood rules drop packets of length 28: a trace would then blame a hop for the payload and not for the port.
 * - A line feed is an empty line to a text protocol, which skips it, and too short for the header of any binary one.
 *   `\r\n` and `\r\n\r\n` leave a carriage return as content where lines end with `\n`.
 * - No token: bytes that look random look like an attack, and end in logs as such.
 * The one common service that writes down any byte is syslog, see syslog.ts.
 */
import type { PayloadKind } from '../payload.ts';

const LINE_FEED = 0x0a;

/** What goes to a port that no other kind has; `read` never names a service. */
export const generic: PayloadKind = {
  protocol: 'generic',
  ports: [],
  source: 'own choice, reasons in payloads/generic.ts',
  maxLength: 1,
  write(out, at) {
    out[at] = LINE_FEED;
    return 1;
  },
  read: () => null,
};
