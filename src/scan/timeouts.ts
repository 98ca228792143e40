/** How long each probe in flight is waited for. */
import { PROTO_TCP } from '../batch.ts';
import { ANSWER } from '../match/facts.ts';
import type { ScanContext } from './context.ts';
import { createDeadlines } from './deadlines.ts';
import { LOOK_AHEAD } from './lookAhead.ts';
import { F64, PHASE, U8 } from './probeState.ts';
import { isNextHopSilent } from './targetState.ts';

/** The deadlines of probes in flight. */
export interface Timeouts {
  /** Starts the clock of an attempt, by what is known of its target. */
  start(probe: number, target: number, protocol: number, nowMs: number): void;
  /** Waits for a probe until `atMs`. */
  arm(probe: number, atMs: number): void;
  /** Calls `onTimeout` for every probe whose time has come, and `onLook` for those whose time it is not yet. */
  expire(nowMs: number, onTimeout: (probe: number) => void, onLook: (probe: number) => void): void;
  /** Earliest time at which expire has something to do, or Infinity. */
  wakeAtMs(): number;
}

/** The longest wait for an attempt, in timeouts of the first. */
const MAX_BACK_OFF = 4;

/** Creates the timeouts of a run. */
export function createTimeouts(context: ScanContext): Timeouts {
  const { plan, can, template, probes, targets, rtt } = context;
  const { space } = plan;
  const deadlines = createDeadlines();
  const taken = new Uint32Array(LOOK_AHEAD);

  /**
   * Where packets are lost the attempts are spread (RFC 6298 section 5.5): losses come together, and a Linux host repeats a
   * SYN-ACK for a second SYN every 500 ms at most (net.ipv4.tcp_invalid_ratelimit).
   */
  const backOff = (probe: number): number =>
    context.counters.answeredLate === 0
      ? 1
      : Math.min(MAX_BACK_OFF, 2 ** (probes.attempts[probe * U8]! - 1));

  /** A target that is silent so far may be asked again sooner than it is given up (outcomes.ts). */
  const waitMs = (probe: number, target: number, protocol: number): number => {
    const onceMs = targets.alive[target] === 0 ? rtt.askAgainMs(target) : rtt.rtoMs(target);
    const rtoMs = onceMs * backOff(probe);
    return protocol === PROTO_TCP ? Math.max(rtoMs, can.tcpSilenceMs) : rtoMs;
  };

  /** A timeout set before the target's first answer is looked at again, in doubling steps: the answer may shorten it. */
  const nextLookMs = (probe: number, nowMs: number): number =>
    nowMs + Math.max(template.minRtoMs, nowMs - probes.lastSentMs[probe * F64]!);

  /** When the attempt in flight is given up, by what is known of the target by now. */
  const dueMs = (probe: number, nowMs: number): number => {
    const untilMs = probes.waitedUntilMs[probe * F64]!;
    const target = space.targetOf(probe);
    const isHeld = probes.phase[probe] === PHASE.HELD;
    if (isHeld && probes.answer[probe * U8] === ANSWER.WINDOWLESS) return untilMs;
    // What waits for its next hop is not on its way, and fills no window.
    if (!isHeld && isNextHopSilent(targets, target)) return nowMs;
    if (isHeld && rtt.srttMs(target) < 0) return untilMs;
    const rtoMs = waitMs(probe, target, space.protocolOf(probe));
    return Math.min(untilMs, probes.lastSentMs[probe * F64]! + rtoMs);
  };

  const arm = (probe: number, atMs: number): void => {
    probes.waitedUntilMs[probe * F64] = atMs;
    deadlines.push(Math.min(atMs, nextLookMs(probe, probes.lastSentMs[probe * F64]!)), probe);
  };

  /** Entries are never removed: that of an answered or newer attempt is stale. */
  const isWaitedFor = (probe: number): boolean =>
    probes.phase[probe] === PHASE.IN_FLIGHT || probes.phase[probe] === PHASE.HELD;

  /** Takes entries that are due and not stale into `taken`, and returns how many. Their phases come from memory side by side. */
  const takeDue = (nowMs: number): number => {
    let due = 0;
    while (due < LOOK_AHEAD && deadlines.peekMs() <= nowMs) taken[due++] = deadlines.pop();
    let count = 0;
    for (let i = 0; i < due; i++) if (isWaitedFor(taken[i]!)) taken[count++] = taken[i]!;
    return count;
  };

  const expireOne = (
    probe: number,
    nowMs: number,
    onTimeout: (probe: number) => void,
    onLook: (probe: number) => void,
  ): void => {
    const due = dueMs(probe, nowMs);
    if (due > nowMs) {
      deadlines.push(Math.min(due, nextLookMs(probe, nowMs)), probe);
      onLook(probe);
    } else {
      probes.waitedUntilMs[probe * F64] = nowMs;
      onTimeout(probe);
    }
  };

  return {
    start(probe, target, protocol, nowMs) {
      probes.lastSentMs[probe * F64] = nowMs;
      if (probes.attempts[probe * U8] === 1) probes.firstSentMs[probe * F64] = nowMs;
      arm(probe, nowMs + waitMs(probe, target, protocol));
    },
    arm,
    expire(nowMs, onTimeout, onLook) {
      while (deadlines.peekMs() <= nowMs) {
        const count = takeDue(nowMs);
        for (let i = 0; i < count; i++) {
          const probe = taken[i]!;
          // What became of those before it may have ended it too.
          if (isWaitedFor(probe)) expireOne(probe, nowMs, onTimeout, onLook);
        }
      }
    },
    wakeAtMs: () => deadlines.peekMs(),
  };
}
