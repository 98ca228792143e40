/** The kind of a limiter, from what a walk has seen: in simulated time, and row by row. */
import { describe, expect, it } from 'vitest';
import { limiterKind, type SeenLimiter } from '../../src/scan/limiterKind.ts';

const seen = (gapMs: number, more: Partial<SeenLimiter> = {}): SeenLimiter => ({
  family: 4,
  limit: { gapMs: () => gapMs, gaps: () => 9, isFast: () => gapMs < 30 },
  scope: null,
  first: 6,
  late: 74,
  ...more,
});

describe('the kind of a limiter', () => {
  it.each<[string, SeenLimiter, string, number | null]>([
    ['stock Linux, IPv4', seen(1010), 'per-source', 1010],
    ['stock Linux, IPv6', seen(104, { family: 6 }), 'per-source', 104],
    ['Linux before 2026, IPv6 behind a /64', seen(255, { family: 6 }), 'per-source', 255],
    ['the rate of Linux, another burst', seen(1010, { first: 1 }), 'unknown', 1010],
    ['the rate of no Linux', seen(500), 'unknown', 500],
    ['the gap of IPv6 over IPv4', seen(104), 'unknown', 104],
    ['200 a second', seen(5, { first: 200, late: 780 }), 'host-wide', 5],
    ['no limit', seen(0.1, { first: 980, late: 0 }), 'none', null],
    ['no limit, a tenth lost each way', seen(0.1, { first: 130, late: 30 }), 'none', null],
  ])('%s', (_, facts, kind, gapMs) => {
    expect(limiterKind(facts)).toEqual({ kind, gapMs, isTested: false });
  });

  it('is not known where any limiter would have answered for all', () => {
    expect(limiterKind(seen(50, { first: 3, late: 1 }))).toBeNull();
    expect(limiterKind(seen(50, { first: 8, late: 0 }))).toBeNull();
  });

  it('is what tests from several addresses have shown, whatever its rate', () => {
    const kindOf = (scope: SeenLimiter['scope']) => limiterKind(seen(500, { scope }));
    expect(kindOf('source')).toEqual({ kind: 'per-source', gapMs: 500, isTested: true });
    expect(kindOf('host')).toEqual({ kind: 'host-wide', gapMs: 500, isTested: true });
  });
});
