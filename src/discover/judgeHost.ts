/**
 * What is known of a host -> up, down or unknown, and by what. Pure; contract.md, `hosts`: `down` only where it is known, and
 * silence on a routed path is `unknown`.
 */
import { errnoName } from '../errno.ts';
import { CONFIDENCE } from '../match/confidence.ts';
import { ANSWER } from '../match/facts.ts';
import { ERRNO_REASON, icmpMeaning } from '../match/icmpMeaning.ts';
import type { Family, HostVerdict, Ip, OwnSide, WireCan } from '../model.ts';

/** One host. */
export interface HostFacts {
  readonly family: Family;
  /** One of ANSWER: the strongest that came under its address. */
  readonly answer: number;
  readonly hasNeighbour: boolean;
  /** The ICMP error that tells most; null where there was none. `from` null: its sender is not known. */
  readonly icmp: {
    readonly type: number;
    readonly code: number;
    readonly from: Ip | null;
    readonly isOwn: boolean;
  } | null;
  /** errno of a probe that did not leave, or of a socket without more; 0: none. */
  readonly errno: number;
  /** What our own side said before anything was sent, and at the end; null where it was not asked. */
  readonly first: OwnSide | null;
  readonly last: OwnSide | null;
}

/** The part of a verdict that the facts decide; `confidence` null says nothing of the host. */
export type HostRuling = Required<Pick<HostVerdict, 'state' | 'reason' | 'confidence' | 'by'>>;

const up = (reason: string, confidence: number): HostRuling => ({
  state: 'up',
  reason,
  confidence,
  by: null,
});
const down = (by: Ip | null, confidence: number): HostRuling => ({
  state: 'down',
  reason: 'host-unreach',
  confidence,
  by,
});
const unknown = (reason: string, by: Ip | null = null): HostRuling => ({
  state: 'unknown',
  reason,
  confidence: null,
  by,
});

/** Answers that nobody but the host gives, and how sure they are. */
const OWN_ANSWERS: Readonly<Record<number, readonly [reason: string, confidence: number]>> = {
  [ANSWER.ECHO_REPLY]: ['echo-reply', CONFIDENCE.icmpAttributed],
  [ANSWER.DATAGRAM]: ['udp-response', CONFIDENCE.udpAnswer],
  [ANSWER.ESTABLISHED]: ['syn-ack', CONFIDENCE.windowOpen],
  [ANSWER.SYN_ACK]: ['syn-ack', CONFIDENCE.synAckOnly],
};

/** Answers that boxes on the path give in the name of hosts that are not there: a reset, a SYN proxy's handshake. */
const BORROWED_ANSWERS: ReadonlySet<number> = new Set([
  ANSWER.RESET,
  ANSWER.WINDOWLESS,
  ANSWER.WINDOWLESS_RESET,
]);

/** Whether an answer settles that the host is there. */
export const isProof = (answer: number): boolean => answer in OWN_ANSWERS;

const isUnresolved = ({ neighbour }: OwnSide): boolean =>
  neighbour === 'failed' || neighbour === 'incomplete';

/** Whether packets were lost at home, where the wire passes the hooks that count them. */
const isCounted = (own: OwnSide, { passesHooks }: WireCan): boolean =>
  own.overflow || (passesHooks && ((own.outDropped ?? 0) > 0 || (own.inDropped ?? 0) > 0));

/** Judges one host. */
export function judgeHost(facts: HostFacts, can: WireCan): HostRuling {
  const { answer, first, last } = facts;
  if (first?.route === 'local') return up('localhost-response', CONFIDENCE.ownSideSaid);
  const proof = OWN_ANSWERS[answer];
  if (proof !== undefined) return up(...proof);
  if (facts.hasNeighbour) return up(neighbourReason(facts.family), CONFIDENCE.noNeighbour);
  if (BORROWED_ANSWERS.has(answer)) return judgeBorrowed(facts, can);
  if (answer === ANSWER.ICMP)
    return up(reasonOf(facts) ?? 'no-response', CONFIDENCE.icmpAttributed);
  return judgeOwnSide(facts, last ?? first, can) ?? judgeSilentHost(facts);
}

const neighbourReason = (family: Family): string => (family === 4 ? 'arp-response' : 'nd-response');

function reasonOf({ family, icmp }: HostFacts): string | null {
  const meaning = icmp === null ? null : icmpMeaning(family, icmp.type, icmp.code);
  return meaning?.kind === 'state' ? meaning.reason : null;
}

/** A reset or an empty handshake: on our own link the host's, else of whoever wears its address. */
function judgeBorrowed(facts: HostFacts, can: WireCan): HostRuling {
  const refused = can.resetKnown ? 'reset' : 'conn-refused';
  const reason = facts.answer === ANSWER.RESET ? refused : 'syn-ack';
  const own = facts.last ?? facts.first;
  if (own?.route !== 'on-link') return unknown(reason);
  // Our own firewall resets in the name of others as well, whether they are there or not.
  if (isUnresolved(own)) return down(null, CONFIDENCE.noNeighbour);
  return isCounted(own, can) ? unknown('local-error') : up(reason, CONFIDENCE.resetAlone);
}

/** What our own side did, or knows: no route, a gateway or a host that does not answer on the link. */
function judgeOwnSide(
  { errno, icmp, family, first }: HostFacts,
  own: OwnSide | null,
  can: WireCan,
): HostRuling | null {
  if (own === null) return errno > 0 ? unknown('local-error') : null;
  if (own.route === 'none' || own.carrier === false) return unknown('local-error');
  if (isUnresolved(own)) {
    return own.route === 'on-link' ? down(null, CONFIDENCE.noNeighbour) : unknown('local-error');
  }
  // Nobody had its address in the table when this began: it has answered since.
  const hadNone =
    first !== null && first.neighbour !== 'reachable' && first.neighbour !== 'unknown';
  if (own.route === 'on-link' && hadNone && own.neighbour === 'reachable') {
    return up(neighbourReason(family), CONFIDENCE.noNeighbour);
  }
  if (icmp?.isOwn === true) return unknown('local-error');
  return isCounted(own, can) ? unknown('local-error') : null;
}

/** Nothing came from the host, and our own side has nothing to say. */
function judgeSilentHost(facts: HostFacts): HostRuling {
  const { icmp, errno, first } = facts;
  const reason = reasonOf(facts);
  if (icmp !== null && reason !== null) {
    return reason === 'host-unreach'
      ? down(icmp.from, CONFIDENCE.errnoDoubt)
      : unknown(reason, icmp.from);
  }
  if (errno === 0) return unknown('no-response');
  const kept = ERRNO_REASON[errnoName(errno)];
  if (kept === undefined) return unknown('local-error');
  // On our own link it is our own kernel that gave up.
  const isDown = kept === 'host-unreach' && first?.route === 'on-link';
  return isDown ? down(null, CONFIDENCE.noNeighbour) : unknown(kept);
}
