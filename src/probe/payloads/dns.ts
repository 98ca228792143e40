/**
 * DNS: `id.server` TXT in class CH, recursion not desired (RFC 4892). 27 bytes.
 *
 * Why this question: measured on dnsmasq 2.90, unbound 1.17 and BIND 9.18, a server answers it from itself or refuses
 * it, in at most 74 bytes. The obvious `. NS` with RD=0 is passed on to the upstream by dnsmasq and fetches 240 bytes
 * from a BIND resolver; `version.bind` sets off intrusion detection. Any RCODE proves a name server. (djbdns'
 * dnscache drops class CH: it stays silent.)
 *
 * The target sees one query; none of the three logs it unless query logging is on.
 */
import type { PayloadKind } from '../payload.ts';
import { writeBytes, writeU16 } from './bytes.ts';
import { DNS_RESPONSE, type DnsMessage, readDnsMessage, toDnsQuery } from './dnsMessage.ts';
import { toInfo, toPrintable } from './printable.ts';

const NAME = '\x02id\x06server';
const TYPE_TXT = 16;
const CLASS_CH = 3;
const QUERY: Uint8Array = toDnsQuery({ name: NAME, type: TYPE_TXT, class: CLASS_CH });

const OPCODE_MASK = 0x7800;
const AUTHORITATIVE = 0x0400;
const TRUNCATED = 0x0200;
const RECURSION_AVAILABLE = 0x0080;

/** RFC 1035 section 4.1.1 and RFC 2136 section 2.2; the index is the RCODE. */
const RCODES = [
  'NOERROR',
  'FORMERR',
  'SERVFAIL',
  'NXDOMAIN',
  'NOTIMP',
  'REFUSED',
  'YXDOMAIN',
  'YXRRSET',
  'NXRRSET',
  'NOTAUTH',
  'NOTZONE',
] as const;

/**
 * DNS, proven by id, QR bit, opcode and the echoed question; `info` is the RCODE, the AA and RA bits and the server's
 * id.
 */
export const dns: PayloadKind = {
  protocol: 'dns',
  ports: [53],
  source: 'RFC 1035 section 4; RFC 4892 section 3',
  maxLength: QUERY.length,
  write(out, at, _tokenHi, tokenLo) {
    const end = writeBytes(out, at, QUERY);
    writeU16(out, at, tokenLo);
    return end - at;
  },
  read(reply, _tokenHi, tokenLo) {
    const message = readDnsMessage(reply);
    if (message === null || message.id !== (tokenLo & 0xffff)) return null;
    if ((message.flags & (DNS_RESPONSE | OPCODE_MASK)) !== DNS_RESPONSE) return null;
    if (!answersOurQuestion(message, reply.length)) return null;
    const { flags } = message;
    const rcode = flags & 0xf;
    const info = toInfo([
      RCODES[rcode] ?? `RCODE ${rcode}`,
      (flags & AUTHORITATIVE) !== 0 ? 'authoritative' : null,
      (flags & TRUNCATED) !== 0 ? 'truncated' : null,
      (flags & RECURSION_AVAILABLE) !== 0 ? 'recursion available' : null,
      readServerId(message, reply),
    ]);
    return { protocol: 'dns', info };
  },
};

/** An error may come as a bare header: a server that could not or would not read the question. */
function answersOurQuestion(message: DnsMessage, length: number): boolean {
  if (message.questions.length === 0) return length === 12 && (message.flags & 0xf) !== 0;
  const question = message.questions[0]!;
  return (
    message.questions.length === 1 &&
    question.name === NAME &&
    question.type === TYPE_TXT &&
    question.class === CLASS_CH
  );
}

function readServerId(message: DnsMessage, reply: Uint8Array): string | null {
  for (const { name, type, dataAt, dataLength } of message.answers) {
    if (name !== NAME || type !== TYPE_TXT || dataLength === 0) continue;
    const length = reply[dataAt]!;
    // A character-string that is longer than its record is somebody's mistake, not an identity.
    if (length + 1 > dataLength) return null;
    return `id ${toPrintable(reply.subarray(dataAt + 1, dataAt + 1 + length))}`;
  }
  return null;
}
