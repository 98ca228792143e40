/**
 * TFTP: a read request for a file that does not exist (RFC 1350 section 5), named after the token. The error that comes back
 * proves the server; so does data, from a server that makes up every file. Never a write request.
 *
 * The answer comes from a port of the server's choice (section 4), so only a wire that sees strangers sees it, and the
 * protocol has no identity but the two ports. The target sees the tool's name in the file name: tftpd-hpa logs it
 * when verbose, dnsmasq always (one line, file not found). No request that TFTP answers avoids that.
 */
import type { PayloadKind } from '../payload.ts';
import { readU16, toBytes, writeBytes, writeHex32 } from './bytes.ts';
import { toInfo, toPrintable } from './printable.ts';

/** Opcode 1 (RRQ), then the file name, which the token completes. */
const BEFORE_TOKEN: Uint8Array = toBytes('\0\x01pu-probe-');
const AFTER_TOKEN: Uint8Array = toBytes('\0octet\0');
const TOKEN_LENGTH = 16;

const OPCODE_DATA = 3;
const OPCODE_ERROR = 5;
const BLOCK_LENGTH = 512;
/** Error codes 0..7, and 8 for options (RFC 2347). */
const MAX_ERROR_CODE = 8;

/** TFTP, proven by the form of its ERROR or first DATA packet; `info` is the error's code and text. */
export const tftp: PayloadKind = {
  protocol: 'tftp',
  ports: [69],
  source: 'RFC 1350 sections 4 and 5',
  maxLength: BEFORE_TOKEN.length + TOKEN_LENGTH + AFTER_TOKEN.length,
  answersFromOtherPort: true,
  write(out, at, tokenHi, tokenLo) {
    const tokenAt = writeBytes(out, at, BEFORE_TOKEN);
    const afterToken = writeHex32(out, writeHex32(out, tokenAt, tokenHi), tokenLo);
    return writeBytes(out, afterToken, AFTER_TOKEN) - at;
  },
  read(reply) {
    const opcode = readU16(reply, 0);
    const number = readU16(reply, 2);
    if (opcode === OPCODE_DATA && number === 1 && reply.length <= 4 + BLOCK_LENGTH) {
      return { protocol: 'tftp', info: 'serves a file of any name' };
    }
    if (opcode !== OPCODE_ERROR || number < 0 || number > MAX_ERROR_CODE) return null;
    // The text ends with the packet's only zero byte.
    if (reply.length < 5 || reply.indexOf(0, 4) !== reply.length - 1) return null;
    const text = toPrintable(reply.subarray(4, -1));
    return { protocol: 'tftp', info: toInfo([`error ${number}${text === '' ? '' : ` ${text}`}`]) };
  },
};
