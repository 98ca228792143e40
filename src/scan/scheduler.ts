/**
 * The scheduler: which probe is asked next, how long it is waited for, when it is asked again, when it is enough.
 *
 * An engine in the sense of model.ts: it reads no clock and touches no socket. Every probe goes WAITING -> IN_FLIGHT ->
 * (WAITING again, or HELD) -> DONE -> SETTLED; a target whose probes are all done is closed (closing.ts), and its
 * verdicts are handed out.
 */
import { PROTO_TCP, SIGNAL, type SignalBatch } from '../batch.ts';
import { ERRNO } from '../errno.ts';
import { ANSWER } from '../match/facts.ts';
import { icmpMeaning } from '../match/icmpMeaning.ts';
import { createMatchingEngine } from '../match/matchingEngine.ts';
import type { Engine, Ip, Judgement, Plan, WireCan } from '../model.ts';
import { createPace } from '../timing/pace.ts';
import { createRttTable } from '../timing/rtt.ts';
import { ROUTED_RATE_PPS, TIMING_TEMPLATES } from '../timing/templates.ts';
import { createClosing } from './closing.ts';
import { createCounters, type ScanContext, type ScanCounters } from './context.ts';
import { createDeadlines } from './deadlines.ts';
import { noteAnswer, noteTarget } from './evidence.ts';
import { judgeProbe } from './judging.ts';
import { createProbeState, PHASE } from './probeState.ts';
import { createSender } from './sender.ts';
import { createTargetState } from './targetState.ts';

export interface ScanOptions {
  readonly plan: Plan;
  readonly can: WireCan;
  readonly ownAddresses: ReadonlySet<Ip>;
  /** The reserved source port of a packet wire; 0 on socket wires. */
  readonly srcPort: number;
}

export interface ScanProgress {
  readonly done: number;
  readonly total: number;
  readonly sent: number;
}

export interface ScanResult {
  /** Probes that have a verdict, in the order of the plan. */
  readonly settled: readonly number[];
  /** Probes that were not finished: host timeout, or the run was stopped. */
  readonly notDone: readonly number[];
  /** Control ports that the tool chose itself. */
  readonly controls: readonly { readonly target: number; readonly port: number }[];
  readonly alive: (target: number) => boolean;
  readonly counters: Readonly<ScanCounters>;
}

export interface ScanEngine extends Engine<ScanResult> {
  /** Probes whose verdict became final since the last call. */
  takeSettled(): readonly number[];
  judgementOf(probe: number): Judgement;
  progress(): ScanProgress;
}

/** How often a send that our own kernel refused for want of room is tried again before that is the verdict. */
const MAX_LOCAL_RETRIES = 50;
const LOCAL_RETRY_MS = 20;
/** How long a connection without a send window is watched, ms: the time that a proxy takes to reach its backend. */
const HOLD_MS = 1000;
/** Linux routers report a dead next hop after 3.07 s (methods.md A1); only a target that never answered is waited for. */
const LATE_UNREACHABLE_MS = 3400;
/** How often host timeouts are looked at, ms: it walks over all targets. */
const HOST_CHECK_MS = 50;
/** Runs from this size on ask for the route first, to choose the rate. */
const ROUTE_MATTERS_PROBES = 1000;

/** errnos that say "no room at the moment", not "no". */
const WANT_OF_ROOM: ReadonlySet<number> = new Set([
  ERRNO.EAGAIN,
  ERRNO.ENOBUFS,
  ERRNO.EMFILE,
  ERRNO.ENFILE,
  ERRNO.EADDRNOTAVAIL,
]);

