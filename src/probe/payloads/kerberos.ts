/**
 * Kerberos: an AS-REQ for a client and a realm that exist nowhere (`.INVALID`, RFC 6761), without pre-authentication.
 * The KDC answers with a KRB-ERROR (RFC 4120 section 5.9.1), which repeats the service that was asked for: its second
 * part is the token. There is no password in it, and no account whose failures could be counted.
 *
 * Why this form, measured on MIT krb5kdc 1.20 and the Heimdal of Samba 4.17: MIT writes one line for every AS-REQ,
 * Samba none at its default level. With another version number or cut, MIT logs an error and does not answer; without
 * a client it logs the same one line about "unknown client". So the line names `pu-probe`, and explains itself.
 */
import type { PayloadKind } from '../payload.ts';
import {
  BER_INTEGER,
  BER_SEQUENCE,
  type BerElement,
  readBerFields,
  readBerList,
  toBer,
  toBerId,
  toBerInteger,
} from './ber.ts';
import { toBytes, toTokenText, writeBytes, writeHex32, writeU32 } from './bytes.ts';
import { toInfo, toPrintable } from './printable.ts';

/** Application tags 10 (AS-REQ) and 30 (KRB-ERROR), constructed. */
const AS_REQ = 0x6a;
const KRB_ERROR = 0x7e;
const PVNO = 5;
const MSG_TYPE_AS_REQ = 10;
const MSG_TYPE_ERROR = 30;
const GENERAL_STRING = 0x1b;
const GENERALIZED_TIME = 0x18;
const BIT_STRING = 0x03;
const NT_PRINCIPAL = '\x01';
const NT_SRV_INST = '\x02';

const REALM = 'PU-PROBE.INVALID';
const SERVICE = 'krbtgt';
const TOKEN_LENGTH = 16;
/** The end that is asked for; 2037 is what clients send for "as long as you allow". */
const TILL = '20370913024805Z';
/** aes256-cts-hmac-sha1-96, aes128-cts-hmac-sha1-96 (RFC 3962 section 7). */
const ENCRYPTION_TYPES = ['\x12', '\x11'];
/** Stands where the token is written; no other byte of the request is 255. */
const PLACE = '\xff';

const REQUEST: Uint8Array = toBer(
  AS_REQ,
  toBer(
    BER_SEQUENCE,
    toContext(1, toBer(BER_INTEGER, Uint8Array.of(PVNO))),
    toContext(2, toBer(BER_INTEGER, Uint8Array.of(MSG_TYPE_AS_REQ))),
    toContext(
      4,
      toBer(
        BER_SEQUENCE,
        toContext(0, toBer(BIT_STRING, '\0\0\0\0\0')),
        toContext(1, toPrincipal(NT_PRINCIPAL, 'pu-probe')),
        toContext(2, toBer(GENERAL_STRING, REALM)),
        toContext(3, toPrincipal(NT_SRV_INST, SERVICE, PLACE.repeat(TOKEN_LENGTH))),
        toContext(5, toBer(GENERALIZED_TIME, TILL)),
        toContext(7, toBer(BER_INTEGER, PLACE.repeat(4))),
        toContext(
          8,
          toBer(BER_SEQUENCE, ...ENCRYPTION_TYPES.map((type) => toBer(BER_INTEGER, type))),
        ),
      ),
    ),
  ),
);
const TOKEN_AT = REQUEST.indexOf(0xff);
const NONCE_AT = REQUEST.indexOf(0xff, TOKEN_AT + TOKEN_LENGTH);

/** Error codes that a client without credentials meets (RFC 4120 section 7.5.9). */
const ERRORS: ReadonlyMap<number, string> = new Map([
  [3, 'KDC_ERR_BAD_PVNO'],
  [6, 'KDC_ERR_C_PRINCIPAL_UNKNOWN'],
  [7, 'KDC_ERR_S_PRINCIPAL_UNKNOWN'],
  [12, 'KDC_ERR_POLICY'],
  [14, 'KDC_ERR_ETYPE_NOSUPP'],
  [25, 'KDC_ERR_PREAUTH_REQUIRED'],
  [29, 'KDC_ERR_SVC_UNAVAILABLE'],
  [52, 'KRB_ERR_RESPONSE_TOO_BIG'],
  [60, 'KRB_ERR_GENERIC'],
  [68, 'KDC_ERR_WRONG_REALM'],
]);

