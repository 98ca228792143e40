import { describe, expect, it } from 'vitest';
import { compactPorts, planText } from '../../src/cli/dryRun.ts';
import { exitCode } from '../../src/cli/exitCode.ts';
import { judgeExpectations, parseExpectation } from '../../src/cli/expectations.ts';
import { nearest } from '../../src/cli/nearest.ts';
import { createProgressLine, progressText, traceText, waitNotice } from '../../src/cli/progress.ts';
import type { Progress, State } from '../../src/index.ts';
import type { Ip } from '../../src/model.ts';
import { createPlan } from '../../src/plan/plan.ts';
import { sparedPorts } from '../../src/scan/sparedPorts.ts';
import { report, verdict } from '../report/sample.ts';
import { createFakeIo } from './process.ts';

describe('exitCode', () => {
  it('orders 130 > 4 > 1 > 3 > 0, for all sixteen endings', () => {
    for (let bits = 0; bits < 16; bits++) {
      const [interrupted, internalError, failed, unchecked] = [8, 4, 2, 1].map(
        (bit) => (bits & bit) !== 0,
      );
      const code = exitCode({
        interrupted: interrupted!,
        internalError: internalError!,
        failed: failed!,
        unchecked: unchecked!,
      });
      const expected = bits >= 8 ? 130 : bits >= 4 ? 4 : bits >= 2 ? 1 : bits === 1 ? 3 : 0;
      expect(code, String(bits)).toBe(expected);
    }
  });
});

describe('judgeExpectations', () => {
  const H = 'held';
  const F = 'failed';
  const U = 'undecided';
  const states: readonly State[] = [
    'open',
    'closed',
    'filtered',
    'open|filtered',
    'closed|filtered',
    'unknown',
  ];
  it.each([
    ['open', [H, F, F, U, F, U]],
    ['closed', [F, H, F, F, U, U]],
    ['filtered', [F, F, H, U, U, U]],
    ['open|filtered', [H, F, H, H, U, U]],
    ['closed|filtered', [F, H, H, U, H, U]],
    ['unknown', [F, F, F, F, F, H]],
  ] as const)('expects %s', (expected, results) => {
    const found = states.map((state) => {
      const one = report([verdict({ whyId: 'udp.silent', state, confidence: 0.95 })]);
      return judgeExpectations([parseExpectation(expected)], one, false)[0]!.result;
    });
    expect(found).toEqual(results);
  });

  it.each([
    [0.89, false, U, U],
    [0.9, false, H, F],
    [0.998, true, U, F],
    [0.999, true, H, F],
  ])('at confidence %d, certain: %s', (confidence, certain, open, closed) => {
    const found = report([verdict({ whyId: 'udp.answered', state: 'open', confidence })]);
    const results = ['open', 'closed'].map(
      (text) => judgeExpectations([parseExpectation(text)], found, certain)[0]!.result,
    );
    expect(results).toEqual([open, closed]);
  });

  it('is undecided for ports without a verdict', () => {
    const found = report([verdict({ whyId: 'udp.answered', port: 53 })]);
    const judge = (text: string, complete: boolean) =>
      judgeExpectations([parseExpectation(text)], { ...found, complete }, false)[0]!.result;
    expect(judge('123/udp=open', true)).toBe(U);
    expect(judge('53/udp=open', true)).toBe(H);
    expect(judge('open', false)).toBe(U);
  });
});

