/** The traceroute over simulated networks: what it sends, and the sentences at the borders. */
import { describe, expect, it } from 'vitest';
import { parseWorld } from '../../src/sim/world.ts';
import { type TraceAsked, traceInSimulator } from '../scenarios/traceSimRun.ts';

/** Says nothing when a TTL runs out. */
const MUTE = { rules: [{ hook: 'output', icmp: 'time-exceeded', verdict: 'drop' }] };
const DROP = (hook: string) => ({ hook, protocol: 'tcp', dport: 443, verdict: 'drop' });
const hops = (count: number, at: Readonly<Record<number, object>> = {}) =>
  Array.from({ length: count }, (_, index) => at[index + 1] ?? {});

const trace = (world: object, asked: Partial<TraceAsked> = {}) =>
  traceInSimulator({
    world: parseWorld(world, 'test'),
    view: 'packet',
    family: 4,
    protocol: 'tcp',
    port: 443,
    seed: 7,
    ...asked,
  });

const BOTH_VIEWS = (['packet', 'errqueue'] as const).flatMap((view) =>
  ([4, 6] as const).map((family) => ({ view, family })),
);

describe.each(BOTH_VIEWS)('on $view, IPv$family', (seen) => {
  it('a target one hop away is one hop away', async () => {
    const { path } = await trace({}, seen);
    expect(path).toMatchObject({ end: 'reached', finding: null, whyArgs: { hop: 1 } });
  });

  it('this machine itself is reached', async () => {
    const world = parseWorld({ scanner: { tcp: { '443': 'accept' } } }, 'test');
    const target = seen.family === 4 ? '10.90.0.1' : 'fd90::1';
    const { path } = await trace({ scanner: { tcp: { '443': 'accept' } } }, { ...seen, target });
    expect(world.routers).toEqual([]);
    expect(path).toMatchObject({ end: 'reached', finding: null });
  });

  it.each([
    ['a drop at a neighbour names no router', undefined, 'path.drop.link'],
    [
      'nor does one at this machine itself',
      seen.family === 4 ? '10.90.0.1' : 'fd90::1',
      'path.drop.self',
    ],
  ])('%s', async (_, target, whyId) => {
    const node = { tcp: { '443': 'accept' }, rules: [DROP('input')] };
    const { path } = await trace(
      { scanner: node, targets: [node] },
      { ...seen, ...(target && { target }) },
    );
    expect(path).toMatchObject({ whyId, finding: { kind: 'drop', rule: 9, after: { ttl: 0 } } });
    expect([...path.finding!.hypotheses, path.why].join(' ')).not.toContain('router');
  });

  it('a loop is called one, and ends the trace', async () => {
    const world = { routers: hops(4, { 3: { route: 'loop' } }) };
    const { path, virtualMs } = await trace(world, seen);
    expect(path).toMatchObject({
      end: 'broken',
      // An IPv6 router answers with the address of the interface where the packet came in: on its way back another one.
      finding: { kind: 'loop', after: { ttl: seen.family === 4 ? 2 : 3 } },
    });
    expect(virtualMs).toBeLessThan(1000);
  });

  it('a route that leads nowhere breaks the path for all flows', async () => {
    const world = { routers: hops(6, { 3: { route: 'blackhole' } }) };
    const { path } = await trace(world, seen);
    expect(path).toMatchObject({
      end: 'broken',
      finding: { kind: 'route', rule: 10, after: { ttl: 2 }, before: null },
    });
  });

  it('a host that is not there is told by the last router, after seconds', async () => {
    const world = { routers: hops(2), targets: [{ present: 0 }] };
    const { path } = await trace(world, seen);
    expect(path).toMatchObject({
      end: 'rejected',
      whyId: 'path.no-neighbour',
      finding: { kind: 'route', by: { hop: 2 } },
    });
  });

  it('a host that is not there on our own link is no drop', async () => {
    const { path } = await trace({ targets: [{ present: 0 }] }, seen);
    expect(path).toMatchObject({ whyId: 'path.own.no-neighbour', end: 'broken' });
  });

  it('a gateway that does not answer is our own side', async () => {
    const { path } = await trace({ scanner: { gatewayAnswers: false }, routers: [{}] }, seen);
    expect(path).toMatchObject({ whyId: 'path.own.gateway-silent', end: 'unknown', finding: null });
  });

  it('no route at all is our own side', async () => {
    const { path } = await trace({ scanner: { route: 'none' }, routers: [{}] }, seen);
    expect(path).toMatchObject({ whyId: 'path.own.no-route', end: 'unknown' });
  });

  it('routers that answer nobody leave a reached target reached', async () => {
    const all = { 1: MUTE, 2: MUTE, 3: MUTE };
    const { path } = await trace({ routers: hops(3, all) }, seen);
    expect(path).toMatchObject({ end: 'reached', finding: null, whyArgs: { hop: 4 } });
  });

  it('where nobody answers, the whole way is the interval', async () => {
    const silent = { rules: [{ hook: 'input', verdict: 'drop' }] };
    const { path } = await trace(
      { routers: hops(2, { 1: MUTE, 2: MUTE }), targets: [silent] },
      seen,
    );
    expect(path).toMatchObject({
      end: 'broken',
      whyId: 'path.nothing',
      finding: { after: { ttl: 0 }, before: null },
    });
  });

  it('a target that never answers is a drop behind the last router that does', async () => {
    const silent = { rules: [{ hook: 'input', verdict: 'drop' }] };
    const { path } = await trace({ routers: hops(3), targets: [silent] }, seen);
    expect(path).toMatchObject({ end: 'broken', finding: { rule: 10, after: { ttl: 3 } } });
  });

  it('twelve hops take about as long as four', async () => {
    const world = (count: number) => ({
      routers: hops(count, { 3: { rules: [DROP('forward')] } }),
    });
    const [short, long] = [await trace(world(4), seen), await trace(world(12), seen)];
    expect(long.path.finding).toMatchObject({ after: { ttl: 3 }, before: { ttl: 4 } });
    expect(long.virtualMs).toBeLessThan(1.2 * short.virtualMs);
  });

  it('our own output rule is told from one on the way', async () => {
    const rules = [{ hook: 'output', protocol: 'udp', dport: 53, verdict: 'drop' }];
    const asked = { ...seen, protocol: 'udp', port: 53 } as const;
    const { path } = await trace({ scanner: { rules }, routers: hops(2) }, asked);
    // A packet socket passes no OUTPUT hook.
    const whyId = seen.view === 'packet' ? 'path.closed.udp' : 'path.own.send-failed';
    expect(path.whyId).toBe(whyId);
  });
});

