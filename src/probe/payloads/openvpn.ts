/**
 * OpenVPN: P_CONTROL_HARD_RESET_CLIENT_V2, the first packet of a client (openvpn doc/doxygen/doc_protocol_overview.h,
 * and src/openvpn/ssl_pkt.h). 14 bytes; the session id is the token, and the server's own reset brings it back. A
 * server with `tls-auth` or `tls-crypt` stays silent to all without its key: that is what these options are for.
 *
 * The target sees a client that goes away after its first packet. From 2.6 on a server keeps no state for it and logs
 * it at verb 3 and up; older ones log one line, wait for 60 s and answer a few times more. There is no packet to call
 * it off.
 */
import type { PayloadKind } from '../payload.ts';
import { readU32, writeU32 } from './bytes.ts';
import { toInfo } from './printable.ts';

const LENGTH = 14;
/** The opcode is the upper five bits, the key id (0 in a new session) the lower three. */
const HARD_RESET_CLIENT_V2 = 7 << 3;
const HARD_RESET_SERVER_V2 = 8 << 3;
const ACKS_AT = 9;
/** Acknowledgements that one packet holds (RELIABLE_ACK_SIZE). */
const MAX_ACKS = 8;

/** OpenVPN, proven by the session id in the server's reset, which acknowledges our packet 0. */
export const openvpn: PayloadKind = {
  protocol: 'openvpn',
  ports: [1194],
  source: 'openvpn doc/doxygen/doc_protocol_overview.h',
  maxLength: LENGTH,
  write(out, at, tokenHi, tokenLo) {
    out.fill(0, at, at + LENGTH);
    out[at] = HARD_RESET_CLIENT_V2;
    writeU32(out, writeU32(out, at + 1, tokenHi), tokenLo);
    // No acknowledgements, then packet id 0: five zero bytes.
    return LENGTH;
  },
  read(reply, tokenHi, tokenLo) {
    const acks = reply[ACKS_AT] ?? 0;
    if (reply[0] !== HARD_RESET_SERVER_V2 || acks < 1 || acks > MAX_ACKS) return null;
    const remoteAt = ACKS_AT + 1 + 4 * acks;
    if (reply.length !== remoteAt + 12) return null;
    for (let i = 0; i < acks; i++) if (readU32(reply, ACKS_AT + 1 + 4 * i) !== 0) return null;
    if (readU32(reply, remoteAt) !== tokenHi >>> 0) return null;
    if (readU32(reply, remoteAt + 4) !== tokenLo >>> 0) return null;
    return { protocol: 'openvpn', info: toInfo(['TLS mode, no tls-auth key needed']) };
  },
};
