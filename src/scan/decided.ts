/** What is known of a UDP port when nothing more is asked of it. */
import { ANSWER, SILENCE } from '../match/facts.ts';
import { isPortUnreachable } from '../match/icmpMeaning.ts';
import type { ScanContext } from './context.ts';
import { FROM_TARGET, U8, U32 } from './probeState.ts';

/** Whether the target itself has refused, in whatever words: an error that its limiter has counted. */
export function isRefused({ probes }: ScanContext, probe: number): boolean {
  return probes.answer[probe * U8] === ANSWER.ICMP && probes.from[probe * U32] === FROM_TARGET;
}

/** Whether the target itself has said that the port is closed. */
export function isClosed(context: ScanContext, probe: number): boolean {
  const { plan, probes } = context;
  const family = plan.targets.families[plan.space.targetOf(probe)] === 6 ? 6 : 4;
  return (
    isRefused(context, probe) &&
    isPortUnreachable(family, probes.icmpType[probe * U8]!, probes.icmpCode[probe * U8]!)
  );
}

/** Whether it stayed silent, and a walk has proven that it is not closed. */
export function isProvenSilent({ probes }: ScanContext, probe: number): boolean {
  const silence = probes.silence[probe * U8];
  const isProven = silence === SILENCE.CERTIFIED || silence === SILENCE.CHECKED;
  return isProven && probes.answer[probe * U8] === ANSWER.NONE;
}

/** Whether it is known if the port is closed. */
export function isDecided(context: ScanContext, probe: number): boolean {
  const hasAnswered = context.probes.answer[probe * U8] === ANSWER.DATAGRAM;
  return hasAnswered || isRefused(context, probe) || isProvenSilent(context, probe);
}
