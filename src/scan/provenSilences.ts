/**
 * Silences that a walk has proven while its target goes on: our own side is asked whether it dropped anything, and if not
 * the verdict is out; else it waits for the end of the target like any other silence.
 */

import { SILENCE } from '../match/facts.ts';
import type { Detail, Judgement, OwnSide } from '../model.ts';
import type { ScanContext } from './context.ts';
import { asksUdp } from './portRanks.ts';
import { PHASE, U8 } from './probeState.ts';
import type { Sender } from './sender.ts';
import type { Settling } from './settling.ts';

/** The proven silences of a run. */
export interface ProvenSilences {
  /** A walk has ended with this one, and its target goes on. */
  note(probe: number): void;
  ownSide(said: OwnSide): void;
  /** Keeps what is known of our own side now for those whose target has ended. */
  check(probes: readonly number[]): void;
}

/** What the proven silences of a run act on. */
export interface ProvenSilencesOptions {
  readonly sender: Pick<Sender, 'inquire'>;
  readonly settling: Pick<Settling, 'settle'>;
  readonly judgementOf: (probe: number) => Judgement;
}

/** Silences of one target: those of the inquiry that is under way, and those proven since it left. */
interface Proven {
  asked: number[];
  next: number[];
}

/** Details of a proven silence that is not held against our own side. */
const CLEAN: ReadonlySet<Detail | null> = new Set(['silent-certified', 'open-silent', 'dropped']);

/** Creates the record of a run. */
export function createProvenSilences(
  { plan, probes }: ScanContext,
  { sender, settling, judgementOf }: ProvenSilencesOptions,
): ProvenSilences {
  const byTarget = new Map<number, Proven>();
  const mayProve = asksUdp(plan);

  const isClean = (probe: number): boolean => {
    const isProven = probes.silence[probe * U8] === SILENCE.CERTIFIED;
    return isProven && CLEAN.has(judgementOf(probe).detail);
  };

  const check = (list: readonly number[]): void => {
    if (!mayProve) return;
    for (const probe of list) if (isClean(probe)) probes.silence[probe * U8] = SILENCE.CHECKED;
  };

  const ask = (target: number, proven: Proven): void => {
    proven.asked = proven.next;
    proven.next = [];
    if (proven.asked.length > 0) sender.inquire(target);
  };

  return {
    check,
    note(probe) {
      if (probes.silence[probe * U8] !== SILENCE.CERTIFIED) return;
      const target = plan.space.targetOf(probe);
      // More is asked of it at the end of its target.
      if (plan.passage === true && plan.targets.families[target] === 6) return;
      const proven = byTarget.get(target) ?? { asked: [], next: [] };
      byTarget.set(target, proven);
      proven.next.push(probe);
      if (proven.asked.length === 0) ask(target, proven);
    },
    ownSide({ target }) {
      const proven = byTarget.get(target);
      if (proven === undefined) return;
      const waiting = proven.asked.filter((probe) => probes.phase[probe] === PHASE.DONE);
      check(waiting);
      settling.settle(waiting.filter((probe) => probes.silence[probe * U8] === SILENCE.CHECKED));
      ask(target, proven);
    },
  };
}
