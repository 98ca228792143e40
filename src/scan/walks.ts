/**
 * The certified walks of a run, one for each target whose ICMP limiter has to be known: which UDP ports are given to them,
 * what they send, and what becomes of a port when its walk is sure.
 */
import { PROTO_UDP } from '../batch.ts';
import { ANSWER, SILENCE } from '../match/facts.ts';
import type { Match } from '../match/match.ts';
import type { Family, IcmpLimiter } from '../model.ts';
import { TOKEN, tokenWord } from '../probe/token.ts';
import { QUICKEST_POLITE } from '../timing/templates.ts';
import type { ScanContext } from './context.ts';
import { isRefused } from './decided.ts';
import { createLatestAttempt } from './latestAttempt.ts';
import { limiterKind } from './limiterKind.ts';
import { createRanks, groupOf } from './portRanks.ts';
import { F64, PHASE, U8 } from './probeState.ts';
import { createWalk, type Walk, type Walked } from './walk.ts';
import { type WalkProgress, walkProgressOf } from './walkProgress.ts';
import type { FinalSilence } from './walkProofs.ts';
import { createWalkTable } from './walkTable.ts';

/** What leaves for the walks; the sender asks for it. */
export interface WalkSource {
  /** The next probe that is due, or null. */
  take(nowMs: number): Walked | null;
  sent(probe: number, atMs: number): void;
  /** True while a probe may be due: more may be taken at once. */
  isReady(): boolean;
}

/** The walks as the scheduler sees them. */
export interface Walks extends WalkSource {
  /** Takes over a probe that ran out of time, if there is a limiter to know; it is then WALKING. */
  accept(probe: number, nowMs: number): boolean;
  /** An answer to a UDP probe; true when it was a control of a walk and is about no port that is still open. */
  heard(match: Match): boolean;
  /** The port is given up without a verdict. */
  gone(probe: number): void;
  /** Draws conclusions; `onFinal` gets each probe whose silence is final. */
  advance(nowMs: number, onFinal: (probe: number, nowMs: number) => void): void;
  /** Earliest time at which there is something to send or to conclude, or Infinity. */
  wakeAtMs(): number;
  /** How far they are; of many walks it may be some turns old. */
  progress(): WalkProgress | null;
  /** The walk of a target, which may have ended; undefined where there was none. */
  of(target: number): Walk | undefined;
  /** What limits the ICMP errors of a target; null where there was no walk. */
  limiterOf(target: number): IcmpLimiter | null;
}

/** Walks that are looked at for each time that progress is asked for. */
const LOOKS = 16;

/** Whether silences of this run can be proven by walks: by its wire, and by how it is to be timed. */
export function mayWalk({ can, plan }: Pick<ScanContext, 'can' | 'plan'>): boolean {
  const isPatient = plan.retries === undefined && plan.timing >= QUICKEST_POLITE;
  return can.icmpSender && can.sendOrder && isPatient;
}

