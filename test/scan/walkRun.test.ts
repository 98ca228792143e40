/**
 * Whole runs over the simulator, in virtual time: 1,000 UDP ports behind the stock ICMP limiter of Linux, and when each of
 * them is final.
 */
import { describe, expect, it } from 'vitest';
import { PROTO_UDP } from '../../src/batch.ts';
import { drive } from '../../src/drive.ts';
import type { Family, Judgement, SilentOdds } from '../../src/model.ts';
import { formatIp } from '../../src/packet/address.ts';
import { createPlan } from '../../src/plan/plan.ts';
import { createScheduler } from '../../src/scan/scheduler.ts';
import { parseWorld } from '../../src/sim/world.ts';
import { openSimulation } from '../../src/wire/openSimulation.ts';
import { type Answer, type Asked, runScripted } from './scriptedWire.ts';

/** Two answer, four are silent, fourteen are closed. */
const NAMED = [
  53, 123, 161, 514, 69, 137, 500, 631, 700, 701, 702, 703, 704, 705, 706, 707, 708, 709, 710, 711,
];
const SILENT = [161, 514, 703, 711];
const WORLD = {
  targets: [
    {
      udp: {
        '53': 'dns',
        '123': 'ntp',
        ...Object.fromEntries(SILENT.map((port) => [port, 'silent'])),
        '820-899': 'silent',
      },
    },
  ],
};

interface Final {
  readonly atMs: number;
  readonly judgement: Judgement;
  readonly odds: SilentOdds | null;
}

/** Runs until `isEnough` of what is final. */
async function run(
  ports: string,
  family: Family,
  isEnough: (final: ReadonlyMap<number, Final>) => boolean,
): Promise<ReadonlyMap<number, Final>> {
  const world = parseWorld(WORLD, 'walkRun');
  const targets = [formatIp(world.targets[0]!.address[family].bytes, 0, family)];
  const plan = await createPlan(
    { targets, ports, udp: true },
    { resolve: async () => [], interfaces: [], seed: [0x5eed, family] },
  );
  const { wire, ownAddresses, srcPort } = openSimulation(plan, world, 'errqueue');
  const engine = createScheduler({ plan, can: wire.can, ownAddresses, srcPort });
  const final = new Map<number, Final>();
  const enough = new AbortController();
  await drive(engine, wire, {
    signal: enough.signal,
    onTurn: () => {
      for (const probe of engine.takeSettled()) {
        const judgement = engine.judgementOf(probe);
        const odds = engine.oddsOf(probe);
        final.set(plan.space.portOf(probe), { atMs: wire.nowMs(), judgement, odds });
      }
      if (isEnough(final)) enough.abort();
    },
  });
  engine.result();
  for (const [port, { odds }] of final) {
    const probe = plan.space.indexOf(0, PROTO_UDP, port);
    expect(engine.oddsOf(probe), 'what was handed out does not change').toEqual(odds);
  }
  return final;
}

describe.each([
  [4, 20_000],
  [6, 4000],
] as const)('1,000 ports, twenty of them named first, IPv%i', (family, withinMs) => {
  it(`the twenty are final and right within ${withinMs} ms`, async () => {
    const final = await run(`${NAMED.join()},1-1000`, family, (all) =>
      NAMED.every((port) => all.has(port)),
    );
    for (const port of NAMED) {
      const { atMs, judgement } = final.get(port)!;
      const isSilent = SILENT.includes(port);
      const state = port === 53 || port === 123 ? 'open' : isSilent ? 'open|filtered' : 'closed';
      expect([port, judgement.state]).toEqual([port, state]);
      if (isSilent) expect(judgement.detail).toBe('silent-certified');
      expect(atMs).toBeLessThan(withinMs);
    }
  });
});

describe('silences', () => {
  it('are out when they are certain, not at the end', async () => {
    const final = await run('720-899', 4, (all) => all.size === 180);
    const endMs = Math.max(...[...final.values()].map(({ atMs }) => atMs));
    const early = [...final.values()].filter(
      ({ atMs, judgement }) => judgement.detail === 'silent-certified' && atMs < endMs / 2,
    );
    expect(early.length).toBeGreaterThan(20);
  });

  it.each([4, 6] as const)('say what the port may be, IPv%i', async (family) => {
    const final = await run('161,514,700-712,870-899', family, (all) => all.size === 45);
    const oddsOf = (port: number) => final.get(port)!.odds!;
    expect(final.get(700)!.odds, 'a closed port has none').toBeNull();
    for (const port of [161, 514, 703, 711, 870, 885])
      expect(oddsOf(port).closed).toBeLessThan(1e-3);
    // A registered service, an unknown port alone among closed ones, and one in a silent range.
    expect(oddsOf(514).open).toBeGreaterThan(oddsOf(711).open);
    expect(oddsOf(885).dropped).toBeGreaterThan(0.9);
  });
});

describe('a target whose first answers were slow', () => {
  it.each(['10.1.0.9', 'fd00::9'])('%s is walked to the end', async (target) => {
    const bucket = { tokens: 6, atMs: 0 };
    const answer = ({ port, attempt, atMs }: Asked): readonly Answer[] => {
      if (port === 514) return [];
      bucket.tokens = Math.min(6, bucket.tokens + (atMs - bucket.atMs) / 100);
      bucket.atMs = atMs;
      if (bucket.tokens < 1) return [];
      bucket.tokens -= 1;
      const icmp = target.includes(':') ? ([1, 4] as const) : ([3, 3] as const);
      return [{ afterMs: attempt === 1 ? 60 : 0.2, kind: 'ICMP', icmp, ttl: 62 }];
    };
    const { of } = await runScripted(
      { targets: [target], ports: '514,2000-2019', udp: true },
      { answer },
    );
    expect(of(514, 'udp').detail).toBe('silent-certified');
    for (let port = 2000; port < 2020; port++) expect(of(port, 'udp').state).toBe('closed');
  });
});
