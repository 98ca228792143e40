/**
 * A discrete-event trial of the certified walk: a host with a limiter, a path that loses and reorders, and no wire. The walk
 * itself is the product's; everything here knows the truth.
 */

import { createDeadlines } from '../../src/scan/deadlines.ts';
import { RANK } from '../../src/scan/waitingPorts.ts';
import { createWalk } from '../../src/scan/walk.ts';
import type { LimiterScope } from '../../src/scan/walkSources.ts';
import { createLimiter } from '../../src/sim/limiter.ts';
import { createRandom, type Random } from '../../src/sim/random.ts';

/** Whether an ICMP error may leave at this time, to one of our addresses by its place; asking it takes the token. */
export type Allow = (nowMs: number, source: number) => boolean;

/** The limiters of methods A1, by name. */
export const LIMITERS: Readonly<Record<string, (random: Random) => Allow>> = {
  none: () => () => true,
  'linux v4': (random) => linux(1000, random),
  'linux v6': (random) => linux(100, random),
  'linux v6, /64 before 2026': (random) => linux(250, random),
  'linux, global bucket alone': (random) => linux(0, random, true),
  'bucket of 1, 500 ms': () => bucket(500, 1),
  'bucket of 10, 100 ms': () => bucket(100, 10),
  'bucket of 6, 2 s': () => bucket(2000, 6),
  'window of 200 in 1 s': () => window(200, 1000),
  'window of 10 in 100 ms': () => window(10, 100),
  'two in series': () => series(bucket(1000, 6), bucket(1100, 5)),
};

