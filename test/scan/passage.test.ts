/** `--passage` over the simulator: silent ports that get their packets, ports that do not, and where nothing can be said. */
import { describe, expect, it } from 'vitest';
import { drive } from '../../src/drive.ts';
import { UsageError } from '../../src/errors.ts';
import type { Family, Plan, Verdict } from '../../src/model.ts';
import { formatIp } from '../../src/packet/address.ts';
import { createPlan, type PlanRequest } from '../../src/plan/plan.ts';
import { loadPlan, savePlan } from '../../src/plan/savedPlan.ts';
import { buildVerdict } from '../../src/report/build.ts';
import { passageNotes } from '../../src/report/notes.ts';
import { createScheduler, type ScanResult } from '../../src/scan/scheduler.ts';
import { parseWorld } from '../../src/sim/world.ts';
import { openSimulation } from '../../src/wire/openSimulation.ts';

interface Ran {
  readonly plan: Plan;
  readonly result: ScanResult;
  readonly lastedMs: number;
  readonly of: (port: number) => Verdict;
  readonly all: readonly Verdict[];
}

async function run(
  world: object,
  ports: string,
  {
    seed = 1,
    request = {} as Partial<PlanRequest>,
    stopAfter = Number.POSITIVE_INFINITY,
    stopMs = Number.POSITIVE_INFINITY,
    families = [6] as readonly Family[],
  } = {},
): Promise<Ran> {
  const parsed = parseWorld({ routers: [{}], ...world }, 'passage');
  const targets = families.flatMap((family) =>
    parsed.targets.map(({ address }) => formatIp(address[family].bytes, 0, family)),
  );
  const plan = await createPlan(
    { targets, ports, udp: true, passage: true, ...request },
    { resolve: async () => [], interfaces: [], seed: [0x5eed, seed] },
  );
  const { wire, ownAddresses, srcPort } = openSimulation(plan, parsed, 'packet');
  const engine = createScheduler({ plan, can: wire.can, ownAddresses, srcPort });
  const stop = new AbortController();
  let turns = 0;
  const out = new Map<number, unknown>();
  const { judgementOf, oddsOf, isOpen } = engine;
  await drive(engine, wire, {
    signal: stop.signal,
    onTurn: () => {
      turns += 1;
      for (const probe of engine.takeSettled()) out.set(probe, [judgementOf(probe), oddsOf(probe)]);
      if (turns >= stopAfter || wire.nowMs() >= stopMs) stop.abort();
    },
  });
  const result = engine.result();
  for (const [probe, said] of out) {
    expect([judgementOf(probe), oddsOf(probe)], 'what was handed out stays').toEqual(said);
  }
  const build = { plan, wire: wire.kind, judgementOf, oddsOf, isOpen };
  const all = result.settled.map((probe) => buildVerdict(build, probe));
  const of = (port: number) => all.find((one) => one.port === port)!;
  return { plan, result, lastedMs: wire.nowMs(), all, of };
}

const drop = (dport: number) => ({ hook: 'input', protocol: 'udp', dport, verdict: 'drop' });
/** Silent services, dropped ports with services behind them, and closed ports. */
const UDP = { '514': 'silent', '516': 'silent', '517': 'dns', '518': 'dns' };
const MIXED = { targets: [{ udp: UDP, rules: [517, 518, 519].map(drop) }] };
const TRUTH: Readonly<Record<number, Verdict['detail']>> = {
  514: 'open-silent',
  516: 'open-silent',
  517: 'dropped',
  518: 'dropped',
  519: 'dropped',
};
const NO_OPTIONS = { hook: 'forward', family: 6, nextHeader: 60, verdict: 'drop' };

const isSilent = ({ state }: Verdict): boolean => state === 'open|filtered';

