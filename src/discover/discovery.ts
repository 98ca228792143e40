/**
 * Finds hosts (`-sn`): an engine beside the scheduler, which asks each host until something says whether it is there.
 *
 * A host goes NEW -> ROUTE -> LINK, where it is on our own link and the wire can ask there, or up to three ROUNDs of an echo
 * request, SYNs and a datagram, then HELD for a router's late report, then LOOK. The first proof ends it, at any step. No clock, no
 * socket: this file sorts what comes back; its parts are
 *   asking.ts    what leaves now                  steps.ts      what a host waits for, and what follows
 *   evidence.ts  an answer, and what is known     judgeHost.ts  up, down or unknown
 */
import { PROTO_NEIGHBOUR, SIGNAL, type SignalBatch } from '../batch.ts';
import { ERRNO } from '../errno.ts';
import type { Match, MatchListener } from '../match/match.ts';
import { createMatchingEngine } from '../match/matchingEngine.ts';
import type { Engine, Ip, OwnSide, Plan, WireCan } from '../model.ts';
import { ROUTED_RATE_PPS } from '../timing/templates.ts';
import { createAsking, wayOf } from './asking.ts';
import {
  createDiscoveryContext,
  type DiscoveryContext,
  type DiscoveryCounters,
} from './context.ts';
import { createAnswerIds, noteAnswer, rulingOf } from './evidence.ts';
import { STEP } from './hostState.ts';
import type { HostRuling } from './judgeHost.ts';
import { createSteps, type Steps } from './steps.ts';

/** What a discovery is made of; the plan asks each target for an echo and the ports of plan/discovery.ts. */
export interface DiscoveryOptions {
  readonly plan: Plan;
  readonly can: WireCan;
  readonly ownAddresses: ReadonlySet<Ip>;
  /** The reserved source port of a packet wire; 0 on socket wires. */
  readonly srcPort: number;
  /** Told what each received row was, those of our own side and of the link aside. */
  readonly onMatch?: MatchListener | undefined;
}

/** What a run has found when it is over, or when it was stopped. */
export interface DiscoveryResult {
  /** Targets that were not finished. */
  readonly notDone: readonly number[];
  readonly counters: Readonly<DiscoveryCounters>;
}

/** The engine as the loop and the report see it. */
export interface DiscoveryEngine extends Engine<DiscoveryResult> {
  /** Targets whose verdict became final since the last call. */
  takeSettled(): readonly number[];
  /** What is known of a target by now. */
  rulingOf(target: number): HostRuling & { readonly rttMs: number | null };
  progress(): { readonly done: number; readonly total: number; readonly sent: number };
}

/** Requests on the link go to everybody there, and wireless links send such slowly. */
const LINK_RATE_PPS = 5000;