const addressOf = (source: number): Uint8Array =>
  Uint8Array.of(10, 0, 0, 1 + source, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

function linux(ratelimitMs: number, random: Random, isGlobal = false): Allow {
  const limit = { ratelimitMs: isGlobal ? 0.001 : ratelimitMs, burst: isGlobal ? 1e9 : 6 };
  const limiter = createLimiter({ 4: limit, 6: limit }, random);
  return (nowMs, source) => limiter.allow(addressOf(source), 0, 4, nowMs);
}

function bucket(gapMs: number, burst: number): Allow {
  let tokens = burst;
  let atMs = 0;
  return (nowMs) => {
    tokens = Math.min(burst, tokens + (nowMs - atMs) / gapMs);
    atMs = nowMs;
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  };
}

function window(count: number, lengthMs: number): Allow {
  let begunMs = Number.NEGATIVE_INFINITY;
  let used = 0;
  return (nowMs) => {
    if (nowMs - begunMs >= lengthMs) {
      begunMs = nowMs;
      used = 0;
    }
    used += 1;
    return used <= count;
  };
}

const series =
  (first: Allow, second: Allow): Allow =>
  (nowMs, source) =>
    first(nowMs, source) && second(nowMs, source);

/** One world. */
export interface Trial {
  readonly limiter: keyof typeof LIMITERS;
  readonly ports: number;
  readonly closedShare: number;
  /** Chance that a packet is lost, each way. */
  readonly loss: number;
  /** Up to this much is added to each way by chance, ms. */
  readonly reorderMs: number;
  readonly certainty: number;
  /** Own addresses; 1 unless given. */
  readonly sources?: number;
  readonly seed: number;
  /** So many ports, the first ones, were named before ranges. */
  readonly named?: number;
}

/** What became of its ports. */
export interface TrialResult {
  /** Closed ports whose silence was certified: the one thing that must not be. */
  readonly falseSilent: number;
  readonly certified: number;
  readonly unproven: number;
  readonly closed: number;
  readonly packets: number;
  readonly lastedMs: number;
  /** When the last of the named ports was final; 0 without any. */
  readonly namedMs: number;
  /** Silences that were final before the end of the walk, of the certified ones. */
  readonly early: number;
  /** Learned time between two errors, ms. */
  readonly gapMs: number;
  readonly scope: LimiterScope;
}

/** One way of the path. */
const WAY_MS = 0.05;
/** The first pass: all ports at once, and how long they are waited for. */
const FLOOD_GAP_MS = 0.02;
const FLOOD_WAIT_MS = 100;
/** A run that lasts longer hangs. */
const MAX_MS = 40_000_000;

/** The host, and both ways to it. */
interface Host {
  send(probe: number, nowMs: number, source: number): void;
  /** Answers that have arrived by then, in order. */
  receive(nowMs: number): readonly { readonly probe: number; readonly atMs: number }[];
  /** When something arrives next, at either end. */
  nextMs(): number;
  isClosed(probe: number): boolean;
  readonly packets: () => number;
}

function createHost(trial: Trial, random: Random): Host {
  const allow = LIMITERS[trial.limiter]!(random);
  const closed = Array.from({ length: trial.ports }, () => random() < trial.closedShare);
  const questions: { probe: number; atMs: number; source: number }[] = [];
  const answers: { probe: number; atMs: number }[] = [];
  const atHost = createDeadlines();
  const atHome = createDeadlines();
  let packets = 0;
  const way = (): number => WAY_MS + random() * trial.reorderMs;
  return {
    send(probe, nowMs, source) {
      packets += 1;
      if (!closed[probe]! || random() < trial.loss) return;
      const atMs = nowMs + way();
      atHost.push(atMs, questions.push({ probe, atMs, source }) - 1);
    },
    receive(nowMs) {
      // In the order in which they arrive, whenever they were sent.
      while (atHost.peekMs() <= nowMs) {
        const { probe, atMs, source } = questions[atHost.pop()]!;
        if (!allow(atMs, source) || random() < trial.loss) continue;
        const backMs = atMs + way();
        atHome.push(backMs, answers.push({ probe, atMs: backMs }) - 1);
      }
      const arrived: { probe: number; atMs: number }[] = [];
      while (atHome.peekMs() <= nowMs) arrived.push(answers[atHome.pop()]!);
      return arrived;
    },
    nextMs: () => Math.min(atHost.peekMs(), atHome.peekMs()),
    isClosed: (probe) => closed[probe]!,
    packets: () => packets,
  };
}

/** Runs the first pass and the walk. */
export function runTrial(trial: Trial): TrialResult {
  const random = createRandom(trial.seed);
  const host = createHost(trial, random);
  for (let probe = 0; probe < trial.ports; probe++) host.send(probe, probe * FLOOD_GAP_MS, 0);
  let nowMs = trial.ports * FLOOD_GAP_MS + FLOOD_WAIT_MS;
  const first = host.receive(nowMs);
  const closed = new Set(first.map(({ probe }) => probe));
  const walk = createWalk({
    sources: trial.sources ?? 1,
    markNats: Math.log(trial.ports / (1 - trial.certainty)),
    srttMs: () => 2 * WAY_MS + trial.reorderMs,
    random,
    startedMs: 0,
    lastAnswerMs: first.at(-1)?.atMs ?? 0,
    answers: first.length,
  });
  for (const probe of closed) walk.addCanary(probe);
  const { named = 0 } = trial;
  for (let probe = 0; probe < trial.ports; probe++) {
    if (!closed.has(probe)) walk.add(probe, probe < named ? RANK.NAMED : RANK.OTHER);
  }

  let certified = 0;
  let unproven = 0;
  let falseSilent = 0;
  let namedMs = 0;
  let early = 0;
  const turn = (): void => {
    for (const { probe, atMs } of host.receive(nowMs)) {
      if (probe < named && !closed.has(probe)) namedMs = nowMs;
      closed.add(probe);
      walk.answered(probe, atMs, true);
    }
    walk.advance(nowMs);
    for (const { probe, isCertified } of walk.takeFinal()) {
      if (!isCertified) unproven += 1;
      else certified += 1;
      if (probe < named) namedMs = nowMs;
      if (walk.waiting() > 0) early += 1;
      if (isCertified && host.isClosed(probe)) falseSilent += 1;
    }
    for (let walked = walk.take(nowMs); walked !== null; walked = walk.take(nowMs)) {
      walk.sent(walked.probe, nowMs);
      host.send(walked.probe, nowMs, walked.source);
    }
  };
  for (turn(); walk.wakeAtMs() < Number.POSITIVE_INFINITY; turn()) {
    nowMs = Math.max(nowMs, Math.min(walk.wakeAtMs(), host.nextMs()));
    if (nowMs > MAX_MS) throw new Error(`no end: ${JSON.stringify(trial)}`);
  }
  const gapMs = walk.limit.gapMs();
  const counts = { falseSilent, certified, unproven, closed: closed.size, namedMs, early };
  return { ...counts, packets: host.packets(), lastedMs: nowMs, gapMs, scope: walk.scope() };
}
