/** Whether fragments to a silent port come to the target's IP layer, on simulated ways. */
import { describe, expect, it } from 'vitest';
import { parseWorld } from '../../src/sim/world.ts';
import { traceInSimulator } from '../scenarios/traceSimRun.ts';

type Protocol = 'tcp' | 'udp';
type Family = 4 | 6;

const BOTH = { tcp: { '443': 'accept' }, udp: { '53': 'dns' } };
const rulesAt = (hook: string, key: 'sport' | 'dport') => [
  { hook, protocol: 'tcp', [key]: 443, verdict: 'drop' },
  { hook, protocol: 'udp', [key]: 53, verdict: 'drop' },
];

const ask = (world: object, protocol: Protocol, family: Family, seed = 3) =>
  traceInSimulator({
    world: parseWorld({ routers: [{}, {}], ...world }, 'test'),
    view: 'packet',
    family,
    protocol,
    port: protocol === 'tcp' ? 443 : 53,
    seed,
    fragment: true,
  });

describe.each([
  ['tcp', 4],
  ['tcp', 6],
  ['udp', 4],
  ['udp', 6],
] as const)('%s over IPv%i', (protocol, family) => {
  it('what comes to the target is told from what does not', async () => {
    const back = await ask(
      { targets: [{ ...BOTH, rules: rulesAt('output', 'sport') }] },
      protocol,
      family,
    );
    expect(back.path.passage).toMatchObject({ form: 'reassembly', result: 'passes' });
    expect(back.path.finding).toMatchObject({
      direction: 'either',
      after: { ttl: 3 },
      before: null,
    });
    const routers = [{}, { rules: rulesAt('forward', 'dport') }];
    const there = await ask({ routers, targets: [BOTH] }, protocol, family);
    expect(there.path.passage).toMatchObject({
      result: 'lost',
      rounds: 3,
      control: { answered: 3 },
    });
    expect(there.path.finding).toMatchObject({ direction: 'forward', certainty: 'medium' });
  });

  it('INPUT comes behind reassembly over IPv4, before it over IPv6', async () => {
    const { path } = await ask(
      { targets: [{ ...BOTH, rules: rulesAt('input', 'dport') }] },
      protocol,
      family,
    );
    expect(path.passage?.result).toBe(family === 4 ? 'passes' : 'lost');
  });

  it('losses make no drop of what comes through, and nothing passes what was dropped', async () => {
    const links = Array.from({ length: 3 }, () => ({ loss: 0.05 }));
    for (let seed = 1; seed <= 40; seed++) {
      const routers = [{}, { rules: rulesAt('forward', 'dport') }];
      const there = await ask({ links, routers, targets: [BOTH] }, protocol, family, seed);
      expect(there.path.passage?.result ?? 'unknown', `seed ${seed}`).not.toBe('passes');
      const rules = rulesAt('output', 'sport');
      const back = await ask({ links, targets: [{ ...BOTH, rules }] }, protocol, family, seed);
      expect(back.path.passage?.result ?? 'unknown', `seed ${seed}`).not.toBe('lost');
    }
  });

  it('a target with one error a second is waited for', async () => {
    const limiter = { ratelimitMs: 1000, burst: 1 };
    const target = { ...BOTH, limiter };
    const back = await ask(
      { targets: [{ ...target, rules: rulesAt('output', 'sport') }] },
      protocol,
      family,
    );
    expect(back.path.passage?.result).toBe('passes');
    const routers = [{}, { rules: rulesAt('forward', 'dport') }];
    const there = await ask({ routers, targets: [target] }, protocol, family);
    expect(there.path.passage?.result).toBe('lost');
  });

  it('where no control is told, nothing is said', async () => {
    const routers = [{}, { rules: [{ hook: 'forward', protocol, verdict: 'drop' }] }];
    const { path } = await ask({ routers, targets: [BOTH] }, protocol, family);
    expect(path.passage?.result ?? 'unknown').toBe('unknown');
    expect(path.whyId).not.toContain('fragment');
  });

  it('what answers is not asked', async () => {
    const { path, virtualMs } = await ask({ targets: [BOTH] }, protocol, family);
    expect(path.passage).toBeUndefined();
    expect(virtualMs).toBeLessThan(30_000);
  });
});
