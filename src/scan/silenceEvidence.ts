/**
 * What silences prove: the log-likelihood that a port which said nothing so many times is not closed.
 *
 * Only answers take a token of the limiter, refusals are free. So a token at a later time means one at an earlier time,
 * unless it was filled in between (a race), or packets were lost (`loss`), or overtook each other (FLOOR).
 * The terms add up over rounds; the gap and the loss are those known when it is asked, not when the silence was seen.
 */

/** The silences of the ports of one target. */
export interface SilenceEvidence {
  /** What is noted from here on was seen in one round. */
  beginRound(): void;
  /**
   * The port was silent, and a probe that left `raceMs` later was answered; 0: the limiter had a token for sure. `sinceMs`: how
   * long nothing had been asked before. A token that was missing then came at any time since, so that this, where it is
   * less than a gap, is what the race is a share of.
   */
  note(probe: number, raceMs: number, sinceMs: number): void;
  /** The port was silent in a round where `silent` of `canaries` known closed ports, mixed with it by chance, were too. */
  noteMixed(probe: number, silent: number, canaries: number): void;
  /** A probe that would have been answered (a closed port, with a token) was, or was not. */
  noteTrial(answered: boolean): void;
  /**
   * The port turned out to be closed: its silences were lost packets, but for those that a race explains. A refill makes all
   * the ports before it silent at once, so that the rounds of these silences prove nothing any more, and of one round one
   * silence is counted as lost.
   */
  refute(probe: number, gapMs: number): void;
  /** Nats against "closed", where a limiter gives one answer each `gapMs`. */
  score(probe: number, gapMs: number): number;
  /**
   * The same by what may still be learned: the limiter may be twice as fast, and each silence that was a lost packet makes
   * the next one more likely (Laplace's rule again, for so many losses in a row).
   */
  cautiousScore(probe: number, gapMs: number): number;
  /** So many silences were noted that further ones add nothing. */
  isFull(probe: number): boolean;
  /** Chance that a closed port with a token stays silent, as seen so far. */
  readonly loss: () => number;
  readonly trials: () => Trials;
}

/** Probes that would have been answered, and how many of them were not. */
export interface Trials {
  readonly made: number;
  readonly failed: number;
}

/** No silence counts for more: what we do not model (overtaking, a short outage) is at least so likely. */
const FLOOR = 0.009;
/** Trials that are assumed before any was made, and how many of them failed. */
const PRIOR_TRIALS = 50;
const PRIOR_FAILED = 1;
/** Those of a conclusion that cannot be taken back: 5 % of packets lost is nothing strange. */
const CAUTIOUS_TRIALS = 20;
/** Silences of a port after which no more are asked for: where they prove so little, most packets are lost. */
const MAX_SILENCES = 64;

interface Race {
  readonly raceMs: number;
  readonly sinceMs: number;
  readonly round: number;
}

/** Chance that a token was filled in during the race. */
const shareOf = ({ raceMs, sinceMs }: Race, gapMs: number): number =>
  raceMs / Math.min(gapMs, sinceMs);

/** Creates a record without silences; `known` are trials that were made before. */
export function createSilenceEvidence(known: Trials = { made: 0, failed: 0 }): SilenceEvidence {
  const races = new Map<number, Race[]>();
  const mixed = new Map<number, number>();
  const rounds = new Map<number, number>();
  /** Rounds in which a closed port with a token was silent. */
  const refuted = new Set<number>();
  let round = 0;
  let trials = known.made;
  let { failed } = known;
  const loss = (): number => (failed + PRIOR_FAILED) / (trials + PRIOR_TRIALS);
  /** `lossAt` is the chance that the silence of this index is a lost packet. */
  const scoreWith = (probe: number, gapMs: number, lossAt: (index: number) => number): number => {
    let nats = mixed.get(probe) ?? 0;
    let index = 0;
    for (const race of races.get(probe) ?? []) {
      if (refuted.has(race.round)) continue;
      const chance = Math.max(FLOOR, lossAt(index), shareOf(race, gapMs));
      nats -= Math.log(Math.min(1, chance));
      index += 1;
    }
    return nats;
  };
  const countRound = (probe: number): void => {
    rounds.set(probe, (rounds.get(probe) ?? 0) + 1);
  };
  return {
    beginRound() {
      round += 1;
    },
    note(probe, raceMs, sinceMs) {
      countRound(probe);
      const race = { raceMs, sinceMs, round };
      const known = races.get(probe);
      if (known === undefined) races.set(probe, [race]);
      else known.push(race);
    },
    noteMixed(probe, silent, canaries) {
      countRound(probe);
      // Laplace's rule of succession: all orders of the round are equally likely.
      const nats = -Math.log((silent + 1) / (canaries + 2));
      mixed.set(probe, (mixed.get(probe) ?? 0) + nats);
    },
    noteTrial(answered) {
      trials += 1;
      if (!answered) failed += 1;
    },
    refute(probe, gapMs) {
      const least = Math.max(loss(), FLOOR);
      for (const race of races.get(probe) ?? []) {
        const isLost = shareOf(race, gapMs) <= least && !refuted.has(race.round);
        refuted.add(race.round);
        if (!isLost) continue;
        trials += 1;
        failed += 1;
      }
      races.delete(probe);
      mixed.delete(probe);
      rounds.delete(probe);
    },
    score: (probe, gapMs) => scoreWith(probe, gapMs, loss),
    cautiousScore: (probe, gapMs) =>
      scoreWith(
        probe,
        gapMs / 2,
        (index) => (failed + PRIOR_FAILED + index) / (trials + CAUTIOUS_TRIALS + index),
      ),
    isFull: (probe) => (rounds.get(probe) ?? 0) >= MAX_SILENCES,
    loss,
    trials: () => ({ made: trials, failed }),
  };
}
