/** The end of a probe: its verdict is out at once, or waits until its target is closed; what else a silence may be is kept with it. */
import { ANSWER } from '../match/facts.ts';
import type { SilentOdds } from '../model.ts';
import type { ScanContext } from './context.ts';
import { createPortOdds } from './portOdds.ts';
import { PHASE, U8, U32 } from './probeState.ts';

/** Probes that are done, and those of them whose verdicts are final. */
export interface Settling {
  /** Nothing more is asked of this probe. Returns its target when that was the last one of it, else -1. */
  finish(probe: number): number;
  /** The probe is given up without a verdict. Returns the same. */
  drop(probe: number): number;
  /** Probes of a target whose verdicts wait, once; and whether our own side has to be asked about them. */
  takeWaiting(target: number): {
    readonly probes: readonly number[];
    readonly needsOwnSide: boolean;
  };
  settle(probes: readonly number[]): void;
  /** Keeps what is known now of those that stayed silent; done for those that are settled. */
  noteOdds(probes: readonly number[]): void;
  /** What a port that stayed silent may be, by what was known when its verdict became final; null of all others. */
  oddsOf(probe: number): SilentOdds | null;
  /** Probes settled since the last call. */
  takeSettled(): readonly number[];
  doneCount(): number;
}

/** Creates the settling of a run, with nothing done yet. */
export function createSettling(context: ScanContext): Settling {
  const { plan, can, probes, targets } = context;
  const waiting: (number[] | undefined)[] = [];
  const needsOwnSide = new Uint8Array(plan.targets.count);
  let settled: number[] = [];
  let doneCount = 0;
  const odds = createPortOdds(context);

  const countDown = (target: number): number => {
    doneCount += 1;
    targets.remaining[target]! -= 1;
    return targets.remaining[target] === 0 ? target : -1;
  };

  const settle = (probe: number): void => {
    probes.phase[probe] = PHASE.SETTLED;
    settled.push(probe);
  };

  /** A proven silence may be out already. */
  const isWaiting = (probe: number): boolean => probes.phase[probe] === PHASE.DONE;

  /** Answers that nothing found out later can change. */
  const isFinalAtOnce = (probe: number, answer: number): boolean =>
    answer >= ANSWER.SYN_ACK || (answer === ANSWER.ICMP && !isFromOwnAddress(context, probe));

  const wantsOwnSide = (answer: number): boolean =>
    answer === ANSWER.RESET ? can.passesHooks : answer <= ANSWER.ICMP;

  return {
    finish(probe) {
      const target = plan.space.targetOf(probe);
      const answer = probes.answer[probe * U8]!;
      probes.phase[probe] = PHASE.DONE;
      odds.finished(probe);
      if (isFinalAtOnce(probe, answer)) settle(probe);
      else {
        const others = waiting[target];
        if (others === undefined) waiting[target] = [probe];
        else others.push(probe);
        if (wantsOwnSide(answer)) needsOwnSide[target] = 1;
      }
      return countDown(target);
    },
    drop(probe) {
      probes.phase[probe] = PHASE.DROPPED;
      return countDown(plan.space.targetOf(probe));
    },
    takeWaiting(target) {
      const all = waiting[target] ?? [];
      waiting[target] = undefined;
      const taken = all.every(isWaiting) ? all : all.filter(isWaiting);
      return { probes: taken, needsOwnSide: needsOwnSide[target] === 1 };
    },
    settle(list) {
      odds.settled(list);
      list.forEach(settle);
    },
    noteOdds: odds.settled,
    oddsOf: odds.of,
    takeSettled() {
      const taken = settled;
      settled = [];
      return taken;
    },
    doneCount: () => doneCount,
  };
}

/** Whether the deciding answer of a probe was sent by one of our own addresses. */
export function isFromOwnAddress({ probes, ownAddresses }: ScanContext, probe: number): boolean {
  const ref = probes.from[probe * U32]!;
  return ref > 1 && ownAddresses.has(probes.senderOf(ref));
}
