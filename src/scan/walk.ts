/**
 * The certified walk over the silent ports of one target: asks them again at the pace of the target's ICMP limiter, until
 * each has answered or its silence is proven not to be a want of tokens.
 *
 * Pure: it is told the time, what left and what was answered. Nothing here is the size of the run.
 */
import type { IcmpLimit } from '../timing/icmpLimit.ts';
import { createSilenceEvidence, type Trials } from './silenceEvidence.ts';
import type { SourceTest } from './sourceTest.ts';
import { createWaitingPorts, type Rank } from './waitingPorts.ts';
import { createWalkBucket, type WalkBucket } from './walkBucket.ts';
import { createWalkCanaries } from './walkCanaries.ts';
import { createWalkPace, type WalkStart } from './walkPace.ts';
import { createWalkPlan } from './walkPlan.ts';
import { createWalkProofs, type FinalSilence } from './walkProofs.ts';
import { evaluateRound, type WalkRound } from './walkRound.ts';
import { createWalkSources, type LimiterScope } from './walkSources.ts';

/** What a walk is made with. */
export interface WalkOptions extends Omit<WalkStart, 'askers' | 'gapMs'> {
  /** Our own addresses that it may ask from, numbered from 0; the ports were asked from the first one. */
  readonly sources: number;
  /** Nats against "closed" that a silence needs: ln(ports of the run / accepted chance of one wrong). */
  readonly markNats: number;
  /** Smoothed round-trip time of the target, ms; negative without one. */
  readonly srttMs: () => number;
  /** An earlier walk over the target, by which its limit and the losses on the way are known. */
  readonly after?: Walk;
  /** What may still be learned has to leave each proof as it is. */
  readonly isCautious?: true;
}

/** A probe that is due, and the place of the own address to ask from. */
export interface Walked {
  readonly probe: number;
  readonly source: number;
}

/** The walk over one target. */
export interface Walk {
  /** A port that was silent. */
  add(probe: number, rank: Rank): void;
  /** A port that is known to be closed by an error of the limiter. */
  addCanary(probe: number): void;
  /** The next probe that is due, or null. */
  take(nowMs: number): Walked | null;
  sent(probe: number, atMs: number): void;
  /** Our own side did not send it. */
  unsent(probe: number): void;
  /** An error of the limiter came for a probe. `isLatest` is false where it surely answers an earlier attempt. */
  answered(probe: number, atMs: number, isLatest: boolean): void;
  /** The port was decided otherwise, by an answer of its own. */
  gone(probe: number): void;
  /** Draws conclusions that are due. */
  advance(nowMs: number): void;
  /** Ports whose silence is final, with what is known of it; each is handed out once. */
  takeFinal(): readonly FinalSilence[];
  /** When there is something to send or to conclude, ms; Infinity when the walk has ended. */
  wakeAtMs(): number;
  /** Whether a probe is asked as one that is known to be closed. */
  isCanary(probe: number): boolean;
  /** Ports that are not final, and those of them that were named before ranges. */
  readonly waiting: () => number;
  readonly namedWaiting: () => number;
  /** Of the first of our addresses. */
  readonly limit: IcmpLimit;
  /** Of our addresses, those that are asked from now. */
  readonly askers: () => number;
  /** Whose limit it is, where several of our addresses were tried. */
  readonly scope: () => LimiterScope;
  readonly trials: () => Trials;
}

/** Answers are waited for at least so long, ms: scheduling noise of both machines. */
const MIN_WAIT_MS = 30;
const WAIT_SRTTS = 4;
const FOREVER_MS: number = Number.POSITIVE_INFINITY;

