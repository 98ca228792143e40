/** `--infer-ranges` over the simulator: what is asked, what is told without asking, and that the two are never mixed up. */
import { describe, expect, it } from 'vitest';
import { PROTO_UDP } from '../../src/batch.ts';
import { drive } from '../../src/drive.ts';
import type { Family, Plan, Verdict } from '../../src/model.ts';
import { formatIp } from '../../src/packet/address.ts';
import { createPlan, type PlanRequest } from '../../src/plan/plan.ts';
import { loadPlan, savePlan } from '../../src/plan/savedPlan.ts';
import { buildVerdict } from '../../src/report/build.ts';
import { renderText } from '../../src/report/text.ts';
import { createScheduler, type ScanResult } from '../../src/scan/scheduler.ts';
import { sparedPorts } from '../../src/scan/sparedPorts.ts';
import { parseWorld } from '../../src/sim/world.ts';
import { openSimulation } from '../../src/wire/openSimulation.ts';
import { report } from '../report/sample.ts';

type Ports = Readonly<Record<string, string>>;

interface Ran {
  readonly plan: Plan;
  readonly result: ScanResult;
  readonly lastedMs: number;
  readonly of: (port: number) => Verdict;
  readonly all: readonly Verdict[];
}

async function run(
  udp: Ports,
  request: Partial<PlanRequest> & { readonly ports: string },
  {
    family = 4 as Family,
    view = 'errqueue' as 'packet' | 'errqueue' | 'connect',
    world: more = {},
    stopAfter = Number.POSITIVE_INFINITY,
  } = {},
): Promise<Ran> {
  const world = parseWorld({ targets: [{ udp }], ...more }, 'ranges');
  const plan = await createPlan(
    {
      targets: [formatIp(world.targets[0]!.address[family].bytes, 0, family)],
      udp: true,
      inferRanges: true,
      ...request,
    },
    { resolve: async () => [], interfaces: [], seed: [0x5eed, family] },
  );
  const { wire, ownAddresses, srcPort } = openSimulation(plan, world, view);
  const engine = createScheduler({ plan, can: wire.can, ownAddresses, srcPort });
  const stop = new AbortController();
  let turns = 0;
  await drive(engine, wire, {
    signal: stop.signal,
    onTurn: () => {
      turns += 1;
      if (turns >= stopAfter) stop.abort();
    },
  });
  const result = engine.result();
  const lastedMs = wire.nowMs();
  const { judgementOf, oddsOf, isOpen } = engine;
  const all = result.settled.map((probe) =>
    buildVerdict({ plan, wire: wire.kind, judgementOf, oddsOf, isOpen }, probe),
  );
  return { plan, result, lastedMs, all, of: (port) => all.find((one) => one.port === port)! };
}

const isTold = ({ detail }: Verdict): boolean => detail === 'inferred';

describe.each([
  ['errqueue', 4],
  ['errqueue', 6],
  ['packet', 4],
  ['packet', 6],
] as const)('%s, IPv%i: 500 ports of which two ranges are silent', (view, family) => {
  const SILENT = [
    [10_100, 10_187],
    [10_333, 10_360],
  ] as const;
  const isSilent = (port: number): boolean =>
    SILENT.some(([first, last]) => port >= first && port <= last);
  const udp = Object.fromEntries(SILENT.map(([first, last]) => [`${first}-${last}`, 'silent']));

  it('are all right, most of them not asked, none of those certain', async () => {
    const { all, result } = await run(udp, { ports: '10001-10500' }, { view, family });
    expect(all).toHaveLength(500);
    for (const verdict of all) {
      const state = isSilent(verdict.port) ? 'open|filtered' : 'closed';
      expect([verdict.port, verdict.state]).toEqual([verdict.port, state]);
      if (!isTold(verdict)) continue;
      expect(verdict.attempts).toBe(0);
      expect(verdict.confidence).toBe(state === 'closed' ? 0.98 : 0.9);
      expect(verdict.whyId).toBe(state === 'closed' ? 'udp.between.closed' : 'udp.between.silent');
      expect(verdict).not.toHaveProperty('between');
      const { low, high } = verdict.whyArgs;
      expect(verdict.port > Number(low) && verdict.port < Number(high)).toBe(true);
      expect(verdict.evidence.length).toBeGreaterThan(1);
    }
    const told = all.filter(isTold).length;
    expect(told).toBe(result.inferred);
    // 51 are asked first, and at most four at each of four ends of silent ranges.
    expect(told).toBeGreaterThanOrEqual(500 - 51 - 16);
  });
});

