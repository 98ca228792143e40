/** The ports of a walk by what is still wanted of them: asked again, in order of rank, or proven so far. */
import { createQueue, type NumberQueue } from './queue.ts';

/** The ports of one walk. */
export interface WaitingPorts {
  /** A new port; `rank` 0 comes first. */
  add(probe: number, rank: number): void;
  /** At most `count` ports that wait, those of the lowest rank first; they are taken until they are given back. */
  take(count: number): number[];
  /** The same of the lowest rank alone. */
  takeFirstRank(count: number): number[];
  giveBack(probe: number): void;
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
  const queues: NumberQueue[] = Array.from({ length: RANKS }, () => createQueue(16));
  const sizes = new Int32Array(RANKS);
  const rankOf = new Map<number, number>();
  const provenSet = new Set<number>();

  const isWaiting = (probe: number): boolean => rankOf.has(probe) && !provenSet.has(probe);
  const total = (): number => sizes.reduce((sum, size) => sum + size, 0);

  const wait = (probe: number): void => {
    sizes[rankOf.get(probe)!]! += 1;
    queues[rankOf.get(probe)!]!.push(probe);
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
    take: (count) => takeFrom(queues, count),
    takeFirstRank: (count) => takeFrom([queues[sizes.findIndex((size) => size > 0)]!], count),
    giveBack: (probe) => queues[rankOf.get(probe)!]!.push(probe),
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
    },
    isWaiting,
    size: total,
    firstRankSize: () => sizes.find((size) => size > 0) ?? 0,
    proven: () => [...provenSet],
    all: () => [...rankOf.keys()],
  };
}
