/** What a trace asks again where its asked flow falls silent: which flow, at which hop, how often. */
import type { Cells } from './cells.ts';
import type { HopFacts } from './facts.ts';
import type { Flow } from './flows.ts';
import { chanceOfLosses, MOST_FALSE, type Trials } from './losses.ts';
import { proofOfDrop } from './proofOfDrop.ts';
import type { TraceAsk } from './traceRows.ts';
import { type FlowView, firstAnswerAfter, type View } from './view.ts';

/** The flows of a trace and what was sent of them. */
export interface EdgeOptions {
  /** The asked flow and its controls. */
  readonly main: readonly Flow[];
  readonly variants: readonly Flow[];
  readonly cells: Cells;
}

/** Rounds at the edge, the sweep included: with a loss of one in ten, three silences are one in a thousand. */
export const ROUNDS = 3;
/** Rounds at the edge where answers of the control are missing: routers say one a second, or lose it. */
const PROOF_ROUNDS = 6;
/** Rounds at the edge where losses may be why the asked flow is silent and others are not. */
const DOUBT_ROUNDS = 12;
/**
 * Rounds at the target of a flow whose probes have source ports of their own. Where routers share the load and one way loses
 * the port, each of them is lost by chance, one in two: so many are one in 2,000.
 */
const PORTS_ASKED = 11;
/** Hops beyond the edge that are asked again. */
const EDGE_HOPS = 2;

/** What is asked again. */
export interface Edges {
  /** First hop beyond the asked flow's last at which a control was answered; 0: none. */
  nextHop(view: View): number;
  /** The asked flow beyond its last hop, and a control where it was answered; empty after the last round. */
  again(view: View, sweptTo: number): readonly TraceAsk[];
  /** All that was not answered yet up to the target, and one more round at the edge; the asked flow first. */
  anew(view: View, sweptTo: number): readonly TraceAsk[];
  /** The asked flow where other source ports pass, as long as losses like theirs explain its silence; with one of them. */
  doubt(view: View): readonly TraceAsk[];
  /** The target from further source ports, where each probe of the asked flow has its own; empty when enough were silent. */
  otherPorts(view: View): readonly TraceAsk[];
  /** Controls that were answered by the target only behind where the asked flow was: it is nearer, or they lost a packet. */
  nearer(view: View): readonly TraceAsk[];
  /** The variants that pass where the asked flow does not, at the hop before: which way do they go? */
  ways(view: View): readonly TraceAsk[];
  /** The edge again where only answers of the control are missing to prove a drop; empty where none are, or none can come. */
  proof(view: View): readonly TraceAsk[];
  /** Hops between the edge and the next answer of which nobody was heard: their routers may have been out of answers. */
  holes(view: View): readonly TraceAsk[];
}

