/** Random worlds: what is said of a host is never the contrary of what is there, whatever the path loses or refuses. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseWorld } from '../../src/sim/world.ts';
import { look } from './run.ts';

const rule = (hooks: readonly string[]) =>
  fc.record({
    hook: fc.constantFrom(...hooks),
    protocol: fc.constantFrom('tcp', 'udp', 'icmp'),
    verdict: fc.constantFrom('drop', 'reject'),
  });
const toRule = ({
  hook,
  protocol,
  verdict,
}: {
  hook: string;
  protocol: string;
  verdict: string;
}) => ({
  hook,
  verdict,
  ...(protocol === 'icmp' ? {} : { protocol }),
  ...(verdict === 'drop' ? {} : { with: protocol === 'tcp' ? 'tcp-reset' : 'admin-prohibited' }),
});

const worlds = fc.record({
  routers: fc.array(fc.array(rule(['forward']), { maxLength: 2 }), { maxLength: 3 }),
  host: fc.array(rule(['input']), { maxLength: 2 }),
  isThere: fc.boolean(),
  echo: fc.boolean(),
  loss: fc.constantFrom(0, 0, 0.05, 0.3),
});

it.each(['packet', 'errqueue', 'connect'] as const)('seen as %s', async (view) => {
  await fc.assert(
    fc.asyncProperty(worlds, fc.nat(), async ({ routers, host, isThere, echo, loss }, seed) => {
      const world = parseWorld(
        {
          scanner: { pingSockets: seed % 2 === 0 },
          routers: routers.map((rules) => ({ rules: rules.map(toRule) })),
          targets: [{ rules: host.map(toRule), present: isThere, echo }],
          links: routers.map(() => ({ loss })),
        },
        'test',
      );
      const ip = `10.90.${routers.length}.10`;
      const { hosts } = await look(world, view, { targets: [ip] }, seed);
      const { state, reason, confidence } = hosts[0]!;
      const wrong = isThere ? 'down' : 'up';
      expect(`${state} ${reason} ${confidence}`).not.toMatch(wrong);
    }),
    { seed: 20261128, numRuns: 300 },
  );
});

it('a /24 of our own link is told in 2.1 s, and one behind a router in a few', async () => {
  const link = parseWorld({ targets: [{ v4: '10.90.0.128/25', present: 0.1 }] }, 'test');
  const near = await look(link, 'packet', { targets: ['10.90.0.128/25'] });
  expect(near.virtualMs).toBeLessThan(2100);
  expect(near.hosts.filter(({ state }) => state === 'unknown')).toEqual([]);
  const routed = parseWorld(
    { routers: [{}], targets: [{ v4: '10.90.1.128/25', present: 0.5 }] },
    'test',
  );
  const far = await look(routed, 'packet', { targets: ['10.90.1.128/25'] });
  expect(far.virtualMs).toBeLessThan(6000);
  expect(far.hosts.some(({ state }) => state === 'up')).toBe(true);
});

it('a host that is not told in time is given up, and said so', async () => {
  const world = parseWorld(
    { routers: [{}], targets: [{ rules: [{ hook: 'input', verdict: 'drop' }] }] },
    'test',
  );
  const run = await look(world, 'packet', { targets: ['10.90.1.10'], hostTimeoutMs: 500 });
  expect(run.hosts).toEqual([]);
  expect(run.virtualMs).toBe(500);
});
