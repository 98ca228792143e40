/**
 * WS-Discovery: a Probe for devices (WS-Discovery 2005/04 section 5.2, the version that Windows, printers and
 * scanners speak; the type is that of the Devices Profile, since wsdd ignores a Probe without one), sent to the one
 * target, never to the group. The message id is a UUID that holds the token; RelatesTo of the answer brings it back.
 * Who is no such device stays silent.
 *
 * The target sees a search for devices, as a file manager or a printer dialogue sends it, and logs nothing.
 */
import type { PayloadKind } from '../payload.ts';
import { toBytes, toTokenText, writeBytes, writeHex32 } from './bytes.ts';
import { toInfo, toPrintable } from './printable.ts';

const SOAP = 'http://www.w3.org/2003/05/soap-envelope';
const ADDRESSING = 'http://schemas.xmlsoap.org/ws/2004/08/addressing';
const PROFILE = 'http://schemas.xmlsoap.org/ws/2006/02/devprof';
const DISCOVERY = 'http://schemas.xmlsoap.org/ws/2005/04/discovery';
const WORD_LENGTH = 8;
/** Between the words of the token: a UUID of version 4 (RFC 4122 section 4.4) with zeros in the middle. */
const UUID_MIDDLE = '-0000-4000-8000-0000';

const PARTS: readonly Uint8Array[] = [
  [
    '<?xml version="1.0" encoding="utf-8"?>',
    `<s:Envelope xmlns:s="${SOAP}" xmlns:a="${ADDRESSING}" xmlns:d="${DISCOVERY}"`,
    ` xmlns:wsdp="${PROFILE}"><s:Header>`,
    '<a:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To>',
    `<a:Action>${DISCOVERY}/Probe</a:Action><a:MessageID>urn:uuid:`,
  ].join(''),
  UUID_MIDDLE,
  '</a:MessageID></s:Header><s:Body><d:Probe><d:Types>wsdp:Device</d:Types></d:Probe></s:Body></s:Envelope>',
].map(toBytes);

/** Bytes of an answer that are looked at: SOAP over UDP stays below 32 KiB in practice (SOAP-over-UDP section 3). */
const MAX_LENGTH = 32_768;
/** What an answer begins and ends with, whatever its prefix. */
const BEGIN = /^(?:<\?xml[^<>]*\?>\s*)?<(?:[\w-]+:)?Envelope[\s>]/;
const END = /<\/(?:[\w-]+:)?Envelope>$/;

/** WS-Discovery, proven by action and RelatesTo of the ProbeMatches; `info` is the types of the first device. */
export const wsDiscovery: PayloadKind = {
  protocol: 'ws-discovery',
  ports: [3702],
  source:
    'WS-Discovery 2005/04 sections 5.2 and 5.3; Devices Profile 2006/02; SOAP-over-UDP 2004/09',
  maxLength: PARTS.reduce((sum, part) => sum + part.length, 2 * WORD_LENGTH),
  write(out, at, tokenHi, tokenLo) {
    const middleAt = writeHex32(out, writeBytes(out, at, PARTS[0]!), tokenHi);
    const lowAt = writeBytes(out, middleAt, PARTS[1]!);
    return writeBytes(out, writeHex32(out, lowAt, tokenLo), PARTS[2]!) - at;
  },
  read(reply, tokenHi, tokenLo) {
    if (reply.length > MAX_LENGTH) return null;
    const text = String.fromCharCode(...reply).trim();
    const token = toTokenText(tokenHi, tokenLo);
    const id = `urn:uuid:${token.slice(0, WORD_LENGTH)}${UUID_MIDDLE}${token.slice(WORD_LENGTH)}`;
    if (!BEGIN.test(text) || !END.test(text)) return null;
    if (readElement(text, 'RelatesTo')?.toLowerCase() !== id) return null;
    if (readElement(text, 'Action') !== `${DISCOVERY}/ProbeMatches`) return null;
    const types = readElement(text, 'Types');
    const fact = types === null ? '' : toPrintable(toBytes(types));
    return { protocol: 'ws-discovery', info: toInfo([fact === '' ? 'no types' : fact]) };
  },
};

/** The text of the first element of this name that holds no other, or null. */
function readElement(text: string, name: string): string | null {
  const match = new RegExp(`<(?:[\\w-]+:)?${name}(?:\\s[^<>]*)?>([^<]*)</`).exec(text);
  return match === null ? null : match[1]!.trim();
}
