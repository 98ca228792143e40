/** Writing an answer into the state of its probe and of its target. */
import { NO_PROBE, PROTO_UDP } from '../batch.ts';
import { distanceOf } from '../match/distance.ts';
import { ANSWER } from '../match/facts.ts';
import { isPortUnreachable } from '../match/icmpMeaning.ts';
import type { Match } from '../match/match.ts';
import { DEFAULT_TTL } from '../probe/frame.ts';
import type { ScanContext } from './context.ts';
import { F32, F64, FROM_NONE, FROM_TARGET, U8, U16, U32 } from './probeState.ts';

/** RTT of a matched answer in ms, or NaN when it is not known which attempt was answered. */
function rttOf({ probes, can }: ScanContext, match: Match): number {
  const { probe, answer } = match;
  if (match.sentMs > 0) return match.atMs - match.sentMs;
  const attempts = probes.attempts[probe * U8]!;
  if (attempts === 1 || match.attempt === attempts)
    return match.atMs - probes.lastSentMs[probe * F64]!;
  // A SYN-ACK may be the target's own retransmission.
  if (can.packets && answer >= ANSWER.WINDOWLESS && answer <= ANSWER.ESTABLISHED) return Number.NaN;
  return match.attempt === 1 ? match.atMs - probes.firstSentMs[probe * F64]! : Number.NaN;
}

/** Answers by which a target shows its distance; RST is what is compared with them, a windowless SYN-ACK is suspect. */
const showsDistance = (answer: number): boolean =>
  answer === ANSWER.ICMP || answer >= ANSWER.SYN_ACK;

/** Notes what somebody on the path said. */
function notePath({ plan, can, covers, ownAddresses }: ScanContext, match: Match): void {
  const { from, target } = match;
  if (from === null || target < 0 || ownAddresses.has(from)) return;
  const family = plan.targets.families[target] === 6 ? 6 : 4;
  covers.note(match, family, plan.sending.ttl ?? (can.packets ? DEFAULT_TTL : 0));
}

/** Notes what an answer says about its target, whichever row it answered. */
export function noteTarget(context: ScanContext, match: Match): void {
  const { targets, plan } = context;
  if (match.answer === ANSWER.ICMP) notePath(context, match);
  if (!match.fromIsTarget || match.target < 0) return;
  const { target } = match;
  if (targets.alive[target] === 0) {
    targets.alive[target] = 1;
    if (targets.way[target] !== 0) targets.provenWays.add(targets.way[target]!);
  }
  if (match.answer === ANSWER.ICMP) {
    if (match.probe !== NO_PROBE && plan.space.protocolOf(match.probe) === PROTO_UDP) {
      targets.udpErrors[target]! += 1;
      targets.udpErrorMs[target] = match.atMs;
    }
    const family = plan.targets.families[target] === 6 ? 6 : 4;
    if (isPortUnreachable(family, match.icmpType, match.icmpCode))
      targets.icmpAnswers[target]! += 1;
  }
  const hops = showsDistance(match.answer) ? distanceOf(match.ttl) : null;
  // The farthest answer is the target's own: whoever wears its address on the way is nearer.
  if (hops === null) return;
  const known = targets.distance[target]!;
  if (known > 0 && hops !== known) targets.severalDistances[target] = 1;
  if (hops > known) targets.distance[target] = hops;
}

/** Answers to one attempt are told apart up to here; a host that sends more sends the same. */
const MAX_NUMBER = 65_535;

/**
 * Creates what gives each answer its id: the how manieth it is to its attempt. Given by matching, so that a replay gives
 * the same. An answer of which the attempt is not known is counted with the latest one, `besides` those of the port itself.
 */
export function createAnswerIds({
  probes,
  counters,
}: ScanContext): (match: Match, besides: number) => void {
  /** How many to each attempt, of probes that have more than one answer: few have. */
  const further = new Map<number, number>();
  return (match, besides) => {
    const { probe } = match;
    const attempt =
      match.attempt > 0 ? match.attempt : Math.max(1, probes.attempts[probe * U8]! + besides);
    match.idAttempt = attempt;
    match.idNumber = 1;
    const first = probes.firstAnswered[probe * U8];
    if (first === 0) {
      probes.firstAnswered[probe * U8] = attempt;
      return;
    }
    const key = probe * 256 + attempt;
    const before = further.get(key) ?? (first === attempt ? 1 : 0);
    match.idNumber = Math.min(MAX_NUMBER, before + 1);
    if (before > 0) counters.duplicate += 1;
    further.set(key, match.idNumber);
  };
}

/**
 * Writes the answer unless a stronger one is known; true when it was written. Of two alike the later one stands, which
 * answers the later attempt; but the target's own ICMP is not replaced by that of a box on the path.
 */
export function noteAnswer(context: ScanContext, match: Match): boolean {
  const { probes, rtt } = context;
  const { probe } = match;
  const known = probes.answer[probe * U8]!;
  const isSettledByTarget = probes.from[probe * U32] === FROM_TARGET && !match.fromIsTarget;
  if (match.answer < known || (match.answer === known && isSettledByTarget)) return false;
  const rttMs = match.answer === ANSWER.SEND_FAILED ? Number.NaN : rttOf(context, match);
  probes.answer[probe * U8] = match.answer;
  probes.answeredAttempt[probe * U8] =
    match.attempt > 0 ? match.attempt : probes.attempts[probe * U8] === 1 ? 1 : 0;
  probes.idAttempt[probe * U8] = match.idAttempt;
  probes.idNumber[probe * U16] = match.idNumber;
  probes.icmpType[probe * U8] = match.icmpType;
  probes.icmpCode[probe * U8] = match.icmpCode;
  probes.from[probe * U32] = match.fromIsTarget
    ? FROM_TARGET
    : match.from === null
      ? FROM_NONE
      : probes.refOf(match.from);
  probes.fromPort[probe * U16] = match.fromPort;
  probes.ttl[probe * U8] = match.ttl;
  probes.quotedTtl[probe * U8] = match.quotedTtl;
  probes.errno[probe * U16] = match.errno;
  if (!Number.isNaN(rttMs)) {
    probes.rttMs[probe * F32] = Math.max(0, rttMs);
    // ICMP by a box on the path is no measure of the target. Karn's rule: nor is an answer to nobody knows which attempt.
    const isKnown = match.attempt > 0 || probes.attempts[probe * U8] === 1;
    if (match.fromIsTarget && isKnown) rtt.sample(match.target, rttMs);
  }
  if (match.service !== null) probes.services.set(probe, match.service);
  return true;
}
