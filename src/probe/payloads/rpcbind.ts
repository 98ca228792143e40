/**
 * ONC RPC: a call of procedure 0 of the port mapper (program 100000 version 2), which "does nothing" (RFC 5531
 * section 12, RFC 1833 section 3). 40 bytes, no credentials (AUTH_NONE), answered by 24. Version 2 is spoken by every
 * rpcbind, portmap and Windows port mapper; one that speaks others alone names them. DUMP and GETSTAT would tell
 * more, and are what attackers ask for.
 *
 * The target sees what `rpcinfo -T udp` sends first; rpcbind logs nothing.
 */
import type { PayloadKind } from '../payload.ts';
import { readU32, writeBytes, writeU32 } from './bytes.ts';
import { toInfo } from './printable.ts';

const CALL = 0;
const REPLY = 1;
const RPC_VERSION = 2;
const PROGRAM_PORTMAP = 100_000;
const PORTMAP_VERSION = 2;
const PROC_NULL = 0;
const AUTH_NONE = 0;
/** What follows the xid; credentials and verifier are AUTH_NONE without a body. */
const AFTER_XID: Uint8Array = toWords(
  CALL,
  RPC_VERSION,
  PROGRAM_PORTMAP,
  PORTMAP_VERSION,
  PROC_NULL,
  AUTH_NONE,
  0,
  AUTH_NONE,
  0,
);

const MSG_ACCEPTED = 0;
const MSG_DENIED = 1;
const PROG_MISMATCH = 2;
const RPC_MISMATCH = 0;
/** Bytes of a verifier's body, RFC 5531 section 8.2. */
const MAX_VERIFIER_LENGTH = 400;

/** Accept states (RFC 5531 section 9); the index is the state. */
const ACCEPT_STATES = [
  'version 2',
  'program not available',
  // PROG_MISMATCH, told by the versions that follow.
  '',
  'procedure not available',
  'garbage arguments',
  'system error',
] as const;

/** rpcbind, proven by the xid and a reply that is whole; `info` is the version, or why the call was refused. */
export const rpcbind: PayloadKind = {
  protocol: 'rpcbind',
  ports: [111],
  source: 'RFC 5531 sections 8, 9 and 12; RFC 1833 section 3',
  maxLength: 4 + AFTER_XID.length,
  write(out, at, _tokenHi, tokenLo) {
    return writeBytes(out, writeU32(out, at, tokenLo), AFTER_XID) - at;
  },
  read(reply, _tokenHi, tokenLo) {
    if (readU32(reply, 0) !== tokenLo >>> 0 || readU32(reply, 4) !== REPLY) return null;
    const state = readU32(reply, 8);
    const fact =
      state === MSG_ACCEPTED
        ? toAcceptedFact(reply)
        : state === MSG_DENIED
          ? toDeniedFact(reply)
          : null;
    return fact === null ? null : { protocol: 'rpcbind', info: toInfo([fact]) };
  },
};

function toAcceptedFact(reply: Uint8Array): string | null {
  const verifierLength = readU32(reply, 16);
  if (verifierLength < 0 || verifierLength > MAX_VERIFIER_LENGTH) return null;
  const stateAt = 20 + ((verifierLength + 3) & ~3);
  const state = readU32(reply, stateAt);
  const fact = ACCEPT_STATES[state];
  if (state === PROG_MISMATCH) return toVersionsFact(reply, stateAt + 4, 'versions');
  return fact !== undefined && reply.length === stateAt + 4 ? fact : null;
}

function toDeniedFact(reply: Uint8Array): string | null {
  if (readU32(reply, 12) === RPC_MISMATCH) return toVersionsFact(reply, 16, 'RPC versions');
  const isAuthError = readU32(reply, 12) === 1 && reply.length === 20;
  return isAuthError ? `denied, authentication status ${readU32(reply, 16)}` : null;
}

/** The lowest and the highest version that are spoken: the last two words. */
function toVersionsFact(reply: Uint8Array, at: number, what: string): string | null {
  if (reply.length !== at + 8) return null;
  return `${what} ${readU32(reply, at)} to ${readU32(reply, at + 4)}`;
}

function toWords(...words: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * words.length);
  words.forEach((word, i) => {
    writeU32(bytes, 4 * i, word);
  });
  return bytes;
}
