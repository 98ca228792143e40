/**
 * IPMI: Get Channel Authentication Capabilities (IPMI 2.0 section 22.13), which a BMC answers before any session and
 * without a user. 23 bytes, answered by 30. It proves more than the presence ping of RMCP (ASF 2.0 section 3.2.4.2):
 * which versions are spoken and what a login needs. The six bits of the request's sequence number are all the
 * identity that there is.
 *
 * The target sees what ipmitool sends first, and logs nothing. No session is opened and no user or password is tried.
 */
import type { PayloadKind } from '../payload.ts';
import { writeBytes } from './bytes.ts';
import { toInfo } from './printable.ts';

/** RMCP 1.0 without acknowledgement, class IPMI; no authentication, session sequence 0, session 0. */
const SESSION_HEADER: Uint8Array = Uint8Array.of(6, 0, 0xff, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0);
const MESSAGE_AT = SESSION_HEADER.length + 1;
const BMC = 0x20;
const REMOTE_CONSOLE = 0x81;
/** Network function App (6), and its response (7), each with LUN 0. */
const NETFN_REQUEST = 0x18;
const NETFN_RESPONSE = 0x1c;
const COMMAND = 0x38;
/**
 * The channel that we came in by (14), and 2.0 data with it (bit 7); privilege level administrator, which is only
 * asked about.
 */
const CHANNEL = 0x8e;
const PRIVILEGE = 4;
const REQUEST_LENGTH = MESSAGE_AT + 9;

/** Where the answer's message has its fields, from its first byte. */
const COMPLETION_AT = 6;
/** Message of a refusal, and of a whole answer: addresses and checksums around 1 or 9 bytes. */
const REFUSAL_LENGTH = 8;
const ANSWER_LENGTH = 16;

/** Authentication types by their bit (table 22-15). */
const AUTHENTICATION = [
  [0x01, 'none'],
  [0x02, 'MD2'],
  [0x04, 'MD5'],
  [0x10, 'password'],
  [0x20, 'OEM'],
] as const;

/** IPMI, proven by sequence number, addresses and both checksums; `info` is the versions and what a login needs. */
export const ipmi: PayloadKind = {
  protocol: 'ipmi',
  ports: [623],
  source: 'IPMI 2.0 revision 1.1 sections 13.1.3, 13.6, 13.8 and 22.13',
  maxLength: REQUEST_LENGTH,
  write(out, at, _tokenHi, tokenLo) {
    const lengthAt = writeBytes(out, at, SESSION_HEADER);
    out[lengthAt] = REQUEST_LENGTH - MESSAGE_AT;
    const sequence = (tokenLo & 0x3f) << 2;
    // biome-ignore format: destination, source, command
    const message = Uint8Array.of(
      BMC, NETFN_REQUEST, 0,
      REMOTE_CONSOLE, sequence, COMMAND, CHANNEL, PRIVILEGE, 0,
    );
    message[2] = toChecksum(message.subarray(0, 2));
    message[8] = toChecksum(message.subarray(3, 8));
    return writeBytes(out, lengthAt + 1, message) - at;
  },
  read(reply, _tokenHi, tokenLo) {
    if (SESSION_HEADER.some((byte, i) => reply[i] !== byte)) return null;
    const message = reply.subarray(MESSAGE_AT);
    if (reply[MESSAGE_AT - 1] !== message.length || message.length < REFUSAL_LENGTH) return null;
    if (message[0] !== REMOTE_CONSOLE || message[1] !== NETFN_RESPONSE) return null;
    if (message[3] !== BMC || message[5] !== COMMAND) return null;
    if (message[4] !== (tokenLo & 0x3f) << 2) return null;
    if (toChecksum(message.subarray(0, 3)) !== 0 || toChecksum(message.subarray(3)) !== 0)
      return null;
    const completion = message[COMPLETION_AT]!;
    if (completion !== 0) {
      if (message.length !== REFUSAL_LENGTH) return null;
      return { protocol: 'ipmi', info: `completion code 0x${completion.toString(16)}` };
    }
    if (message.length !== ANSWER_LENGTH) return null;
    return { protocol: 'ipmi', info: toInfo(toFacts(message.subarray(COMPLETION_AT))) };
  },
};

/** Completion code, channel, authentication types, their status, versions, OEM (table 22-15). */
function toFacts(data: Uint8Array): (string | null)[] {
  const [, , types = 0, status = 0, versions = 0] = data;
  // Bit 7 of the types says that the byte of versions is filled; without it the BMC is older than 2.0.
  const isExtended = (types & 0x80) !== 0;
  const hasVersion2 = isExtended && (versions & 0x02) !== 0;
  const names = AUTHENTICATION.filter(([bit]) => (types & bit) !== 0).map(([, name]) => name);
  return [
    hasVersion2 ? 'v2.0' : 'v1.5',
    names.length === 0 ? null : `authentication ${names.join(' ')}`,
    (status & 0x01) !== 0 ? 'anonymous login' : null,
    (status & 0x02) !== 0 ? 'null user names' : null,
  ];
}

/** What makes the sum of all bytes zero (section 13.8). */
function toChecksum(bytes: Uint8Array): number {
  return -bytes.reduce((sum, byte) => sum + byte, 0) & 0xff;
}