describe('what is always asked', () => {
  it('named ports, those with a request or a registered service, and the ends of runs', async () => {
    const { plan } = await run({}, { ports: '10005,10013,1-200,10001-10100' });
    const spared = new Set(sparedPorts(plan, plan.groups[0]!));
    for (const port of [1, 11, 53, 123, 161, 200, 10_001, 10_005, 10_013, 10_100]) {
      expect(spared.has(port), `${port}`).toBe(false);
    }
    expect(spared.has(10_006)).toBe(true);
  });

  it('lists of single ports, and short runs', async () => {
    const ports = Array.from({ length: 30 }, (_, index) => 20_001 + index);
    for (const text of [ports.join(), '20001-20010', '20001,20003,20005-20012']) {
      const { plan, all } = await run({}, { ports: text });
      expect(sparedPorts(plan, plan.groups[0]!)).toEqual([]);
      expect(all.some(isTold)).toBe(false);
    }
  });

  it('a lone silent port is found where it was named, and told closed with less than certainty where not', async () => {
    const udp = { '10055': 'silent' };
    const named = await run(udp, { ports: '10055,10001-10100' });
    expect(named.of(10_055).detail).toBe('silent-certified');
    expect(named.of(10_054).state).toBe('closed');
    const hidden = await run(udp, { ports: '10001-10100' });
    expect(hidden.of(10_055)).toMatchObject({ state: 'closed', detail: 'inferred' });
    expect(hidden.of(10_055).confidence).toBeLessThan(0.999);
  });

  it('a service that answers says nothing of the ports beside it', async () => {
    const { of, all } = await run({ '10041': 'echo' }, { ports: '10001-10100' });
    expect(of(10_041).state).toBe('open');
    expect(of(10_040)).toMatchObject({ state: 'closed', detail: 'inferred' });
    expect(all.filter(({ state }) => state !== 'closed')).toHaveLength(1);
  });
});

describe('where nothing is proven', () => {
  it('every port of a target that sends no ICMP error is asked, and no later than without', async () => {
    const ports = '10001-10160';
    const [ranges, whole] = await Promise.all(
      [true, false].map((inferRanges) => run({ '1-65535': 'silent' }, { ports, inferRanges })),
    );
    expect(ranges!.all).toHaveLength(160);
    expect(ranges!.all.some(isTold)).toBe(false);
    expect(ranges!.lastedMs).toBeLessThan(1.2 * whole!.lastedMs);
  });

  it('every port is asked on a wire that sees no senders', async () => {
    const { all } = await run({}, { ports: '10001-10060' }, { view: 'connect' });
    expect(all.filter(({ attempts }) => attempts > 0)).toHaveLength(60);
  });

  it.each([
    [{ retries: 2 }, 'not with --retries 2'],
    [{ timing: 2 }, 'not with -T2'],
    [{ udp: false, tcp: true }, 'is about UDP ports'],
  ] as const)('%j is refused', async (request, why) => {
    await expect(run({}, { ports: '1-100', ...request })).rejects.toThrow(why);
  });
});

describe('a run that does not end by itself', () => {
  it('leaves what was not asked undone', async () => {
    const { result } = await run({}, { ports: '10001-10100' }, { stopAfter: 2 });
    expect(result.notDone.length).toBeGreaterThan(40);
    expect(result.settled.length + result.notDone.length).toBe(100);
  });

  it('is given up by --host-timeout, spared ports too', async () => {
    const { result, plan } = await run({}, { ports: '10001-12000', hostTimeoutMs: 3000 });
    expect(result.settled.length + result.notDone.length).toBe(plan.space.count);
    expect(result.notDone.length).toBeGreaterThan(0);
  });
});

it('asked and inferred ports stand in groups of their own, and the text counts them apart', async () => {
  const { result, all, plan } = await run({ '10061-10200': 'silent' }, { ports: '10001-10200' });
  const alike = result.alike('target').map((probes) => probes.map(plan.space.portOf));
  for (const ports of alike) {
    const told = ports.map((port) => isTold(all.find((one) => one.port === port)!));
    expect(new Set(told).size).toBe(1);
  }
  const told = (state: string): number =>
    all.filter((one) => isTold(one) && one.state === state).length;
  const text = renderText(report(all), { color: false, width: 200, verbose: 0 });
  expect(text).toContain(`${told('closed')} closed as inferred, not asked`);
  expect(text).toContain(`${told('open|filtered')} open|filtered as inferred, not asked`);
  expect(text).toContain('closed udp ports (not asked: closed on both sides, 98 % sure)');
});

it('a plan that infers is saved and loaded', async () => {
  const { plan } = await run({}, { ports: '10001-10020' });
  expect(loadPlan(JSON.parse(JSON.stringify(savePlan(plan))))?.inferRanges).toBe(true);
  expect(plan.space.indexOf(0, PROTO_UDP, 10_001)).toBe(0);
});