/** Creates the discovery of one run. */
export function createDiscovery(options: DiscoveryOptions): DiscoveryEngine {
  const { plan, can, srcPort, onMatch } = options;
  const context = createDiscoveryContext(plan, can, options.ownAddresses);
  const { hosts, counters } = context;
  const steps = createSteps(context);
  const asking = createAsking(context, steps);
  const matching = createMatchingEngine({ plan, srcPort, controlAt: () => 0 });

  const giveId = createAnswerIds(context);

  const takeSignal = (signals: SignalBatch, row: number, nowMs: number): void => {
    const ownSide = signals.kind[row] === SIGNAL.OWN_SIDE ? signals.ownSide[row] : undefined;
    if (ownSide !== undefined) {
      takeOwnSide(context, steps, ownSide);
      return;
    }
    counters.received += 1;
    if (signals.protocol[row] === PROTO_NEIGHBOUR) {
      takeNeighbour(context, steps, signals, row);
      return;
    }
    const read = matching.read(signals, row);
    if (onMatch !== undefined) {
      if (read === 'matched') giveId(matching.match);
      const isLate = read === 'matched' && hosts.step[matching.match.target]! >= STEP.DONE;
      onMatch(row, isLate ? 'late' : read, matching.match);
    }
    if (read === 'matched') takeMatch(context, steps, matching.match, nowMs);
    else if (read === 'bad-token') counters.badToken += 1;
    else counters.foreign += 1;
  };

  return {
    advance(nowMs) {
      asking.commit();
      steps.expire(nowMs);
      const send = asking.fill(nowMs);
      const isOver = steps.doneCount() >= plan.targets.count && send.count === 0;
      const wakeAtMs = Math.min(steps.wakeAtMs(), asking.nextSendMs(nowMs));
      return { send, wakeAtMs: isOver ? undefined : wakeAtMs };
    },
    receive(signals, nowMs) {
      asking.commit();
      for (let row = 0; row < signals.count; row++) takeSignal(signals, row, nowMs);
    },
    takeSettled: steps.takeSettled,
    rulingOf: (target) => rulingOf(context, target),
    progress: () => ({ done: steps.doneCount(), total: plan.targets.count, sent: counters.sent }),
    result() {
      const notDone: number[] = [];
      for (let target = 0; target < plan.targets.count; target++) {
        if (hosts.step[target] !== STEP.DONE) notDone.push(target);
      }
      return { notDone, counters };
    },
  };
}

function takeOwnSide(context: DiscoveryContext, steps: Steps, said: OwnSide): void {
  const { hosts } = context;
  const { target } = said;
  if (hosts.step[target] === STEP.LOOK) {
    hosts.last.set(target, said);
    steps.finish(target);
  } else if (hosts.step[target] === STEP.ROUTE) {
    hosts.first.set(target, said);
    afterRoute(context, steps, said);
  }
}

function afterRoute({ plan, can, pace }: DiscoveryContext, steps: Steps, said: OwnSide): void {
  const { target, route } = said;
  const asksLink = route === 'on-link' && can.neighbours;
  if (route === 'local' || route === 'none') {
    steps.finish(target);
    return;
  }
  if (route === 'on-link') pace.startLarge();
  if (plan.ratePps === undefined && asksLink) pace.limitRate(LINK_RATE_PPS);
  if (plan.ratePps === undefined && route === 'gateway') pace.limitRate(ROUTED_RATE_PPS);
  steps.goTo(target, asksLink ? STEP.LINK : STEP.ROUND);
}

/** The link has answered, or nobody has. What cannot be asked there is asked as from afar. */
function takeNeighbour(
  { hosts }: DiscoveryContext,
  steps: Steps,
  signals: SignalBatch,
  row: number,
): void {
  const target = signals.tag[row]! - 1;
  if (hosts.step[target] !== STEP.LINK) return;
  const isThere = signals.kind[row] === SIGNAL.NEIGHBOUR;
  const errno = signals.errno[row]!;
  if (!isThere && errno !== ERRNO.EHOSTUNREACH) {
    steps.goTo(target, STEP.ROUND);
    return;
  }
  const sentMs = signals.sentMs[row]!;
  hosts.hasNeighbour[target] = isThere ? 1 : 0;
  if (!isThere) hosts.errno[target] = errno;
  else if (sentMs > 0) hosts.rttMs[target] = signals.atMs[row]! - sentMs;
  steps.finish(target);
}

function takeMatch(context: DiscoveryContext, steps: Steps, match: Match, nowMs: number): void {
  const { hosts, plan, counters } = context;
  const { target, probe } = match;
  counters.matched += 1;
  if (hosts.step[target]! >= STEP.DONE) {
    counters.late += 1;
    return;
  }
  if (noteAnswer(context, match)) {
    steps.finish(target);
    return;
  }
  const way = wayOf(plan, probe);
  // An error may be that of a route that is being found: it is asked again; a reset is not.
  if (match.fromIsTarget) hosts.settled[target]! |= way;
  steps.landed(target, way, nowMs);
}
