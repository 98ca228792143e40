/**
 * When the silences of a walk are final: at once, where nothing that the rest of the walk can teach is likely to undo the
 * proof, else at its end, by what is known then.
 */
import { createQueue } from './queue.ts';
import type { SilenceEvidence } from './silenceEvidence.ts';
import type { WaitingPorts } from './waitingPorts.ts';

/** A port whose silence is final. */
export interface FinalSilence {
  readonly probe: number;
  readonly isCertified: boolean;
  /** What is known against "closed", nats. */
  readonly nats: number;
}

/** What is proven in one walk. */
export interface WalkProofs {
  /**
   * Sorts a port by what is known of it after a round: proven, given up, or asked again. A suspect was silent before a closed
   * port answered. `isFree`: the round's tokens were taken by ports that wanted them.
   */
  sort(
    probe: number,
    round: { readonly lateUntilMs: number; readonly isSuspect: boolean; readonly isFree: boolean },
  ): void;
  /** Answers came: what was learned by them may have made final what is proven; a few ports are looked at. */
  learned(lateUntilMs: number): void;
  /** Ends what can be ended now, while other ports are still asked. */
  advance(nowMs: number): void;
  /** Puts back what is no longer proven. */
  review(): void;
  /** Ends all that is proven. */
  conclude(): void;
  /** Ends all ports as they are. */
  stop(): void;
  takeFinal(): readonly FinalSilence[];
  hasFinal(): boolean;
  /** When advance has something to end, ms, or Infinity. */
  wakeAtMs(): number;
}

/** What the proofs of a walk rest on. */
export interface WalkProofsOptions {
  readonly evidence: SilenceEvidence;
  readonly ports: WaitingPorts;
  /** The shortest time between two errors that is thought of, ms. */
  readonly gapMs: () => number;
  /** Nats against "closed" that a silence needs. */
  readonly markNats: number;
}

/** Proven ports that are looked at again after answers. */
const MAX_LOOKS = 32;

/** Creates the proofs of a walk, none yet. */
export function createWalkProofs({
  evidence,
  ports,
  gapMs,
  markNats,
}: WalkProofsOptions): WalkProofs {
  let final: FinalSilence[] = [];
  /** Proven by what is known so far. */
  const held = createQueue(16);
  /** Proven beyond that, and until when a late answer may come. */
  let early: { readonly probe: number; readonly atMs: number }[] = [];

  const natsOf = (probe: number): number => evidence.score(probe, gapMs());
  const isProven = (probe: number): boolean => natsOf(probe) >= markNats;
  const isProvenEarly = (probe: number): boolean =>
    evidence.cautiousScore(probe, gapMs()) >= markNats;

  const finish = (probe: number, isCertified: boolean): void => {
    final.push({ probe, isCertified, nats: natsOf(probe) });
    ports.remove(probe);
  };

  return {
    sort(probe, { lateUntilMs, isSuspect, isFree }) {
      const isEarly = isProvenEarly(probe);
      // Asked until it need not wait for the end, where that costs nothing, and a named one at any cost.
      const goesOn = isFree || ports.isNamed(probe);
      if (isEarly || (isProven(probe) && !goesOn)) {
        ports.prove(probe);
        if (isEarly) early.push({ probe, atMs: lateUntilMs });
        else held.push(probe);
      } else if (evidence.isFull(probe)) finish(probe, isProven(probe));
      else if (isSuspect) ports.suspect(probe);
      else ports.giveBack(probe);
    },
    learned(lateUntilMs) {
      for (let looks = Math.min(MAX_LOOKS, held.size()); looks > 0; looks -= 1) {
        const probe = held.shift();
        if (!ports.isProven(probe)) continue;
        if (isProvenEarly(probe)) early.push({ probe, atMs: lateUntilMs });
        else held.push(probe);
      }
    },
    advance(nowMs) {
      const due = early.filter(({ atMs }) => atMs <= nowMs);
      if (due.length === 0) return;
      early = early.filter(({ atMs }) => atMs > nowMs);
      for (const { probe } of due) {
        if (!ports.isProven(probe)) continue;
        if (isProvenEarly(probe)) finish(probe, true);
        else held.push(probe);
      }
    },
    review() {
      for (const probe of ports.proven()) if (!isProven(probe)) ports.doubt(probe);
    },
    conclude() {
      for (const probe of ports.proven()) finish(probe, true);
    },
    stop() {
      for (const probe of ports.all()) finish(probe, isProven(probe));
    },
    takeFinal() {
      const taken = final;
      final = [];
      return taken;
    },
    hasFinal: () => final.length > 0,
    wakeAtMs: () => early[0]?.atMs ?? Number.POSITIVE_INFINITY,
  };
}
