/**
 * What the silent UDP ports of a run may be (match/silentOdds.ts): collects the facts about a port, its neighbours and its target
 * when its verdict becomes final. It is not computed again: what was handed out stays as it is.
 */
import { PROTO_TCP, PROTO_UDP } from '../batch.ts';
import { ANSWER, LIMITER_BURST } from '../match/facts.ts';
import { type SilentPort, silentOdds } from '../match/silentOdds.ts';
import type { SilentOdds } from '../model.ts';
import { lossOf, type ScanContext } from './context.ts';
import { isClosed, isDecided, isProvenSilent } from './decided.ts';
import { asksUdp, createRegistered } from './portRanks.ts';
import { F32, U8 } from './probeState.ts';
import { createSortedPorts, type SortedPorts } from './udpNeighbours.ts';

/** The chances of a run. */
export interface PortOdds {
  /** Nothing more is asked of this probe: what it says about its target is counted. */
  finished(probe: number): void;
  /** The verdicts of these probes have become final. */
  settled(probes: readonly number[]): void;
  /** What was known of a silent port then; null of all others. */
  of(probe: number): SilentOdds | null;
}

/** Creates the chances of a run, with nothing decided. */
export function createPortOdds(context: ScanContext): PortOdds {
  const { plan, probes, targets } = context;
  const { space } = plan;
  const isAsked = asksUdp(plan);
  const closed = new Uint32Array(plan.targets.count);
  const decided = new Uint32Array(plan.targets.count);
  const sortedOf = createSortedPorts(plan);
  const isRegistered = createRegistered();

  const isSilent = (probe: number): boolean =>
    probes.answer[probe * U8] === ANSWER.NONE &&
    space.protocolOf(probe) === PROTO_UDP &&
    !context.ranges.has(probe);

  const factsOf = (probe: number): SilentPort => {
    const target = space.targetOf(probe);
    const port = space.portOf(probe);
    const tcp = space.indexOf(target, PROTO_TCP, port);
    return {
      closed: closed[target]!,
      decided: decided[target]!,
      silence: silenceOf(context, probe, target),
      // Nothing is proven of a target without ICMP errors.
      neighbours:
        targets.udpErrors[target] === 0
          ? null
          : neighboursOf(context, sortedOf(target), target, port),
      passage: context.passages.get(probe)?.result ?? null,
      isRegistered: isRegistered(port),
      isTcpOpen: tcp >= 0 && probes.answer[tcp * U8]! >= ANSWER.SYN_ACK,
    };
  };

  return {
    finished(probe) {
      if (!isAsked || space.protocolOf(probe) !== PROTO_UDP || !isDecided(context, probe)) return;
      const target = space.targetOf(probe);
      decided[target]! += 1;
      if (isClosed(context, probe)) closed[target]! += 1;
    },
    settled(list) {
      if (!isAsked) return;
      for (const probe of list) {
        if (!isSilent(probe) || probes.closedChance[probe * F32] !== 0) continue;
        const odds = silentOdds(factsOf(probe));
        probes.openChance[probe * F32] = odds.open;
        // 0 says that nothing is known.
        probes.closedChance[probe * F32] = Math.max(odds.closed, LEAST_CHANCE);
      }
    },
    of(probe) {
      const closedChance = probes.closedChance[probe * F32]!;
      if (closedChance === 0) return null;
      const open = probes.openChance[probe * F32]!;
      return { open, dropped: Math.max(0, 1 - open - closedChance), closed: closedChance };
    },
  };
}

/** Above zero, and below all digits that are told. */
const LEAST_CHANCE = 1e-9;

function silenceOf(context: ScanContext, probe: number, target: number): SilentPort['silence'] {
  const { walkedNats, targets, probes, counters } = context;
  const nats = walkedNats.get(probe);
  if (nats !== undefined) return { by: 'walk', nats };
  if (targets.udpErrors[target] === 0) return { by: 'mute' };
  if (targets.icmpAnswers[target]! >= LIMITER_BURST) return { by: 'no-token' };
  return { by: 'loss', loss: lossOf(counters), attempts: probes.attempts[probe * U8]! };
}

function neighboursOf(
  context: ScanContext,
  { ports, at }: SortedPorts,
  target: number,
  port: number,
): SilentPort['neighbours'] {
  const place = at(port);
  const beside = [ports[place - 1], ports[place + 1]].filter((one) => one !== undefined);
  if (beside.length < 2) return null;
  const both = beside.map((one) => context.plan.space.indexOf(target, PROTO_UDP, one));
  if (both.every((probe) => isProvenSilent(context, probe))) return 'silent';
  return both.every((probe) => isClosed(context, probe)) ? 'closed' : null;
}
