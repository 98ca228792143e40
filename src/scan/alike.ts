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
import { F32, F64, U8, U16, U32, WORD } from './probeState.ts';

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
  const mayStandAlone = probes.services.size > 0;
  let begin = 0;
  let end = 0;
  let targetClass = -1;
  let protocol = -1;
  for (let i = 0; i < settled.length; i++) {
    const probe = settled[i]!;
    if (mayStandAlone && probes.services.has(probe)) {
      alone.push([probe]);
      continue;
    }
    if (probe < begin || probe >= end) {
      begin = probe;
      end = plan.space.endOf(probe);
      targetClass = classOf(plan.space.targetOf(probe));
      protocol = plan.space.protocolOf(probe);
    }
    let group: Group | undefined;
    for (let n = 0; n < recent.length && group === undefined; n++) {
      const one = recent[n]!;
      if (one.targetClass !== targetClass || one.protocol !== protocol) continue;
      if (isAlike(context, one.probes[0]!, probe)) group = one;
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

/**
 * Whether two probes are seen at a glance to have the same key: of the times only whether they are long decides anything. Two
 * that are not may still have it.
 */
function isAlike(context: ScanContext, a: number, b: number): boolean {
  const { probes, ranges, passages } = context;
  const { words, rttMs } = probes;
  return (
    words[a * U32 + WORD.FROM]! === words[b * U32 + WORD.FROM]! &&
    words[a * U32 + WORD.FROM_PORT]! === words[b * U32 + WORD.FROM_PORT]! &&
    words[a * U32 + WORD.ANSWER]! === words[b * U32 + WORD.ANSWER]! &&
    words[a * U32 + WORD.HEADERS]! === words[b * U32 + WORD.HEADERS]! &&
    isLate(rttMs[a * F32]!) === isLate(rttMs[b * F32]!) &&
    isBrief(context, a) === isBrief(context, b) &&
    (ranges.size === 0 || isToldAlike(context, a, b)) &&
    (passages.size === 0 || passages.get(a)?.result === passages.get(b)?.result)
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

/** Of ports that were not asked the silence is that of those that they are told by. */
function isToldAlike(context: ScanContext, a: number, b: number): boolean {
  return (
    silenceOf(context, a) === silenceOf(context, b) &&
    isBetweenClosed(context, a) === isBetweenClosed(context, b)
  );
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
