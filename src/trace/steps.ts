/**
 * What a trace sends next: sweeps that grow until the target is found, then rounds at the edge where the asked flow falls
 * silent, then a patient look at what may only be slow. Where earlier traces may have taken the errors of its routers, a
 * silent flow is swept once more when they have some again: what is silent for want of errors is no drop.
 */
import { type Apart, createParting } from './apart.ts';
import { createEdges, type EdgeOptions, ROUNDS } from './edges.ts';
import { createRefill, type ErrorBudget, LIMITER_MS } from './errorBudget.ts';
import type { TraceFacts } from './facts.ts';
import type { Flow } from './flows.ts';
import { looped } from './rulesOfSilence.ts';
import type { TraceAsk } from './traceRows.ts';
import { type FlowView, type View, viewOf } from './view.ts';

/** What the traceroute does now. */
export interface Step {
  readonly asks: readonly TraceAsk[];
  /** Asks for our own side too. */
  readonly inquire: boolean;
  /** Undefined: done. */
  readonly wakeAtMs: number | undefined;
}

/** The steps of one trace. */
export interface Steps {
  next(nowMs: number): Step;
  /** Time for which errors of routers were waited for, ms. */
  waitedMs(): number;
  noteSent(sentMs: number): void;
}

/** What the steps are made from. */
export interface StepOptions extends EdgeOptions {
  readonly maxHops: number;
  readonly facts: () => TraceFacts;
  /** What earlier traces have left, this one included. */
  readonly budget: ErrorBudget;
  readonly part: Apart['part'];
}

/** TTLs of the sweeps: most hosts are within 16 hops, and a short path is not asked for more. */
const SWEEPS = [8, 16, 32, 64] as const;
/** Before anything was heard, ms. */
const FIRST_WAIT_MS = 1000;
/** Shortest wait for an answer, ms, and how many of the longest round trips it is. */
const MIN_WAIT_MS = 20;
const RTT_WAITS = 4;
/** Neighbour discovery gives up after three seconds (Linux: mcast_solicit 3, retrans_time_ms 1000), and then routers tell. */
const NEIGHBOUR_MS = 3300;

/** An answer to an own-side inquiry comes at once; what takes longer is done without. */
const INQUIRY_MS = 100;
/** An old neighbour entry is being checked: our own side knows more after a moment, and surely after some of them, ms. */
const CHECK_POLL_MS = 200;
const MAX_CHECKS = 20;

type Phase =
  | 'sweep'
  | 'apart'
  | 'refill'
  | 'edge'
  | 'ways'
  | 'holes'
  | 'proof'
  | 'patience'
  | 'inquiry'
  | 'done';

/** What is done next, and how long it is waited for. */
interface Plan {
  readonly asks: readonly TraceAsk[];
  /** Not before this time; null: now. */
  readonly sendAtMs?: number;
  /** The wait is not over before this time, unless all was answered. */
  readonly waitUntilMs?: number;
  readonly inquire?: true;
}