export function createScheduler(options: ScanOptions): ScanEngine {
  const { plan, can } = options;
  const { space } = plan;
  const template = TIMING_TEMPLATES[plan.timing]!;
  const context: ScanContext = {
    plan,
    can,
    ownAddresses: options.ownAddresses,
    template,
    probes: createProbeState(space.count),
    targets: createTargetState(plan.targets.count),
    rtt: createRttTable(plan.targets.count, template),
    pace: createPace({ template, ratePps: plan.ratePps }),
    counters: createCounters(),
  };
  const { probes, targets, rtt, pace, counters } = context;
  const deadlines = createDeadlines();
  const unsettled = new Map<number, number[]>();
  const needsOwnSide = new Uint8Array(plan.targets.count);
  const localRetries = new Map<number, number>();
  let settled: number[] = [];
  let doneCount = 0;
  let highestAnswered = 1;
  let hostCheckMs = 0;

  for (const group of plan.groups) {
    const ports = group.tcpPorts.length + group.udpPorts.length;
    targets.remaining.fill(ports, group.firstTarget, group.firstTarget + group.targetCount);
  }

  const waitMs = (probe: number, target: number): number => {
    const rtoMs = rtt.rtoMs(target);
    return space.protocolOf(probe) === PROTO_TCP ? Math.max(rtoMs, can.tcpSilenceMs) : rtoMs;
  };

  const sender = createSender(context, {
    onSent(probe, target, nowMs) {
      if (Number.isNaN(targets.startedMs[target]!)) targets.startedMs[target] = nowMs;
      probes.lastSentMs[probe] = nowMs;
      if (probes.attempts[probe] === 1) probes.firstSentMs[probe] = nowMs;
      arm(probe, nowMs + waitMs(probe, target));
    },
  });

  const settle = (probe: number): void => {
    probes.phase[probe] = PHASE.SETTLED;
    settled.push(probe);
  };

  const closing = createClosing(context, sender, (_target, waiting) => {
    for (const probe of waiting) settle(probe);
  });

  const matching = createMatchingEngine({
    plan,
    srcPort: options.srcPort,
    controlAt: closing.controlAt,
  });

  if (space.count >= ROUTE_MATTERS_PROBES && plan.ratePps === undefined) sender.inquire(0);

  function arm(probe: number, atMs: number): void {
    probes.waitedUntilMs[probe] = atMs;
    deadlines.push(Math.min(atMs, nextLookMs(probe, probes.lastSentMs[probe]!)), probe);
  }

  /** A timeout set before the target's first answer is looked at again, in doubling steps: the answer may shorten it. */
  function nextLookMs(probe: number, nowMs: number): number {
    const waitedMs = nowMs - probes.lastSentMs[probe]!;
    return nowMs + Math.max(template.minRtoMs, waitedMs);
  }

  /** When the attempt in flight is given up, by what is known of the target by now. */
  const dueMs = (probe: number, target: number): number => {
    const untilMs = probes.waitedUntilMs[probe]!;
    if (probes.phase[probe] !== PHASE.IN_FLIGHT || rtt.srttMs(target) < 0) return untilMs;
    return Math.min(untilMs, probes.lastSentMs[probe]! + waitMs(probe, target));
  };

  /** Ends the attempt in flight, for the pace. */
  const release = (probe: number, answered: boolean): void => {
    if (probes.phase[probe] !== PHASE.IN_FLIGHT) return;
    sender.release(probe);
    const cohort = probes.cohort[probe]!;
    probes.cohort[probe] = 0;
    pace.settled(cohort, answered && probes.attempts[probe] === 1);
  };

  /** Nothing more is asked of this probe. */
  const finish = (probe: number, nowMs: number): void => {
    const target = space.targetOf(probe);
    const answer = probes.answer[probe]!;
    probes.phase[probe] = PHASE.DONE;
    doneCount += 1;
    if (isFinalAtOnce(probe, answer)) settle(probe);
    else {
      const waiting = unsettled.get(target);
      if (waiting === undefined) unsettled.set(target, [probe]);
      else waiting.push(probe);
      if (wantsOwnSide(probe, answer)) needsOwnSide[target] = 1;
    }
    targets.remaining[target]! -= 1;
    if (targets.remaining[target] === 0) closeTarget(target, nowMs);
  };

  const closeTarget = (target: number, nowMs: number): void => {
    const waiting = unsettled.get(target);
    if (waiting === undefined && closing.active() === 0) return;
    unsettled.delete(target);
    closing.begin(target, waiting ?? [], needsOwnSide[target] === 1, nowMs);
  };

  const fromOwnAddress = (probe: number): boolean => {
    const ref = probes.from[probe]!;
    return ref > 1 && context.ownAddresses.has(probes.senderOf(ref));
  };

  /** Answers that nothing found out later can change. */
  const isFinalAtOnce = (probe: number, answer: number): boolean =>
    answer >= ANSWER.SYN_ACK || (answer === ANSWER.ICMP && !fromOwnAddress(probe));

  const wantsOwnSide = (probe: number, answer: number): boolean =>
    answer === ANSWER.NONE ||
    answer === ANSWER.SEND_FAILED ||
    answer === ANSWER.STRANGER ||
    (answer === ANSWER.RESET && can.resetKnown && !can.packets) ||
    (answer === ANSWER.ICMP && fromOwnAddress(probe));

  const allowedAttempts = (): number => {
    if (plan.retries !== undefined) return 1 + plan.retries;
    return 1 + Math.min(template.maxRetries, Math.max(template.retries, highestAnswered));
  };

  /** One transient unreachable is no verdict yet: it is asked once more. */
  const isTransient = (probe: number): boolean => {
    const target = space.targetOf(probe);
    if (probes.answer[probe] !== ANSWER.ICMP || probes.attempts[probe]! > 1) return false;
    if (allowedAttempts() === 1 || fromOwnAddress(probe)) return false;
    const family = plan.targets.families[target] === 6 ? 6 : 4;
    const meaning = icmpMeaning(family, probes.icmpType[probe]!, probes.icmpCode[probe]!);
    return meaning.kind === 'state' && meaning.transient;
  };

  const onTimeout = (probe: number, nowMs: number): void => {
    const target = space.targetOf(probe);
    if (probes.phase[probe] === PHASE.HELD) {
      finish(probe, nowMs);
      return;
    }
    const lateMs = targets.startedMs[target]! + LATE_UNREACHABLE_MS;
    const last = probes.attempts[probe]! >= allowedAttempts();
    const mayStillCome = targets.alive[target] === 0 && probes.answer[probe] === ANSWER.NONE;
    if (last && mayStillCome && plan.timing <= 3 && nowMs < lateMs) {
      arm(probe, lateMs);
      return;
    }
    release(probe, false);
    if (last || targets.expired[target] === 1) finish(probe, nowMs);
    else sender.retry(probe);
  };

  const expire = (nowMs: number): void => {
    while (deadlines.peekMs() <= nowMs) {
      const probe = deadlines.pop();
      const phase = probes.phase[probe];
      if (phase !== PHASE.IN_FLIGHT && phase !== PHASE.HELD) continue;
      const due = dueMs(probe, space.targetOf(probe));
      if (due <= nowMs) {
        probes.waitedUntilMs[probe] = nowMs;
        onTimeout(probe, nowMs);
      } else deadlines.push(Math.min(due, nextLookMs(probe, nowMs)), probe);
    }
  };

  /** Want of room at home is back-pressure: the attempt does not count. */
  const onWantOfRoom = (probe: number, errno: number, nowMs: number): boolean => {
    const tries = (localRetries.get(probe) ?? 0) + 1;
    if (tries > MAX_LOCAL_RETRIES) return false;
    localRetries.set(probe, tries);
    if (errno === ERRNO.EMFILE || errno === ERRNO.ENFILE) sender.lowerTcpLimit();
    probes.attempts[probe]! -= 1;
    arm(probe, nowMs + LOCAL_RETRY_MS);
    return true;
  };

  const onAnswer = (nowMs: number): void => {
    const { match } = matching;
    const { probe } = match;
    noteTarget(context, match);
    if (match.tag !== 0) {
      closing.answered(match.tag, match.answer, nowMs);
      return;
    }
    const phase = probes.phase[probe]!;
    if (phase >= PHASE.DONE) {
      counters.late += 1;
      // A verdict that is out stays; one that is not may still learn from a late answer.
      if (phase === PHASE.DONE) noteAnswer(context, match);
      return;
    }
    if (match.answer === ANSWER.SEND_FAILED && WANT_OF_ROOM.has(match.errno)) {
      if (onWantOfRoom(probe, match.errno, nowMs)) return;
    }
    if (!noteAnswer(context, match)) return;
    if (match.answer === ANSWER.STRANGER) return;
    counters.answered += 1;
    if (probes.attempts[probe]! > 1) {
      counters.answeredLate += 1;
      highestAnswered = Math.max(highestAnswered, probes.attempts[probe]!);
    }
    release(probe, match.answer !== ANSWER.SEND_FAILED);
    if (match.answer === ANSWER.WINDOWLESS && !can.packets) {
      probes.phase[probe] = PHASE.HELD;
      arm(probe, nowMs + HOLD_MS);
    } else if (isTransient(probe)) {
      sender.retry(probe);
    } else {
      if (match.answer === ANSWER.RESET) closing.noteReset(match.target, nowMs);
      finish(probe, nowMs);
    }
  };

  /** Gives up what a target with a host timeout has not answered by now. */
  const expireTargets = (nowMs: number): void => {
    if (plan.hostTimeoutMs === undefined || nowMs < hostCheckMs) return;
    hostCheckMs = nowMs + HOST_CHECK_MS;
    let newlyExpired = false;
    for (let target = 0; target < plan.targets.count; target++) {
      if (targets.expired[target] === 1 || targets.remaining[target] === 0) continue;
      if (!(nowMs - targets.startedMs[target]! >= plan.hostTimeoutMs)) continue;
      targets.expired[target] = 1;
      newlyExpired = true;
    }
    if (!newlyExpired) return;
    for (let probe = 0; probe < space.count; probe++) {
      const target = space.targetOf(probe);
      if (targets.expired[target] !== 1 || probes.phase[probe]! >= PHASE.DONE) continue;
      release(probe, false);
      probes.phase[probe] = PHASE.DROPPED;
      doneCount += 1;
      targets.remaining[target]! -= 1;
      if (targets.remaining[target] === 0) closeTarget(target, nowMs);
    }
  };

  const wakeAtMs = (nowMs: number): number | undefined => {
    const idle = sender.inFlight() === 0 && !sender.hasPending() && closing.active() === 0;
    if (idle && deadlines.size() === 0) return undefined;
    if (idle && doneCount >= space.count) return undefined;
    const hostCheck = plan.hostTimeoutMs === undefined ? Number.POSITIVE_INFINITY : hostCheckMs;
    const timer = Math.min(deadlines.peekMs(), closing.wakeAtMs(), hostCheck);
    if (!sender.hasPending()) return timer;
    if (sender.isBatchFull()) return nowMs;
    return Math.min(timer, pace.nextSendMs(nowMs, sender.inFlight()));
  };

  return {
    advance(nowMs) {
      sender.commit();
      expire(nowMs);
      expireTargets(nowMs);
      closing.advance(nowMs);
      const send = sender.fill(nowMs);
      return { send, wakeAtMs: wakeAtMs(nowMs) };
    },
    receive(signals, nowMs) {
      sender.commit();
      for (let row = 0; row < signals.count; row++) {
        counters.received += 1;
        if (signals.kind[row] === SIGNAL.OWN_SIDE) {
          const said = signals.ownSide[row];
          if (said === undefined) continue;
          if (said.route === 'gateway' && plan.ratePps === undefined) {
            pace.limitRate(ROUTED_RATE_PPS);
          }
          closing.ownSide(said, nowMs);
          continue;
        }
        const read = matching.read(signals, row);
        if (read === 'matched') {
          counters.matched += 1;
          onAnswer(nowMs);
        } else if (read === 'bad-token') counters.badToken += 1;
        else counters.foreign += 1;
      }
    },
    takeSettled() {
      const taken = settled;
      settled = [];
      return taken;
    },
    judgementOf: (probe) => judgeProbe(context, probe),
    progress: () => ({ done: doneCount, total: space.count, sent: counters.sent }),
    result() {
      const finished: number[] = [];
      const notDone: number[] = [];
      for (let probe = 0; probe < space.count; probe++) {
        const phase = probes.phase[probe]!;
        if (phase === PHASE.SETTLED || phase === PHASE.DONE) finished.push(probe);
        else notDone.push(probe);
      }
      return {
        settled: finished,
        notDone,
        controls: closing.controls().map(({ target, port }) => ({ target, port })),
        alive: (target) => targets.alive[target] === 1,
        counters,
      };
    },
  };
}
