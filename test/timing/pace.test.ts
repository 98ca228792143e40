import { describe, expect, it } from 'vitest';
import { createPace } from '../../src/timing/pace.ts';
import { TIMING_TEMPLATES } from '../../src/timing/templates.ts';

const template = TIMING_TEMPLATES[3]!;

/** Sends a whole window and settles it: the share that is answered depends on the window used. */
function runRounds(rounds: number, answeredShare: (window: number) => number) {
  const pace = createPace({ template, ratePps: undefined });
  for (let round = 0; round < rounds; round++) {
    const count = pace.allowance(0, 0);
    const share = answeredShare(count);
    const cohorts = Array.from({ length: count }, () => pace.sent(true));
    for (const [index, cohort] of cohorts.entries()) {
      pace.settled(cohort, (index * 0.618) % 1 < share);
    }
  }
  return pace;
}

describe('congestion window', () => {
  it('doubles in each round of a path that answers', () => {
    const pace = runRounds(3, () => 1);
    expect(pace.window()).toBe(template.initialWindow * 8);
    expect(pace.cuts()).toBe(0);
  });

  it('is not slowed down by steady silence', () => {
    const pace = runRounds(10, () => 0);
    expect(pace.window()).toBe(template.maxWindow);
    expect(pace.cuts()).toBe(0);
  });

  it('is not slowed down by a steady share of silent ports or random loss', () => {
    for (const share of [0.9, 0.5, 0.3]) {
      const pace = runRounds(8, () => share);
      expect(pace.cuts(), `share ${share}`).toBe(0);
    }
  });

  it('is cut when the share falls as the window grows', () => {
    const capacity = 256;
    const pace = runRounds(12, (window) => Math.min(1, capacity / window));
    expect(pace.cuts()).toBeGreaterThan(0);
    expect(pace.window()).toBeLessThan(template.maxWindow / 2);
  });

  it('begins larger on our own link, and -T2 still sends one at a time', () => {
    const pace = createPace({ template, ratePps: undefined });
    pace.startLarge();
    expect(pace.allowance(0, 0)).toBe(8 * template.initialWindow);
    const polite = createPace({ template: TIMING_TEMPLATES[2]!, ratePps: undefined });
    polite.startLarge();
    expect(polite.allowance(0, 0)).toBe(1);
  });

  it('says that only an answer makes room once the window is full', () => {
    const pace = createPace({ template, ratePps: undefined });
    expect(pace.allowance(0, template.initialWindow)).toBe(0);
    expect(pace.nextSendMs(5, template.initialWindow)).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('rate', () => {
  it('keeps an absolute schedule', () => {
    const pace = createPace({ template, ratePps: 1000 });
    let sent = 0;
    for (let nowMs = 100; nowMs <= 1100; nowMs += 0.25) {
      for (let n = pace.allowance(nowMs, 0); n > 0; n--) {
        pace.sent(false);
        sent += 1;
      }
    }
    expect(sent).toBe(1001);
  });

  it('wakes once a millisecond at most, and loses nothing of the rate by it', () => {
    const pace = createPace({ template, ratePps: 20_000 });
    let sent = 0;
    let wakes = 0;
    for (let nowMs = 0; nowMs < 1000; nowMs = pace.nextSendMs(nowMs, 0)) {
      wakes += 1;
      for (let n = pace.allowance(nowMs, 0); n > 0; n--) {
        pace.sent(false);
        sent += 1;
      }
    }
    expect(wakes).toBeLessThanOrEqual(1001);
    expect(sent).toBeGreaterThan(19_950);
    expect(sent).toBeLessThanOrEqual(20_001);
  });

  it('does not make up for a pause by a burst', () => {
    const pace = createPace({ template, ratePps: 1000 });
    expect(pace.allowance(0, 0)).toBe(1);
    pace.sent(false);
    expect(pace.allowance(5000, 0)).toBeLessThanOrEqual(11);
  });

  it('can be lowered but not raised while running', () => {
    const pace = createPace({ template, ratePps: 100 });
    pace.limitRate(1000);
    pace.allowance(0, 0);
    pace.sent(false);
    expect(pace.nextSendMs(0, 0)).toBe(10);
    pace.limitRate(10);
    pace.sent(false);
    expect(pace.nextSendMs(0, 0)).toBe(110);
  });

  it('-T0 sends one probe in five minutes', () => {
    const pace = createPace({ template: TIMING_TEMPLATES[0]!, ratePps: undefined });
    expect(pace.allowance(0, 0)).toBe(1);
    pace.sent(true);
    expect(pace.allowance(1000, 0)).toBe(0);
    expect(pace.nextSendMs(1000, 0)).toBe(300_000);
  });
});
