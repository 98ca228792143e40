/** The ports of a walk by what is still wanted of them: asked again, in order of rank, suspected, or proven so far. */
import { createQueue, type NumberQueue } from './queue.ts';

/** The ports of one walk. */
export interface WaitingPorts {
  /** A new port; `rank` 0 comes first. */
  add(probe: number, rank: number): void;
  /** At most `count` ports that wait, those of the lowest rank first; they are taken until they are given back. */
  take(count: number): number[];
  /** The same of the lowest rank alone, suspects first. */
  takeFirstRank(count: number): number[];
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
  /** Ports of the lowest rank that has any. */
  readonly firstRankSize: () => number;
  proven(): readonly number[];
  all(): readonly number[];
}

/** Named by the user or with a service of its own; registered; all others. */
export const RANKS = 3;

/** Creates an empty collection. */
export function createWaitingPorts(): WaitingPorts {
  const suspects: NumberQueue[] = Array.from({ length: RANKS }, () => createQueue(16));
  const others: NumberQueue[] = Array.from({ length: RANKS }, () => createQueue(16));
  const suspected = new Set<number>();
  const sizes = new Int32Array(RANKS);
  const rankOf = new Map<number, number>();
  const provenSet = new Set<number>();

  const isWaiting = (probe: number): boolean => rankOf.has(probe) && !provenSet.has(probe);
  const total = (): number => sizes.reduce((sum, size) => sum + size, 0);

  const giveBack = (probe: number): void => {
    const queues = suspected.has(probe) ? suspects : others;
    queues[rankOf.get(probe)!]!.push(probe);
  };

  const wait = (probe: number): void => {
    sizes[rankOf.get(probe)!]! += 1;
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
      wait(probe);
    },
    take: (count) =>
      takeFrom(
        others.flatMap((queue, rank) => [suspects[rank]!, queue]),
        count,
      ),
    takeFirstRank(count) {
      const rank = sizes.findIndex((size) => size > 0);
      return takeFrom([suspects[rank]!, others[rank]!], count);
    },
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
      sizes[rankOf.get(probe)!]! -= 1;
      provenSet.add(probe);
    },
    doubt(probe) {
      if (provenSet.delete(probe)) wait(probe);
    },
    remove(probe) {
      const rank = rankOf.get(probe);
      if (rank === undefined) return;
      if (!provenSet.delete(probe)) sizes[rank]! -= 1;
      rankOf.delete(probe);
      suspected.delete(probe);
    },
    isWaiting,
    size: total,
    firstRankSize: () => sizes.find((size) => size > 0) ?? 0,
    proven: () => [...provenSet],
    all: () => [...rankOf.keys()],
  };
}
