/**
 * How sure each kind of conclusion is (0..1). Certain is 0.999 and above: such a value may only stand where no scene of
 * truth.md, and none that we know of, gives the same packets with another meaning.
 */
export const CONFIDENCE = {
  /** A parsed answer carries our token. */
  parsedAnswer: 0.9999,
  /** Any UDP answer from the asked address and port. */
  udpAnswer: 0.9995,
  /** The handshake is done and the send window is open, or bytes were seen. */
  windowOpen: 0.9999,
  /** Accepted, window not known: a SYN proxy on the way would look the same. */
  synAckOnly: 0.99,
  /** SYN-ACK without window, and nothing after it. */
  synProxy: 0.99,
  /** RST from the distance of another answer of the target. */
  resetConfirmed: 0.999,
  /** RST alone: a box on the path may have sent it. */
  resetAlone: 0.99,
  /** RST, and our own kernel dropped packets on the way out meanwhile: `reject with tcp reset` at home looks like this. */
  resetOwnDoubt: 0.6,
  /** RST from nearer than another answer. Not certain: behind a NAT one protocol may be passed on and the other not. */
  resetForged: 0.99,
  /** RST from another place than the target's other answers, but no clear one. */
  resetUnclear: 0.9,
  /** ICMP with its sender. */
  icmpAttributed: 0.9995,
  /** Port-unreachable that wears the target's address but comes from another distance than its other answers. */
  icmpOddDistance: 0.9,
  /** An errno whose ICMP message is not seen; the state named covers all that it can mean. */
  errnoClass: 0.9995,
  /** The errno could also come from our own side. */
  errnoDoubt: 0.9,
  /** Silence is never certain for a socket: what an ingress hook of our own drops is counted nowhere. */
  silenceMost: 0.99,
  /** All attempts were made within a second: a short outage explains them as well. */
  silenceBrief: 0.95,
  /** The target's ICMP limiter explains the silence as well. */
  silenceLimited: 0.5,
  /** Other ports of the target got an answer that is about the way to it; a rule of a firewall may be about those alone. */
  inferred: 0.9,
  /** Not asked, as the asked ports on both sides are closed: a lone service among them is not seen. */
  betweenClosed: 0.98,
  /** The same between silent ones: filters drop ranges, but end where they like. */
  betweenSilent: 0.9,
  /** Whether packets behind another header come to the target: a filter may look no further than that header (ADR 0025). */
  passage: 0.9,
  stranger: 0.95,
  noNeighbour: 0.99,
  /** The kernel said so itself, at once. */
  ownSideSaid: 0.9999,
  /** By counters that other traffic moves as well. */
  ownSideCounted: 0.95,
} as const;

/** Attempts within less than this share one short outage, ms. */
export const OUTAGE_MS = 1000;

/** Confidence that `attempts` silences over `waitedMs` are not all losses, at a chance of `loss` for each. */
export function silenceConfidence(attempts: number, waitedMs: number, loss: number): number {
  const most = waitedMs < OUTAGE_MS ? CONFIDENCE.silenceBrief : CONFIDENCE.silenceMost;
  return Math.min(most, 1 - loss ** Math.max(1, attempts));
}