it('labels, interfaces and a changed DSCP stand at their hop', async () => {
  const rules = [{ hook: 'forward', protocol: 'tcp', dport: 443, verdict: 'set', dscp: 8 }];
  const world = { routers: [{}, { rules, mpls: [102, 16], interface: 'ge-0/0/2' }, {}] };
  for (const family of [4, 6] as const) {
    const { path } = await trace(world, { family });
    expect(path.hops[1]!.notes).toEqual({
      mpls: [102, 16],
      interfaces: ['ge-0/0/2'],
      dscp: null,
    });
    expect(path.hops[2]!.notes).toEqual({ mpls: [], interfaces: [], dscp: 8 });
    expect(path.hops[0]!.notes).toBeUndefined();
  }
});

it('without controls only the asked flow is sent', async () => {
  const world = { routers: hops(6, { 3: { rules: [DROP('forward')] } }) };
  const { path } = await trace(world, { control: false });
  expect(path.flows.map(({ kind }) => kind)).toEqual(['asked']);
  expect(path).toMatchObject({
    end: 'unknown',
    whyId: 'path.silent',
    finding: { certainty: 'low' },
  });
});

it('the longest path that was allowed is not passed', async () => {
  const { path } = await trace({ routers: hops(12) }, { maxHops: 5 });
  expect(path.hops.map(({ ttl }) => ttl)).toEqual([1, 2, 3, 4, 5]);
});

