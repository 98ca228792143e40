/** Sizes of packets on simulated ways. */
import { describe, expect, it } from 'vitest';
import { parseWorld } from '../../src/sim/world.ts';
import { traceInSimulator } from '../scenarios/traceSimRun.ts';

const QUIET = { rules: [{ hook: 'output', icmp: 'too-big', verdict: 'drop' }] };
const BOTH = { tcp: { '443': 'accept' }, udp: { '53': 'dns' } };

const measure = (world: object, family: 4 | 6, protocol: 'tcp' | 'udp' = 'tcp', seed = 3) =>
  traceInSimulator({
    world: parseWorld({ targets: [BOTH], ...world }, 'test'),
    view: 'packet',
    family,
    protocol,
    port: protocol === 'tcp' ? 443 : 53,
    seed,
    mtu: true,
  });

describe.each([4, 6] as const)('IPv%i', (family) => {
  it('nothing is found where our own link is the narrowest', async () => {
    const world = { routers: [{}, {}], links: [{ mtu: 1400 }, {}, {}] };
    const { path } = await measure(world, family);
    expect(path).toMatchObject({ finding: null, mtu: { linkBytes: 1400, bytes: 1400, end: 3 } });
  });

  it('each that says so is kept, the narrowest is the finding', async () => {
    const world = { routers: [{}, {}, {}], links: [{}, { mtu: 1450 }, { mtu: 1350 }, {}] };
    const { path } = await measure(world, family);
    expect(path.mtu!.said.map(({ hop, mtu }) => [hop, mtu])).toEqual([
      [1, 1450],
      [2, 1350],
    ]);
    expect(path.finding).toMatchObject({ kind: 'mtu', rule: 2, mtu: 1350, by: { hop: 2 } });
  });

  it.each([1281, 1399, 1400, 1499])(
    'a black hole of %i bytes is measured to the byte',
    async (mtu) => {
      const world = { routers: [{}, QUIET, {}, {}], links: [{}, {}, { mtu }, {}, {}] };
      const { path } = await measure(world, family);
      expect(path.mtu).toMatchObject({ bytes: mtu, said: [] });
      expect(path.finding).toMatchObject({
        rule: 13,
        mtu,
        certainty: 'high',
        after: { ttl: 2 },
        before: { ttl: 3 },
      });
    },
  );

  it('one in front of the target is less sure: nobody runs out behind it', async () => {
    const world = { routers: [{}, QUIET], links: [{}, {}, { mtu: 1400 }] };
    const { path } = await measure(world, family);
    expect(path.finding).toMatchObject({ rule: 13, mtu: 1400, certainty: 'medium' });
  });

  it('a UDP service is measured up to the last router: it may not know what is behind its request', async () => {
    const { path } = await measure({ routers: [{}, {}] }, family, 'udp');
    expect(path.mtu).toMatchObject({ bytes: 1500, end: 2 });
  });

  it('a SYN with data that is dropped measures nothing, and says nothing', async () => {
    const rules = [{ hook: 'forward', protocol: 'tcp', verdict: 'drop' }];
    const { path } = await measure({ routers: [{ rules }, {}] }, family);
    expect(path.finding?.kind).toBe('drop');
  });

  it('losses make no black hole', async () => {
    const links = Array.from({ length: 4 }, () => ({ loss: 0.05 }));
    for (let seed = 1; seed <= 10; seed++) {
      const { path } = await measure({ routers: [{}, {}, {}], links }, family, 'tcp', seed);
      expect(path.finding?.kind === 'mtu', `seed ${seed}`).toBe(false);
    }
  });
});