/** Creates the edges of one trace. */
export function createEdges({ main, variants, cells }: EdgeOptions): Edges {
  const [asked, ...controls] = main as [Flow, ...Flow[]];
  /** Sweeps that were made anew. */
  let sweptAgain = 0;
  const ask = (flow: Flow, ttl: number): TraceAsk => ({
    flow,
    ttl,
    round: cells.rounds(flow.index, ttl) + 1,
  });
  const variantOf = ({ facts: { index } }: FlowView): Flow =>
    variants.find((flow) => flow.index === index)!;
  const nextHop = ({ asked: { furthest }, controls: others }: View): number =>
    nearestAnswer(others, furthest);
  /** Asked behind the rest of a round: whether the last router that was heard could have said that it rejects. */
  const speaker = (last: number): readonly TraceAsk[] =>
    controls.slice(0, 1).map((flow) => ask(flow, last));
  /** Who is asked beside the asked flow: a silent variant costs no router an answer, and of the controls one is enough. */
  const besideAt = (hop: number, next: number): readonly Flow[] => {
    if (next === 0) return controls;
    return hop === next ? [...variants, ...controls.slice(0, 1)] : [];
  };
  return {
    nextHop,
    anew({ targetHop }, sweptTo) {
      sweptAgain = 1;
      const ttls = Array.from({ length: targetHop ?? sweptTo }, (_, index) => index + 1);
      return main.flatMap((flow) =>
        ttls.filter((ttl) => !cells.isAnswered(flow.index, ttl)).map((ttl) => ask(flow, ttl)),
      );
    },
    again(view, sweptTo) {
      const last = view.asked.furthest;
      const next = nextHop(view);
      const hops = new Set(next > 0 ? [next] : []);
      for (let hop = last + 1; hop <= Math.min(last + EDGE_HOPS, sweptTo); hop++) hops.add(hop);
      const asks = [...hops]
        .toSorted((a, b) => a - b)
        .flatMap((hop) => [asked, ...besideAt(hop, next)].map((flow) => ask(flow, hop)))
        .filter(({ round }) => round <= ROUNDS + sweptAgain);
      if (!asks.some(({ flow }) => flow === asked)) return [];
      const isProvable = next > 0 && proofOfDrop(view, next) === 'missing';
      return isProvable && last > 0 ? [...asks, ...speaker(last)] : asks;
    },
    doubt(view) {
      const next = nearestAnswer(view.variants, view.asked.furthest);
      const isDoubtful = next > 0 && chanceOfSilence(view) >= MOST_FALSE;
      if (!isDoubtful || cells.rounds(asked.index, next) >= DOUBT_ROUNDS) return [];
      const passing = view.variants.find(({ answerAt }) => answerAt(next) !== null)!;
      return [asked, variantOf(passing)].map((flow) => ask(flow, next));
    },
    otherPorts({ asked: { facts }, targetHop }) {
      if (facts.isConstant || targetHop === null) return [];
      const first = cells.rounds(asked.index, targetHop) + 1;
      const count = Math.max(0, PORTS_ASKED + 1 - first);
      return Array.from({ length: count }, (_, index) => ({
        flow: asked,
        ttl: targetHop,
        round: first + index,
      }));
    },
    nearer({ asked: { reached: said }, controls: others }) {
      if (said === null) return [];
      return others
        .filter(({ reached, answerAt }) => {
          return reached !== null && reached.ttl > said.ttl && answerAt(said.ttl) === null;
        })
        .map(({ facts: { index } }) => ask(main[index]!, said.ttl))
        .filter(({ round }) => round <= ROUNDS);
    },
    ways(view) {
      const last = view.asked.furthest;
      if (last === 0) return [];
      const passing = view.variants.filter((flow) => firstAnswerAfter(flow, last) > 0);
      return passing.map((flow) => ask(variantOf(flow), last)).filter(({ round }) => round === 1);
    },
    proof(view) {
      const [last, next] = [view.asked.furthest, nextHop(view)];
      if (next === 0 || proofOfDrop(view, next) !== 'missing') return [];
      return [asked, ...variants, ...controls.slice(0, 1)]
        .map((flow) => ask(flow, next))
        .concat(last === 0 ? [] : speaker(last))
        .filter(({ round }) => round <= PROOF_ROUNDS);
    },
    holes(view) {
      const asks: TraceAsk[] = [];
      for (let hop = view.asked.furthest + 1; hop < nextHop(view); hop++) {
        for (const flow of main.slice(0, 2)) asks.push(ask(flow, hop));
      }
      return asks;
    },
  };
}

/** First TTL above `ttl` at which any of the flows was answered; 0: none. */
function nearestAnswer(flows: readonly FlowView[], ttl: number): number {
  const hops = flows.map((flow) => firstAnswerAfter(flow, ttl)).filter((hop) => hop > 0);
  return hops.length === 0 ? 0 : Math.min(...hops);
}

/** Chance that all silences of the asked flow beyond its last hop are losses, at hops where other source ports are answered. */
function chanceOfSilence(view: View): number {
  const { facts, furthest } = view.asked;
  return facts.hops.reduce((chance, { rounds }, hop) => {
    const trials = hop > furthest ? trialsAt(view, hop) : null;
    return trials === null ? chance : chance * chanceOfLosses(trials, rounds);
  }, 1);
}

/** Of each flow without its first answer: a flow that has none is not known to pass. */
function trialsAt({ controls, variants }: View, hop: number): Trials | null {
  const heard = [...controls, ...variants]
    .map(({ facts }) => facts.hops[hop])
    .filter((one) => one !== undefined && one.answers.length > 0) as readonly HopFacts[];
  if (heard.length === 0) return null;
  return {
    asked: heard.reduce((sum, { rounds }) => sum + rounds - 1, 0),
    lost: heard.reduce((sum, { rounds, answers }) => sum + Math.max(0, rounds - answers.length), 0),
  };
}
