/** What proves a drop, and what may still come (ADR 0019). */
import { expect, it } from 'vitest';
import type { FlowFacts } from '../../src/trace/facts.ts';
import { proofOfDrop } from '../../src/trace/proofOfDrop.ts';
import { viewOf } from '../../src/trace/view.ts';
import { factsOf, type PathWords } from './paths.ts';

const WORDS: PathWords = {
  asked: 'r1 r2 r3 * * *',
  same: 'r1 r2 r3 r4 r5 T:rst',
  variants: Array.from({ length: 7 }, () => '* * * * * *'),
};

const proof = (words: Partial<PathWords>, change = (one: FlowFacts): FlowFacts => one) => {
  const facts = factsOf({ ...WORDS, ...words });
  return proofOfDrop(viewOf({ ...facts, variants: facts.variants.map(change) }), 4);
};

it('is given by silence from all source ports', () => {
  expect(proof({})).toBe('given');
});

it('is missing while there are too few rounds, and never comes of a control that was not heard there', () => {
  expect(proof({ rounds: 2 })).toBe('missing');
  expect(proof({ same: 'r1 r2 * r4 r5 T:rst' })).toBe('missing');
  expect(proof({ same: 'r1 r2 r3 * r5 T:rst' })).toBe('never');
});

it('is not made of source ports that this machine kept back', () => {
  expect(proof({}, (one) => ({ ...one, sendErrno: 1 }))).toBe('never');
});
