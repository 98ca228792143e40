/**
 * Probes about which the same is known: same protocol, same target or targets that differ in nothing but their address, and
 * equal columns in all that decides a verdict. One judgement stands for all of them, so that a report of 65,535 closed
 * ports, or of one port of 65,536 hosts, costs one.
 */

import { OUTAGE_MS } from '../match/confidence.ts';
import { ANSWER, type TargetFacts } from '../match/facts.ts';
import { LATE_MS } from '../match/judgeOwnSide.ts';
import type { OwnSide } from '../model.ts';
import type { ScanContext } from './context.ts';
import { silenceOf, targetFacts } from './judging.ts';
import { F32, F64, U8, U16, U32 } from './probeState.ts';

/** Whether a group holds probes of one target alone, or of all that are alike. */
export type AlikeScope = 'target' | 'run';

/** Groups that the next probe is compared with before its key is made: mixed answers of a network are few. */
const COMPARED = 4;

interface Group {
  readonly targetClass: number;
  readonly protocol: number;
  readonly probes: number[];
}

/** Groups probes, each group in the order given. Probes with a service of their own stand alone. */
export function groupAlike(
  context: ScanContext,
  settled: readonly number[],
  scope: AlikeScope,
): readonly (readonly number[])[] {
  const { plan, probes } = context;
  const classOf = scope === 'target' ? (target: number) => target : createClasses(context);
  const groups = new Map<string, Group>();
  const alone: number[][] = [];
  const recent: Group[] = [];
  let lastTarget = -1;
  let targetClass = -1;
  for (const probe of settled) {
    if (probes.services.has(probe)) {
      alone.push([probe]);
      continue;
    }
    const target = plan.space.targetOf(probe);
    const protocol = plan.space.protocolOf(probe);
    if (target !== lastTarget) targetClass = classOf(target);
    lastTarget = target;
    let group: Group | undefined;
    for (const one of recent) {
      if (one.targetClass !== targetClass || one.protocol !== protocol) continue;
      if (!isAlike(context, one.probes[0]!, probe)) continue;
      group = one;
      break;
    }
    if (group === undefined) {
      group = groupOf(groups, keyOf(context, probe, targetClass, protocol), targetClass, protocol);
      recent.unshift(group);
      recent.length = Math.min(recent.length, COMPARED);
    }
    group.probes.push(probe);
  }
  return [...[...groups.values()].map((group) => group.probes), ...alone];
}

/** Whether the deciding columns of two probes are equal; of the times only whether they are long decides anything. */
function isAlike(context: ScanContext, a: number, b: number): boolean {
  const { probes: p } = context;
  return (
    p.answer[a * U8] === p.answer[b * U8] &&
    p.from[a * U32] === p.from[b * U32] &&
    p.ttl[a * U8] === p.ttl[b * U8] &&
    p.icmpType[a * U8] === p.icmpType[b * U8] &&
    p.icmpCode[a * U8] === p.icmpCode[b * U8] &&
    p.errno[a * U16] === p.errno[b * U16] &&
    p.resetCheck[a * U8] === p.resetCheck[b * U8] &&
    isSilenceAlike(context, a, b) &&
    isPassageAlike(context, a, b) &&
    p.quotedTtl[a * U8] === p.quotedTtl[b * U8] &&
    p.attempts[a * U8] === p.attempts[b * U8] &&
    p.fromPort[a * U16] === p.fromPort[b * U16] &&
    isLate(p.rttMs[a * F32]!) === isLate(p.rttMs[b * F32]!) &&
    isBrief(context, a) === isBrief(context, b)
  );
}

function keyOf(context: ScanContext, probe: number, targetClass: number, protocol: number): string {
  const { probes: p } = context;
  const bytes = [p.answer, p.ttl, p.icmpType, p.icmpCode, p.resetCheck, p.quotedTtl, p.attempts];
  return [
    targetClass,
    protocol,
    isLate(p.rttMs[probe * F32]!),
    isBrief(context, probe),
    silenceOf(context, probe),
    isBetweenClosed(context, probe),
    p.answer[probe * U8] === ANSWER.NONE && context.passages.get(probe)?.result,
    ...bytes.map((column) => column[probe * U8]),
    p.from[probe * U32],
    p.errno[probe * U16],
    p.fromPort[probe * U16],
  ].join();
}

