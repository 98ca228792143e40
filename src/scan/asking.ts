/** Which probe is asked next: retransmissions, then those set aside, then new ones in the seeded order. */
import { createOrder } from '../plan/order.ts';
import type { ScanContext } from './context.ts';
import { PHASE } from './probeState.ts';
import { createQueue } from './queue.ts';

/** The probes that wait to be asked, in order. */
export interface Asking {
  /** The next probe, or -1 when none waits. */
  take(): number;
  /** Asks a probe again. */
  retry(probe: number): void;
  /** Sets a probe aside that cannot be asked at the moment. */
  defer(probe: number): void;
  hasMore(): boolean;
}

/** Creates the order of asking of a run: a seeded permutation of all probes, retransmissions first. */
export function createAsking({ plan, probes }: ScanContext): Asking {
  const { count } = plan.space;
  const order = createOrder(count, plan.seed);
  const retries = createQueue();
  const deferred = createQueue();
  let cursor = 0;
  /** Taken from its queue, and not yet asked for: looked at by `hasMore`. */
  let next = -1;

  const pull = (): number => {
    if (retries.size() > 0) return retries.shift();
    if (deferred.size() > 0) return deferred.shift();
    return cursor < count ? order(cursor++) : -1;
  };

  /** Finds the next probe that still waits: what was answered or given up meanwhile needs no asking. */
  const find = (): number => {
    while (next < 0 || probes.phase[next] !== PHASE.WAITING) {
      next = pull();
      if (next < 0) return -1;
    }
    return next;
  };

  return {
    take() {
      const probe = find();
      next = -1;
      return probe;
    },
    retry(probe) {
      probes.phase[probe] = PHASE.WAITING;
      retries.push(probe);
    },
    defer: (probe) => deferred.push(probe),
    hasMore: () => find() >= 0,
  };
}
