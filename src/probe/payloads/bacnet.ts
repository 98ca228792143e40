/**
 * BACnet/IP: ReadProperty of the object name of device 4194303, the instance that stands for "whichever you are"
 * (ASHRAE 135 clauses 15.5 and 12.11). 17 bytes, answered by the name, an error, a reject or an abort, each with our
 * invoke id, eight bits. Unicast: Who-Is would be answered by a broadcast on many devices.
 *
 * The target sees a workstation that reads a name; nothing is written, and devices log no reads.
 */
import type { PayloadKind } from '../payload.ts';
import { readU16, readU32, writeBytes } from './bytes.ts';
import { toInfo, toPrintable } from './printable.ts';

/** BVLC type and the function Original-Unicast-NPDU (annex J.2.11). */
const BVLC = 0x81;
const ORIGINAL_UNICAST = 0x0a;
const READ_PROPERTY = 12;
/** BVLC, length 17; NPDU version 1, reply expected; confirmed request, no segments, up to 1476 bytes. */
const BEFORE_ID: Uint8Array = Uint8Array.of(BVLC, ORIGINAL_UNICAST, 0, 17, 1, 4, 0, 5);
/** ReadProperty; context 0: device (type 8) 4194303; context 1: object-name (77). */
const AFTER_ID: Uint8Array = Uint8Array.of(READ_PROPERTY, 0x0c, 2, 0x3f, 0xff, 0xff, 0x19, 77);

const PDU = { COMPLEX_ACK: 3, ERROR: 5, REJECT: 6, ABORT: 7 } as const;
/** Context 3 opens and closes around the value. */
const OPENING = 0x3e;
const CLOSING = 0x3f;
/** Application tag 7, character string: the low three bits are its length up to 4, or 5 for "in the next byte". */
const CHARACTER_STRING = 0x70;
const LENGTH_FOLLOWS = 5;
const UTF8 = 0;
/** Control bits of an NPDU (clause 6.2.2). */
const NPDU = { NETWORK_MESSAGE: 0x80, DESTINATION: 0x20, SOURCE: 0x08 } as const;

/**
 * BACnet, proven by the invoke id in an answer to ReadProperty; `info` is the device's number and name, or the
 * refusal.
 */
export const bacnet: PayloadKind = {
  protocol: 'bacnet',
  ports: [47808],
  source: 'ASHRAE 135 clauses 6.2, 15.5 and 20.1, annex J',
  maxLength: BEFORE_ID.length + 1 + AFTER_ID.length,
  write(out, at, _tokenHi, tokenLo) {
    const idAt = writeBytes(out, at, BEFORE_ID);
    out[idAt] = tokenLo;
    return writeBytes(out, idAt + 1, AFTER_ID) - at;
  },
  read(reply, _tokenHi, tokenLo) {
    if (reply[0] !== BVLC || reply[1] !== ORIGINAL_UNICAST) return null;
    const apduAt = readU16(reply, 2) === reply.length ? findApdu(reply) : -1;
    if (apduAt < 0 || reply[apduAt + 1] !== (tokenLo & 0xff)) return null;
    const fact = readApdu(reply.subarray(apduAt));
    return fact === null ? null : { protocol: 'bacnet', info: toInfo([fact]) };
  },
};

/** Place behind the NPDU, -1 when it is malformed or a message of the network layer. */
function findApdu(reply: Uint8Array): number {
  const control = reply[5];
  if (reply[4] !== 1 || control === undefined || (control & NPDU.NETWORK_MESSAGE) !== 0) return -1;
  let at = 6;
  // Network number, length of the address, address.
  if ((control & NPDU.DESTINATION) !== 0) at += 3 + (reply[at + 2] ?? 0);
  if ((control & NPDU.SOURCE) !== 0) at += 3 + (reply[at + 2] ?? 0);
  // A hop count stands behind both, where there is a destination.
  if ((control & NPDU.DESTINATION) !== 0) at += 1;
  return at + 2 < reply.length ? at : -1;
}

/** An APDU with our invoke id: what it says, or null when it is no whole answer. */
function readApdu(apdu: Uint8Array): string | null {
  const type = apdu[0]! >>> 4;
  if (type === PDU.REJECT) return apdu.length === 3 ? `reject reason ${apdu[2]}` : null;
  if (type === PDU.ABORT) return apdu.length === 3 ? `abort reason ${apdu[2]}` : null;
  if (apdu[2] !== READ_PROPERTY) return null;
  if (type === PDU.COMPLEX_ACK && apdu[0] === PDU.COMPLEX_ACK << 4) return readAck(apdu);
  // Class and code, both ENUMERATED (application tag 9) of one byte.
  const isError = type === PDU.ERROR && apdu[3] === 0x91 && apdu[5] === 0x91 && apdu.length === 7;
  return isError ? `error class ${apdu[4]} code ${apdu[6]}` : null;
}

/** Device, property 77, and the name between its tags (clause 21, ReadProperty-ACK). */
function readAck(apdu: Uint8Array): string | null {
  const object = readU32(apdu, 4);
  // Object type 8 is a device; its instance is the lower 22 bits.
  if (apdu[3] !== 0x0c || object >>> 22 !== 8) return null;
  if (apdu[8] !== 0x19 || apdu[9] !== 77 || apdu[10] !== OPENING) return null;
  const tag = apdu[11]!;
  const isLong = (tag & 7) === LENGTH_FOLLOWS;
  const length = isLong ? apdu[12]! : tag & 7;
  const valueAt = isLong ? 13 : 12;
  if ((tag & 0xf8) !== CHARACTER_STRING || length < 1 || length > 253) return null;
  if (apdu.length !== valueAt + length + 1 || apdu[apdu.length - 1] !== CLOSING) return null;
  const name = apdu.subarray(valueAt + 1, -1);
  const text = apdu[valueAt] === UTF8 && name.length > 0 ? ` ${toPrintable(name)}` : '';
  return `device ${object & 0x3fffff}${text}`;
}