/** Creates the steps of one trace. */
export function createSteps(options: StepOptions): Steps {
  const { main: flows, cells, maxHops, facts } = options;
  const edges = createEdges(options);
  const refill = createRefill(options.budget);
  const parting = createParting(options);
  let phase: Phase = 'sweep';
  let sweptTo = 0;
  const nextInquiry = createInquiry(facts);
  let holeRounds = 0;
  let firstSentMs = Number.NEGATIVE_INFINITY;
  let lastSentMs = Number.NEGATIVE_INFINITY;
  /** What is waited for; null before the first step. */
  let current: Plan | null = null;
  /** What leaves later. */
  let delayed: Plan | null = null;

  const sweep = (going: readonly Flow[]): Plan => {
    const from = sweptTo + 1;
    sweptTo = Math.min(maxHops, SWEEPS.find((ttl) => ttl > sweptTo) ?? maxHops);
    const ttls = Array.from({ length: sweptTo + 1 - from }, (_, index) => from + index);
    return { asks: ttls.flatMap((ttl) => going.map((flow) => ({ flow, ttl, round: 1 }))) };
  };

  /** Somebody is still going on at the end of the sweep, or nobody has come to the target or been refused. */
  const isTooShort = (view: View): boolean => {
    if (sweptTo >= maxHops) return false;
    const isAtEnd = viewsOf(view).some((flow) => isGoingOn(flow) && flow.furthest >= sweptTo - 1);
    return isAtEnd || (view.targetHop === null && view.asked.refused === null && !isLoop(view));
  };

  /** The sweep need not be waited for: a flow has come to its end. */
  const isAtEndNow = (view: View): boolean =>
    phase === 'sweep' &&
    sweptTo < maxHops &&
    view.targetHop === null &&
    !isLoop(view) &&
    viewsOf(view).some(({ furthest }) => furthest === sweptTo);

  const nextSweep = (view: View): Plan | null => {
    if (sweptTo === 0) return sweep(flows);
    const going = flows.filter((_, index) => isGoingOn(viewsOf(view)[index]!));
    return going.length > 0 && isTooShort(view) ? sweep(going) : null;
  };

  const nextHoles = (view: View): Plan | null => {
    holeRounds += 1;
    const asks = holeRounds <= ROUNDS ? edges.holes(view) : [];
    return asks.length === 0 ? null : { asks, sendAtMs: lastSentMs + LIMITER_MS };
  };

  /** The next step in each phase; null: the phase is over. */
  const nextIn: Readonly<Record<Phase, (view: View, nowMs: number) => Plan | null>> = {
    sweep: nextSweep,
    apart: (view, nowMs) => parting.next(view, sweptTo, nowMs) ?? nextSweep(view),
    refill(view, nowMs) {
      if (!refill.isDue || !isSilent(view)) return null;
      return { asks: edges.anew(view, sweptTo), sendAtMs: refill.waitUntil(nowMs) };
    },
    edge: (view) => {
      const asks = isSilent(view) ? edges.again(view, sweptTo) : edges.nearer(view);
      if (asks.length > 0) return { asks };
      const others = isSilent(view) ? edges.otherPorts(view) : [];
      if (others.length > 0) return { asks: others };
      const doubted = isSilent(view) ? edges.doubt(view) : [];
      return doubted.length === 0 ? null : { asks: doubted, sendAtMs: lastSentMs + LIMITER_MS };
    },
    ways: (view) => {
      const asks = isSilent(view) ? edges.ways(view) : [];
      return asks.length === 0 ? null : { asks };
    },
    holes: (view) => (isSilent(view) ? nextHoles(view) : null),
    proof: (view) => {
      const asks = isSilent(view) ? edges.proof(view) : [];
      return asks.length === 0 ? null : { asks, sendAtMs: lastSentMs + LIMITER_MS };
    },
    patience: (view, nowMs) => {
      const untilMs = firstSentMs + NEIGHBOUR_MS;
      const isOpen = isSilent(view) && view.targetHop === null && edges.nextHop(view) === 0;
      return isOpen && nowMs < untilMs ? { asks: [], waitUntilMs: untilMs } : null;
    },
    inquiry: (view, nowMs) =>
      viewsOf(view).some(wasHeard) ? null : nextInquiry(nowMs, current?.inquire === true),
    done: () => null,
  };

  const decide = (view: View, nowMs: number): Plan | null => {
    for (let index = PHASES.indexOf(phase); index < PHASES.length; index++) {
      phase = PHASES[index]!;
      const plan = nextIn[phase](view, nowMs);
      if (plan !== null) return plan;
    }
    return null;
  };

  /** Nothing more can come of this step. */
  const isSettled = (plan: Plan, view: View): boolean => {
    if (phase === 'patience') return !isOnlyExceeded(view.asked);
    if (plan.asks.length === 0) return facts().ownSide !== null;
    const views = [...viewsOf(view), ...view.variants];
    return plan.asks.every(({ flow, ttl }) => {
      const { reached, facts: sent } = views[flow.index]!;
      const isOver = sent.sendErrno !== 0 || (reached !== null && reached.ttl < ttl);
      return isOver || cells.isAnswered(flow.index, ttl);
    });
  };

  const start = (plan: Plan): Step => {
    current = plan;
    delayed = null;
    const wakeAtMs = plan.asks.length > 0 ? undefined : plan.waitUntilMs;
    return { asks: plan.asks, inquire: plan.inquire === true, wakeAtMs };
  };

  return {
    waitedMs: () => refill.waitedMs + parting.waitedMs(),
    noteSent(sentMs) {
      if (firstSentMs === Number.NEGATIVE_INFINITY) firstSentMs = sentMs;
      lastSentMs = Math.max(lastSentMs, sentMs);
    },
    next(nowMs) {
      if (delayed?.sendAtMs !== undefined) {
        if (nowMs >= delayed.sendAtMs) return start(delayed);
        return { asks: [], inquire: false, wakeAtMs: delayed.sendAtMs };
      }
      if (current === null) refill.begin(nowMs);
      const view = viewOf(facts());
      if (current !== null && !isAtEndNow(view) && !isSettled(current, view)) {
        const untilMs = current.waitUntilMs ?? lastSentMs + waitMs(cells.maxRttMs());
        if (nowMs < untilMs) return { asks: [], inquire: false, wakeAtMs: untilMs };
      }
      const plan = decide(view, nowMs);
      if (plan === null) return { asks: [], inquire: false, wakeAtMs: undefined };
      if (plan.sendAtMs === undefined || plan.sendAtMs <= nowMs) return start(plan);
      delayed = plan;
      return { asks: [], inquire: false, wakeAtMs: plan.sendAtMs };
    },
  };
}

