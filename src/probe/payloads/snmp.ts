/**
 * SNMPv3 engine discovery (RFC 3414 section 4): a get-request without user, engine or variables, which every v3 agent
 * answers with a Report about its engine. No community and no user name are tried. 64 bytes, answered by about 110.
 *
 * Agents that speak v1 and v2c alone stay silent, by design of those versions. The target counts one
 * usmStatsUnknownEngineIDs; net-snmp logs "Connection from UDP" where it logs at info level, as for every packet.
 */
import type { PayloadKind } from '../payload.ts';
import {
  BER_INTEGER,
  BER_OCTETS,
  BER_SEQUENCE,
  type BerElement,
  readBerFields,
  toBerId,
  toBerInteger,
} from './ber.ts';
import { readU32, writeBytes, writeU32 } from './bytes.ts';
import { toInfo, toMac, toPrintable } from './printable.ts';

/** SEQUENCE, version 3, header: tag and length of msgID. */
const BEFORE_ID: Uint8Array = Uint8Array.of(0x30, 0x3e, 2, 1, 3, 0x30, 0x11, 2, 4);
// biome-ignore format: one line a field
const BETWEEN_IDS: Uint8Array = Uint8Array.of(
  2, 3, 0x00, 0xff, 0xe3, // msgMaxSize 65507
  4, 1, 0x04, // msgFlags: reportable, noAuthNoPriv
  2, 1, 3, // msgSecurityModel USM
  4, 0x10, 0x30, 0x0e, 4, 0, 2, 1, 0, 2, 1, 0, 4, 0, 4, 0, 4, 0, // engine, boots, time, user, two parameters: all empty
  0x30, 0x14, 4, 0, 4, 0, // scopedPDU, context engine and name empty
  0xa0, 0x0e, 2, 4, // get-request, request-id
);
/** error-status, error-index, no variables. */
const AFTER_IDS: Uint8Array = Uint8Array.of(2, 1, 0, 2, 1, 0, 0x30, 0);

const REPORT_PDU = 0xa8;
const SECURITY_MODEL_USM = 3;

/** IANA private enterprise numbers that are met most; others are printed as numbers. */
const ENTERPRISES: ReadonlyMap<number, string> = new Map([
  [9, 'Cisco'],
  [11, 'HP'],
  [171, 'D-Link'],
  [311, 'Microsoft'],
  [674, 'Dell'],
  [2011, 'Huawei'],
  [2021, 'UCD-SNMP'],
  [2636, 'Juniper'],
  [8072, 'net-snmp'],
  [12356, 'Fortinet'],
  [14988, 'MikroTik'],
  [25461, 'Palo Alto'],
  [30065, 'Arista'],
]);

/** SNMPv3, proven by msgID and a well-formed Report; `info` is the engine's enterprise, boots and time. */
export const snmp: PayloadKind = {
  protocol: 'snmp',
  ports: [161],
  source: 'RFC 3412 section 6; RFC 3414 sections 2.4 and 4',
  maxLength: BEFORE_ID.length + 4 + BETWEEN_IDS.length + 4 + AFTER_IDS.length,
  write(out, at, tokenHi, tokenLo) {
    const afterId = writeU32(out, writeBytes(out, at, BEFORE_ID), toBerId(tokenLo));
    const afterIds = writeU32(out, writeBytes(out, afterId, BETWEEN_IDS), toBerId(tokenHi));
    return writeBytes(out, afterIds, AFTER_IDS) - at;
  },
  read(reply, _tokenHi, tokenLo) {
    const message = readFields(reply, { at: 0, end: reply.length }, [BER_SEQUENCE]);
    const parts = readFields(reply, message?.[0], [
      BER_INTEGER,
      BER_SEQUENCE,
      BER_OCTETS,
      BER_SEQUENCE,
    ]);
    if (parts === null || toBerInteger(reply, parts[0]!) !== 3) return null;
    const header = readFields(reply, parts[1], [BER_INTEGER, BER_INTEGER, BER_OCTETS, BER_INTEGER]);
    if (header === null || toBerInteger(reply, header[0]!) !== toBerId(tokenLo)) return null;
    if (toBerInteger(reply, header[3]!) !== SECURITY_MODEL_USM) return null;
    if (!isReport(reply, parts[3]!)) return null;
    const info = readEngine(reply, parts[2]!);
    return info === null ? null : { protocol: 'snmp', info };
  },
};

function readFields(
  bytes: Uint8Array,
  range: { readonly at: number; readonly end: number } | undefined,
  tags: readonly number[],
): BerElement[] | null {
  return range === undefined ? null : readBerFields(bytes, range, tags);
}

function isReport(reply: Uint8Array, scoped: BerElement): boolean {
  const fields = readBerFields(reply, scoped, [BER_OCTETS, BER_OCTETS, REPORT_PDU]);
  const pdu = readFields(reply, fields?.[2], [BER_INTEGER, BER_INTEGER, BER_INTEGER, BER_SEQUENCE]);
  return pdu !== null;
}

/** Reads UsmSecurityParameters (RFC 3414 section 2.4) as facts, or null when they are malformed. */
function readEngine(reply: Uint8Array, parameters: BerElement): string | null {
  const outer = readBerFields(reply, parameters, [BER_SEQUENCE]);
  const fields = readFields(reply, outer?.[0], [
    BER_OCTETS,
    BER_INTEGER,
    BER_INTEGER,
    BER_OCTETS,
    BER_OCTETS,
    BER_OCTETS,
  ]);
  if (fields === null) return null;
  const boots = toBerInteger(reply, fields[1]!);
  const seconds = toBerInteger(reply, fields[2]!);
  if (boots === null || seconds === null || boots < 0 || seconds < 0) return null;
  const engine = reply.subarray(fields[0]!.at, fields[0]!.end);
  return toInfo(['SNMPv3', toEngineFact(engine), `boots ${boots}`, `engine time ${seconds} s`]);
}

/** SnmpEngineID (RFC 3411 section 5): enterprise number; the first bit says that a format byte follows it. */
function toEngineFact(engine: Uint8Array): string | null {
  const word = readU32(engine, 0);
  if (word < 0) return null;
  const number = word & 0x7fffffff;
  const vendor = ENTERPRISES.get(number);
  const enterprise = `enterprise ${number}${vendor === undefined ? '' : ` (${vendor})`}`;
  const rest = engine.subarray(5);
  if (word < 0x80000000) return enterprise;
  if (engine[4] === 1 && rest.length === 4) return `${enterprise}, engine ${rest.join('.')}`;
  if (engine[4] === 3 && rest.length === 6) return `${enterprise}, engine ${toMac(rest)}`;
  if (engine[4] === 4) return `${enterprise}, engine ${toPrintable(rest)}`;
  return enterprise;
}
