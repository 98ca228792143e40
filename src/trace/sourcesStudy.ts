/**
 * The asked port walked from many source ports (`--flows`): which ways routers share it out to, and which of them loses it.
 *
 * Each hop has few ICMP errors for us (Linux: six, then one a second), so a hop is asked once a second, from as many source
 * ports as it has shown to answer. A silence counts only where an answer was there to be had: somebody who was asked after
 * it in the same round was answered (a limiter refuses in order), or it was asked alone after a second.
 */
import type { Cells } from './cells.ts';
import { LIMITER_MS } from './errorBudget.ts';
import type { Flow } from './flows.ts';
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

/** Silences after which a flow counts as silent at a hop; and where packets were seen to be lost, one in four at most. */
const SILENCES = 3;
const SILENCES_UNDER_LOSS = 6;
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
  const silences = flows.map((): number[] => []);
  const silencesOf = new Map(flows.map((flow, i) => [flow, silences[i]!]));
  const widths = new Map<number, number>();
  let rounds = 0;
  let last: readonly HopRound[] = [];

  const count = (flow: Flow, ttl: number): number => silencesOf.get(flow)![ttl] ?? 0;
  /** A silence of what is answered later was a loss. */
  const hasLoss = (): boolean =>
    flows.some(({ index }, i) =>
      silences[i]!.some((times, ttl) => times > 0 && cells.isAnswered(index, ttl)),
    );
  const isSilent = (flow: Flow, ttl: number): boolean =>
    !cells.isAnswered(flow.index, ttl) &&
    count(flow, ttl) >= (hasLoss() ? SILENCES_UNDER_LOSS : SILENCES);

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
    const heard = asks.map(({ flow, before }) => cells.answers(flow.index, ttl) > before);
    const lastHeard = heard.lastIndexOf(true);
    const isAlone = asks.length === 1;
    let unexplained = 0;
    const doubtful = hasWitness ? asks.slice(0, -1) : asks;
    for (const [i, { flow }] of doubtful.entries()) {
      if (heard[i]) continue;
      if (i < lastHeard || isAlone) {
        const list = silencesOf.get(flow)!;
        list[ttl] = count(flow, ttl) + 1;
      } else unexplained += 1;
    }
    const width = widths.get(ttl) ?? FIRST_WIDTH;
    widths.set(ttl, unexplained > 0 ? 1 : Math.min(MAX_WIDTH, 2 * width));
  };

  return {
    silent: (flow) => Array.from(silencesOf.get(flow) ?? [], (_, ttl) => isSilent(flow, ttl)),
    next() {
      for (const hop of last) judge(hop);
      const end = lastHop();
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