describe('silent ports', () => {
  it('that get their packets are told from those that do not, and neither is certain', async () => {
    const { all, result } = await run(MIXED, '510-530');
    for (const verdict of all) {
      const detail = TRUTH[verdict.port];
      expect([verdict.port, verdict.detail]).toEqual([verdict.port, detail ?? null]);
      expect(verdict.state).toBe(detail === undefined ? 'closed' : 'open|filtered');
      if (detail === undefined) continue;
      expect(verdict.confidence).toBeLessThanOrEqual(0.9);
      const { open, dropped } = verdict.between!;
      expect(open > dropped).toBe(detail === 'open-silent');
      const ids = verdict.evidence;
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids.filter((id) => id.startsWith('r'))).toHaveLength(detail === 'dropped' ? 0 : 1);
      expect(ids.length).toBeGreaterThan(verdict.attempts);
    }
    expect(result.passage).toEqual([{ target: 0, silent: 5, asked: 5, told: 5, without: null }]);
  });

  it('are left as they are without the option', async () => {
    const { all, result } = await run(MIXED, '510-530', { request: { passage: false } });
    const details = all.filter(isSilent).map(({ detail }) => detail);
    expect(new Set(details)).toEqual(new Set(['silent-certified']));
    expect(result.passage).toEqual([]);
  });

  it.each([0, 0.05])(
    'are told right or not at all, %d of packets lost on each link',
    async (loss) => {
      const links = Array.from({ length: 2 }, () => ({ loss }));
      let told = 0;
      for (let seed = 1; seed <= 60; seed++) {
        const { all } = await run({ ...MIXED, links }, '510-530', { seed });
        for (const { port, detail, confidence } of all.filter(isSilent)) {
          expect(confidence).toBeLessThan(0.999);
          if (detail !== 'open-silent' && detail !== 'dropped') continue;
          expect([seed, port, detail]).toEqual([seed, port, TRUTH[port]]);
          told += 1;
        }
      }
      expect(told).toBeGreaterThanOrEqual(loss === 0 ? 300 : 290);
    },
  );

  it.each([
    ['one error a second', { ratelimitMs: 1000, burst: 1 }],
    ['no limit', { ratelimitMs: 0 }],
  ])('%s', async (_, limiter) => {
    const [target] = MIXED.targets;
    const { all } = await run({ targets: [{ ...target, limiter }] }, '510-550');
    const details = all.filter(isSilent).map(({ port, detail }) => [port, detail]);
    expect(Object.fromEntries(details)).toEqual(TRUTH);
  });

  it('of several targets, each for itself', async () => {
    const other = { udp: { '517': 'silent' }, rules: [drop(514)] };
    const { plan, all } = await run({ targets: [MIXED.targets[0], other] }, '510-530');
    const of = (target: number, port: number) =>
      all.find((one) => one.target === plan.targets.ip(target) && one.port === port)!.detail;
    expect([of(0, 514), of(0, 517)]).toEqual(['open-silent', 'dropped']);
    expect([of(1, 514), of(1, 517)]).toEqual(['dropped', 'open-silent']);
  });

  it('64 of them at most, those first that have a service', async () => {
    const udp = { '10001-10100': 'silent', '514': 'silent' };
    const { result, all, of } = await run({ targets: [{ udp }] }, '10001-10120,514');
    expect(result.passage).toMatchObject([{ silent: 101, asked: 64, told: 64 }]);
    expect(of(514).detail).toBe('open-silent');
    expect(all.filter(({ detail }) => detail === 'silent-certified')).toHaveLength(37);
  });
});

