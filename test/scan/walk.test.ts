/**
 * The certified walk against every limiter of methods A1, in simulated time. The long run with 500,000 verdicts is
 * bench/walk.mjs.
 */
import { describe, expect, it } from 'vitest';
import { LIMITERS, runTrial, type Trial, type TrialResult } from './walkTrial.ts';

const CERTAINTY = 0.95;
const SEEDS = 5;
const PATHS = [
  { loss: 0, reorderMs: 0 },
  { loss: 0.05, reorderMs: 1 },
];
const trialOf = (limiter: string, more: Partial<Trial>): Trial => ({
  limiter,
  ports: 100,
  closedShare: 0.5,
  loss: 0,
  reorderMs: 0,
  certainty: CERTAINTY,
  seed: 1,
  ...more,
});

function trialsOf(limiter: string): readonly Trial[] {
  const trials: Trial[] = [];
  for (const closedShare of [0.1, 0.5, 0.93]) {
    for (const path of PATHS) {
      for (let seed = 1; seed <= SEEDS; seed++) {
        trials.push(trialOf(limiter, { closedShare, seed: 7919 * seed, ...path }));
      }
    }
  }
  return trials;
}

const wrongRuns = (results: readonly TrialResult[]): number =>
  results.filter(({ falseSilent }) => falseSilent > 0).length;

describe.each(Object.keys(LIMITERS))('%s', (limiter) => {
  it('no closed port is certified as silent in more runs than the certainty allows, and all ports are decided', () => {
    const results = trialsOf(limiter).map((trial) => ({ trial, ...runTrial(trial) }));
    expect(wrongRuns(results)).toBeLessThanOrEqual((1 - CERTAINTY) * results.length);
    for (const { trial, certified, unproven, closed } of results) {
      expect(certified + unproven + closed, JSON.stringify(trial)).toBe(trial.ports);
      expect(unproven, JSON.stringify(trial)).toBe(0);
    }
  });
});

describe('time', () => {
  /** methods A1: a closed port costs a token, and six are there to begin with. */
  const boundMs = (closed: number, gapMs: number): number => Math.max(0, closed - 6) * gapMs;

  it.each([
    ['linux v4', 1000, 1.12],
    ['linux v6', 100, 1.12],
  ])('is that of the tokens, %s', (limiter, gapMs, factor) => {
    const trial = trialOf(limiter, { ports: 300, closedShare: 0.93, certainty: 0.999 });
    const { closed, lastedMs, falseSilent } = runTrial(trial);
    expect(falseSilent).toBe(0);
    expect(lastedMs).toBeLessThan(factor * boundMs(closed, gapMs));
  });

  it('without a limiter is that of a few rounds', () => {
    const { lastedMs, unproven } = runTrial(trialOf('none', { ports: 1000, closedShare: 0.93 }));
    expect(unproven).toBe(0);
    expect(lastedMs).toBeLessThan(400);
  });
});

describe('ports that were named first', () => {
  const sum = (results: readonly TrialResult[], key: 'namedMs' | 'early'): number =>
    results.reduce((total, result) => total + result[key], 0) / results.length;
  const trials = [1, 2, 3, 4, 5, 6, 7].map((seed) =>
    trialOf('linux v4', {
      ports: 300,
      closedShare: 0.6,
      certainty: 0.999,
      named: 20,
      seed: 7919 * seed,
    }),
  );

  it('are final long before the others, silent ones too', () => {
    const results = trials.map(runTrial);
    expect(wrongRuns(results)).toBe(0);
    expect(sum(results, 'namedMs')).toBeLessThan(20_000);
    expect(sum(results, 'early')).toBeGreaterThan(5);
  });

  it('are no more often wrong than all others where packets are lost', () => {
    const lossy = Array.from({ length: 60 }, (_, seed) =>
      trialOf('bucket of 10, 100 ms', {
        closedShare: 0.93,
        named: 20,
        loss: 0.05,
        reorderMs: 1,
        seed: 104_729 * seed,
      }),
    );
    const allowed = (1 - CERTAINTY) * lossy.length;
    expect(wrongRuns(lossy.map(runTrial))).toBeLessThanOrEqual(allowed);
  });
});

describe('the learned limit', () => {
  it.each([
    ['linux v4', 1000],
    ['linux v6', 100],
    ['linux v6, /64 before 2026', 250],
    ['bucket of 6, 2 s', 2000],
  ])('%s: about %i ms', (limiter, gapMs) => {
    const { gapMs: learned } = runTrial(trialOf(limiter, { closedShare: 0.93 }));
    expect(learned).toBeGreaterThan(0.8 * gapMs);
    expect(learned).toBeLessThan(1.5 * gapMs);
  });
});

describe('several own addresses', () => {
  const eight = (limiter: string, more: Partial<Trial> = {}): Trial =>
    trialOf(limiter, { ports: 300, closedShare: 0.93, certainty: 0.999, sources: 8, ...more });

  it.each([
    ['linux v4', 1000],
    ['linux v6', 100],
  ])('have a bucket each, %s', (limiter, gapMs) => {
    const { closed, lastedMs, falseSilent, unproven, scope } = runTrial(eight(limiter));
    expect({ falseSilent, unproven, scope }).toEqual({
      falseSilent: 0,
      unproven: 0,
      scope: 'source',
    });
    // Each of the seven others is tested before it is used.
    const testsMs = 7 * 80;
    expect(lastedMs).toBeLessThan(1.15 * (closed / 8 - 6) * gapMs + testsMs);
  });

  it.each([
    ['bucket of 6, 2 s', 2000, 6],
    ['bucket of 1, 500 ms', 500, 1],
  ])('are given up where the whole host has one bucket, %s', (limiter, gapMs, burst) => {
    const { closed, lastedMs, falseSilent, unproven, scope } = runTrial(eight(limiter));
    expect({ falseSilent, unproven, scope }).toEqual({
      falseSilent: 0,
      unproven: 0,
      scope: 'host',
    });
    expect(lastedMs).toBeLessThan(1.4 * (closed - burst) * gapMs);
  });

  it('no closed port is certified as silent in more runs than the certainty allows, whoever shares the limit', () => {
    const results: TrialResult[] = [];
    for (const limiter of Object.keys(LIMITERS)) {
      for (const closedShare of [0.1, 0.5, 0.93]) {
        for (const path of PATHS) {
          const trial = trialOf(limiter, { closedShare, sources: 4, seed: 31, ...path });
          const result = runTrial(trial);
          results.push(result);
          expect(result.certified + result.unproven + result.closed, JSON.stringify(trial)).toBe(
            trial.ports,
          );
        }
      }
    }
    expect(wrongRuns(results)).toBeLessThanOrEqual((1 - CERTAINTY) * results.length);
  });
});