/** Creates the walks of a run, none of them begun. */
export function createWalks(context: ScanContext): Walks {
  const { plan, probes, targets, rtt } = context;
  const { space } = plan;
  const table = createWalkTable();
  const { walks } = table;
  /** Of each walk, closed ports that were found before it and by it. */
  const closed = new Map<number, { readonly first: number; late: number }>();
  const random = createDraws(plan.seed);
  let known: WalkProgress | null = null;
  let asked = 0;
  const ranks = createRanks(plan);
  const latest = createLatestAttempt(context);
  const isAllowed = mayWalk(context);
  const markNats = proofNats(context);

  const begin = (target: number): Walk => {
    const walk = createWalk({
      sources: Math.max(1, plan.sending.sources.length),
      markNats,
      srttMs: () => rtt.srttMs(target),
      random,
      startedMs: targets.startedMs[target]!,
      lastAnswerMs: targets.udpErrorMs[target]!,
      answers: targets.udpErrors[target]!,
    });
    for (const port of groupOf(plan, target)?.udpPorts ?? []) {
      const probe = space.indexOf(target, PROTO_UDP, port);
      if (!isRefused(context, probe)) continue;
      walk.addCanary(probe);
      latest.noteClosed(probe);
    }
    table.add(target, walk);
    closed.set(target, { first: targets.udpErrors[target]!, late: 0 });
    return walk;
  };

  return {
    accept(probe, nowMs) {
      const target = space.targetOf(probe);
      if (!isAllowed || space.protocolOf(probe) !== PROTO_UDP) return false;
      if (probes.answer[probe * U8] !== ANSWER.NONE || targets.udpErrors[target] === 0)
        return false;
      const walk = walks.get(target) ?? begin(target);
      probes.phase[probe] = PHASE.WALKING;
      walk.add(probe, ranks(target, space.portOf(probe)));
      table.wake(target, nowMs);
      return true;
    },
    heard(match) {
      const { probe, target } = match;
      const walk = match.tag === 0 ? walks.get(target) : undefined;
      if (walk === undefined || space.protocolOf(probe) !== PROTO_UDP) return false;
      const isCanary = walk.isCanary(probe);
      if (match.answer === ANSWER.SEND_FAILED) {
        walk.unsent(probe);
      } else if (match.answer === ANSWER.ICMP && match.fromIsTarget) {
        if (!isCanary) closed.get(target)!.late += 1;
        walk.answered(probe, match.atMs, latest.has(match));
      } else if (match.answer > ANSWER.STRANGER) {
        walk.gone(probe);
      }
      table.told(target);
      return isCanary;
    },
    gone(probe) {
      walks.get(space.targetOf(probe))?.gone(probe);
    },
    take: table.take,
    sent(probe, atMs) {
      const target = space.targetOf(probe);
      walks.get(target)?.sent(probe, atMs);
    },
    isReady: table.isReady,
    advance(nowMs, onFinal) {
      table.advance(nowMs, (_, walk) => {
        for (const silence of walk.takeFinal()) {
          if (probes.phase[silence.probe] !== PHASE.WALKING) continue;
          noteFinal(context, silence, nowMs);
          onFinal(silence.probe, nowMs);
        }
      });
    },
    wakeAtMs: table.wakeAtMs,
    progress() {
      if (asked % Math.ceil(walks.size / LOOKS || 1) === 0) {
        const familyOf = (target: number): Family => (plan.targets.families[target] === 6 ? 6 : 4);
        known = walkProgressOf(walks, familyOf, plan.inferRanges === true);
      }
      asked += 1;
      return known;
    },
    of: (target) => walks.get(target),
    limiterOf(target) {
      const walk = walks.get(target);
      if (walk === undefined) return null;
      const family: Family = plan.targets.families[target] === 6 ? 6 : 4;
      const { limit, scope } = walk;
      return limiterKind({ family, limit, scope: scope(), ...closed.get(target)! });
    },
  };
}

function noteFinal(
  { probes, walkedNats }: ScanContext,
  { probe, isCertified, nats }: FinalSilence,
  nowMs: number,
): void {
  walkedNats.set(probe, nats);
  probes.silence[probe * U8] = isCertified ? SILENCE.CERTIFIED : SILENCE.NO_TOKEN;
  probes.waitedUntilMs[probe * F64] = nowMs;
}

/** Nats against "closed" that each silence of a run needs, so that all are right as surely as is asked for. */
export function proofNats({ plan }: Pick<ScanContext, 'plan'>): number {
  let count = 0;
  for (const { targetCount, udpPorts } of plan.groups) count += targetCount * udpPorts.length;
  return Math.log(Math.max(1, count) / (1 - plan.certainty));
}

/** Numbers in [0, 1) by the seed of the run. */
export function createDraws([keyHi, keyLo]: readonly [number, number]): () => number {
  let drawn = 0;
  return () => tokenWord(keyHi, keyLo, drawn++, TOKEN.DRAW) / 2 ** 32;
}
