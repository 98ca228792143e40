/**
 * `--infer-ranges`: asks some UDP ports of each target, and tells those between two that are alike without asking them. Where two
 * neighbours differ, one closed and one silent, the port in the middle is asked, and so on until nothing lies between.
 *
 * What is told so is no proof: a lone service that says nothing, in a closed range, is not seen. It rests on proven neighbours
 * alone, a refusal by the target or a silence that a walk has proven; between all others every port is asked.
 */
import { PROTO_UDP } from '../batch.ts';
import { ANSWER } from '../match/facts.ts';
import type { ScanContext } from './context.ts';
import { isClosed, isProvenSilent } from './decided.ts';
import { PHASE, U8 } from './probeState.ts';
import { sparedPorts } from './sparedPorts.ts';
import { createSortedPorts, type SortedPorts } from './udpNeighbours.ts';
import { mayWalk } from './walks.ts';

/** What follows for the ports beside one that is done: those that are as their neighbours are, and those that have to be asked. */
interface RangeOutcome {
  readonly inferred: readonly number[];
  readonly wanted: readonly number[];
}

/** The ranges of a run; `ask` gets each port that has to be asked after all. */
export interface RangeInference {
  /** Not asked so far. */
  isSpared(probe: number): boolean;
  /** How many are not asked so far. */
  readonly spared: () => number;
  /**
   * An attempt has run out of time. Where its target has sent no ICMP error by then nothing will be told by others, and all its ports
   * have to be asked.
   */
  timedOut(probe: number, ask: (probe: number) => void): void;
  /** The port is given up without a verdict. */
  gone(probe: number): void;
  /** Nothing more is asked of this probe; returns those that are told by it, and are done too. */
  finished(probe: number, ask: (probe: number) => void): readonly number[];
}

const NONE: readonly number[] = [];
const NOTHING: RangeOutcome = { inferred: NONE, wanted: NONE };

/** Creates the ranges of a run; without the option, or on a wire that proves no silence, every port is asked. */
export function createRangeInference(context: ScanContext): RangeInference {
  const { plan, probes, targets, ranges } = context;
  const { space } = plan;
  if (plan.inferRanges !== true || !mayWalk(context)) {
    return {
      isSpared: () => false,
      spared: () => 0,
      timedOut: () => undefined,
      gone: () => undefined,
      finished: () => NONE,
    };
  }
  const spared = new Uint8Array(space.count);
  let sparedCount = 0;
  /** 1: all ports of the target are asked. */
  const isWhole = new Uint8Array(plan.targets.count);
  for (const group of plan.groups) {
    const ports = sparedPorts(plan, group);
    sparedCount += group.targetCount * ports.length;
    for (let n = 0; n < group.targetCount; n++) {
      for (const port of ports) spared[space.indexOf(group.firstTarget + n, PROTO_UDP, port)] = 1;
    }
  }
  const sortedOf = createSortedPorts(plan);
  const isSpared = (probe: number): boolean =>
    spared[probe] === 1 && probes.phase[probe] === PHASE.WAITING;

  const take = (taken: readonly number[]): readonly number[] => {
    for (const probe of taken) spared[probe] = 0;
    sparedCount -= taken.length;
    return taken;
  };

  /** What is between two ports, neither of them spared. */
  const decide = (low: number, high: number, between: readonly number[]): RangeOutcome => {
    const kinds = [low, high].map((probe) => kindOf(context, probe));
    if (between.length === 0 || kinds.includes('open question')) return NOTHING;
    if (kinds.includes('other')) return { inferred: [], wanted: take(between) };
    if (kinds[0] !== kinds[1]) {
      return { inferred: [], wanted: take([between[between.length >> 1]!]) };
    }
    const range = { isClosed: kinds[0] === 'closed', low, high };
    for (const probe of between) ranges.set(probe, range);
    return { inferred: take(between), wanted: [] };
  };

  /** The ports beside a place that are spared, and the one behind them by which they are told; -1: none. */
  const look = (target: number, { ports }: SortedPorts, place: number, step: 1 | -1) => {
    const between: number[] = [];
    for (let at = place + step; at >= 0 && at < ports.length; at += step) {
      const probe = space.indexOf(target, PROTO_UDP, ports[at]!);
      if (isSpared(probe)) between.push(probe);
      else if (kindOf(context, probe) !== 'open') return { between, end: probe };
    }
    return { between, end: -1 };
  };

  return {
    isSpared,
    spared: () => sparedCount,
    timedOut(probe, ask) {
      if (sparedCount === 0 || space.protocolOf(probe) !== PROTO_UDP) return;
      const target = space.targetOf(probe);
      if (targets.udpErrors[target]! > 0 || isWhole[target] === 1) return;
      isWhole[target] = 1;
      const all = sortedOf(target).ports.map((port) => space.indexOf(target, PROTO_UDP, port));
      take(all.filter(isSpared)).forEach(ask);
    },
    gone(probe) {
      if (spared[probe] === 1) take([probe]);
    },
    finished(probe, ask) {
      if (sparedCount === 0 || space.protocolOf(probe) !== PROTO_UDP) return NONE;
      const target = space.targetOf(probe);
      const sorted = sortedOf(target);
      const place = sorted.at(space.portOf(probe));
      const below = look(target, sorted, place, -1);
      const above = look(target, sorted, place, 1);
      below.between.reverse();
      const outcomes =
        kindOf(context, probe) === 'open'
          ? [decide(below.end, above.end, [...below.between, ...above.between])]
          : [decide(below.end, probe, below.between), decide(probe, above.end, above.between)];
      for (const { wanted } of outcomes) wanted.forEach(ask);
      return outcomes.flatMap(({ inferred }) => inferred);
    },
  };
}

/**
 * What a port says of those beside it. `open`: nothing, a service stands alone; `other`: they may be anything; `open question`: it
 * is not known yet. Beyond the first and the last port is nothing to go by.
 */
type Kind = 'closed' | 'silent' | 'open' | 'other' | 'open question';

function kindOf(context: ScanContext, probe: number): Kind {
  const { probes } = context;
  if (probe < 0) return 'other';
  const phase = probes.phase[probe]!;
  if (phase !== PHASE.DONE && phase !== PHASE.SETTLED) return 'open question';
  if (isClosed(context, probe)) return 'closed';
  if (isProvenSilent(context, probe)) return 'silent';
  return probes.answer[probe * U8] === ANSWER.DATAGRAM ? 'open' : 'other';
}