/** Fields of a KRB-ERROR, and parts of a principal's name, that are looked at. */
const MAX_FIELDS = 16;

/** Kerberos, proven by a KRB-ERROR about the service that carries the token; `info` is the error and the realm. */
export const kerberos: PayloadKind = {
  protocol: 'kerberos',
  ports: [88],
  source: 'RFC 4120 sections 5.4.1, 5.9.1 and 7.5.9',
  maxLength: REQUEST.length,
  write(out, at, tokenHi, tokenLo) {
    writeBytes(out, at, REQUEST);
    writeHex32(out, writeHex32(out, at + TOKEN_AT, tokenHi), tokenLo);
    writeU32(out, at + NONCE_AT, toBerId(tokenLo));
    return REQUEST.length;
  },
  read(reply, tokenHi, tokenLo) {
    const fields = readErrorFields(reply);
    const code = fields === null ? null : readInteger(reply, fields.get(6));
    if (fields === null || code === null || code < 0) return null;
    if (readInteger(reply, fields.get(0)) !== PVNO) return null;
    if (readInteger(reply, fields.get(1)) !== MSG_TYPE_ERROR) return null;
    const realm = readText(reply, fields.get(9));
    if (realm === null || readService(reply, fields.get(10)) !== toTokenText(tokenHi, tokenLo)) {
      return null;
    }
    const text = readText(reply, fields.get(11));
    const info = toInfo([
      ERRORS.get(code) ?? `error ${code}`,
      realm === REALM ? null : `realm ${realm}`,
      text,
    ]);
    return { protocol: 'kerberos', info };
  },
};

/** The fields of a KRB-ERROR that fills the datagram, by the numbers of their context tags. */
function readErrorFields(reply: Uint8Array): ReadonlyMap<number, BerElement> | null {
  const outer = readBerFields(reply, { at: 0, end: reply.length }, [KRB_ERROR]);
  const sequence = outer === null ? null : readBerFields(reply, outer[0]!, [BER_SEQUENCE]);
  const fields = sequence === null ? null : readBerList(reply, sequence[0]!, MAX_FIELDS);
  return fields === null ? null : new Map(fields.map((field) => [field.tag - 0xa0, field]));
}

function readInteger(reply: Uint8Array, field: BerElement | undefined): number | null {
  const inner = field === undefined ? null : readBerFields(reply, field, [BER_INTEGER]);
  return inner === null ? null : toBerInteger(reply, inner[0]!);
}

function readText(reply: Uint8Array, field: BerElement | undefined): string | null {
  const inner = field === undefined ? null : readBerFields(reply, field, [GENERAL_STRING]);
  return inner === null ? null : toPrintable(reply.subarray(inner[0]!.at, inner[0]!.end));
}

/** The second part of a PrincipalName `krbtgt/…` (RFC 4120 section 5.2.2), or null when it is another one. */
function readService(reply: Uint8Array, field: BerElement | undefined): string | null {
  const name = field === undefined ? null : readBerFields(reply, field, [BER_SEQUENCE]);
  const parts = name === null ? null : readBerFields(reply, name[0]!, [0xa0, 0xa1]);
  const strings = parts === null ? null : readBerFields(reply, parts[1]!, [BER_SEQUENCE]);
  const both =
    strings === null ? null : readBerFields(reply, strings[0]!, [GENERAL_STRING, GENERAL_STRING]);
  if (both === null) return null;
  const [service, instance] = both.map(({ at, end }) => toPrintable(reply.subarray(at, end)));
  return service === SERVICE ? instance! : null;
}

function toContext(number: number, content: Uint8Array): Uint8Array {
  return toBer(0xa0 + number, content);
}

function toPrincipal(type: string, ...names: readonly string[]): Uint8Array {
  const strings = names.map((name) => toBer(GENERAL_STRING, toBytes(name)));
  return toBer(
    BER_SEQUENCE,
    toContext(0, toBer(BER_INTEGER, type)),
    toContext(1, toBer(BER_SEQUENCE, ...strings)),
  );
}