it('a router has answers enough for a whole trace', async () => {
  const world = { routers: hops(6, { 3: { rules: [DROP('forward')] } }) };
  const { path, sent } = await trace(world);
  const answered = path.flows.flatMap(({ hops: all }) => all.filter(({ ip }) => ip !== null));
  expect(answered.length).toBe(3 + 7 + 7);
  // Three flows to hop 8, then twice the edge: the asked flow from eight ports, one control, and that before the edge.
  expect(sent).toBe(3 * 8 + 2 * (8 + 1 + 1 + 1));
});

it.each([4, 6] as const)(
  'a router that rejects and is out of errors is not called one that drops, IPv%i',
  async (family) => {
    const reject = { ...DROP('forward'), verdict: 'reject', with: 'admin-prohibited' };
    for (const ratelimitMs of [100, 250, 1000]) {
      for (let burst = 1; burst <= 6; burst++) {
        const limiter = { ratelimitMs, burst };
        const world = { routers: hops(6, { 3: { rules: [reject], limiter } }) };
        const { finding } = (await trace(world, { family })).path;
        expect(`${finding?.kind} ${finding?.certainty}`, JSON.stringify(limiter)).not.toBe(
          'drop high',
        );
      }
    }
  },
);

it.each([4, 6] as const)(
  'a router that says one error a second is asked until a drop is proven, IPv%i',
  async (family) => {
    const limiter = { ratelimitMs: 1000, burst: 1 };
    const world = { routers: hops(6, { 3: { rules: [DROP('forward')] }, 4: { limiter } }) };
    const { path, virtualMs } = await trace(world, { family });
    expect(path.finding).toMatchObject({
      after: { ttl: 3 },
      before: { ttl: 4 },
      certainty: 'high',
    });
    expect(virtualMs).toBeLessThan(2500);
  },
);

it('over IPv6 the rounds of datagrams are told by when their answers came', async () => {
  const rules = [{ hook: 'forward', protocol: 'udp', dport: 53, verdict: 'drop' }];
  const world = { routers: hops(6, { 3: { rules } }) };
  const { path } = await trace(world, { family: 6, protocol: 'udp', port: 53 });
  expect(path.finding).toMatchObject({ after: { ttl: 3 }, before: { ttl: 4 }, certainty: 'high' });
});

it('the same seed gives the same path', async () => {
  const world = { routers: hops(5, { 2: { rules: [DROP('forward')] } }) };
  expect((await trace(world)).path).toEqual((await trace(world)).path);
});

it('an answer that is lost behind the last router is never called dropped on its way out for certain, with losses', async () => {
  const rule = { hook: 'forward', protocol: 'tcp', sport: 443, verdict: 'drop' };
  const links = Array.from({ length: 7 }, () => ({ loss: 0.05 }));
  const targets = [{ tcp: { '443': 'accept' } }];
  const world = { routers: hops(6, { 3: { rules: [rule] } }), links, targets };
  for (let seed = 1; seed <= 60; seed++) {
    const { finding } = (await trace(world, { seed })).path;
    expect(finding?.certainty, `seed ${seed}: ${JSON.stringify(finding)}`).not.toBe('high');
  }
});

it('loss alone is never called a drop for certain', async () => {
  const links = Array.from({ length: 7 }, () => ({ loss: 0.1 }));
  const world = { routers: hops(6), links, targets: [{ tcp: { '443': 'accept' } }] };
  for (let seed = 1; seed <= 200; seed++) {
    const { path } = await trace(world, { seed });
    expect(path.finding?.certainty, `seed ${seed}: ${path.why}`).not.toBe('high');
  }
});

describe.each([4, 6] as const)('packets by a gateway with an old entry, IPv%i', (family) => {
  it.each([
    ['is there after all', 'reachable', false],
    ['is not there', 'failed', true],
  ] as const)('that %s', async (_, found, isSaid) => {
    const said = ['stale', 'stale', found] as const;
    const { path } = await trace(
      { scanner: { gatewayAnswers: false }, routers: [{}] },
      { family, neighbour: (inquiry) => said[Math.min(inquiry, 2)]! },
    );
    expect(path.whyId === 'path.own.gateway-silent').toBe(isSaid);
  });
});