/** How long an answer is waited for, ms; 0: none has come yet. */
const waitMs = (maxRttMs: number): number =>
  maxRttMs === 0 ? FIRST_WAIT_MS : Math.max(MIN_WAIT_MS, RTT_WAITS * maxRttMs);

const PHASES: readonly Phase[] = [
  'sweep',
  'apart',
  'refill',
  'edge',
  'ways',
  'holes',
  'proof',
  'patience',
  'inquiry',
  'done',
];

const viewsOf = ({ asked, controls }: View): readonly FlowView[] => [asked, ...controls];

/** A flow that has neither come to an end nor been kept back at home. */
const isGoingOn = ({ reached, refused, facts }: FlowView): boolean =>
  reached === null && refused === null && facts.sendErrno === 0;

const wasHeard = ({ facts }: FlowView): boolean =>
  facts.unplaced.length > 0 ||
  facts.hops.some(({ answers }) => answers.some(({ answer }) => answer !== 'own'));

const isOnlyExceeded = ({ facts }: FlowView): boolean =>
  facts.hops.every(({ answers }) => answers.every(({ answer }) => answer === 'time-exceeded'));

const isLoop = (view: View): boolean => looped(view) !== null;

/** The asked flow has no end but silence. */
const isSilent = (view: View): boolean =>
  isGoingOn(view.asked) && view.asked.facts.unplaced.length === 0 && !isLoop(view);

/** Asks our own side once, and again while it checks an old neighbour entry; null: it has said what it knows. */
function createInquiry(
  facts: StepOptions['facts'],
): (nowMs: number, wasAsked: boolean) => Plan | null {
  let checks = 0;
  return (nowMs, wasAsked) => {
    if (!wasAsked) return { asks: [], inquire: true, waitUntilMs: nowMs + INQUIRY_MS };
    if (facts().ownSide?.neighbour !== 'stale' || checks === MAX_CHECKS) return null;
    checks += 1;
    const sendAtMs = nowMs + CHECK_POLL_MS;
    return { asks: [], inquire: true, sendAtMs, waitUntilMs: sendAtMs + INQUIRY_MS };
  };
}
