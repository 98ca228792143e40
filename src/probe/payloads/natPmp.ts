/**
 * NAT-PMP: "what is your external address?" (RFC 6886 section 3.2). 2 bytes, answered by 12. Unlike a request to map
 * a port it changes nothing. A PCP server that does not speak NAT-PMP refuses the version (RFC 6887 section 9), which
 * names it as well. The protocol has no identity: an answer is known by its form.
 *
 * The target sees what every peer-to-peer client on its link asks, and MiniUPnPd logs it at info level.
 */
import type { PayloadKind } from '../payload.ts';
import { readU16, readU32 } from './bytes.ts';
import { toInfo } from './printable.ts';

/** Version 0, opcode 0. */
const LENGTH = 2;
/** Opcode 0 in an answer. */
const RESPONSE = 0x80;
const NAT_PMP_LENGTH = 12;
/** A refusal by NAT-PMP ends behind the epoch; PCP fills 24 bytes and more, always words (RFC 6887 section 7.2). */
const NAT_PMP_REFUSAL_LENGTH = 8;
const PCP_VERSION = 2;
const PCP_LENGTH = 24;
const PCP_MAX_LENGTH = 1100;
const PCP_UNSUPPORTED_VERSION = 1;

/** Result codes (RFC 6886 section 3.5); the index is the code. */
const RESULTS = [
  'success',
  'unsupported version',
  'not authorized',
  'network failure',
  'out of resources',
  'unsupported opcode',
] as const;

/** NAT-PMP or PCP, proven by the form of the answer; `info` is the external address, or the refusal. */
export const natPmp: PayloadKind = {
  protocol: 'nat-pmp',
  ports: [5351],
  source: 'RFC 6886 sections 3.2 and 3.5; RFC 6887 sections 7.2 and 9',
  maxLength: LENGTH,
  write(out, at) {
    out.fill(0, at, at + LENGTH);
    return LENGTH;
  },
  read(reply) {
    const fact = readPcpRefusal(reply) ?? readNatPmp(reply);
    return fact === null ? null : { protocol: 'nat-pmp', info: toInfo([fact]) };
  },
};

function readNatPmp(reply: Uint8Array): string | null {
  const result = readU16(reply, 2);
  if (reply[0] !== 0 || reply[1] !== RESPONSE || RESULTS[result] === undefined) return null;
  if (result === 0) {
    if (reply.length !== NAT_PMP_LENGTH) return null;
    return `external address ${reply.subarray(8).join('.')}`;
  }
  const isWhole = reply.length === NAT_PMP_LENGTH || reply.length === NAT_PMP_REFUSAL_LENGTH;
  return isWhole ? RESULTS[result] : null;
}

function readPcpRefusal(reply: Uint8Array): string | null {
  if (reply[0] !== PCP_VERSION || reply[1] !== RESPONSE || reply[2] !== 0) return null;
  if (reply[3] !== PCP_UNSUPPORTED_VERSION || readU32(reply, 4) < 0) return null;
  const isWhole =
    reply.length >= PCP_LENGTH && reply.length <= PCP_MAX_LENGTH && reply.length % 4 === 0;
  return isWhole ? 'PCP version 2, no NAT-PMP' : null;
}
