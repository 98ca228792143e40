/** Targets behind one gateway: what the others' answers mean for one that is silent, and what they do not. */
import { describe, expect, it } from 'vitest';
import type { PlanRequest } from '../../src/plan/plan.ts';
import { TIMING_TEMPLATES } from '../../src/timing/templates.ts';
import { type Answer, runScripted, type Script } from './scriptedWire.ts';

const { initialRtoMs, minRtoMs } = TIMING_TEMPLATES[3]!;
/** When a router has told at the latest that nobody is there. */
const TOLD_MS = 3400;
const TARGETS = 40;
const request: PlanRequest = { targets: ['10.0.0.0/26'], ports: '80' };
const synAck = (afterMs: number): Answer => ({ afterMs, kind: 'CONNECTED', window: 1, ttl: 60 });

/** The first targets answer after 1 ms, those from `TARGETS` on as the test says; all by gateway 1. */
const behindOne = (
  rest: (target: number, attempt: number) => readonly Answer[],
  way: Script['way'] = () => 1,
): Script => ({
  can: { maxTcpInFlight: 100_000 },
  way,
  answer: ({ target, attempt }) => (target < TARGETS ? [synAck(1)] : rest(target, attempt)),
});
const times = (run: Awaited<ReturnType<typeof runScripted>>, target: number): readonly number[] =>
  run.sentTo(80, target).map(({ atMs }) => atMs - run.wire.log[0]!.atMs);

describe('a target that says nothing', () => {
  it('is asked again as soon as the others answer, and given up no sooner than before', async () => {
    const run = await runScripted(
      { ...request, timing: 4 },
      behindOne(() => []),
    );
    const [first, second, third, ...more] = times(run, 50);
    expect(second! - first!).toBeCloseTo(minRtoMs, 0);
    expect(third! - second!).toBeCloseTo(minRtoMs, 0);
    expect(more).toEqual([]);
    const silentMs = TIMING_TEMPLATES[4]!.initialRtoMs;
    expect(run.lastedMs - third!).toBeGreaterThanOrEqual(silentMs);
    expect(run.of(80, 'tcp', 50)).toMatchObject({ state: 'filtered', reason: 'no-response' });
  });

  it.each([
    ['its gateway is not known', () => 0],
    ['its gateway is another one', (target: number) => (target < TARGETS ? 1 : 2)],
  ])('is asked again after the first timeout of the template where %s', async (_, way) => {
    const run = await runScripted(
      request,
      behindOne(() => [], way),
    );
    const [first, second] = times(run, 50);
    expect(second! - first!).toBeCloseTo(initialRtoMs, 0);
  });

  it.each([
    [undefined, 1, 'waited for', TOLD_MS],
    [Number.POSITIVE_INFINITY, 1, 'not waited for, where its gateway brings answers', 1200],
    [Number.POSITIVE_INFINITY, 2, 'waited for, where its gateway brought none', TOLD_MS],
    [Number.POSITIVE_INFINITY, 0, 'waited for, where its gateway is not known', TOLD_MS],
  ])('rate %s, gateway %i: what routers tell is %s', async (ratePps, gateway, _, lastedMs) => {
    const way = (target: number): number => (target < TARGETS ? 1 : gateway);
    const run = await runScripted(
      ratePps === undefined ? request : { ...request, ratePps },
      behindOne(() => [], way),
    );
    expect(run.lastedMs).toBeGreaterThanOrEqual(lastedMs);
    expect(run.lastedMs).toBeLessThan(lastedMs + 100);
  });

  it('asks our own side about the gateway only where that has brought no answer', async () => {
    const way = (target: number): number => (target === 50 ? 2 : 1);
    const run = await runScripted(
      request,
      behindOne(() => [], way),
    );
    const early = run.wire.inquiries.filter(({ atMs }) => atMs < 1000 + initialRtoMs);
    // The first one is about the run as a whole.
    expect(early.map(({ target }) => target).filter((target) => target > 0)).toEqual([50]);
  });
});

describe('a target that is farther away than the others behind its gateway', () => {
  it.each([150, 400, 900])('answers after %i ms: that is its verdict', async (afterMs) => {
    const run = await runScripted(
      { ...request, ratePps: Number.POSITIVE_INFINITY },
      behindOne((target) => (target === 50 ? [synAck(afterMs)] : [])),
    );
    expect(run.of(80, 'tcp', 50)).toMatchObject({ state: 'open', rttMs: afterMs });
    // Asked again too early is no loss: nothing else would be asked more often for it.
    expect(run.result.counters.answeredLate).toBe(0);
    expect(run.sentTo(80, 51)).toHaveLength(3);
  });

  it('and loses its first two packets: the third still counts', async () => {
    const run = await runScripted(
      { ...request, ratePps: Number.POSITIVE_INFINITY },
      behindOne((target, attempt) => (target === 50 && attempt === 3 ? [synAck(900)] : [])),
    );
    expect(run.of(80, 'tcp', 50)).toMatchObject({ state: 'open', rttMs: 900 });
    expect(run.result.counters.answeredLate).toBe(1);
  });

  it('loses packets of its second port: that is waited for by the time of the first', async () => {
    const run = await runScripted(
      { ...request, ports: '80,81', ratePps: Number.POSITIVE_INFINITY },
      {
        ...behindOne(() => []),
        answer: ({ target, port, attempt }) => {
          if (target < TARGETS) return [synAck(1)];
          const isAnswered = target === 50 && (port === 80 || attempt === 3);
          return isAnswered ? [synAck(400)] : [];
        },
      },
    );
    expect(run.of(81, 'tcp', 50)).toMatchObject({ state: 'open', rttMs: 400 });
  });
});
