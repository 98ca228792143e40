/** The ports of a walk by what is still wanted of them: asked again, in order of rank, suspected, or proven so far. */
import { createQueue, type NumberQueue } from './queue.ts';

/** The ports of one walk. */
export interface WaitingPorts {
  /** A new port. */
  add(probe: number, rank: Rank): void;
  /** At most `count` ports that wait, suspects first, then by rank; they are taken until they are given back. */
  take(count: number): number[];
  /** The same of suspects alone, and of all others. */
  takeSuspects(count: number): number[];
  takeOthers(count: number): number[];
  giveBack(probe: number): void;
  /** Gives back one that was silent before a closed port answered: it is likely to be silent for good. */
  suspect(probe: number): void;
  isSuspect(probe: number): boolean;
  /** What it needed was found. */
  prove(probe: number): void;
  /** It was proven by something that does not hold any more. */
  doubt(probe: number): void;
  remove(probe: number): void;
  /** Whether the port has neither answered nor been proven. */
  isWaiting(probe: number): boolean;
  readonly size: () => number;
  /** Ports that are not decided: waiting, or proven so far. Of them those that were named. */
  readonly undecided: () => number;
  readonly namedUndecided: () => number;
  isProven(probe: number): boolean;
  isNamed(probe: number): boolean;
  proven(): readonly number[];
  all(): readonly number[];
}

/** What is asked first: named before ranges, one that gets a request of its own, with a registered service, all others. */
export const RANK = { NAMED: 0, REQUEST: 1, REGISTERED: 2, OTHER: 3 } as const;

/** One of RANK. */
export type Rank = (typeof RANK)[keyof typeof RANK];

const RANKS = 4;

/** Creates an empty collection. */
export function createWaitingPorts(): WaitingPorts {
  const suspects: NumberQueue[] = Array.from({ length: RANKS }, () => createQueue(16));
  const others: NumberQueue[] = Array.from({ length: RANKS }, () => createQueue(16));
  const suspected = new Set<number>();
  let size = 0;
  let named = 0;
  const rankOf = new Map<number, Rank>();
  const provenSet = new Set<number>();

  const isWaiting = (probe: number): boolean => rankOf.has(probe) && !provenSet.has(probe);

  const giveBack = (probe: number): void => {
    const queues = suspected.has(probe) ? suspects : others;
    queues[rankOf.get(probe)!]!.push(probe);
  };

  const wait = (probe: number): void => {
    size += 1;
    giveBack(probe);
  };

  const takeFrom = (from: readonly NumberQueue[], count: number): number[] => {
    const taken: number[] = [];
    for (const queue of from) {
      while (taken.length < count && queue.size() > 0) {
        const probe = queue.shift();
        // Entries are not removed when a port is decided.
        if (isWaiting(probe)) taken.push(probe);
      }
    }
    return taken;
  };

  return {
    add(probe, rank) {
      if (rankOf.has(probe)) return;
      rankOf.set(probe, rank);
      if (rank === RANK.NAMED) named += 1;
      wait(probe);
    },
    take: (count) => takeFrom([...suspects, ...others], count),
    takeSuspects: (count) => takeFrom(suspects, count),
    takeOthers: (count) => takeFrom(others, count),
    giveBack,
    suspect(probe) {
      suspected.add(probe);
      giveBack(probe);
    },
    isSuspect: (probe) => suspected.has(probe),
    prove(probe) {
      if (!isWaiting(probe)) return;
      size -= 1;
      provenSet.add(probe);
    },
    doubt(probe) {
      if (provenSet.delete(probe)) wait(probe);
    },
    remove(probe) {
      if (!rankOf.has(probe)) return;
      if (!provenSet.delete(probe)) size -= 1;
      if (rankOf.get(probe) === RANK.NAMED) named -= 1;
      rankOf.delete(probe);
      suspected.delete(probe);
    },
    isWaiting,
    size: () => size,
    undecided: () => rankOf.size,
    namedUndecided: () => named,
    isProven: (probe) => provenSet.has(probe),
    isNamed: (probe) => rankOf.get(probe) === RANK.NAMED,
    proven: () => [...provenSet],
    all: () => [...rankOf.keys()],
  };
}
