/**
 * Probes about which the same is known: same target and protocol, and equal columns in all that decides a verdict. One
 * judgement stands for all of them, so that a report of 65,535 closed ports costs one.
 */

import { LATE_MS } from '../match/judgeOwnSide.ts';
import type { ScanContext } from './context.ts';
import { F32, U8, U16, U32 } from './probeState.ts';

/** Groups probes, each group in the order given. Probes with a service of their own stand alone. */
export function groupAlike(
  context: ScanContext,
  settled: readonly number[],
): readonly (readonly number[])[] {
  const { plan, probes } = context;
  const groups = new Map<string, number[]>();
  const alone: number[][] = [];
  let last: number[] | undefined;
  let lastTarget = -1;
  let lastProtocol = -1;
  for (const probe of settled) {
    const target = plan.space.targetOf(probe);
    const protocol = plan.space.protocolOf(probe);
    if (probes.services.has(probe)) {
      alone.push([probe]);
      continue;
    }
    const isSame =
      last !== undefined &&
      target === lastTarget &&
      protocol === lastProtocol &&
      isAlike(context, last[0]!, probe);
    if (!isSame) {
      last = groupOf(groups, keyOf(context, probe, target, protocol));
      lastTarget = target;
      lastProtocol = protocol;
    }
    last!.push(probe);
  }
  return [...groups.values(), ...alone];
}

/** Whether the deciding columns of two probes are equal; of the RTT only whether it is late decides anything. */
function isAlike({ probes: p }: ScanContext, a: number, b: number): boolean {
  return (
    p.answer[a * U8] === p.answer[b * U8] &&
    p.from[a * U32] === p.from[b * U32] &&
    p.ttl[a * U8] === p.ttl[b * U8] &&
    p.icmpType[a * U8] === p.icmpType[b * U8] &&
    p.icmpCode[a * U8] === p.icmpCode[b * U8] &&
    p.errno[a * U16] === p.errno[b * U16] &&
    p.resetCheck[a * U8] === p.resetCheck[b * U8] &&
    p.silence[a * U8] === p.silence[b * U8] &&
    p.quotedTtl[a * U8] === p.quotedTtl[b * U8] &&
    p.attempts[a * U8] === p.attempts[b * U8] &&
    p.fromPort[a * U16] === p.fromPort[b * U16] &&
    isLate(p.rttMs[a * F32]!) === isLate(p.rttMs[b * F32]!)
  );
}

function keyOf(
  { probes: p }: ScanContext,
  probe: number,
  target: number,
  protocol: number,
): string {
  const bytes = [
    p.answer,
    p.ttl,
    p.icmpType,
    p.icmpCode,
    p.resetCheck,
    p.silence,
    p.quotedTtl,
    p.attempts,
  ];
  return [
    target,
    protocol,
    isLate(p.rttMs[probe * F32]!),
    ...bytes.map((column) => column[probe * U8]),
    p.from[probe * U32],
    p.errno[probe * U16],
    p.fromPort[probe * U16],
  ].join();
}

/** An answer that came after seconds, or that cannot be dated (match/judgeOwnSide.ts). */
const isLate = (rttMs: number): boolean => !(rttMs < LATE_MS);

function groupOf(groups: Map<string, number[]>, key: string): number[] {
  const known = groups.get(key);
  if (known !== undefined) return known;
  const created: number[] = [];
  groups.set(key, created);
  return created;
}
