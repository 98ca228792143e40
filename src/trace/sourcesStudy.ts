/**
 * The asked port walked from many source ports (`--flows`): which ways routers share it out to, and which of them loses it.
 *
 * Each hop has few ICMP errors for us (Linux: six, then one a second), so a hop is asked once a second, from as many source
 * ports as it has shown to answer. A silence counts only where an answer was there to be had: somebody who was asked after
 * it in the same round was answered (a limiter refuses in order), it was asked alone after a second, or others are answered
 * there by the target's port, which nobody limits. How many are needed follows from the losses that were seen at the hop.
 */
import type { Cells } from './cells.ts';
import { LIMITER_MS } from './errorBudget.ts';
import type { Observation } from './facts.ts';
import type { Flow } from './flows.ts';
import { chanceOfLosses, MOST_FALSE, type Trials } from './losses.ts';
import type { Study } from './studies.ts';
import type { TraceAsk } from './traceRows.ts';

/** The study of the source ports. */
export interface SourcesStudy extends Study {
  /** By TTL: whether it was silent as often as needed, and never answered. */
  silent(flow: Flow): readonly boolean[];
}

/** What it is made from. */
export interface SourcesOptions {
  readonly flows: readonly Flow[];
  /** Asked beside them where none of them was ever answered. */
  readonly controls: readonly Flow[];
  readonly cells: Cells;
  /** Last hop that is asked; 0: nothing was heard, so there is nothing to walk. */
  readonly lastHop: () => number;
  /** Whether the flow has come to its end before this TTL. */
  readonly isOver: (flow: Flow, ttl: number) => boolean;
}

/** Least silences after which a flow counts as silent at a hop. */
const SILENCES = 3;
/** An identity has 15 attempts (probe/token.ts). */
const MAX_ROUNDS = 14;
/** Source ports asked at once: of a hop that has not been asked yet, and at most. */
const FIRST_WIDTH = 2;
const MAX_WIDTH = 16;
/** Seconds that each source port may take: what a hop of one answer a second needs for an answer and three silences. */
const SECONDS_EACH = 5;

/** What was asked at one hop in the last round, in order. */
interface HopRound {
  readonly ttl: number;
  /** The last of them is a witness where `hasWitness`. */
  readonly asks: readonly { readonly flow: Flow; readonly before: number }[];
  readonly hasWitness: boolean;
}