describe('nothing is told', () => {
  it.each([
    [
      'where such packets are dropped on the way',
      { ...MIXED, routers: [{ rules: [NO_OPTIONS] }] },
      'refusal',
    ],
    ['without a closed port', { targets: [{ udp: { '1-65535': 'silent' } }] }, 'control'],
    [
      'where a filter of the target says of all ports but one that they are closed',
      {
        targets: [
          {
            udp: UDP,
            rules: [
              drop(517),
              { hook: 'input', protocol: 'udp', verdict: 'reject', with: 'port-unreach' },
            ],
          },
        ],
      },
      'refusal',
    ],
  ])('%s', async (_, world, without) => {
    const { all, result } = await run(world, '510-530');
    const details = all.filter(isSilent).map(({ detail }) => detail);
    expect(details.length).toBeGreaterThan(0);
    for (const detail of details)
      expect(['silent-certified', 'silent-unverified']).toContain(detail);
    expect(result.passage).toMatchObject([{ told: 0, without }]);
  });

  it('of IPv4 targets beside those of IPv6', async () => {
    const { plan, all, result } = await run(MIXED, '510-530', { families: [4, 6] });
    const detailsOf = (family: number) =>
      all
        .filter(({ target }) => plan.targets.ip(family === 4 ? 0 : 1) === target)
        .filter(isSilent)
        .map(({ detail }) => detail);
    expect(new Set(detailsOf(4))).toEqual(new Set(['silent-certified']));
    expect(detailsOf(6)).toEqual(Object.values(TRUTH));
    expect(passageNotes(plan, result.passage)).toEqual([
      '--passage asks by IPv6 headers: not the one target of IPv4',
    ]);
  });

  it.each([
    ['a stop', { stopMs: 1500 }],
    ['a host timeout', { request: { hostTimeoutMs: 1500 } }],
  ])(
    'where %s ends it before a control was answered, which the note does not blame on a filter',
    async (_, cut) => {
      const world = { ...MIXED, routers: [{ rules: [NO_OPTIONS] }] };
      const whole = await run(world, '510-530');
      expect(whole.lastedMs).toBeGreaterThan(3000);
      const { plan, result, lastedMs } = await run(world, '510-530', cut);
      expect(lastedMs).toBeLessThan(2000);
      expect(passageNotes(plan, result.passage)).toEqual([
        `${plan.targets.ip(0)}: --passage could not tell 5 of 5 silent ports`,
      ]);
    },
  );

  it('when the time of the host is over', async () => {
    const limiter = { ratelimitMs: 1000, burst: 1 };
    const [target] = MIXED.targets;
    const request = { hostTimeoutMs: 30_000 };
    const world = { targets: [{ ...target, limiter }] };
    const { all, lastedMs } = await run(world, '510-530', { request });
    expect(lastedMs).toBeLessThan(31_000);
    for (const { port, detail } of all.filter(isSilent)) {
      expect([TRUTH[port], 'silent-certified', 'silent-unverified']).toContain(detail);
    }
  });
});

it('a run that is stopped tells what was known by then, and nothing wrong', async () => {
  const details = new Set<Verdict['detail']>();
  for (let stopAfter = 10; stopAfter < 400; stopAfter += 13) {
    const { all } = await run(MIXED, '510-530', { stopAfter });
    for (const { port, detail } of all.filter(isSilent)) {
      details.add(detail);
      if (detail === 'open-silent' || detail === 'dropped') expect(detail).toBe(TRUTH[port]);
    }
  }
  expect([...details]).toEqual(
    expect.arrayContaining(['silent-certified', 'dropped', 'open-silent']),
  );
});

describe('what cannot be asked so', () => {
  const V6 = { targets: ['fd90::1'], ports: '53', udp: true };
  it.each([
    [{ ...V6, udp: false, tcp: true }, '--passage is about UDP ports: add -sU'],
    [{ ...V6, retries: 2 }, '--passage rests on proven silences: not with --retries 2'],
    [{ ...V6, timing: 2 }, '--passage rests on proven silences: not with -T2'],
    [{ ...V6, targets: ['10.0.0.1'] }, '--passage asks by IPv6 headers: 10.0.0.1 is IPv4'],
    [{ targets: ['fd90::1'], discover: true }, '-sn looks for hosts alone: not with --passage'],
  ] as const)('%j', async (request, message) => {
    const env = { resolve: async () => [], interfaces: [], seed: [1, 2] as const };
    await expect(createPlan({ ...request, passage: true }, env)).rejects.toThrow(
      new UsageError(message),
    );
  });

  it('keeps the option in a saved plan', async () => {
    const { plan } = await run(MIXED, '514', { stopAfter: 1 });
    expect(loadPlan(JSON.parse(JSON.stringify(savePlan(plan))))?.passage).toBe(true);
  });
});
