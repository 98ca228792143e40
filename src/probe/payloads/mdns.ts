/**
 * mDNS: which service types are here? (`_services._dns-sd._udp.local` PTR, RFC 6763 section 9), with the
 * unicast-response bit (RFC 6762 section 5.4) to the one target, never to the group. We do not send from port 5353,
 * so a responder must treat it as a legacy query (section 6.7): it answers to us alone and echoes id and question. 46
 * bytes.
 *
 * The target sees one query and logs nothing. Responders that offer no service stay silent, and so do those that take
 * queries from their own link alone (section 11).
 */
import type { PayloadKind } from '../payload.ts';
import { toBytes, writeBytes, writeU16 } from './bytes.ts';
import {
  DNS_RESPONSE,
  type DnsMessage,
  readDnsMessage,
  readDnsName,
  toDnsQuery,
  toLabels,
} from './dnsMessage.ts';
import { toInfo, toPrintable } from './printable.ts';

const NAME = '\x09_services\x07_dns-sd\x04_udp\x05local';
const TYPE_PTR = 12;
/** Class IN with the unicast-response bit. */
const QUERY: Uint8Array = toDnsQuery({ name: NAME, type: TYPE_PTR, class: 0x8001 });
/** The top bit of a class means "unicast response" or "cache flush" (RFC 6762 section 10.2). */
const CLASS_MASK = 0x7fff;
const OPCODE_AND_RCODE = 0x780f;

/** mDNS, proven by id, QR bit and the echoed question (or answers to it); `info` names the service types. */
export const mdns: PayloadKind = {
  protocol: 'mdns',
  ports: [5353],
  source: 'RFC 6762 sections 5.4 and 6.7; RFC 6763 section 9',
  maxLength: QUERY.length,
  write(out, at, _tokenHi, tokenLo) {
    const end = writeBytes(out, at, QUERY);
    writeU16(out, at, tokenLo);
    return end - at;
  },
  read(reply, _tokenHi, tokenLo) {
    const message = readDnsMessage(reply);
    if (message === null || message.id !== (tokenLo & 0xffff)) return null;
    if ((message.flags & (DNS_RESPONSE | OPCODE_AND_RCODE)) !== DNS_RESPONSE) return null;
    const types = readServiceTypes(message, reply);
    if (types === null || !isAboutOurQuestion(message, types.length)) return null;
    return { protocol: 'mdns', info: toInfo(types.length === 0 ? ['no services'] : types) };
  },
};

function isAboutOurQuestion({ questions }: DnsMessage, typeCount: number): boolean {
  if (questions.length === 0) return typeCount > 0;
  const { name, type, class: rrClass } = questions[0]!;
  return (
    questions.length === 1 && name === NAME && type === TYPE_PTR && (rrClass & CLASS_MASK) === 1
  );
}

/** The service types, `_ssh._tcp` without the domain; null when a record's name is malformed. */
function readServiceTypes(message: DnsMessage, reply: Uint8Array): string[] | null {
  const types: string[] = [];
  for (const record of message.answers) {
    if (record.name !== NAME || record.type !== TYPE_PTR) continue;
    if ((record.class & CLASS_MASK) !== 1) continue;
    const name = readDnsName(reply, record.dataAt);
    if (name === null || name.next !== record.dataAt + record.dataLength) return null;
    types.push(toPrintable(toBytes(toLabels(name.key).slice(0, 2).join('.'))));
  }
  return types;
}
