/** The chances among which a silent UDP port lies: each term, bounds, and what must never make a state less likely. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ODDS_TERMS, type SilentPort, silentOdds } from '../../src/match/silentOdds.ts';

const PORT: SilentPort = {
  closed: 0,
  decided: 0,
  silence: { by: 'loss', loss: 0.1, attempts: 2 },
  neighbours: null,
  passage: null,
  isRegistered: false,
  isTcpOpen: false,
};

const silence: fc.Arbitrary<SilentPort['silence']> = fc.oneof(
  fc.record({
    by: fc.constant('walk' as const),
    nats: fc.double({ min: 0, max: 60, noNaN: true }),
  }),
  fc.record({
    by: fc.constant('loss' as const),
    loss: fc.double({ min: 0, max: 0.9, noNaN: true }),
    attempts: fc.nat(20),
  }),
  fc.constant({ by: 'no-token' as const }),
  fc.constant({ by: 'mute' as const }),
);

const anyPort: fc.Arbitrary<SilentPort> = fc
  .record({
    decided: fc.nat(65_535),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
    silence,
    neighbours: fc.constantFrom(null, 'silent' as const, 'closed' as const),
    passage: fc.constantFrom(null, 'passes' as const, 'lost' as const),
    isRegistered: fc.boolean(),
    isTcpOpen: fc.boolean(),
  })
  .map(({ share, ...port }) => ({ ...port, closed: Math.floor(share * port.decided) }));

const LEAST = 1e-12;

describe('silentOdds', () => {
  it('gives chances, whatever is known', () => {
    fc.assert(
      fc.property(anyPort, (port) => {
        const { open, dropped, closed } = silentOdds(port);
        for (const chance of [open, dropped, closed]) {
          expect(chance).toBeGreaterThanOrEqual(0);
          expect(chance).toBeLessThanOrEqual(1);
        }
        expect(open + dropped + closed).toBeCloseTo(1, 9);
      }),
      { seed: 6, numRuns: 2000 },
    );
  });

  it('is Bayes with the share of closed ports and what a walk has shown', () => {
    const walked = { ...PORT, closed: 19, decided: 99 };
    const { closed, open, dropped } = silentOdds({ ...walked, silence: { by: 'walk', nats: 3 } });
    const share = (0.9 + 19) / 100;
    const ifClosed = share * Math.exp(-3);
    expect(closed).toBeCloseTo(ifClosed / (ifClosed + 1 - share), 12);
    expect(open).toBeCloseTo((1 - closed) / 2, 12);
    expect(dropped).toBeCloseTo(open, 12);
  });

  it('gives a silence at a limiter without a token no weight against a closed port', () => {
    expect(silentOdds({ ...PORT, silence: { by: 'no-token' } }).closed).toBeCloseTo(
      ODDS_TERMS.closedShare.value,
      12,
    );
  });

  it('leaves a closed port of a target without ICMP errors what the table says', () => {
    const { closed } = silentOdds({ ...PORT, silence: { by: 'mute' } });
    expect(closed).toBeCloseTo((0.9 * 0.05) / (0.9 * 0.05 + 0.1), 12);
  });

  it.each([
    ['both neighbours silent', { neighbours: 'silent' }, 1 / ODDS_TERMS.neighboursSilent.value],
    ['both neighbours closed', { neighbours: 'closed' }, ODDS_TERMS.neighboursClosed.value],
    ['packets that come to the stack', { passage: 'passes' }, ODDS_TERMS.passes.value],
    ['packets that do not', { passage: 'lost' }, 1 / ODDS_TERMS.lost.value],
    ['a registered service', { isRegistered: true }, ODDS_TERMS.registered.value],
    ['the same TCP port open', { isTcpOpen: true }, ODDS_TERMS.tcpOpen.value],
  ] as const)('%s: multiplies open : dropped, and leaves closed alone', (_, fact, factor) => {
    const without = silentOdds(PORT);
    const odds = silentOdds({ ...PORT, ...fact });
    expect(odds.open / odds.dropped / (without.open / without.dropped)).toBeCloseTo(factor, 9);
    expect(odds.closed).toBeCloseTo(without.closed, 12);
  });

  it('is surer that it is not closed the more a walk has shown, or the more attempts were silent', () => {
    fc.assert(
      fc.property(anyPort, fc.nat(40), fc.nat(20), (port, nats, more) => {
        const walked = (by: number) => silentOdds({ ...port, silence: { by: 'walk', nats: by } });
        expect(walked(nats + more).closed).toBeLessThanOrEqual(walked(nats).closed + LEAST);
        const asked = (attempts: number) =>
          silentOdds({ ...port, silence: { by: 'loss', loss: 0.2, attempts } });
        expect(asked(1 + nats + more).closed).toBeLessThanOrEqual(asked(1 + nats).closed + LEAST);
      }),
      { seed: 6 },
    );
  });

  it('thinks it more likely to be closed the more of the decided ones are', () => {
    fc.assert(
      fc.property(anyPort, (port) => {
        const more = { ...port, closed: port.closed + 1, decided: port.decided + 1 };
        expect(silentOdds(more).closed).toBeGreaterThanOrEqual(silentOdds(port).closed - LEAST);
        const fewer = { ...port, decided: port.decided + 1 };
        expect(silentOdds(fewer).closed).toBeLessThanOrEqual(silentOdds(port).closed + LEAST);
      }),
      { seed: 6 },
    );
  });
});

it('each term says whether it was measured', () => {
  for (const { basis, value } of Object.values(ODDS_TERMS)) {
    expect(['measured', 'prior']).toContain(basis);
    expect(value).toBeGreaterThan(0);
  }
});
