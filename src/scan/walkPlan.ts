/** Which ports the next round of a walk asks. */
import type { WaitingPorts } from './waitingPorts.ts';
import type { WalkCanaries } from './walkCanaries.ts';
import { FAST_PROBE_GAP_MS, type WalkPace } from './walkPace.ts';
import { createRound, FRONT_GAP_MS, type WalkRound } from './walkRound.ts';

/** What a round is planned from. */
export interface RoundPlanning {
  readonly ports: WaitingPorts;
  readonly canaries: WalkCanaries;
  readonly pace: WalkPace;
  /** Uniform in [0, 1), seeded. */
  readonly random: () => number;
}

/** The plans of one own address. */
export interface WalkPlan {
  /** The next round; some port must wait, and be asked by nobody else. `sinceMs`: how long nothing was asked. */
  next(nowMs: number, sinceMs: number): WalkRound;
}

/** Pace inside a round where most may be closed, ms: 3,000/s. */
const PLAIN_GAP_MS = 0.3;
/** Suspects that are asked before the others of a plain round, whose answers speak for them at no cost of a token. */
const MAX_SUSPECTS = 16;
/** A round of proof: as many as leave in this share of the limiter's gap, within bounds. */
const PROOF_SHARE = 0.05;
const MIN_PROOF = 16;
const MAX_PROOF = 500;
/** After so many rounds without an answer, and an answer overdue, the ports that wait are likely to be silent. */
const DRY_TO_PROVE = 2;
/** Known closed ports among the silent ones of a mixed round, and how many of those there may be. */
const MIXED_CANARIES = 32;
const MIN_MIXED_CANARIES = 8;
const MAX_MIXED = 300;

/** Creates the plans of one own address. */
export function createWalkPlan({ ports, canaries, pace, random }: RoundPlanning): WalkPlan {
  const { limit } = pace;

  /** Limiters that answer at once: a silent port is compared with closed ones that were asked among the silent. */
  const planMixed = (): WalkRound => {
    const silent = ports.take(MAX_MIXED);
    const mixed = canaries.take(MIXED_CANARIES);
    const all = [...silent, ...mixed];
    // Fisher and Yates: by chance, so that a canary stands for any port.
    for (let index = all.length - 1; index > 0; index--) {
      const other = Math.floor(random() * (index + 1));
      [all[index], all[other]] = [all[other]!, all[index]!];
    }
    // Canaries come at half of the limiter's rate: the others take no token.
    const gapMs = Math.max(pace.mixedGapMs(), (2 * limit.gapMs() * mixed.length) / all.length);
    const isCanary = (index: number): boolean => canaries.has(all[index]!);
    return createRound('mixed', all, isCanary, { gapMs, sinceMs: 0, isSure: false });
  };

  /** Ports that are likely to be silent, and behind them a closed one that shows whether there was a token. */
  const planProof = (sinceMs: number, isSure: boolean): WalkRound => {
    const most = Math.floor((PROOF_SHARE * limit.gapMs()) / FRONT_GAP_MS);
    const silent = ports.take(Math.min(MAX_PROOF, Math.max(MIN_PROOF, most)));
    const isCanary = (index: number): boolean => index === silent.length;
    const all = [...silent, ...canaries.take(1)];
    const suspects = silent.findIndex((probe) => !ports.isSuspect(probe));
    const front = suspects < 0 ? silent.length : suspects;
    const gapMs = silent.length - front > MIN_PROOF ? FRONT_GAP_MS : PLAIN_GAP_MS;
    return createRound('proof', all, isCanary, { gapMs, front, sinceMs, isSure });
  };

  const planPlain = (sinceMs: number, isSure: boolean): WalkRound => {
    const isFast = limit.isFast();
    const suspects = isFast ? [] : ports.takeSuspects(MAX_SUSPECTS);
    const all = [
      ...suspects,
      ...(isFast ? ports.take(pace.size()) : ports.takeOthers(pace.size())),
    ];
    const gapMs = isFast ? FAST_PROBE_GAP_MS : PLAIN_GAP_MS;
    const times = { gapMs, front: suspects.length, sinceMs, isSure };
    return createRound('plain', all, () => false, times);
  };

  return {
    next(nowMs, sinceMs) {
      const isFast = limit.isFast();
      const isSilent = pace.isProving() || pace.dry() > 0 || ports.size() <= MIXED_CANARIES;
      if (isFast && isSilent && canaries.size() >= MIN_MIXED_CANARIES) return planMixed();
      const isSure = pace.isSure(nowMs);
      const isOverdue = pace.dry() >= DRY_TO_PROVE && pace.isOverdue(nowMs);
      const mayBeSilent = pace.isProving() || isOverdue || ports.size() <= MIN_PROOF;
      if (mayBeSilent && canaries.size() > 0) return planProof(sinceMs, isSure);
      return planPlain(sinceMs, isSure);
    },
  };
}
