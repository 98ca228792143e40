/**
 * Identity of a probe: keyed words that an answer must bring back (HalfSipHash-2-4, Aumasson and Bernstein 2012, over the
 * probe number and a purpose). A stranger who does not know the key cannot make an answer that decides a verdict.
 */

/** What a word is for; one probe has a word for each. */
export const TOKEN = {
  SEQ: 1,
  IP_ID: 2,
  PAYLOAD_HI: 3,
  PAYLOAD_LO: 4,
  CONTROL: 5,
  SOURCE_PORT: 6,
  ECHO_SEQ: 7,
  ECHO_SUM: 8,
  DRAW: 9,
  FRAGMENT: 10,
} as const;

/** The keyed 32-bit word of (probe, purpose), unsigned. */
export function tokenWord(keyHi: number, keyLo: number, probe: number, purpose: number): number {
  let v0 = keyLo | 0;
  let v1 = keyHi | 0;
  let v2 = 0x6c796765 ^ keyLo;
  let v3 = 0x74656462 ^ keyHi;
  for (let block = 0; block < 4; block++) {
    // Two words, then the message length (8 bytes) as HalfSipHash pads it, then the finalisation with twice the rounds.
    const last = block === 3;
    const m = block === 0 ? probe | 0 : block === 1 ? purpose | 0 : block === 2 ? 8 << 24 : 0;
    if (last) v2 ^= 0xff;
    else v3 ^= m;
    for (let round = last ? 4 : 2; round > 0; round--) {
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
    }
    v0 ^= m;
  }
  return (v1 ^ v3) >>> 0;
}

/** Attempts fit into four bits of a sequence number or IP-ID; later ones share the last value. */
const ATTEMPT_MASK = 0xf;

/** Keyed bits of a sequence number; the attempt is in those above. */
const SEQ_BITS = 28;
const SEQ_MASK = 2 ** SEQ_BITS - 1;

/**
 * TCP sequence number of an attempt: the attempt and 28 keyed bits.
 *
 * The attempts are far apart: a half-open connection answers a second SYN inside of its window with a RST (RFC 793 section 3.9,
 * fourth check), and an open port whose SYN-ACK was lost would look closed.
 */
export function seqOf(keyHi: number, keyLo: number, probe: number, attempt: number): number {
  const word = tokenWord(keyHi, keyLo, probe, TOKEN.SEQ);
  return ((word & SEQ_MASK) | (Math.min(attempt, ATTEMPT_MASK) << SEQ_BITS)) >>> 0;
}

/** The attempt that a sequence number belongs to, or 0 when the keyed bits are not this probe's. */
export function attemptOfSeq(keyHi: number, keyLo: number, probe: number, seq: number): number {
  const word = tokenWord(keyHi, keyLo, probe, TOKEN.SEQ);
  return ((word ^ seq) & SEQ_MASK) === 0 ? seq >>> SEQ_BITS : 0;
}

/** IPv4 identification of an attempt: 12 keyed bits and the attempt; never 0, which some stacks rewrite. */
export function ipIdOf(keyHi: number, keyLo: number, probe: number, attempt: number): number {
  const word = tokenWord(keyHi, keyLo, probe, TOKEN.IP_ID);
  return ((word & 0xfff0) | Math.min(attempt, ATTEMPT_MASK)) & 0xffff || 1;
}

/** The attempt that an IPv4 identification belongs to, or 0 when it is not this probe's. */
export function attemptOfIpId(keyHi: number, keyLo: number, probe: number, id: number): number {
  const word = tokenWord(keyHi, keyLo, probe, TOKEN.IP_ID);
  return ((word ^ id) & 0xfff0) === 0 ? id & ATTEMPT_MASK : 0;
}

/** Sequence number of an echo request: 12 keyed bits and the attempt, as in an IPv4 identification. */
export function echoSeqOf(keyHi: number, keyLo: number, probe: number, attempt: number): number {
  const word = tokenWord(keyHi, keyLo, probe, TOKEN.ECHO_SEQ);
  return (word & 0xfff0) | Math.min(attempt, ATTEMPT_MASK);
}

/** The attempt that the sequence number of an echo belongs to, or 0 when it is not this probe's. */
export function attemptOfEchoSeq(keyHi: number, keyLo: number, probe: number, seq: number): number {
  const word = tokenWord(keyHi, keyLo, probe, TOKEN.ECHO_SEQ);
  return ((word ^ seq) & 0xfff0) === 0 ? seq & ATTEMPT_MASK : 0;
}
