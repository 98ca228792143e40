/**
 * SNMP v1 and v2c with a community that the user gives: get sysDescr.0 (RFC 1157 section 4.1.2, RFC 3418 section 2).
 * A community is a password, so no such kind is among the defaults: this one is made for a run whose user named it.
 *
 * The target sees a manager that reads a name. A wrong community is counted (snmpInBadCommunityNames), may raise an
 * authenticationFailure trap, and is answered by silence.
 */
import type { PayloadKind } from '../payload.ts';
import {
  BER_INTEGER,
  BER_OCTETS,
  BER_SEQUENCE,
  type BerElement,
  readBerFields,
  toBer,
  toBerId,
  toBerInteger,
} from './ber.ts';
import { toBytes, writeBytes, writeU32 } from './bytes.ts';
import { toInfo, toPrintable } from './printable.ts';

/** The versions whose messages carry a community. */
export type CommunityVersion = 'v1' | 'v2c';

const VERSION_NUMBERS: Readonly<Record<CommunityVersion, number>> = { v1: 0, v2c: 1 };
const GET_REQUEST = 0xa0;
const RESPONSE = 0xa2;
const BER_NULL = 0x05;
const BER_OBJECT_ID = 0x06;
/** 1.3.6.1.2.1.1.1.0. */
const SYS_DESCR = '\x2b\x06\x01\x02\x01\x01\x01\0';

/** Bytes of the longest community: what net-snmp and most agents take (COMMUNITY_MAX_LEN). */
export const COMMUNITY_MAX_LENGTH = 256;

/** Error states (RFC 3416 section 3); the index is the state. */
const ERRORS = ['noError', 'tooBig', 'noSuchName', 'badValue', 'readOnly', 'genErr'] as const;

/**
 * Makes the kind for one community (one byte a character, {@link COMMUNITY_MAX_LENGTH} at the most). An answer is
 * proven by version, community and request id; `info` is the description, or the error.
 */
export function snmpWithCommunity(community: string, version: CommunityVersion): PayloadKind {
  const before = toBytes(community);
  const number = VERSION_NUMBERS[version];
  const request = toBer(
    BER_SEQUENCE,
    toBer(BER_INTEGER, Uint8Array.of(number)),
    toBer(BER_OCTETS, before),
    toBer(
      GET_REQUEST,
      toBer(BER_INTEGER, '\0\0\0\0'),
      toBer(BER_INTEGER, '\0'),
      toBer(BER_INTEGER, '\0'),
      toBer(BER_SEQUENCE, toBer(BER_SEQUENCE, toBer(BER_OBJECT_ID, SYS_DESCR), toBer(BER_NULL))),
    ),
  );
  const idAt = request.length - AFTER_ID_LENGTH - 4;
  return {
    protocol: 'snmp',
    ports: [161],
    source: 'RFC 1157 section 4; RFC 1901 section 3; RFC 3416 section 4.2.1; RFC 3418 section 2',
    maxLength: request.length,
    write(out, at, _tokenHi, tokenLo) {
      writeBytes(out, at, request);
      writeU32(out, at + idAt, toBerId(tokenLo));
      return request.length;
    },
    read(reply, _tokenHi, tokenLo) {
      const pdu = readPdu(reply, { number, community: before });
      if (pdu === null || toBerInteger(reply, pdu[0]!) !== toBerId(tokenLo)) return null;
      const fact = readAnswer(reply, pdu);
      return fact === null ? null : { protocol: 'snmp', info: toInfo([`SNMP${version}`, fact]) };
    },
  };
}

/** Error status and index (3 bytes each), then the list with its one variable, whose lengths are short. */
const AFTER_ID_LENGTH = 6 + 4 + 2 + SYS_DESCR.length + 2;

/** The fields of a response that has our version and community: id, error status, error index, variables. */
function readPdu(
  reply: Uint8Array,
  ours: { readonly number: number; readonly community: Uint8Array },
): BerElement[] | null {
  const outer = readBerFields(reply, { at: 0, end: reply.length }, [BER_SEQUENCE]);
  const parts =
    outer === null ? null : readBerFields(reply, outer[0]!, [BER_INTEGER, BER_OCTETS, RESPONSE]);
  if (parts === null || toBerInteger(reply, parts[0]!) !== ours.number) return null;
  const community = reply.subarray(parts[1]!.at, parts[1]!.end);
  if (community.length !== ours.community.length) return null;
  if (community.some((byte, i) => byte !== ours.community[i])) return null;
  return readBerFields(reply, parts[2]!, [BER_INTEGER, BER_INTEGER, BER_INTEGER, BER_SEQUENCE]);
}

function readAnswer(reply: Uint8Array, pdu: readonly BerElement[]): string | null {
  const status = toBerInteger(reply, pdu[1]!);
  if (status === null || status < 0) return null;
  if (status !== 0) return ERRORS[status] ?? `error ${status}`;
  const variable = readBerFields(reply, pdu[3]!, [BER_SEQUENCE]);
  const pair = variable === null ? null : readBerFields(reply, variable[0]!, [BER_OBJECT_ID, -1]);
  if (pair === null || toText(reply, pair[0]!) !== toPrintable(toBytes(SYS_DESCR))) return null;
  // v2c has exceptions in the place of a value (RFC 3416 section 3): no such object, no such instance.
  return pair[1]!.tag === BER_OCTETS ? toText(reply, pair[1]!) : 'no description';
}

function toText(reply: Uint8Array, { at, end }: BerElement): string {
  return toPrintable(reply.subarray(at, end));
}
