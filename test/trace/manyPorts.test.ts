/** Several ports in one run: their routers have six ICMP errors for us, then one a second, and all traces share them. */
import { describe, expect, it } from 'vitest';
import type { Ip } from '../../src/model.ts';
import { parseWorld } from '../../src/sim/world.ts';
import { createErrorBudget } from '../../src/trace/errorBudget.ts';
import { recordTrace } from '../record/recordTrace.ts';
import { TRACE_VIEWS } from '../scenarios/traceScenario.ts';

const PORTS = [81, 82, 83, 84, 85, 86, 87, 88];

/** Eight ports of one target behind six routers, of which one has this rule. */
async function traceAll(
  rule: object | null,
  at: number,
  asked: Pick<Parameters<typeof recordTrace>[0], 'view' | 'family'> & {
    readonly protocol: 'tcp' | 'udp';
  },
) {
  const { protocol, view, family } = asked;
  const rules = rule === null ? [] : [{ protocol, dport: '81-88', ...rule }];
  const routers = Array.from({ length: 6 }, (_, index) => (index + 1 === at ? { rules } : {}));
  const world = parseWorld({ routers, targets: [{ tcp: { '22': 'accept' } }] }, 'test');
  const traces = PORTS.map((port) => ({ port, protocol })) as unknown as Parameters<
    typeof recordTrace
  >[0]['scenario']['traces'];
  return (await recordTrace({ scenario: { world, traces }, view, family, seed: 1 })).report;
}

const DROP = { hook: 'forward', verdict: 'drop' };
const REJECT = { hook: 'forward', verdict: 'reject', with: 'admin-prohibited' };

describe.each(TRACE_VIEWS)('%s', (view) => {
  describe.each([4, 6] as const)('IPv%i', (family) => {
    it.each([
      ['tcp', DROP, 3, 'dropped drop 3-4'],
      ['udp', DROP, 3, 'dropped drop 3-4'],
      ['tcp', REJECT, 3, 'rejected reject 3-4'],
      ['udp', REJECT, 3, 'rejected reject 3-4'],
      ['udp', REJECT, 6, 'rejected reject 6-7'],
      ['tcp', DROP, 6, 'dropped drop 6-7'],
      ['udp', null, 0, 'reached'],
      ['tcp', null, 0, 'reached'],
    ] as const)('%s, %o at router %i: %s, for every port', async (protocol, rule, at, said) => {
      const { paths } = await traceAll(rule, at, { protocol, view, family });
      const found = paths.map(({ end, finding }) =>
        finding === null
          ? end
          : `${end} ${finding.kind} ${finding.after?.ttl}-${finding.before?.ttl}`,
      );
      expect(found).toEqual(PORTS.map(() => said));
      if (view === 'P' && rule === DROP && at === 3) {
        expect(paths.map(({ finding }) => finding!.certainty)).toEqual(PORTS.map(() => 'high'));
      }
    });
  });
});

it('says for how long it has waited; ports that answer wait for nothing, and their silent hops are explained', async () => {
  const asked = { protocol: 'tcp', view: 'P', family: 4 } as const;
  const dropped = await traceAll(DROP, 3, asked);
  expect(dropped.warnings.join()).toMatch(/waited \d+\.\d s in all until routers had ICMP errors/);
  const reached = await traceAll(null, 0, asked);
  expect(reached.warnings.join()).not.toContain('waited');
  expect(reached.warnings.join()).toContain(
    'some hops are silent to a port and answered an earlier',
  );
  expect(reached.durationMs).toBeLessThan(1000);
});

describe('the errors that are left', () => {
  const [one, other] = ['10.0.1.1', '10.0.2.1'] as [Ip, Ip];

  it('are enough before anybody has spoken, and after one error', () => {
    const budget = createErrorBudget();
    expect(budget.readyAtMs()).toBe(Number.NEGATIVE_INFINITY);
    budget.note(one, 4, 100);
    expect(budget.readyAtMs()).toBe(Number.NEGATIVE_INFINITY);
  });

  it.each([
    [4, 2, 1050],
    [4, 6, 5250],
    [4, 60, 5250],
    [6, 6, 1312.5],
  ] as const)('IPv%i: after %i at once they are in %d ms', (family, errors, readyMs) => {
    const budget = createErrorBudget();
    for (let i = 0; i < errors; i++) budget.note(one, family, 0);
    expect(budget.readyAtMs()).toBeCloseTo(readyMs);
  });

  it('come back with time, each sender for itself; the last one counts', () => {
    const budget = createErrorBudget();
    for (let i = 0; i < 6; i++) budget.note(one, 4, 0);
    for (let i = 0; i < 3; i++) budget.note(other, 4, 10_000);
    expect(budget.readyAtMs()).toBeCloseTo(12_100);
    budget.note(one, 4, 10_000);
    expect(budget.readyAtMs()).toBeCloseTo(12_100);
  });
});
