/**
 * RIPv2 request for the whole table (RFC 2453 section 3.9.1), from a port that is not 520, which a router answers to
 * us alone, even when it is silent otherwise. 24 bytes; a table of more than 25 routes comes in several datagrams.
 * Nothing is announced. The protocol has no identity: an answer is known by its form.
 *
 * The target sees a query tool such as rtquery; a router that wants authentication stays silent and may count a bad
 * packet. * FRR 8.4 answers; BIRD 2.0 stays silent and logs nothing.
 */
import type { PayloadKind } from '../payload.ts';
import { readU16, readU32 } from './bytes.ts';
import { toInfo } from './printable.ts';

const HEADER_LENGTH = 4;
const ENTRY_LENGTH = 20;
const MAX_ENTRIES = 25;
const REQUEST = 1;
const RESPONSE = 2;
const INFINITY = 16;
const FAMILY_IP = 2;
const FAMILY_AUTHENTICATION = 0xffff;

/** RIP, proven by a response whose entries are all well-formed; `info` is the version and the number of routes. */
export const rip: PayloadKind = {
  protocol: 'rip',
  ports: [520],
  source: 'RFC 2453 sections 3.9.1, 3.9.2 and 4',
  maxLength: HEADER_LENGTH + ENTRY_LENGTH,
  write(out, at) {
    out.fill(0, at, at + HEADER_LENGTH + ENTRY_LENGTH);
    out[at] = REQUEST;
    out[at + 1] = 2;
    // One entry of family 0 with metric infinity stands for the whole table.
    out[at + HEADER_LENGTH + ENTRY_LENGTH - 1] = INFINITY;
    return HEADER_LENGTH + ENTRY_LENGTH;
  },
  read(reply) {
    const version = reply[1];
    const entries = (reply.length - HEADER_LENGTH) / ENTRY_LENGTH;
    if (reply[0] !== RESPONSE || (version !== 1 && version !== 2)) return null;
    if (readU16(reply, 2) !== 0 || !Number.isInteger(entries)) return null;
    if (entries < 1 || entries > MAX_ENTRIES) return null;
    let routes = 0;
    for (let i = 0; i < entries; i++) {
      const at = HEADER_LENGTH + i * ENTRY_LENGTH;
      const family = readU16(reply, at);
      if (family === FAMILY_AUTHENTICATION && version === 2) continue;
      const metric = readU32(reply, at + 16);
      if (family !== FAMILY_IP || metric < 1 || metric > INFINITY) return null;
      routes += 1;
    }
    const count = routes === 1 ? '1 route' : `${routes} routes`;
    return { protocol: 'rip', info: toInfo([`v${version}`, count]) };
  },
};
