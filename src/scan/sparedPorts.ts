/** `--infer-ranges`: which UDP ports are not asked at first, as the asked ones beside them may stand for them. */
import type { Plan, PlanGroup } from '../model.ts';
import { createRanks } from './portRanks.ts';
import { RANK } from './waitingPorts.ts';

/** Of neighbouring ports each so manieth is asked (methods: 1,000 ports with it in a tenth of the time, none of them wrong). */
const STRIDE = 10;

/**
 * The ports of a group that are not asked at first, ascending. Asked are the ends of each run of neighbouring numbers, each
 * tenth between, short runs as a whole, and all that the user named, that get a request of their own, or that have a
 * registered service.
 */
export function sparedPorts(plan: Plan, { firstTarget, udpPorts }: PlanGroup): readonly number[] {
  if (plan.inferRanges !== true) return [];
  const rankOf = createRanks(plan);
  const isSpared = (port: number): boolean => rankOf(firstTarget, port) === RANK.OTHER;
  return runsOf(udpPorts).flatMap(([first, last]) => {
    if (last - first < STRIDE) return [];
    const between = Array.from({ length: last - first - 1 }, (_, index) => first + 1 + index);
    return between.filter((port) => (port - first) % STRIDE !== 0 && isSpared(port));
  });
}

/** Neighbouring numbers, ascending. */
function runsOf(ports: readonly number[]): (readonly [first: number, last: number])[] {
  const runs: [number, number][] = [];
  for (const port of Uint16Array.from(ports).sort()) {
    const last = runs.at(-1);
    if (last !== undefined && last[1] === port - 1) last[1] = port;
    else runs.push([port, port]);
  }
  return runs;
}