/** Creates the walk of one target, with nothing to do yet. */
export function createWalk(options: WalkOptions): Walk {
  const { markNats, random, after } = options;
  const evidence = createSilenceEvidence(after?.trials());
  const ports = createWaitingPorts();
  const canaries = createWalkCanaries();
  const buckets: WalkBucket[] = [];

  const waitMs = (): number => Math.max(MIN_WAIT_MS, WAIT_SRTTS * options.srttMs());

  const addBucket = (source: number, start: Omit<WalkStart, 'random' | 'askers'>): WalkBucket => {
    const pace = createWalkPace({ ...start, random, askers: () => buckets.length });
    const plan = createWalkPlan({ ports, canaries, pace, random });
    const bucket = createWalkBucket({ source, pace, plan, ports, waitMs });
    buckets.push(bucket);
    return bucket;
  };
  const first = addBucket(
    0,
    after === undefined ? options : { ...options, gapMs: after.limit.gapMs() },
  );
  const { limit } = first.pace;
  const sources = createWalkSources({
    ...{ count: options.sources, first, ports, canaries, waitMs },
    inUse: () => buckets.length,
  });

  const gapMs = (): number => shortestGapMs(buckets);
  const score = options.isCautious ? evidence.cautiousScore : evidence.score;
  const proofs = createWalkProofs({ evidence: { ...evidence, score }, ports, gapMs, markNats });

  const evaluate = (done: WalkRound, bucket: WalkBucket, nowMs: number): void => {
    const result = evaluateRound(done, evidence, ports.isWaiting);
    const lateUntilMs = bucket.lastSentMs() + waitMs();
    const isFree = done.kind === 'plain';
    const lastToken = done.answered.lastIndexOf(1);
    for (const [index, probe] of done.probes.entries()) {
      if (done.isCanary[index] === 1) canaries.giveBack(probe);
      if (!ports.isWaiting(probe)) continue;
      proofs.sort(probe, { lateUntilMs, isSuspect: index < lastToken, isFree });
    }
    bucket.pace.learn(done.kind, result, nowMs);
    if (result.tokens > 0) proofs.learned(lateUntilMs);
  };

  const lastSentMs = (): number => Math.max(...buckets.map((bucket) => bucket.lastSentMs()));

  const leave = (probe: number): void => {
    ports.remove(probe);
    evidence.refute(probe, gapMs());
  };

  /** Whether a port waits that nobody is asking. */
  const hasIdle = (): boolean =>
    ports.size() > buckets.reduce((sum, bucket) => sum + bucket.asks(), sources.asks());

  /** The first address is silent while a test needs its limiter empty. */
  const isHeld = ({ source }: WalkBucket): boolean => source === 0 && sources.holdsFirst();

  const wakeOfRoundsMs = (): number => {
    const mayBegin = buckets.some((bucket) => !bucket.isAsking()) && hasIdle();
    const roundsMs = buckets.map((bucket) =>
      bucket.isAsking() || (mayBegin && !isHeld(bucket)) ? bucket.wakeAtMs() : FOREVER_MS,
    );
    const isBusy = sources.test() !== null || buckets.some((bucket) => bucket.isAsking());
    if (isBusy || ports.size() > 0) return Math.min(sources.wakeAtMs(), ...roundsMs);
    return ports.proven().length > 0 ? lastSentMs() + waitMs() : FOREVER_MS;
  };

  return {
    add: ports.add,
    addCanary: canaries.add,
    take(nowMs) {
      sources.begin(nowMs);
      const tested = takeOf(sources.test(), nowMs);
      if (tested !== null) return tested;
      for (const bucket of buckets) {
        const probe = bucket.take(nowMs, () => !isHeld(bucket) && hasIdle());
        if (probe >= 0) return { probe, source: bucket.source };
      }
      return null;
    },
    sent(probe, atMs) {
      sources.test()?.sent(probe, atMs);
      for (const bucket of buckets) bucket.sent(probe, atMs);
    },
    unsent(probe) {
      for (const bucket of buckets) bucket.unsent(probe);
    },
    answered(probe, atMs, isLatest) {
      const isKnown = canaries.has(probe);
      if (isLatest) sources.test()?.answered(probe);
      for (const bucket of buckets) bucket.answered(probe, atMs, isLatest ? 1 : 2);
      if (isKnown) return;
      leave(probe);
      canaries.add(probe);
    },
    gone(probe) {
      for (const bucket of buckets) bucket.answered(probe, 0, 2);
      ports.remove(probe);
    },
    advance(nowMs) {
      const source = sources.end(nowMs);
      if (source > 0) addBucket(source, { startedMs: nowMs, lastAnswerMs: nowMs, answers: 0 });
      for (const bucket of buckets) {
        const done = bucket.takeDone(nowMs);
        if (done !== null) evaluate(done, bucket, nowMs);
      }
      proofs.advance(nowMs);
      if (sources.test() !== null || buckets.some((bucket) => bucket.isAsking())) return;
      if (buckets.every(({ pace }) => pace.hasStopped(nowMs))) proofs.stop();
      if (ports.size() > 0) return;
      // By what is known now, and when late answers have had their time.
      proofs.review();
      if (ports.size() === 0 && nowMs >= lastSentMs() + waitMs()) proofs.conclude();
    },
    takeFinal: proofs.takeFinal,
    wakeAtMs() {
      if (proofs.hasFinal()) return Number.NEGATIVE_INFINITY;
      return Math.min(proofs.wakeAtMs(), wakeOfRoundsMs());
    },
    isCanary: canaries.has,
    waiting: ports.undecided,
    namedWaiting: ports.namedUndecided,
    limit,
    askers: () => buckets.length,
    scope: sources.scope,
    trials: evidence.trials,
  };
}

/** The shortest gap of those that were seen: a refill during a race is then rather thought too likely. */
function shortestGapMs(buckets: readonly WalkBucket[]): number {
  const limits = buckets.map(({ pace }) => pace.limit);
  const seen = limits.filter((limit) => limit.gaps() > 0);
  return Math.min(...(seen.length > 0 ? seen : limits).map((limit) => limit.gapMs()));
}

function takeOf(test: SourceTest | null, nowMs: number): Walked | null {
  const at = test?.take(nowMs) ?? -1;
  return test === null || at < 0 ? null : { probe: test.probes[at]!, source: test.from[at]! };
}