/** Most runs ask all ports: then no look-up is needed. */
function isSilenceAlike(context: ScanContext, a: number, b: number): boolean {
  const { probes, ranges } = context;
  if (ranges.size === 0) return probes.silence[a * U8] === probes.silence[b * U8];
  return (
    silenceOf(context, a) === silenceOf(context, b) &&
    isBetweenClosed(context, a) === isBetweenClosed(context, b)
  );
}

function isPassageAlike({ passages }: ScanContext, a: number, b: number): boolean {
  return passages.size === 0 || passages.get(a)?.result === passages.get(b)?.result;
}

/** Whether it was not asked, and told by closed or by silent ones beside it; undefined: it was asked. */
const isBetweenClosed = ({ ranges }: ScanContext, probe: number): boolean | undefined =>
  ranges.get(probe)?.isClosed;

/** An answer that came after seconds, or that cannot be dated (match/judgeOwnSide.ts). */
const isLate = (rttMs: number): boolean => !(rttMs < LATE_MS);

/** A silence that an outage can have made (match/confidence.ts). */
function isBrief({ probes: p }: ScanContext, probe: number): boolean {
  if (p.answer[probe * U8] !== ANSWER.NONE) return false;
  return p.waitedUntilMs[probe * F64]! - p.firstSentMs[probe * F64]! < OUTAGE_MS;
}

function groupOf(
  groups: Map<string, Group>,
  key: string,
  targetClass: number,
  protocol: number,
): Group {
  const known = groups.get(key);
  if (known !== undefined) return known;
  const created = { targetClass, protocol, probes: [] };
  groups.set(key, created);
  return created;
}

/** Numbers for targets of which the judge knows the same but for their address. */
function createClasses(context: ScanContext): (target: number) => number {
  const classes = new Map<string, number>();
  const recent: { readonly facts: TargetFacts; readonly number: number }[] = [];
  return (target) => {
    const facts = targetFacts(context, target);
    const known = recent.find((one) => isSameTarget(one.facts, facts));
    if (known !== undefined) return known.number;
    const { ip: _ip, ownSide, ...others } = facts;
    const key = JSON.stringify({ ...others, ownSide: ownSide && { ...ownSide, target: 0 } });
    const number = classes.get(key) ?? classes.size;
    classes.set(key, number);
    recent.unshift({ facts, number });
    recent.length = Math.min(recent.length, COMPARED);
    return number;
  };
}

/** Whether two targets differ in their address alone; those of which routers spoke are compared by their key. */
function isSameTarget(a: TargetFacts, b: TargetFacts): boolean {
  if (a.cover !== null || b.cover !== null) return false;
  if (FACTS.some((key) => a[key] !== b[key])) return false;
  const [one, other] = [a.ownSide, b.ownSide];
  if (one === null || other === null) return one === other;
  return SIDES.every((key) => one[key] === other[key]);
}

/** All facts but the address and those that are compared by parts; the type holds that none is forgotten. */
const FACTS = Object.keys({
  family: true,
  distance: true,
  severalDistances: true,
  icmpAnswers: true,
  loss: true,
} satisfies Record<
  Exclude<keyof TargetFacts, 'ip' | 'cover' | 'ownSide'>,
  true
>) as readonly (keyof TargetFacts)[];

const SIDES = Object.keys({
  route: true,
  routeErrno: true,
  gateway: true,
  interface: true,
  mtu: true,
  carrier: true,
  neighbour: true,
  outDropped: true,
  inDropped: true,
  retransFailed: true,
  unsent: true,
  overflow: true,
} satisfies Record<Exclude<keyof OwnSide, 'target'>, true>) as readonly (keyof OwnSide)[];