/** Creates the study. */
export function createSourcesStudy(options: SourcesOptions): SourcesStudy {
  const { flows, controls, cells, lastHop, isOver } = options;
  const silencesOf = new Map(flows.map((flow): [Flow, number[]] => [flow, []]));
  const widths = new Map<number, number>();
  /** By TTL: asks that were answered, and witnesses that were lost. */
  const heard: number[] = [];
  const lostWitnesses: number[] = [];
  /** As of the last round, by TTL. */
  let silent = new Map<Flow, readonly boolean[]>();
  let rounds = 0;
  let last: readonly HopRound[] = [];

  const count = (flow: Flow, ttl: number): number => silencesOf.get(flow)![ttl] ?? 0;
  const answered = (ttl: number): readonly Flow[] =>
    flows.filter(({ index }) => cells.isAnswered(index, ttl));
  /** A silence of what is answered here was a loss; null: no source port is, so that a silence tells none from the others. */
  const trialsAt = (ttl: number): Trials | null => {
    const others = answered(ttl);
    if (others.length === 0) return null;
    const before = others.reduce((sum, flow) => sum + count(flow, ttl), 0);
    const lost = before + (lostWitnesses[ttl] ?? 0);
    return { asked: lost + (heard[ttl] ?? 0), lost };
  };
  /** Each silence behind the last answer adds to those before it: what is lost on its way is lost at all of them. */
  const silentHops = (flow: Flow, trials: readonly (Trials | null)[]): readonly boolean[] => {
    let chance = flows.length;
    return trials.map((some, ttl) => {
      if (cells.isAnswered(flow.index, ttl)) {
        chance = flows.length;
        return false;
      }
      if (some !== null) chance *= chanceOfLosses(some, count(flow, ttl));
      return count(flow, ttl) >= SILENCES && (some === null || chance < MOST_FALSE);
    });
  };
  const isSilent = (flow: Flow, ttl: number): boolean =>
    !cells.isAnswered(flow.index, ttl) && silent.get(flow)?.[ttl] === true;
  /** Answered by the port alone: no limiter of ICMP errors explains a silence. */
  const isUnlimited = (ttl: number): boolean => {
    const said = answered(ttl).flatMap(({ index }) => cells.flow(index).hops[ttl]!.answers);
    return said.length > 0 && said.every(isOfPort);
  };

  /** Two silent hops in a row: it is lost, and what is behind them is asked at the last hop alone. */
  const isLost = (flow: Flow, ttl: number): boolean => {
    for (let hop = 2; hop < ttl; hop++) {
      if (isSilent(flow, hop) && isSilent(flow, hop - 1)) return true;
    }
    return false;
  };

  const isOpen = (flow: Flow, ttl: number, end: number): boolean =>
    !cells.isAnswered(flow.index, ttl) &&
    !isSilent(flow, ttl) &&
    cells.rounds(flow.index, ttl) < MAX_ROUNDS &&
    !isOver(flow, ttl) &&
    (ttl === end || !isLost(flow, ttl));

  /** The one of these that was answered here before and has been asked least. */
  const answeredOf = (some: readonly Flow[], ttl: number): Flow | undefined =>
    some
      .filter(({ index }) => cells.isAnswered(index, ttl) && cells.rounds(index, ttl) < MAX_ROUNDS)
      .toSorted((a, b) => cells.rounds(a.index, ttl) - cells.rounds(b.index, ttl))[0];

  /** Asked behind those that were not answered: it shows that the hop still answers. */
  const witness = (ttl: number): readonly Flow[] => {
    const known = answeredOf(flows, ttl) ?? answeredOf(controls, ttl);
    return known === undefined ? [] : [known];
  };

  const hopRound = (ttl: number, end: number): HopRound => {
    const open = flows
      .filter((flow) => isOpen(flow, ttl, end))
      .toSorted((a, b) => cells.rounds(b.index, ttl) - cells.rounds(a.index, ttl))
      .slice(0, widths.get(ttl) ?? FIRST_WIDTH);
    const isDoubtful = open.some(({ index }) => cells.rounds(index, ttl) > 0);
    const beside = isDoubtful ? witness(ttl) : [];
    return {
      ttl,
      asks: [...open, ...beside].map((flow) => ({ flow, before: cells.answers(flow.index, ttl) })),
      hasWitness: beside.length > 0,
    };
  };

  const judge = ({ ttl, asks, hasWitness }: HopRound): void => {
    const wasHeard = asks.map(({ flow, before }) => cells.answers(flow.index, ttl) > before);
    add(heard, ttl, wasHeard.filter(Boolean).length);
    const lastHeard = wasHeard.lastIndexOf(true);
    const isExplained = asks.length > 1 && !isUnlimited(ttl);
    let unexplained = 0;
    for (const [i, { flow }] of asks.entries()) {
      if (wasHeard[i]) continue;
      const isWitness = hasWitness && i === asks.length - 1;
      if (i > lastHeard && isExplained) unexplained += Number(!isWitness);
      else add(isWitness ? lostWitnesses : silencesOf.get(flow)!, ttl);
    }
    const width = widths.get(ttl) ?? FIRST_WIDTH;
    widths.set(ttl, unexplained > 0 ? 1 : Math.min(MAX_WIDTH, 2 * width));
  };

  return {
    name: 'flows',
    silent: (flow) => (silent.get(flow) ?? []).map((_, ttl) => isSilent(flow, ttl)),
    next() {
      for (const hop of last) judge(hop);
      const end = lastHop();
      const trials = Array.from({ length: end + 1 }, (_, ttl) => trialsAt(ttl));
      silent = new Map(flows.map((flow) => [flow, silentHops(flow, trials)]));
      if (end === 0 || rounds >= SECONDS_EACH * flows.length) return null;
      rounds += 1;
      const hops = Array.from({ length: end }, (_, i) => hopRound(i + 1, end));
      last = hops.filter(({ asks }) => asks.length > 0);
      const asks = last.flatMap(({ ttl, asks: asked }): TraceAsk[] =>
        asked.map(({ flow }) => ({ flow, ttl, round: cells.rounds(flow.index, ttl) + 1 })),
      );
      return asks.length === 0 ? null : { asks, pauseMs: LIMITER_MS };
    },
  };
}

const isOfPort = ({ isTarget, answer }: Observation): boolean =>
  isTarget && (answer === 'syn-ack' || answer === 'reset' || answer === 'udp-response');

function add(counts: number[], ttl: number, more = 1): void {
  counts[ttl] = (counts[ttl] ?? 0) + more;
}
