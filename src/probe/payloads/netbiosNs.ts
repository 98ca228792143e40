/**
 * NetBIOS name service: node status request for the name `*` (RFC 1002 section 4.2.17). 50 bytes, answered by the
 * host's own name table (about 200 bytes). Reads names only; no session, no credential.
 *
 * The target sees what `nbtstat -A` and `nmblookup -A` send, and logs nothing.
 */
import type { PayloadKind } from '../payload.ts';
import { writeBytes, writeU16 } from './bytes.ts';
import { DNS_RESPONSE, readDnsMessage, toDnsQuery } from './dnsMessage.ts';
import { toInfo, toMac, toPrintable } from './printable.ts';

/** `*` and fifteen zero bytes, each half byte as a letter from A on (RFC 1001 section 14.1). */
const ENCODED_NAME = `\x20CK${'A'.repeat(30)}`;
const NAME = ENCODED_NAME.toLowerCase();
const TYPE_NBSTAT = 0x21;
const CLASS_IN = 1;
const QUERY: Uint8Array = toDnsQuery({ name: ENCODED_NAME, type: TYPE_NBSTAT, class: CLASS_IN });
const OPCODE_AND_RCODE = 0x780f;

/** A name of 15 characters, its suffix, two bytes of flags (RFC 1002 section 4.2.18). */
const ENTRY_LENGTH = 18;
const SUFFIX_AT = 15;
const GROUP_BIT = 0x80;
/** The statistics begin with the unit id, which is the MAC address; the rest is zero nearly everywhere. */
const UNIT_ID_LENGTH = 6;

/**
 * NetBIOS-NS, proven by transaction id and a well-formed name table; `info` is host name, workgroup and MAC address.
 */
export const netbiosNs: PayloadKind = {
  protocol: 'netbios-ns',
  ports: [137],
  source: 'RFC 1002 sections 4.2.17 and 4.2.18',
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
    const record = message.answers[0];
    if (record === undefined || message.answers.length !== 1) return null;
    if (record.name !== NAME || record.type !== TYPE_NBSTAT || record.class !== CLASS_IN)
      return null;
    const info = readNameTable(reply.subarray(record.dataAt, record.dataAt + record.dataLength));
    return info === null ? null : { protocol: 'netbios-ns', info };
  },
};

function readNameTable(table: Uint8Array): string | null {
  const count = table[0];
  if (count === undefined) return null;
  const unitIdAt = 1 + count * ENTRY_LENGTH;
  if (table.length < unitIdAt + UNIT_ID_LENGTH) return null;
  const unitId = table.subarray(unitIdAt, unitIdAt + UNIT_ID_LENGTH);
  return toInfo([
    toNameFact(table, { group: false, label: 'name' }),
    toNameFact(table, { group: true, label: 'workgroup' }),
    // Samba has no unit id to give.
    unitId.every((byte) => byte === 0) ? null : `MAC ${toMac(unitId)}`,
  ]);
}

/** The first name with suffix 0x00 (workstation, or its workgroup). */
function toNameFact(
  table: Uint8Array,
  wanted: { readonly group: boolean; readonly label: string },
): string | null {
  for (let i = 0; i < table[0]!; i++) {
    const entry = table.subarray(1 + i * ENTRY_LENGTH, 1 + (i + 1) * ENTRY_LENGTH);
    const isGroup = (entry[SUFFIX_AT + 1]! & GROUP_BIT) !== 0;
    if (entry[SUFFIX_AT] !== 0 || isGroup !== wanted.group) continue;
    return `${wanted.label} ${toPrintable(entry.subarray(0, SUFFIX_AT)).trimEnd()}`;
  }
  return null;
}
