/**
 * CLDAP: a search of the root DSE alone (base object, empty name, RFC 4512 section 5.1) for four attributes that name
 * the server. The message id is 30 bits of the token. No bind, no user: the root DSE is what every directory shows to
 * everybody. Asked without a list of attributes, a domain controller answers with about 3,000 bytes, which made it an
 * amplifier.
 *
 * The target sees the ping of a client that looks for its domain controller; Samba logs nothing at its default level.
 * (Debian's slapd is built without CLDAP.)
 */
import type { PayloadKind } from '../payload.ts';
import {
  BER_INTEGER,
  BER_OCTETS,
  BER_SEQUENCE,
  BER_SET,
  type BerElement,
  readBerFields,
  readBerList,
  toBer,
  toBerId,
  toBerInteger,
} from './ber.ts';
import { writeBytes, writeU32 } from './bytes.ts';
import { toInfo, toPrintable } from './printable.ts';

const SEARCH_REQUEST = 0x63;
const SEARCH_ENTRY = 0x64;
const SEARCH_DONE = 0x65;
const ENUMERATED = 0x0a;
const BOOLEAN = 0x01;
/** The filter `present`, context tag 7 (RFC 4511 section 4.5.1.7). */
const PRESENT = 0x87;
const ZERO = '\0';

/** What is asked for, and how it is called in reports. */
const ATTRIBUTES: ReadonlyMap<string, string> = new Map([
  ['dnsHostName', 'host'],
  ['defaultNamingContext', 'domain'],
  ['namingContexts', 'suffix'],
  ['vendorVersion', 'version'],
]);
const NAME_BY_KEY: ReadonlyMap<string, string> = new Map(
  [...ATTRIBUTES].map(([attribute, name]) => [attribute.toLowerCase(), name]),
);

const REQUEST: Uint8Array = toBer(
  BER_SEQUENCE,
  toBer(BER_INTEGER, '\0\0\0\0'),
  toBer(
    SEARCH_REQUEST,
    toBer(BER_OCTETS),
    // Scope: the object itself. Aliases are not followed. No limits of size and time. Values, not types alone.
    toBer(ENUMERATED, ZERO),
    toBer(ENUMERATED, ZERO),
    toBer(BER_INTEGER, ZERO),
    toBer(BER_INTEGER, ZERO),
    toBer(BOOLEAN, ZERO),
    toBer(PRESENT, 'objectClass'),
    toBer(BER_SEQUENCE, ...[...ATTRIBUTES.keys()].map((name) => toBer(BER_OCTETS, name))),
  ),
);
/** Place of the message id: behind tag and two length bytes of the sequence, tag and length of the INTEGER. */
const ID_AT = REQUEST.indexOf(BER_INTEGER, 2) + 2;

/** Result codes that a search without rights may give (RFC 4511 section 4.1.9). */
const RESULTS: ReadonlyMap<number, string> = new Map([
  [0, 'success'],
  [1, 'operations error'],
  [2, 'protocol error'],
  [8, 'stronger authentication required'],
  [32, 'no such object'],
  [50, 'insufficient access rights'],
  [51, 'busy'],
  [52, 'unavailable'],
  [53, 'unwilling to perform'],
]);

/** Messages of one answer, and attributes of one entry, that are looked at. */
const MAX_ELEMENTS = 64;

/**
 * CLDAP, proven by the message id in every message of a search that is done; `info` is what the root DSE says of the
 * server.
 */
export const cldap: PayloadKind = {
  protocol: 'cldap',
  ports: [389],
  source: 'RFC 4511 sections 4.1.1 and 4.5; RFC 4512 section 5.1; RFC 1798',
  maxLength: REQUEST.length,
  write(out, at, _tokenHi, tokenLo) {
    writeBytes(out, at, REQUEST);
    writeU32(out, at + ID_AT, toBerId(tokenLo));
    return REQUEST.length;
  },
  read(reply, _tokenHi, tokenLo) {
    const messages = readBerList(reply, { at: 0, end: reply.length }, MAX_ELEMENTS);
    if (messages === null) return null;
    let isDone = false;
    const facts: string[] = [];
    for (const message of messages) {
      const operation = readOperation(reply, message, toBerId(tokenLo));
      const read = operation === null ? null : readFacts(reply, operation);
      if (operation === null || read === null || isDone) return null;
      isDone = operation.tag === SEARCH_DONE;
      facts.push(...read);
    }
    if (!isDone) return null;
    return { protocol: 'cldap', info: toInfo(facts.length === 0 ? ['no attributes'] : facts) };
  },
};

/** The operation in an LDAPMessage with this id (RFC 4511 section 4.1.1); controls may follow it. */
function readOperation(bytes: Uint8Array, message: BerElement, id: number): BerElement | null {
  if (message.tag !== BER_SEQUENCE) return null;
  const parts = readBerList(bytes, message, 3);
  if (parts === null || parts.length < 2) return null;
  if (parts[0]!.tag !== BER_INTEGER || toBerInteger(bytes, parts[0]!) !== id) return null;
  return parts[1]!;
}

/** What an entry or a result says; null when it is neither, or malformed. */
function readFacts(bytes: Uint8Array, operation: BerElement): string[] | null {
  if (operation.tag === SEARCH_ENTRY) return readEntry(bytes, operation);
  if (operation.tag !== SEARCH_DONE) return null;
  const fields = readBerList(bytes, operation, MAX_ELEMENTS);
  if (fields === null || fields.length < 3 || fields[0]!.tag !== ENUMERATED) return null;
  if (fields[1]!.tag !== BER_OCTETS || fields[2]!.tag !== BER_OCTETS) return null;
  const code = toBerInteger(bytes, fields[0]!);
  if (code === null || code < 0) return null;
  return code === 0 ? [] : [RESULTS.get(code) ?? `result ${code}`];
}

function readEntry(bytes: Uint8Array, operation: BerElement): string[] | null {
  const entry = readBerFields(bytes, operation, [BER_OCTETS, BER_SEQUENCE]);
  const attributes = entry === null ? null : readBerList(bytes, entry[1]!, MAX_ELEMENTS);
  if (attributes === null) return null;
  const facts: string[] = [];
  for (const attribute of attributes) {
    const parts = readBerFields(bytes, attribute, [BER_OCTETS, BER_SET]);
    const values = parts === null ? null : readBerList(bytes, parts[1]!, MAX_ELEMENTS);
    if (parts === null || values === null || attribute.tag !== BER_SEQUENCE) return null;
    const name = NAME_BY_KEY.get(toText(bytes, parts[0]!).toLowerCase());
    if (name !== undefined && values[0] !== undefined)
      facts.push(`${name} ${toText(bytes, values[0])}`);
  }
  return facts;
}

function toText(bytes: Uint8Array, { at, end }: BerElement): string {
  return toPrintable(bytes.subarray(at, end));
}
