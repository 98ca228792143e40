import { describe, expect, it } from 'vitest';
import { createRttTable } from '../../src/timing/rtt.ts';
import { TIMING_TEMPLATES } from '../../src/timing/templates.ts';

const normal = TIMING_TEMPLATES[3]!;

describe('RTT estimation (RFC 6298)', () => {
  it('waits for the initial timeout before the first sample', () => {
    const rtt = createRttTable(new Uint16Array(1), normal);
    expect(rtt.srttMs(0)).toBe(-1);
    expect(rtt.rtoMs(0)).toBe(1000);
  });

  it('waits less for a target on our own link, until a sample says how long', () => {
    const rtt = createRttTable(new Uint16Array(2), normal);
    rtt.noteOnLink(1);
    expect([rtt.rtoMs(0), rtt.rtoMs(1)]).toEqual([1000, 250]);
    rtt.sample(1, 200);
    expect(rtt.rtoMs(1)).toBe(600);
  });

  it.each([
    // samples, srtt, rto (section 2.2 and 2.3; the floor is 100 ms)
    [[200], 200, 600],
    [[200, 200], 200, 500],
    [[200, 400], 225, 725],
    [[0.03], 0.03, 100],
    [[-5], 0, 100],
    [[9000], 9000, 10_000],
  ])('samples %j give srtt %d and timeout %d', (samples, srttMs, rtoMs) => {
    const rtt = createRttTable(new Uint16Array(2), normal);
    for (const sample of samples) rtt.sample(1, sample);
    expect(rtt.srttMs(1)).toBeCloseTo(srttMs, 4);
    expect(rtt.rtoMs(1)).toBeCloseTo(rtoMs, 3);
    expect(rtt.srttMs(0)).toBe(-1);
  });
});

describe('timing templates', () => {
  it('get faster from T0 to T5', () => {
    for (let i = 1; i < TIMING_TEMPLATES.length; i++) {
      const slower = TIMING_TEMPLATES[i - 1]!;
      const faster = TIMING_TEMPLATES[i]!;
      expect(faster.initialRtoMs).toBeLessThanOrEqual(slower.initialRtoMs);
      expect(faster.minRtoMs).toBeLessThanOrEqual(slower.minRtoMs);
      expect(faster.gapMs).toBeLessThanOrEqual(slower.gapMs);
      expect(faster.maxWindow).toBeGreaterThanOrEqual(slower.maxWindow);
    }
  });
});
