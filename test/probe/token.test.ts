import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attemptOfIpId, attemptOfSeq, ipIdOf, seqOf, tokenWord } from '../../src/probe/token.ts';

const word = fc.nat(0xffffffff);

describe('tokens', () => {
  it('are HalfSipHash-2-4: the reference vector for the message 00..07 under the key 00..07', () => {
    expect(tokenWord(0x07060504, 0x03020100, 0x03020100, 0x07060504)).toBe(0x8f84b8d0);
  });

  it('a sequence number leads back to its attempt, and only under its key and probe', () => {
    fc.assert(
      fc.property(word, word, word, fc.integer({ min: 1, max: 15 }), (hi, lo, probe, attempt) => {
        const seq = seqOf(hi, lo, probe, attempt);
        expect(attemptOfSeq(hi, lo, probe, seq)).toBe(attempt);
        expect(attemptOfSeq(hi, lo, probe, (seq ^ 0x10) >>> 0)).toBe(0);
      }),
    );
  });

  it('attempts are farther apart than any window: a half-open connection does not refuse the second SYN', () => {
    fc.assert(
      fc.property(word, word, word, (hi, lo, probe) => {
        for (let attempt = 2; attempt <= 15; attempt++) {
          const ahead = (seqOf(hi, lo, probe, attempt) - seqOf(hi, lo, probe, 1)) >>> 0;
          expect(ahead).toBeGreaterThan(2 ** 27);
          expect(ahead).toBeLessThan(2 ** 32 - 2 ** 27);
        }
      }),
    );
  });

  it('a forged sequence number passes for one in 2^28 only: none of 100,000 guesses', () => {
    let passed = 0;
    for (let guess = 0; guess < 100_000; guess++) {
      if (attemptOfSeq(1, 2, 3, Math.imul(guess, 0x9e3779b1) >>> 0) > 0) passed += 1;
    }
    expect(passed).toBe(0);
  });

  it('an IP-ID is never 0 and leads back to its attempt', () => {
    fc.assert(
      fc.property(word, word, word, fc.integer({ min: 1, max: 15 }), (hi, lo, probe, attempt) => {
        const id = ipIdOf(hi, lo, probe, attempt);
        expect(id).toBeGreaterThan(0);
        expect(id).toBeLessThan(65_536);
        expect(attemptOfIpId(hi, lo, probe, id)).toBe(attempt);
      }),
    );
  });
});
