/**
 * What the datagrams of a trace carry. A quote of them must tell the TTL that they were sent with, so every payload needs
 * a token: where the protocol of a port has none, the datagram is blank text.
 */
import { type PayloadKind, payloadFor } from './payload.ts';

const LINE_FEED = 0x0a;
const SPACE = 0x20;
/** A line feed and one bit a byte: a text protocol skips blank lines, and 31 bits are not hit by chance. */
const BLANK_BYTES = 32;

/** Blank lines that spell the token in spaces and line feeds; the reasons against random bytes are in payloads/generic.ts. */
export const blank: PayloadKind = {
  protocol: 'generic',
  ports: [],
  source: 'own choice, reasons in probe/tracePayload.ts',
  maxLength: BLANK_BYTES,
  write(out, at, _tokenHi, tokenLo) {
    out[at] = LINE_FEED;
    for (let bit = 1; bit < BLANK_BYTES; bit++) {
      out[at + bit] = ((tokenLo >>> bit) & 1) === 1 ? SPACE : LINE_FEED;
    }
    return BLANK_BYTES;
  },
  read: () => null,
};

const offsets = new Map<PayloadKind, number>();

/** Where a kind's payload begins to depend on its token; Infinity where it never does: its bytes prove nothing. */
export function tokenOffsetOf(kind: PayloadKind): number {
  let offset = offsets.get(kind);
  if (offset === undefined) {
    const one = new Uint8Array(kind.maxLength);
    const other = new Uint8Array(kind.maxLength);
    const length = kind.write(one, 0, 0, 0);
    kind.write(other, 0, 0xffffffff, 0xffffffff);
    const at = one.subarray(0, length).findIndex((byte, i) => byte !== other[i]);
    offset = at < 0 ? Number.POSITIVE_INFINITY : at;
    offsets.set(kind, offset);
  }
  return offset;
}

/** The kind for a port in a trace: the scan's own where its payload has a token. */
export function tracePayloadFor(port: number): PayloadKind {
  const kind = payloadFor(port);
  return tokenOffsetOf(kind) === Number.POSITIVE_INFINITY ? blank : kind;
}
