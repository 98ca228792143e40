/** Ports of one target that are known to be closed: asked again, they show whether the limiter has a token. */

/** The known closed ports of one walk. */
export interface WalkCanaries {
  /** A port that is known to be closed by an error of the limiter. */
  add(probe: number): void;
  has(probe: number): boolean;
  /** At most `count` of them in turn, none of which is being asked; they are taken until they are given back. */
  take(count: number): number[];
  giveBack(probe: number): void;
  /** Those that may be taken. */
  readonly size: () => number;
}

/** Known closed ports that are kept. */
const MAX_CANARIES = 256;

/** Creates an empty collection. */
export function createWalkCanaries(): WalkCanaries {
  const canaries: number[] = [];
  const known = new Set<number>();
  const taken = new Set<number>();
  let nextAt = 0;
  const size = (): number => canaries.length - taken.size;
  return {
    add(probe) {
      if (known.has(probe) || canaries.length >= MAX_CANARIES) return;
      known.add(probe);
      canaries.push(probe);
    },
    has: (probe) => known.has(probe),
    take(count) {
      const some: number[] = [];
      for (let left = Math.min(count, size()); left > 0; ) {
        const probe = canaries[nextAt++ % canaries.length]!;
        if (taken.has(probe)) continue;
        taken.add(probe);
        some.push(probe);
        left -= 1;
      }
      return some;
    },
    giveBack: (probe) => void taken.delete(probe),
    size,
  };
}
