/**
 * What a UDP request of somebody else asks: by its bytes where its protocol is read here, else by its port alone.
 *
 * Communities, names of users and the like are left out: a report is passed on more freely than a capture.
 */

import { PAYLOAD_KINDS } from '../probe/payload.ts';
import {
  BER_INTEGER,
  BER_OCTETS,
  BER_SEQUENCE,
  readBerFields,
  toBerInteger,
} from '../probe/payloads/ber.ts';
import { readU16, readU32 } from '../probe/payloads/bytes.ts';
import { DNS_RESPONSE, readDnsMessage, toLabels } from '../probe/payloads/dnsMessage.ts';
import { NOT_ASKED } from '../probe/payloads/notAsked.ts';
import { toInfo, toPrintable } from '../probe/payloads/printable.ts';
import type { Payload } from './datagramFlow.ts';
import type { Request } from './flow.ts';

/** Reads a request to this port; null where neither port nor bytes say what it is. */
export function readRequest(port: number, { bytes, at, end }: Payload): Request | null {
  const protocol = PROTOCOL_BY_PORT.get(port);
  if (protocol === undefined) return null;
  const parsed = READERS[protocol]?.(bytes.subarray(at, end)) ?? null;
  if (parsed === null) return { protocol, isParsed: false, asks: '', token: null };
  return { protocol, isParsed: true, ...parsed };
}

/** The identity that an answer brings back, in the form of {@link Request.token}; null where it is none of ours to know. */
export function answerToken(protocol: string, { bytes, at, end }: Payload): string | null {
  const answer = bytes.subarray(at, end);
  if (protocol === 'dns') {
    const id = readU16(answer, 0);
    return id < 0 || (readU16(answer, 2) & DNS_RESPONSE) === 0 ? null : String(id);
  }
  if (protocol === 'ntp') return answer.length < NTP_LENGTH ? null : hexOf(answer, NTP_ORIGIN_AT);
  return null;
}

/** Whether nobody answers on this port by the protocol's own rules: silence says nothing there. */
export function isOneWay(protocol: string): boolean {
  return ONE_WAY.has(protocol);
}

const ONE_WAY: ReadonlySet<string> = new Set([
  'syslog',
  'snmp-trap',
  'telemetry',
  'tunnel',
  'bfd',
  'rip',
  'ptp',
]);

const PROTOCOL_BY_PORT: ReadonlyMap<number, string> = new Map(
  [...NOT_ASKED.filter(({ protocol }) => protocol !== 'undocumented'), ...PAYLOAD_KINDS].flatMap(
    ({ protocol, ports }) => ports.map((port) => [port, protocol] as const),
  ),
);

type Parsed = Pick<Request, 'asks' | 'token'> | null;

const READERS: Readonly<Record<string, (request: Uint8Array) => Parsed>> = {
  dns: readDns,
  mdns: readDns,
  ntp: readNtp,
  snmp: readSnmp,
};

/** Record types that people ask for (IANA, DNS Parameters). */
const DNS_TYPES: Readonly<Record<number, string>> = {
  1: 'A',
  2: 'NS',
  5: 'CNAME',
  6: 'SOA',
  12: 'PTR',
  15: 'MX',
  16: 'TXT',
  28: 'AAAA',
  33: 'SRV',
  43: 'DS',
  48: 'DNSKEY',
  65: 'HTTPS',
  252: 'AXFR',
  255: 'ANY',
};

function readDns(request: Uint8Array): Parsed {
  const message = readDnsMessage(request);
  const question = message?.questions[0];
  if (message === null || question === undefined) return null;
  if ((message.flags & DNS_RESPONSE) !== 0) return null;
  const labels = toLabels(question.name).map((label) => toPrintable(bytesOf(label)));
  const type = DNS_TYPES[question.type] ?? `type ${question.type}`;
  return { asks: toInfo([`${type} ${labels.join('.') || '.'}`]), token: String(message.id) };
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

const NTP_LENGTH = 48;
const NTP_ORIGIN_AT = 24;
const NTP_TRANSMIT_AT = 40;
const NTP_CLIENT = 3;

/** RFC 5905 section 7.3. */
function readNtp(request: Uint8Array): Parsed {
  const version = (request[0] ?? 0) >> 3;
  if (request.length < NTP_LENGTH || (request[0]! & 7) !== NTP_CLIENT) return null;
  return { asks: `the time, version ${version & 7}`, token: hexOf(request, NTP_TRANSMIT_AT) };
}

function hexOf(bytes: Uint8Array, at: number): string {
  return `${readU32(bytes, at).toString(16)}.${readU32(bytes, at + 4).toString(16)}`;
}

/** The PDUs that ask (RFC 3416 section 3). */
const SNMP_PDUS: Readonly<Record<number, string>> = {
  160: 'get',
  161: 'get-next',
  163: 'set',
  165: 'get-bulk',
};
const SNMP_VERSIONS = ['v1', 'v2c', null, 'v3'] as const;

/** RFC 3416, RFC 3412: the version, and of the first two what is asked; never the community. */
function readSnmp(request: Uint8Array): Parsed {
  const outer = readBerFields(request, { at: 0, end: request.length }, [BER_SEQUENCE]);
  if (outer === null) return null;
  const fields =
    readBerFields(request, outer[0]!, [BER_INTEGER, BER_OCTETS, -1]) ??
    readBerFields(request, outer[0]!, [BER_INTEGER, BER_SEQUENCE, BER_OCTETS, -1]);
  if (fields === null) return null;
  const version = SNMP_VERSIONS[toBerInteger(request, fields[0]!) ?? -1];
  if (version === undefined || version === null) return null;
  const pdu = SNMP_PDUS[fields[2]!.tag];
  return { asks: toInfo([version, pdu ?? null]), token: null };
}
