/**
 * Which probe is asked next: retransmissions, then those set aside, then new ones: UDP ports that the user named before
 * ranges, as the first answers of a target's ICMP limiter cost no time, and then all in the seeded order. At `--rate max`
 * retransmissions come last: who asks for that wants to know soon what is open, and most of what is silent stays so.
 */
import { PROTO_UDP } from '../batch.ts';
import type { Plan } from '../model.ts';
import { createOrder } from '../plan/order.ts';
import type { ScanContext } from './context.ts';
import { LOOK_AHEAD, lookAt } from './lookAhead.ts';
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

/** Named ports of all targets that are asked before the others; with more, nobody waits for a few of them. */
const MAX_NAMED = 65_536;

/**
 * Creates the order of asking of a run: retransmissions, named ports, then a seeded permutation of all probes but those that are
 * spared when their turn comes.
 */
export function createAsking(
  { plan, probes }: ScanContext,
  isSpared: (probe: number) => boolean,
): Asking {
  const named = namedProbes(plan);
  const namedOrder = createOrder(named.length, plan.seed);
  const { count } = plan.space;
  const order = createOrder(count, plan.seed);
  const retries = createQueue();
  const isNewFirst = plan.ratePps === Number.POSITIVE_INFINITY;
  const deferred = createQueue();
  const drawn = new Uint32Array(LOOK_AHEAD);
  const looked = new Uint8Array(LOOK_AHEAD);
  let drawnCount = 0;
  let drawnNext = 0;
  let namedNext = 0;
  let cursor = 0;
  /** Taken from its queue, and not yet asked for: looked at by `hasMore`. */
  let next = -1;

  /** Draws the next numbers of the order, and looks at them together; of those that were answered or given up before they were asked, none is left. */
  const draw = (): void => {
    const end = Math.min(count, cursor + LOOK_AHEAD);
    drawnCount = 0;
    drawnNext = 0;
    const drawing = end - cursor;
    for (let i = 0; i < drawing; i++) drawn[i] = order(cursor++);
    lookAt(probes, drawn, drawing, looked);
    for (let i = 0; i < drawing; i++) {
      const probe = drawn[i]!;
      // One that waits and was asked before (a named one) waits to be asked again.
      if (looked[i] === 0 && !isSpared(probe)) drawn[drawnCount++] = probe;
    }
  };

  const pullNew = (): number => {
    if (deferred.size() > 0) return deferred.shift();
    if (namedNext < named.length) return named[namedOrder(namedNext++)]!;
    while (drawnNext === drawnCount && cursor < count) draw();
    return drawnNext < drawnCount ? drawn[drawnNext++]! : -1;
  };

  const pull = (): number => {
    if (retries.size() > 0 && !isNewFirst) return retries.shift();
    const probe = pullNew();
    return probe < 0 && retries.size() > 0 ? retries.shift() : probe;
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

function namedProbes({ groups, space }: Plan): readonly number[] {
  const named: number[] = [];
  for (const { firstTarget, targetCount, udpNamed = [] } of groups) {
    if (named.length + targetCount * udpNamed.length > MAX_NAMED) break;
    for (let target = firstTarget; target < firstTarget + targetCount; target++) {
      for (const port of udpNamed) named.push(space.indexOf(target, PROTO_UDP, port));
    }
  }
  return named;
}
