/** Whether packets to a silent port come to the target's stack, on simulated ways. */
import { describe, expect, it } from 'vitest';
import { parseWorld } from '../../src/sim/world.ts';
import { traceInSimulator } from '../scenarios/traceSimRun.ts';

const BACK = [
  { hook: 'output', protocol: 'tcp', sport: 443, verdict: 'drop' },
  { hook: 'output', protocol: 'udp', sport: 53, verdict: 'drop' },
];
const THERE = [
  { hook: 'input', protocol: 'tcp', dport: 443, verdict: 'drop' },
  { hook: 'input', protocol: 'udp', dport: 53, verdict: 'drop' },
];
const BOTH = { tcp: { '443': 'accept' }, udp: { '53': 'dns' } };

const ask = (world: object, protocol: 'tcp' | 'udp' = 'tcp', seed = 3, family: 4 | 6 = 6) =>
  traceInSimulator({
    world: parseWorld({ routers: [{}, {}], ...world }, 'test'),
    view: 'packet',
    family,
    protocol,
    port: protocol === 'tcp' ? 443 : 53,
    seed,
    passage: true,
  });

describe.each(['tcp', 'udp'] as const)('%s', (protocol) => {
  it('what comes to the stack is told from what does not', async () => {
    const back = await ask({ targets: [{ ...BOTH, rules: BACK }] }, protocol);
    expect(back.path.passage).toMatchObject({ form: 'dst-option', result: 'passes' });
    expect(back.path.finding).toMatchObject({
      direction: 'return',
      after: { ttl: 3 },
      before: { ttl: 0, ip: null },
    });
    const there = await ask({ targets: [{ ...BOTH, rules: THERE }] }, protocol);
    expect(there.path.passage).toMatchObject({ result: 'lost', control: { answered: 3 } });
    expect(there.path.finding).toMatchObject({ direction: 'forward', certainty: 'medium' });
  });

  it('losses make no drop of what passes, and name no stack that was not reached', async () => {
    const links = Array.from({ length: 3 }, () => ({ loss: 0.05 }));
    const said = { back: new Set<string>(), there: new Set<string>() };
    for (let seed = 1; seed <= 40; seed++) {
      const back = await ask({ links, targets: [{ ...BOTH, rules: BACK }] }, protocol, seed);
      said.back.add(back.path.passage?.result ?? 'unasked');
      const there = await ask({ links, targets: [{ ...BOTH, rules: THERE }] }, protocol, seed);
      said.there.add(there.path.passage?.result ?? 'unasked');
    }
    expect([...said.back].sort()).toEqual(['passes']);
    expect([...said.there].sort()).toEqual(['lost']);
  });

  it('a target with one error a second is waited for', async () => {
    const limiter = { ratelimitMs: 1000, burst: 1 };
    const back = await ask({ targets: [{ ...BOTH, limiter, rules: BACK }] }, protocol);
    expect(back.path.passage).toMatchObject({ result: 'passes' });
    const there = await ask({ targets: [{ ...BOTH, limiter, rules: THERE }] }, protocol);
    expect(there.path.passage).toMatchObject({ result: 'lost' });
  });

  it('where no control is answered, nothing is said', async () => {
    const rules = [{ hook: 'input', protocol, verdict: 'drop' }];
    const { path } = await ask({ targets: [{ ...BOTH, rules }] }, protocol);
    expect(path.passage).toMatchObject({ form: 'first-fragment', result: 'unknown' });
    expect(path.finding).toMatchObject({ direction: 'either' });
    expect(path.finding!.next.join()).not.toContain('--passage');
  });

  it('what answers is not asked, nor IPv4', async () => {
    const open = await ask({ targets: [BOTH] }, protocol);
    expect(open.path.passage).toBeUndefined();
    const four = await ask({ targets: [{ ...BOTH, rules: THERE }] }, protocol, 3, 4);
    expect(four.path.passage).toBeUndefined();
  });
});
