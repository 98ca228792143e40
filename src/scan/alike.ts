/**
 * Probes about which the same is known: same target and protocol, and equal columns in all that decides a verdict. One
 * judgement stands for all of them, so that a report of 65,535 closed ports costs one.
 */
import { LATE_MS } from '../match/judgeOwnSide.ts';
import type { ScanContext } from './context.ts';

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
    p.answer[a] === p.answer[b] &&
    p.from[a] === p.from[b] &&
    p.ttl[a] === p.ttl[b] &&
    p.icmpType[a] === p.icmpType[b] &&
    p.icmpCode[a] === p.icmpCode[b] &&
    p.errno[a] === p.errno[b] &&
    p.resetCheck[a] === p.resetCheck[b] &&
    p.quotedTtl[a] === p.quotedTtl[b] &&
    p.attempts[a] === p.attempts[b] &&
    p.fromPort[a] === p.fromPort[b] &&
    isLate(p.rttMs[a]!) === isLate(p.rttMs[b]!)
  );
}

function keyOf(
  { probes: p }: ScanContext,
  probe: number,
  target: number,
  protocol: number,
): string {
  const columns = [p.answer, p.from, p.ttl, p.icmpType, p.icmpCode, p.errno, p.resetCheck];
  const decided = [...columns, p.quotedTtl, p.attempts, p.fromPort];
  const late = isLate(p.rttMs[probe]!);
  return [target, protocol, late, ...decided.map((column) => column[probe])].join();
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
