/** From columns to a judgement: collects what is known of a probe and lets the matching engine judge it. */
import { PROTO_TCP } from '../batch.ts';
import { distanceOf } from '../match/distance.ts';
import {
  ANSWER,
  type BetweenFacts,
  type PortFacts,
  RESET_CHECK,
  type TargetFacts,
} from '../match/facts.ts';
import { evidenceIds, judge } from '../match/judge.ts';
import type { Ip, Judgement } from '../model.ts';
import { DEFAULT_TTL } from '../probe/frame.ts';
import { lossOf, type ScanContext } from './context.ts';
import { F32, F64, FROM_NONE, FROM_TARGET, U8, U16, U32 } from './probeState.ts';

/** Judges probes by what is known when it is asked. */
export function createJudging(context: ScanContext): (probe: number) => Judgement {
  const { can } = context;
  // Of neighbours in the plan, which have the same target: its facts are collected once, unless the run goes on between.
  let known: TargetFacts | undefined;
  let knownTarget = -1;
  let knownReceived = -1;
  return (probe) => {
    const target = context.plan.space.targetOf(probe);
    const { received } = context.counters;
    const isCurrent =
      target === knownTarget &&
      received === knownReceived &&
      known?.ownSide === (context.targets.ownSide.get(target) ?? null);
    if (known === undefined || !isCurrent) {
      known = targetFacts(context, target);
      knownTarget = target;
      knownReceived = received;
    }
    return judge(portFacts(context, probe), known, { can });
  };
}

/** What is known of a target now, as the judge takes it. */
export function targetFacts(
  { plan, targets, counters, covers }: ScanContext,
  target: number,
): TargetFacts {
  const distance = targets.distance[target]!;
  return {
    ip: plan.targets.ip(target),
    family: plan.targets.families[target] === 6 ? 6 : 4,
    distance: distance === 0 ? null : distance,
    severalDistances: targets.severalDistances[target] === 1,
    cover: targets.alive[target] === 1 ? null : covers.of(target),
    icmpAnswers: targets.icmpAnswers[target]!,
    loss: lossOf(counters),
    ownSide: targets.ownSide.get(target) ?? null,
  };
}

function portFacts(context: ScanContext, probe: number): PortFacts {
  const { plan, probes, targets, can, ownAddresses } = context;
  const target = plan.space.targetOf(probe);
  const fromRef = probes.from[probe * U32]!;
  const from: Ip | null =
    fromRef === FROM_NONE
      ? null
      : fromRef === FROM_TARGET
        ? plan.targets.ip(target)
        : probes.senderOf(fromRef);
  const rttMs = probes.rttMs[probe * F32]!;
  const answer = probes.answer[probe * U8]!;
  const answered = answer !== ANSWER.NONE && answer !== ANSWER.SEND_FAILED;
  return {
    probe,
    protocol: plan.space.protocolOf(probe) === PROTO_TCP ? 'tcp' : 'udp',
    port: plan.space.portOf(probe),
    answer,
    icmpType: probes.icmpType[probe * U8]!,
    icmpCode: probes.icmpCode[probe * U8]!,
    from,
    fromIsTarget: fromRef === FROM_TARGET,
    // A target that is this machine answers as the target.
    fromIsOwn: fromRef > FROM_TARGET && from !== null && ownAddresses.has(from),
    fromPort: probes.fromPort[probe * U16]!,
    ttl: probes.ttl[probe * U8]!,
    quotedTtl: probes.quotedTtl[probe * U8]!,
    sentTtl: plan.sending.ttl ?? (can.packets ? DEFAULT_TTL : 0),
    rttMs: answered && !Number.isNaN(rttMs) ? Math.round(rttMs * 1000) / 1000 : null,
    attempts: probes.attempts[probe * U8]!,
    answeredAttempt: probes.answeredAttempt[probe * U8]!,
    idAttempt: probes.idAttempt[probe * U8]!,
    idNumber: probes.idNumber[probe * U16]!,
    waitedMs: Math.max(0, probes.waitedUntilMs[probe * F64]! - probes.firstSentMs[probe * F64]!),
    errno: probes.errno[probe * U16]!,
    service: probes.services.get(probe) ?? null,
    silence: silenceOf(context, probe),
    between: betweenOf(context, probe),
    passage: context.passages.get(probe) ?? null,
    resetCheck: resetCheckOf(
      probes.resetCheck[probe * U8]!,
      probes.ttl[probe * U8]!,
      targets.distance[target]!,
    ),
  };
}

/** Ids of each of the two that a port is told by: the answer and what it answers, or the last silent attempts. */
const MAX_IDS = 2;

function betweenOf(context: ScanContext, probe: number): BetweenFacts | null {
  const range = context.ranges.get(probe);
  if (range === undefined) return null;
  const [low, high] = [portFacts(context, range.low), portFacts(context, range.high)];
  const evidence = [low, high].flatMap((facts) => evidenceIds(facts).slice(-MAX_IDS));
  return { isClosed: range.isClosed, low: low.port, high: high.port, evidence };
}

/** A silence that was not asked for is as sure of our own side as the two that it is told by. */
export function silenceOf({ probes, ranges }: ScanContext, probe: number): number {
  const range = ranges.get(probe);
  if (range === undefined) return probes.silence[probe * U8]!;
  return Math.min(probes.silence[range.low * U8]!, probes.silence[range.high * U8]!);
}

/** A wire that sees the TTL of a RST needs no ladder: the comparison is made here. */
function resetCheckOf(checked: number, ttl: number, distance: number): number {
  if (checked !== RESET_CHECK.NONE) return checked;
  const hops = distanceOf(ttl);
  if (hops === null || distance === 0) return RESET_CHECK.NONE;
  if (hops === distance) return RESET_CHECK.SAME;
  return hops < distance ? RESET_CHECK.NEARER : RESET_CHECK.UNCLEAR;
}
