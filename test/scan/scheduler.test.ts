/** The scheduler over a scripted wire: what is asked when, and what a verdict rests on. All times are virtual. */
import { describe, expect, it } from 'vitest';
import type { ErrnoName } from '../../src/errno.ts';
import { TIMING_TEMPLATES } from '../../src/timing/templates.ts';
import { type Answer, type Asked, runScripted, type Script } from './scriptedWire.ts';

const target = { targets: ['10.1.0.5'] };
const target6 = { targets: ['fd01::5'] };
const T3 = TIMING_TEMPLATES[3]!;

const open = (afterMs: number): Answer => ({ afterMs, kind: 'CONNECTED', window: 64_240 });
const closedBy = (afterMs: number): Answer => ({ afterMs, kind: 'ICMP', icmp: [3, 3], ttl: 62 });
const noRoom = (errno: ErrnoName): Answer => ({ afterMs: 0, kind: 'SEND_FAILED', errno });
const timesOf = (rows: readonly Asked[]): readonly number[] => rows.map(({ atMs }) => atMs - 1000);

describe('retransmission', () => {
  it('asks a silent port again after the first timeout, as often as the template says, then waits for late errors', async () => {
    const run = await runScripted({ ...target, ports: '80' }, {});
    expect(timesOf(run.sentTo(80))).toEqual([0, 1000, 2000]);
    expect(run.sentTo(80).map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
    expect(run.of(80, 'tcp')).toMatchObject({ state: 'filtered', attempts: 3, rttMs: null });
    // A Linux router gives up on a dead next hop after 3.07 s.
    expect(run.lastedMs).toBe(3400);
  });

  it('--retries 0 asks once', async () => {
    const run = await runScripted({ ...target, ports: '80', retries: 0 }, {});
    expect(run.sentTo(80)).toHaveLength(1);
    expect(run.of(80, 'tcp')).toMatchObject({ state: 'filtered', attempts: 1 });
  });

  it('--retries 254 ends, with a byte of attempts', async () => {
    const run = await runScripted({ ...target, ports: '80', retries: 254 }, {});
    expect(run.sentTo(80)).toHaveLength(255);
    expect(run.of(80, 'tcp').attempts).toBe(255);
  });

  it('waits no less than the wire needs for a TCP silence', async () => {
    const run = await runScripted(
      { ...target, ports: '80', timing: 5 },
      { can: { tcpSilenceMs: 1200 } },
    );
    expect(timesOf(run.sentTo(80))).toEqual([0, 1200]);
  });

  it('shortens timeouts that were set before the target answered', async () => {
    // Two ports leave at once with the first timeout of 1000 ms; the answer of one shows that 100 ms is plenty.
    const run = await runScripted(
      { ...target, ports: '22,80' },
      { answer: ({ port }) => (port === 22 ? [open(2)] : []) },
    );
    const [, second, third] = timesOf(run.sentTo(80));
    expect(second).toBe(T3.minRtoMs);
    expect(third).toBe(2 * T3.minRtoMs);
    expect(run.lastedMs).toBe(3 * T3.minRtoMs);
  });

  it('never asks again before the timeout of a slow target', async () => {
    const run = await runScripted({ ...target, ports: '1-40' }, { answer: () => [open(700)] });
    expect(run.result.counters).toMatchObject({ sent: 40, retransmitted: 0 });
  });

  it('asks as often as the loss makes necessary, and spreads the attempts', async () => {
    // Every third of the answers is lost; port 100 is dropped.
    const lossy: Script = {
      answer: ({ port, attempt }) => (port < 100 && (port % 3 > 0 || attempt > 1) ? [open(1)] : []),
    };
    const run = await runScripted({ ...target, ports: '1-100' }, lossy);
    expect(run.result.counters.answeredLate).toBe(33);
    // 100 * (34 / 149)^n is below 0.001 from n = 8 on.
    const times = timesOf(run.sentTo(100));
    expect(times).toHaveLength(8);
    const waits = times.slice(1).map((time, index) => time - times[index]!);
    expect(waits.slice(-3)).toEqual([400, 400, 400].map((ms) => (ms * T3.minRtoMs) / 100));
    expect(run.lastedMs).toBeLessThan(4000);
  });

  it('adapts the number of retries to the loss that it sees', async () => {
    // Port 1 answers its third attempt only: silences after it are asked more often than the template's two retries.
    const script: Script = {
      answer: ({ port, attempt }) => (port === 1 && attempt >= 3 ? [open(1)] : []),
    };
    const lossy = await runScripted({ ...target, ports: '1,2' }, script);
    expect(lossy.of(1, 'tcp')).toMatchObject({ state: 'open', attempts: 3 });
    expect(lossy.sentTo(2).length).toBeGreaterThan(T3.retries + 1);
    expect(lossy.sentTo(2).length).toBeLessThanOrEqual(T3.maxRetries + 1);
    const asked = await runScripted({ ...target, ports: '1,2', retries: 2 }, script);
    expect(asked.sentTo(2)).toHaveLength(3);
  });

  it('is less sure of a silence where answers are lost', async () => {
    const script = (lossy: boolean): Script => ({
      answer: ({ port, attempt }) => (port < 20 && (!lossy || attempt > 1) ? [open(1)] : []),
    });
    const request = { ...target, ports: '1-20', retries: 1 };
    const clean = await runScripted(request, script(false));
    const lossy = await runScripted(request, script(true));
    const confidenceOf = (run: typeof clean) => run.of(20, 'tcp').confidence;
    expect(confidenceOf(lossy)).toBeLessThan(confidenceOf(clean));
    expect(confidenceOf(clean)).toBeLessThan(0.999);
  });
});

describe("Karn's rule", () => {
  it('takes no sample from a port that was asked twice, and names no RTT where the answer is ambiguous', async () => {
    // UDP signals do not say which attempt they answer. The answer comes 20 ms after the second attempt.
    const run = await runScripted(
      { ...target, udp: true, ports: '9,10' },
      {
        answer: ({ port, attempt }) => (port === 9 && attempt === 2 ? [closedBy(20)] : []),
      },
    );
    expect(run.of(9, 'udp')).toMatchObject({ state: 'closed', attempts: 2, rttMs: null });
    // A sample of 20 ms would have cut the timeouts of the other port to 100 ms.
    expect(timesOf(run.sentTo(10)).slice(0, 3)).toEqual([0, 1000, 2000]);
  });

  it('gives the RTT of a retransmission where the wire says which attempt was answered', async () => {
    const run = await runScripted(
      { ...target, ports: '80' },
      { answer: ({ attempt }) => (attempt === 2 ? [open(20)] : []) },
    );
    expect(run.of(80, 'tcp')).toMatchObject({ state: 'open', attempts: 2, rttMs: 20 });
    expect(run.of(80, 'tcp').evidence).toEqual(['s1.2', 'r1.2.1']);
  });
});

describe('a transient unreachable of a router', () => {
  const unreachable: Answer = { afterMs: 1, kind: 'ICMP', from: '10.0.0.1', icmp: [3, 1], ttl: 64 };
  const unreachable6: Answer = { ...unreachable, from: 'fd00::1', icmp: [1, 3] };

  it.each([
    ['4', target, unreachable],
    ['6', target6, unreachable6],
  ] as const)('is asked once more, and then believed, IPv%s', async (_, request, answer) => {
    const run = await runScripted({ ...request, ports: '80' }, { answer: () => [answer] });
    expect(run.of(80, 'tcp')).toMatchObject({ state: 'filtered', reason: 'host-unreach' });
    expect(run.sentTo(80)).toHaveLength(2);
    expect(run.lastedMs).toBeLessThan(1000);
  });

  it('does not stand against the answer of the target to the second attempt', async () => {
    const run = await runScripted(
      { ...target, udp: true, ports: '9' },
      { answer: ({ attempt }) => (attempt === 1 ? [unreachable] : [closedBy(1)]) },
    );
    expect(run.of(9, 'udp')).toMatchObject({ state: 'closed', reason: 'port-unreach' });
  });

  it('does not stand against an open port behind it', async () => {
    const run = await runScripted(
      { ...target, ports: '80' },
      { answer: ({ attempt }) => [attempt === 1 ? unreachable : open(1)] },
    );
    expect(run.of(80, 'tcp').state).toBe('open');
  });

  it('is the verdict at once when the user wants no retries', async () => {
    const run = await runScripted(
      { ...target, ports: '80', retries: 0 },
      { answer: () => [unreachable] },
    );
    expect(run.of(80, 'tcp')).toMatchObject({ state: 'filtered', attempts: 1 });
    expect(run.lastedMs).toBe(1);
  });

  it('a rejection that is not transient is asked once', async () => {
    const run = await runScripted(
      { ...target, ports: '80' },
      { answer: () => [{ ...unreachable, icmp: [3, 13] }] },
    );
    expect(run.sentTo(80)).toHaveLength(1);
  });
});

describe('a neighbour with an old entry', () => {
  it.each(['stale', 'reachable'] as const)('%s: a silence is asked again', async (first) => {
    let inquiries = 0;
    const run = await runScripted(
      { ...target, ports: '80' },
      {
        answer: ({ attempt }) => (attempt === 1 ? [] : [open(1)]),
        ownSide: () => ({ route: 'on-link', neighbour: inquiries++ === 0 ? first : 'reachable' }),
      },
    );
    expect(run.of(80, 'tcp')).toMatchObject({ state: 'open', attempts: 2 });
  });
});

describe('want of room at home', () => {
  it.each(['EMFILE', 'ENFILE', 'ENOBUFS', 'EAGAIN', 'EADDRNOTAVAIL'] as const)(
    '%s does not count as an attempt',
    async (errno) => {
      let refused = 0;
      const run = await runScripted(
        { ...target, ports: '80' },
        { answer: () => (refused++ < 5 ? [noRoom(errno)] : [open(1)]) },
      );
      expect(run.of(80, 'tcp')).toMatchObject({ state: 'open', attempts: 1, rttMs: 1 });
      expect(run.sentTo(80).map(({ attempt }) => attempt)).toEqual([1, 1, 1, 1, 1, 1]);
    },
  );

  it.each([
    ['EMFILE', 'own.no-descriptors'],
    ['EADDRNOTAVAIL', 'own.port-range'],
    ['ENOBUFS', 'own.egress-drop'],
  ] as const)('%s that lasts is "could not check", never filtered', async (errno, whyId) => {
    const run = await runScripted({ ...target, ports: '80' }, { answer: () => [noRoom(errno)] });
    expect(run.of(80, 'tcp')).toMatchObject({ state: 'unknown', reason: 'local-error', whyId });
    expect(run.finished).toBe(true);
  });

  it('a datagram that never left is no silence, which would be asked at the pace of the limiter', async () => {
    const run = await runScripted(
      { ...target, udp: true, ports: '9,53' },
      { answer: ({ port }) => [port === 53 ? noRoom('ENOBUFS') : closedBy(0.1)] },
    );
    expect(run.of(53, 'udp')).toMatchObject({ state: 'unknown', whyId: 'own.egress-drop' });
    expect(run.of(9, 'udp').state).toBe('closed');
    expect(run.lastedMs).toBeLessThan(3000);
  });

  it('ports beyond the room of the machine are asked later', async () => {
    const capacity = 100;
    const ends: number[] = [];
    const run = await runScripted(
      { ...target, ports: '1-900' },
      {
        answer: ({ atMs }) => {
          while (ends.length > 0 && ends[0]! <= atMs) ends.shift();
          if (ends.length >= capacity) return [noRoom('EMFILE')];
          ends.push(atMs + 200);
          return [open(200)];
        },
      },
    );
    for (const probe of run.result.settled) {
      expect(run.engine.judgementOf(probe).state).toBe('open');
    }
  });

  it.each([
    ['EPERM', 'own.output-drop'],
    ['ENETUNREACH', 'own.no-route'],
    ['EACCES', 'own.no-route'],
    ['ENETDOWN', 'own.link-down'],
  ] as const)('%s is final at once', async (errno, whyId) => {
    const run = await runScripted(
      { ...target, udp: true, ports: '9' },
      { answer: () => [noRoom(errno)] },
    );
    expect(run.of(9, 'udp')).toMatchObject({ state: 'unknown', whyId, attempts: 1 });
    expect(run.sentTo(9)).toHaveLength(1);
  });
});

describe('pace and limits', () => {
  it('keeps within what the wire can hold open', async () => {
    const run = await runScripted(
      { ...target, ports: '1-300' },
      { can: { maxTcpInFlight: 7 }, answer: () => [open(1)] },
    );
    const starts = timesOf(run.wire.log);
    expect(starts).toHaveLength(300);
    for (const [index, atMs] of starts.entries()) {
      const together = starts.slice(index).filter((later) => later < atMs + 1).length;
      expect(together).toBeLessThanOrEqual(7);
    }
  });

  it('keeps within the window of one target', async () => {
    const run = await runScripted(
      { ...target, ports: '1-200', timing: 2, retries: 0 },
      { answer: () => [open(3000)] },
    );
    // Before the first answer a probe is in flight for the first RTO of the template only.
    const starts = timesOf(run.wire.log).filter((atMs) => atMs > 3000);
    expect(starts.length).toBeGreaterThan(100);
    for (const atMs of starts) {
      const together = starts.filter((other) => other <= atMs && other > atMs - 3000).length;
      expect(together).toBeLessThanOrEqual(TIMING_TEMPLATES[2]!.maxTargetWindow);
    }
  });

  it.each([
    ['open connections', { maxTcpInFlight: 4 }, { ports: '1-40', ratePps: 1000 }],
    ['the window of a target', {}, { ports: '1-200', ratePps: 100, timing: 2 as const }],
  ])('a rate does not spin while %s hold it up', async (_, can, request) => {
    // Silent ports: the limit is reached at once, and only timeouts make room.
    const run = await runScripted(
      { ...target, ...request, retries: 0 },
      { can },
      { maxTurns: 4000 },
    );
    expect(run.result.settled).toHaveLength(run.plan.space.count);
  });

  it('--rate is kept', async () => {
    const run = await runScripted(
      { ...target, ports: '1-500', ratePps: 100 },
      { answer: () => [open(1)] },
    );
    expect(run.lastedMs).toBeGreaterThanOrEqual(4990);
    expect(run.lastedMs).toBeLessThan(5100);
  });

  it('slows down for a routed target, not for one on the link', async () => {
    const over = (route: 'gateway' | 'on-link') =>
      runScripted(
        { ...target, ports: '1-4000' },
        {
          answer: () => [open(0.05)],
          ownSide: () => ({ route }),
        },
      );
    const [routed, direct] = [await over('gateway'), await over('on-link')];
    expect(routed.result.counters.sent / routed.lastedMs).toBeLessThan(20.5);
    expect(direct.lastedMs).toBeLessThan(routed.lastedMs / 2);
  });

  it.each([
    [0, 300_000],
    [1, 15_000],
    [2, 400],
  ] as const)('-T%i leaves %i ms between two probes', async (timing, gapMs) => {
    const run = await runScripted({ ...target, ports: '1-4', timing }, { answer: () => [open(1)] });
    expect(timesOf(run.wire.log)).toEqual([0, gapMs, 2 * gapMs, 3 * gapMs]);
  });

  it.each([3, 4, 5] as const)('-T%i sends its initial window at once', async (timing) => {
    const { initialWindow, initialRtoMs, retries } = TIMING_TEMPLATES[timing]!;
    const run = await runScripted({ ...target, ports: '1-500', timing }, {});
    const times = timesOf(run.wire.log);
    expect(times.filter((atMs) => atMs === 0)).toHaveLength(initialWindow);
    expect(times.find((atMs) => atMs > 0)).toBe(initialRtoMs);
    expect(run.sentTo(1)).toHaveLength(retries + 1);
  });
});

describe('the end of a run', () => {
  it('--host-timeout gives up what has not answered, and says so', async () => {
    const run = await runScripted(
      { targets: ['10.1.0.5', '10.1.0.6'], ports: '1-3', hostTimeoutMs: 150 },
      { answer: (asked) => (asked.target === 0 || asked.port === 1 ? [open(5)] : []) },
    );
    const { space } = run.plan;
    expect(run.finished).toBe(true);
    expect(run.result.notDone.map((probe) => [space.targetOf(probe), space.portOf(probe)])).toEqual(
      [
        [1, 2],
        [1, 3],
      ],
    );
    expect(run.result.settled).toHaveLength(4);
    expect(run.lastedMs).toBeLessThan(300);
  });

  it('an abort leaves the rest undone, and no verdict is made up for it', async () => {
    const run = await runScripted(
      { ...target, ports: '1-3' },
      { answer: ({ port }) => (port === 1 ? [open(5)] : []) },
      { abortAfterMs: 50 },
    );
    expect(run.finished).toBe(false);
    expect(run.result.settled).toEqual([0]);
    expect(run.result.notDone).toEqual([1, 2]);
  });

  it('verdicts are handed out once, each when it is final', async () => {
    const run = await runScripted({ ...target, ports: '1-50' }, { answer: () => [open(1)] });
    const settled = run.engine.takeSettled();
    expect([...settled].sort((a, b) => a - b)).toEqual(run.result.settled);
    expect(run.engine.takeSettled()).toEqual([]);
  });

  it('ends, and its counters add up, for 100,000 probes of which some answer late, twice, or not at all', async () => {
    const request = { targets: ['10.1.0.0/24'], ports: '1-391' };
    const run = await runScripted(
      request,
      {
        can: { maxTcpInFlight: 1_000_000 },
        answer: ({ port, target: host, attempt }) => {
          const draw = (port * 31 + host * 17) % 10;
          if (draw === 0) return [];
          if (draw === 1) return attempt === 1 ? [] : [open(1)];
          if (draw === 2) return [open(1), { afterMs: 2, kind: 'CONNECTED', window: 64_240 }];
          return draw === 3 ? [{ afterMs: 1, kind: 'REFUSED' }] : [open(1)];
        },
      },
      { maxTurns: 1_000_000 },
    );
    const { counters, settled, notDone } = run.result;
    const { count } = run.plan.space;
    expect(count).toBe(100_096);
    expect(settled).toHaveLength(count);
    expect(notDone).toEqual([]);
    const ordinary = run.wire.log.filter(({ tag }) => tag === 0);
    const firsts = ordinary.filter(({ attempt }) => attempt === 1).length;
    const controls = run.wire.log.length - ordinary.length;
    expect(firsts).toBe(count);
    expect(counters.retransmitted).toBe(ordinary.length - firsts);
    expect(counters.sent).toBe(firsts + counters.retransmitted + controls);
    const { matched, foreign, badToken, received } = counters;
    expect(matched + foreign + badToken).toBe(received);
    expect(counters.answered).toBeLessThanOrEqual(count);
    for (const probe of settled) {
      const draw = (run.plan.space.portOf(probe) * 31 + run.plan.space.targetOf(probe) * 17) % 10;
      const { state } = run.engine.judgementOf(probe);
      if (state !== (draw === 0 ? 'filtered' : draw === 3 ? 'closed' : 'open')) {
        expect.fail(`probe ${probe}, draw ${draw}: ${state}`);
      }
    }
  });

  it('is the same under the same seed, batch for batch', async () => {
    const run = async () => {
      const scan = await runScripted(
        { targets: ['10.1.0.0/29'], ports: '1-60' },
        {
          answer: ({ port, attempt }) =>
            port % 3 === 0 ? [] : port % 3 === 1 || attempt > 1 ? [open(1)] : [],
        },
      );
      return {
        log: scan.wire.log,
        verdicts: scan.result.settled.map((each) => scan.engine.judgementOf(each)),
        counters: scan.result.counters,
      };
    };
    expect(await run()).toEqual(await run());
  });

  it('another seed gives another order, and the same verdicts', async () => {
    const script: Script = { answer: ({ port }) => (port % 2 ? [open(1)] : []) };
    const [one, two] = [
      await runScripted({ ...target, ports: '1-60' }, script, { seed: 1 }),
      await runScripted({ ...target, ports: '1-60' }, script, { seed: 2 }),
    ];
    const portsOf = (run: typeof one) => run.wire.log.map(({ port }) => port);
    expect(portsOf(one)).not.toEqual(portsOf(two));
    const statesOf = (run: typeof one) =>
      run.result.settled.map((probe) => run.engine.judgementOf(probe).state);
    expect(statesOf(one)).toEqual(statesOf(two));
  });
});

describe('what our own side says about a silence', () => {
  it('a neighbour that is still being asked for is polled, then settled', async () => {
    let asked = 0;
    const run = await runScripted(
      { ...target, ports: '80', timing: 4 },
      {
        ownSide: () => {
          asked += 1;
          return { route: 'on-link', neighbour: asked < 4 ? 'incomplete' : 'failed' };
        },
      },
    );
    expect(asked).toBe(4);
    // The first asks whether the probe leaves at all, the others are the closing's.
    const times = run.wire.inquiries.map(({ atMs }) => atMs);
    expect(times.slice(2).map((atMs, i) => atMs - times[i + 1]!)).toEqual([200, 200]);
    expect(run.of(80, 'tcp')).toMatchObject({ state: 'filtered', detail: 'no-neighbour' });
  });

  it('probes to hosts that nobody claims fill no window', async () => {
    const run = await runScripted(
      { targets: ['10.1.0.0/24'], tcp: true, ports: '80,443' },
      {
        ownSide: (_target, nowMs) => ({
          route: 'on-link',
          neighbour: nowMs < 3100 ? 'incomplete' : 'failed',
        }),
      },
    );
    expect(run.result.settled).toHaveLength(512);
    expect(run.of(443, 'tcp')).toMatchObject({ state: 'filtered', detail: 'no-neighbour' });
    expect(run.lastedMs).toBeLessThan(5500);
  });

  it('a neighbour that answers late is asked as often as any other', async () => {
    const run = await runScripted(
      { ...target, ports: '22,80' },
      {
        answer: ({ port }) => (port === 22 ? [open(900)] : []),
        ownSide: (_target, nowMs) => ({
          route: 'on-link',
          neighbour: nowMs < 800 ? 'incomplete' : 'reachable',
        }),
      },
    );
    expect(run.of(22, 'tcp')).toMatchObject({ state: 'open', attempts: 1 });
    expect(run.of(80, 'tcp')).toMatchObject({ state: 'filtered', attempts: 3 });
  });

  it('a neighbour that is asked for without end does not hold the run up', async () => {
    const run = await runScripted(
      { ...target, ports: '80', timing: 5 },
      { ownSide: () => ({ route: 'gateway', neighbour: 'incomplete' }) },
    );
    expect(run.of(80, 'tcp')).toMatchObject({ state: 'unknown', whyId: 'own.gateway-silent' });
    expect(run.lastedMs).toBeLessThan(4500);
  });

  it('is not asked about ports whose answer cannot change by it', async () => {
    const run = await runScripted({ ...target, ports: '1-5' }, { answer: () => [open(1)] });
    expect(run.wire.inquiries).toEqual([]);
  });

  it('asks again for what the kernel says of its own second SYN, where the first reached no interface', async () => {
    const run = await runScripted(
      { ...target, ports: '22,80' },
      {
        answer: ({ port }) => (port === 22 ? [open(1)] : []),
        ownSide: (_target, nowMs) => ({ unsent: 3, retransFailed: nowMs < 1000 ? 0 : 1 }),
      },
    );
    expect(run.of(80, 'tcp')).toMatchObject({ state: 'unknown', whyId: 'own.egress-drop' });
    expect(run.wire.inquiries).toHaveLength(2);
    expect(run.lastedMs).toBeLessThan(1500);
  });

  it('an interface that counts late costs that second, not the verdict', async () => {
    const run = await runScripted(
      { ...target, ports: '22,80' },
      {
        answer: ({ port }) => (port === 22 ? [open(1)] : []),
        ownSide: () => ({ unsent: 3 }),
      },
    );
    expect(run.of(80, 'tcp')).toMatchObject({ state: 'filtered', reason: 'no-response' });
  });

  it('counters of our own firewall make a silence unknown, and leave an answer alone', async () => {
    const run = await runScripted(
      { ...target, ports: '22,80' },
      {
        answer: ({ port }) => (port === 22 ? [open(1)] : []),
        ownSide: () => ({ outDropped: 3 }),
      },
    );
    expect(run.of(22, 'tcp').state).toBe('open');
    expect(run.of(80, 'tcp')).toMatchObject({ state: 'unknown', reason: 'local-error' });
  });
});

describe('answers that come late or twice', () => {
  it('a late answer to an earlier attempt is still an answer', async () => {
    const run = await runScripted(
      { ...target, ports: '80' },
      { answer: ({ attempt }) => (attempt === 1 ? [open(1500)] : []) },
    );
    expect(run.of(80, 'tcp')).toMatchObject({ state: 'open', attempts: 2 });
    expect(run.of(80, 'tcp').rttMs).toBe(1500);
  });

  it('a stronger answer overrules a weaker one while the verdict is not out', async () => {
    const run = await runScripted(
      { ...target, udp: true, ports: '9' },
      {
        answer: () => [
          {
            afterMs: 1,
            kind: 'DATAGRAM',
            from: '10.1.0.9',
            fromPort: 9,
            payload: new Uint8Array(3),
          },
          { afterMs: 30, kind: 'DATAGRAM', payload: new Uint8Array(3), ttl: 60 },
        ],
      },
    );
    expect(run.of(9, 'udp')).toMatchObject({ state: 'open', ttl: 60 });
  });

  it("a stranger's service is not the port's", async () => {
    // The answer of another address proves nothing about a port whose host says that it is closed.
    const { answerUdp } = await import('../../src/sim/services.ts');
    const run = await runScripted(
      { ...target, udp: true, ports: '53' },
      {
        answer: ({ payload }) => {
          const out = new Uint8Array(512);
          const length = answerUdp('dns', { bytes: payload, at: 0, end: payload.length }, out, 0);
          const dns = out.slice(0, length);
          return [
            { afterMs: 1, kind: 'DATAGRAM', from: '10.1.0.9', fromPort: 53, payload: dns },
            closedBy(30),
          ];
        },
      },
    );
    expect(run.of(53, 'udp')).toMatchObject({ state: 'closed', service: null, rttMs: 30 });
  });

  it('duplicates change nothing', async () => {
    const once = await runScripted(
      { ...target, udp: true, ports: '9' },
      { answer: () => [closedBy(1)] },
    );
    const twice = await runScripted(
      { ...target, udp: true, ports: '9' },
      { answer: () => [closedBy(1), closedBy(1), closedBy(2)] },
    );
    expect(twice.of(9, 'udp')).toEqual(once.of(9, 'udp'));
  });

  it('a connection without a window is watched until it opens, is reset, or stays', async () => {
    const windowless: Answer = { afterMs: 1, kind: 'CONNECTED', window: 0 };
    const over = (...more: Answer[]) =>
      runScripted({ ...target, ports: '80' }, { answer: () => [windowless, ...more] });
    const opened = await over({ afterMs: 300, kind: 'WINDOW_OPENED' });
    expect(opened.of(80, 'tcp')).toMatchObject({ state: 'open', whyId: 'tcp.open.window' });
    expect(opened.result.counters.answered).toBe(1);
    const reset = await over({ afterMs: 300, kind: 'RESET_AFTER' });
    expect(reset.of(80, 'tcp')).toMatchObject({ state: 'open|filtered', detail: 'syn-proxy' });
    const stays = await over();
    expect(stays.of(80, 'tcp')).toMatchObject({ state: 'open|filtered', detail: 'syn-proxy' });
    expect(stays.lastedMs).toBe(1001);
  });
});