describe('progress', () => {
  const at = (elapsedMs: number): Progress => ({
    done: 1200,
    total: 65_535,
    sent: 3000,
    elapsedMs,
    etaMs: 17_500,
    walk: null,
  });

  it('is one line on a terminal, after a second, and is removed', () => {
    const fake = createFakeIo({ isTty: { stdout: false, stderr: true }, columns: 120 });
    const line = createProgressLine(fake.io, 0);
    for (const ms of [0, 500, 999]) line.update(at(ms));
    expect(fake.err()).toBe('');
    line.update(at(1000));
    line.update(at(1100));
    expect(fake.err()).toBe('\r\x1b[K1,200 of 65,535 (1 %), 3,000 packets/s, 18 s left');
    line.end();
    line.update(at(9000));
    expect(fake.err().endsWith('\r\x1b[K')).toBe(true);
    expect(fake.err()).not.toContain('\n');
  });

  it('is a line every five seconds elsewhere, and only under -v', () => {
    const fake = createFakeIo();
    const quiet = createProgressLine(fake.io, 0);
    const loud = createProgressLine(fake.io, 1);
    for (let ms = 0; ms <= 11_000; ms += 100) {
      quiet.update(at(ms));
      loud.update(at(ms));
    }
    quiet.end();
    loud.end();
    expect(fake.err().split('\n').length).toBe(3);
    expect(fake.err()).not.toContain('\x1b');
  });

  it('of traces says which port, what is looked into, and for how long', () => {
    const trace = {
      done: 1,
      total: 3,
      target: '10.0.0.5' as Ip,
      port: 53,
      protocol: 'udp',
    } as const;
    const path = { ...trace, elapsedMs: 9000, study: null, sinceMs: 2900, mostMs: null };
    expect(traceText(path)).toBe('53/udp of 10.0.0.5 (2 of 3): the path, 2 s');
    expect(traceText({ ...path, study: 'fragment', mostMs: 71_250 })).toBe(
      '53/udp of 10.0.0.5 (2 of 3): waiting for fragments to be given up (--fragment), 2 s, 1 min 12 s at most',
    );
  });

  it('has no number where there is nothing to go by', () => {
    expect(progressText({ ...at(0), done: 0, total: 2, sent: 0, etaMs: null })).toBe(
      '0 of 2 (0 %), 0.0 packets/s',
    );
    expect(progressText({ ...at(1000), etaMs: 3 * 3_600_000 })).toContain('3.0 h left');
    expect(progressText({ ...at(1000), etaMs: 120_000 })).toContain('2 min left');
  });

  const walk = {
    waiting: 994,
    named: 14,
    leftMs: 994_000,
    namedLeftMs: 14_000,
    gapMs: 1000,
    isMeasured: false,
    mayGrow: false,
  };
  const waiting: Progress = { ...at(400), done: 6, total: 1000, walk };

  it('tells once how long ICMP limiters will take, when nothing else is left, on any standard error', () => {
    const fake = createFakeIo();
    const line = createProgressLine(fake.io, 0);
    line.update({ ...waiting, done: 5 });
    expect(fake.err()).toBe('');
    line.update(waiting);
    line.update(waiting);
    expect(fake.err()).toBe(
      'pu-probe: 994 silent UDP ports at 1 answer/s (the limit that Linux has by default): about 16 min 34 s at most; ' +
        'the 14 that you named: 14 s, a few more if they are silent\n' +
        'pu-probe: Ctrl-C keeps what was found; fewer ports are quicker, --infer-ranges asks a tenth of them, --retries 2 goes without proof\n',
    );
  });

  it.each([
    ['53,123,600-1597', 4, ['16 min 34 s at most', 'the 2 that you named come first: at once']],
    ['1-1000', 6, ['1 min 40 s at most']],
    ['1-16', 4, ['10 s at most']],
    ['1-15', 4, []],
  ] as const)('-p %s is told before the start, IPv%i', async (ports, family, told) => {
    const plan = await createPlan(
      { targets: [family === 4 ? '10.0.0.5' : 'fd01::5'], ports, udp: true },
      { resolve: async () => [], interfaces: [], seed: [1, 2] },
    );
    const text = planText(plan, 'seed', { sparedPorts });
    for (const part of told) expect(text).toContain(part);
    expect(text.includes('that Linux has by default')).toBe(told.length > 0);
  });

  const link = ['1', '2', '3', '4'].map((host) => ({
    name: 'eth0',
    cidr: `10.0.0.${host}/24`,
    scopeId: 0,
  }));

  it.each([
    [{ source: '10.0.0.1' }, '15 min 54 s at most'],
    // Each of four has six at once, and then one a second.
    [{ source: '10.0.0.1,10.0.0.2,10.0.0.3,10.0.0.4' }, '3 min 54 s at most'],
    [{ inferRanges: true }, '1 min 31 s at most'],
    [{ inferRanges: true }, '863 are not asked; where asked ones differ, some of them are besides'],
  ] as const)('with %j 960 ports: %s', async (request, told) => {
    const plan = await createPlan(
      { targets: ['10.0.0.5'], ports: '10001-10960', udp: true, ...request },
      { resolve: async () => [], interfaces: link, seed: [1, 2] },
    );
    const text = planText(plan, 'seed', { sparedPorts });
    expect(text).toContain(told);
    expect(text.includes('from 4 addresses')).toBe(plan.sending.sources.length === 4);
  });

  it('says that ports between unlike ones are asked besides', () => {
    const growing = { ...waiting, walk: { ...walk, mayGrow: true } };
    expect(waitNotice(growing)).toContain(
      'about 16 min 34 s, and those between unlike ones besides',
    );
    expect(progressText(growing)).toContain('left so far');
  });

  it('tells nothing of a short wait', () => {
    const short = { ...walk, waiting: 9, named: 0, leftMs: 9000 };
    expect(waitNotice({ ...waiting, done: 991, walk: short })).toBeNull();
    expect(waitNotice({ ...waiting, walk: null })).toBeNull();
  });

  it('shows the limit that was measured, and what remains', () => {
    const measured = { ...walk, gapMs: 103, isMeasured: true, leftMs: 102_382 };
    expect(progressText({ ...waiting, walk: measured })).toBe(
      '6 of 1,000 (0 %), 9.7 answers/s measured, 1 min 43 s left at most',
    );
  });
});

describe('words and lists', () => {
  it('suggests what is near and nothing else', () => {
    expect(nearest('scna', ['scan', 'ports'])).toBe('scan');
    expect(nearest('xyz', ['scan', 'ports'])).toBeNull();
    expect(nearest('s'.repeat(1000), ['scan'])).toBeNull();
  });

  it('writes neighbours as ranges', () => {
    expect(compactPorts([80, 22, 81, 82, 443])).toBe('22,80-82,443');
    expect(compactPorts([])).toBe('');
  });
});
