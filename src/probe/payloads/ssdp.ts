/**
 * SSDP: unicast M-SEARCH for root devices (UPnP Device Architecture 2.0 section 1.3.2). `upnp:rootdevice` fetches one answer a
 * device, where `ssdp:all` fetches dozens. HOST names the group, since a payload does not know its target; responders
 * do not look at it. The protocol has no identity: an answer is known by its form and the echoed search target.
 *
 * The target sees a control point looking for devices, as every media player on its link does; MiniUPnPd logs it when verbose.
 */
import type { PayloadKind } from '../payload.ts';
import { toBytes, writeBytes } from './bytes.ts';
import { readHeaderText } from './headerText.ts';
import { toInfo, toPrintable } from './printable.ts';

const SEARCH_TARGET = 'upnp:rootdevice';
const REQUEST: Uint8Array = toBytes(
  [
    'M-SEARCH * HTTP/1.1',
    'HOST: 239.255.255.250:1900',
    'MAN: "ssdp:discover"',
    // Only a multicast search has MX; responders of version 1.0 drop what lacks it.
    'MX: 1',
    `ST: ${SEARCH_TARGET}`,
    '',
    '',
  ].join('\r\n'),
);
const STATUS_LINE: Uint8Array = toBytes('HTTP/1.1 200 OK');

/** SSDP, proven by status line, echoed search target and USN; `info` is the SERVER header. */
export const ssdp: PayloadKind = {
  protocol: 'ssdp',
  ports: [1900],
  source: 'UPnP Device Architecture 2.0 sections 1.3.2 and 1.3.3',
  maxLength: REQUEST.length,
  write(out, at) {
    return writeBytes(out, at, REQUEST) - at;
  },
  read(reply) {
    const text = readHeaderText(reply);
    if (text === null || !equals(text.startLine, STATUS_LINE)) return null;
    if (text.values('st')[0] !== SEARCH_TARGET || text.values('usn').length !== 1) return null;
    const server = text.values('server')[0];
    const fact = server === undefined ? text.values('usn')[0]! : server;
    return { protocol: 'ssdp', info: toInfo([toPrintable(toBytes(fact))]) };
  },
};

function equals(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
