/** From step to step: what each host waits for, and what follows when that came or did not. */
import { ANSWER } from '../match/facts.ts';
import { createDeadlines } from '../scan/deadlines.ts';
import { createQueue } from '../scan/queue.ts';
import type { DiscoveryContext } from './context.ts';
import { STEP, WAY, WAYS } from './hostState.ts';

/** The steps of all hosts. */
export interface Steps {
  /** A host is begun: it takes room in the window until it is answered or given up. */
  begin(target: number, nowMs: number): void;
  /** Waits for what was sent, until `untilMs`. */
  wait(target: number, untilMs: number): void;
  /** The step is over: the next one is sent as soon as the pace allows it. */
  goTo(target: number, step: number): void;
  /** These ways of a host are in flight from now on. */
  launch(target: number, ways: number): void;
  /** One of them has come back without proof. */
  landed(target: number, way: number, nowMs: number): void;
  /** Nothing more is asked. */
  finish(target: number): void;
  expire(nowMs: number): void;
  wakeAtMs(): number;
  /** The next host whose step is to be sent, or -1. */
  takeReady(): number;
  readonly hasReady: () => boolean;
  readonly inFlight: () => number;
  readonly doneCount: () => number;
  takeSettled(): readonly number[];
}

const PORTS = WAY.HTTPS | WAY.HTTP | WAY.UDP;
/** What each round asks; what is settled is left out. An echo alone first: most hosts answer it. */
const ROUNDS: readonly number[] = [WAY.ECHO, WAY.ECHO | PORTS, WAY.ECHO | PORTS];
/** Linux reports a neighbour that does not answer after 3.07 s (3 solicitations, 1 s each). */
const LATE_UNREACHABLE_MS = 3400;
/** Timing templates that have the patience for that. */
const MOST_PATIENT_TIMING = 3;

/** What the next round asks of a host; 0: there is none. */
export function waysOf({ plan, can, hosts }: DiscoveryContext, target: number): number {
  const rounds = Math.min(ROUNDS.length, 1 + (plan.retries ?? ROUNDS.length));
  const round = hosts.rounds[target]!;
  if (round >= rounds) return 0;
  const ways = can.echo ? ROUNDS[round]! : PORTS;
  return ways & ~hosts.settled[target]!;
}

/** Creates the steps of a run in which nothing was begun yet. */
export function createSteps(context: DiscoveryContext): Steps {
  const { plan, pace, hosts } = context;
  const timeoutMs = plan.hostTimeoutMs ?? Number.POSITIVE_INFINITY;
  const deadlines = createDeadlines();
  const ready = createQueue();
  let settled: number[] = [];
  let inFlight = 0;
  let doneCount = 0;

  const wait = (target: number, untilMs: number): void => {
    hosts.dueMs[target] = Math.min(untilMs, hosts.startedMs[target]! + timeoutMs);
    deadlines.push(hosts.dueMs[target]!, target);
  };

  /** What was in flight is no longer waited for. */
  const land = (target: number, answered: boolean): void => {
    if (hosts.step[target]! < STEP.ROUND) inFlight -= 1;
    for (const way of WAYS) if ((hosts.inFlight[target]! & way) !== 0) inFlight -= 1;
    hosts.inFlight[target] = 0;
    pace.settled(hosts.cohort[target]!, answered);
    hosts.cohort[target] = 0;
  };

  const end = (target: number, step: number): void => {
    land(target, hosts.answer[target] !== ANSWER.NONE || hosts.hasNeighbour[target] === 1);
    hosts.step[target] = step;
    doneCount += 1;
    if (step === STEP.DONE) settled.push(target);
  };

  const goTo = (target: number, step: number): void => {
    if (step >= STEP.ROUND) land(target, false);
    hosts.step[target] = step;
    hosts.dueMs[target] = Number.POSITIVE_INFINITY;
    ready.push(target);
  };

  const afterRound = (target: number, nowMs: number): void => {
    if (waysOf(context, target) !== 0) {
      goTo(target, STEP.ROUND);
      return;
    }
    const lateMs = hosts.startedMs[target]! + LATE_UNREACHABLE_MS;
    const isPatient = plan.timing <= MOST_PATIENT_TIMING;
    const isTold = hosts.icmpFrom.has(target) || hosts.errno[target] !== 0;
    if (!isPatient || nowMs >= lateMs || isTold) {
      goTo(target, STEP.LOOK);
      return;
    }
    land(target, false);
    hosts.step[target] = STEP.HELD;
    wait(target, lateMs);
  };

  const onTimeout = (target: number, nowMs: number): void => {
    const step = hosts.step[target];
    if (nowMs - hosts.startedMs[target]! >= timeoutMs) end(target, STEP.DROPPED);
    else if (step === STEP.ROUTE || step === STEP.LINK) goTo(target, STEP.ROUND);
    else if (step === STEP.ROUND) afterRound(target, nowMs);
    else if (step === STEP.HELD) goTo(target, STEP.LOOK);
    else end(target, STEP.DONE);
  };

  return {
    begin(target, nowMs) {
      hosts.step[target] = STEP.ROUTE;
      hosts.startedMs[target] = nowMs;
      inFlight += 1;
    },
    wait,
    goTo,
    launch(target, ways) {
      hosts.inFlight[target] = ways;
      for (const way of WAYS) if ((ways & way) !== 0) inFlight += 1;
    },
    landed(target, way, nowMs) {
      if ((hosts.inFlight[target]! & way) === 0) return;
      hosts.inFlight[target]! &= ~way;
      inFlight -= 1;
      const isRoundOver = hosts.inFlight[target] === 0 && hosts.step[target] === STEP.ROUND;
      if (isRoundOver) afterRound(target, nowMs);
    },
    finish: (target) => end(target, STEP.DONE),
    expire(nowMs) {
      while (deadlines.peekMs() <= nowMs) {
        const target = deadlines.pop();
        // Entries are never removed: that of an earlier step is stale.
        const isDue = hosts.step[target]! < STEP.DONE && hosts.dueMs[target]! <= nowMs;
        if (isDue) onTimeout(target, nowMs);
      }
    },
    wakeAtMs: () => deadlines.peekMs(),
    takeReady() {
      // One whose answer has come meanwhile needs nothing more.
      while (ready.size() > 0) {
        const target = ready.shift();
        if (hosts.step[target]! < STEP.DONE) return target;
      }
      return -1;
    },
    hasReady: () => ready.size() > 0,
    inFlight: () => inFlight,
    doneCount: () => doneCount,
    takeSettled() {
      const taken = settled;
      settled = [];
      return taken;
    },
  };
}
