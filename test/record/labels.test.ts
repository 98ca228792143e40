/** The comments of packets and the rows behind them, beyond what a scene of a few ports shows. */
import { describe, expect, it } from 'vitest';
import { NO_PROBE } from '../../src/batch.ts';
import { ANSWER } from '../../src/match/facts.ts';
import { createMatch } from '../../src/match/match.ts';
import { createHeardRows } from '../../src/record/heardRows.ts';
import { createLabel, HEARD } from '../../src/record/labels.ts';

const textOf = ({ bytes, length }: { readonly bytes: Uint8Array; readonly length: number }) =>
  new TextDecoder().decode(bytes.subarray(0, length));

describe('a label', () => {
  it.each([0, 9, 10, 99, 100, 65_535, 999_999, 1_000_000, 2 ** 31, 2 ** 32])('writes %i', (one) => {
    const label = createLabel();
    label.text('s');
    label.number(one);
    label.text('.');
    expect(textOf(label)).toBe(`s${one}.`);
  });

  it('ends with its bytes, whatever is written behind', () => {
    const label = createLabel();
    label.text('x'.repeat(254));
    label.number(12_345);
    label.text('more');
    expect(textOf(label)).toBe(`${'x'.repeat(254)}12`);
  });
});

describe('heard rows', () => {
  it('hold a batch of any size, and nothing of the batch before', () => {
    const heard = createHeardRows();
    const ids = { probe: 70_000, attempt: 2, idAttempt: 2, idNumber: 65_535 };
    const match = { ...createMatch(), ...ids, answer: ANSWER.RESET };
    heard.note(3, 'matched', match);
    heard.note(5000, 'foreign', { ...match, probe: NO_PROBE });
    expect(heard.of(3)).toEqual({
      heard: HEARD.ANSWER,
      probe: 70_000,
      tag: 0,
      attempt: 2,
      idAttempt: 2,
      idNumber: 65_535,
      answer: ANSWER.RESET,
    });
    expect(heard.of(5000)).toMatchObject({ heard: HEARD.FOREIGN, probe: NO_PROBE });
    expect(heard.of(4)).toMatchObject({ heard: HEARD.NOTHING, probe: 0 });
    heard.clear();
    for (const row of [3, 5000, 9000]) expect(heard.of(row).heard).toBe(HEARD.NOTHING);
  });
});
