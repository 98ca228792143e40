/** A recorded run of traces is computed again, byte for byte; all that its findings name is in the file. */
import { describe, expect, it } from 'vitest';
import type { HopNames } from '../../src/hopNames.ts';
import type { Ip } from '../../src/model.ts';
import { formatIp } from '../../src/packet/address.ts';
import { readCapture } from '../packet/captures.ts';
import {
  familiesOf,
  loadTraceScenarios,
  looksOf,
  TRACE_VIEWS,
} from '../scenarios/traceScenario.ts';
import { expectSame, itIsTheSameUnderLoss, replayPieces } from './inMemory.ts';
import { recordTrace } from './recordTrace.ts';

const scenarios = loadTraceScenarios();
const named = (name: string) => scenarios.find((scenario) => scenario.name === name)!;

const ASK_HOPS = { flows: 0, mtu: false, passage: false, fragment: false, askHops: true };

const commentsOf = (pieces: readonly Uint8Array[]): readonly string[] => {
  const { frames, fault } = readCapture(Buffer.concat(pieces));
  expect(fault).toBeNull();
  return frames.map(({ texts }) => texts.join());
};

describe.each(TRACE_VIEWS)('%s', (view) => {
  const runs = scenarios.flatMap(({ name, world, traces }) =>
    looksOf(traces, view).map((look) => ({
      name: `${name} ${look.name}`,
      scenario: { world, traces: look.traces },
      extras: look.extras,
    })),
  );

  it.each(runs)('$name: recorded and replayed, the same report', async ({ scenario, extras }) => {
    for (const family of familiesOf(extras)) {
      const recorded = await recordTrace({ scenario, view, family, seed: 1, extras });
      const { paths } = recorded.report;
      expect(paths).toHaveLength(scenario.traces.length);
      if (extras.askHops) {
        expect(paths.some(({ askedHops }) => askedHops !== undefined)).toBe(true);
      }
      if (extras.flows > 0) expect(paths[0]).toHaveProperty('sources');
      if (extras.mtu && paths[0]!.end === 'reached') expect(paths[0]).toHaveProperty('mtu');
      if (extras.passage && paths[0]!.finding !== null) expect(paths[0]).toHaveProperty('passage');
      await expectSame(recorded);
    }
  });

  itIsTheSameUnderLoss(runs, ({ scenario, extras }, conditions) =>
    recordTrace({ scenario, view, extras, ...conditions }),
  );

  it.runIf(view === 'P')('to routers go SYNs alone, to two ports of each', async () => {
    const scenario = named('dropDestination');
    const request = { scenario, view, family: 4, seed: 1, extras: ASK_HOPS } as const;
    const { report, pieces } = await recordTrace(request);
    const { control, hops } = report.paths[0]!.askedHops!;
    const { frames } = readCapture(Buffer.concat(pieces));
    const sent = frames
      .filter(({ direction }) => direction === 'out')
      .map(({ data }) => ({
        to: formatIp(data, 16, 4),
        protocol: data[9],
        port: (data[22]! << 8) | data[23]!,
        flags: data[33],
      }))
      .filter(({ to }) => to !== report.paths[0]!.target);
    const wanted = hops.flatMap(({ ip }) =>
      [443, control].map((port) => ({ to: ip, protocol: 6, port, flags: 2 })),
    );
    const inOrder = (list: typeof sent) => list.map((one) => JSON.stringify(one)).toSorted();
    expect(inOrder(sent)).toEqual(inOrder(wanted));
  });

  it('a recording that lacks the scan of the routers says so, and what was known by then', async () => {
    const scenario = named('dropDestination');
    const request = { scenario, view, family: 4, seed: 1 } as const;
    const { pieces } = await recordTrace({ ...request, extras: ASK_HOPS });
    const alone = await recordTrace({ ...request, marksHops: true });
    const replayed = await replayPieces(alone.pieces);
    expect(replayed.complete).toBe(false);
    expect(replayed.warnings.join()).toContain('the routers were not asked');
    expect(replayed.paths).toEqual(alone.report.paths);
    const cut = Buffer.concat(pieces).subarray(0, -400);
    expect(await replayPieces([cut])).toMatchObject({ complete: false });
  });

  it('a run that was stopped is replayed up to there, a later trace included', async () => {
    const complete: boolean[] = [];
    const scenario = named('dropForward');
    for (let stopAfter = 1; stopAfter <= 64; stopAfter += 3) {
      const request = { scenario, view, family: 4, seed: 3, stopAfter } as const;
      const recorded = await recordTrace(request);
      complete.push(recorded.report.complete);
      await expectSame(recorded, `after ${stopAfter}`);
    }
    expect(complete).toContain(false);
    expect(complete).toContain(true);
  });

  it('every id of a finding is in the file, of one packet, and each packet has a comment', async () => {
    for (const { name, scenario, extras } of runs) {
      const firstId = 0x30_0000;
      const request = { scenario, view, family: 4, seed: 2, firstId, extras } as const;
      const { report, pieces } = await recordTrace(request);
      const comments = commentsOf(pieces);
      expect(comments.filter((text) => text === '')).toEqual([]);
      const ids = report.paths.flatMap(({ finding }) => finding?.evidence ?? []);
      expect(new Set(ids).size).toBe(ids.length);
      for (const id of ids) {
        const packets = comments.filter((text) => text.startsWith(`${id} `));
        expect(packets, `${name} ${id}`).toHaveLength(1);
      }
    }
  });
});

it('the names of hops are those that were known when each path was told', async () => {
  const asked = new Map<Ip, number>();
  const names: HopNames = {
    ask: (ip) => void asked.set(ip, (asked.get(ip) ?? 0) + 1),
    // The first trace asks, the second one has them.
    nameOf: (ip) => ((asked.get(ip) ?? 0) > 1 ? `hop-${ip}.example` : null),
    close: () => {},
  };
  const request = { scenario: named('dropForward'), view: 'P', family: 4, seed: 1, names } as const;
  const recorded = await recordTrace(request);
  const known = recorded.report.paths.flatMap(({ hops }) => hops.map(({ name }) => name));
  expect(known).toContain(null);
  expect(known.some((name) => name !== null)).toBe(true);
  await expectSame(recorded);
});

it('a recording that was cut: the paths that were known by then, and why they are not all', async () => {
  const request = { scenario: named('open'), view: 'P', family: 4, seed: 1 } as const;
  const { report, pieces } = await recordTrace(request);
  const whole = Buffer.concat(pieces);
  const headEnd = pieces[0]!.length;
  for (let cut = headEnd; cut < whole.length; cut += 997) {
    const replayed = await replayPieces([whole.subarray(0, cut)]);
    expect(replayed.complete).toBe(false);
    expect(replayed.warnings.join()).toMatch(/not replayable: the run did not end/);
  }
  expect((await replayPieces([whole])).paths).toEqual(report.paths);
});

it('what no packet was seen of says so, and what is not ours too', async () => {
  const request = { scenario: named('dropForward'), family: 4, seed: 1 } as const;
  const packets = commentsOf((await recordTrace({ ...request, view: 'P' })).pieces);
  expect(packets.filter((text) => text.includes('synthesised'))).toEqual([]);
  expect(packets).toContain('s3.1 asks 53/udp: flow 0, TTL 3');
  expect(packets).toContain('r2.1.1 answers s2.1');
  const drawn = commentsOf((await recordTrace({ ...request, view: 'E' })).pieces);
  expect(drawn.filter((text) => !text.includes('synthesised'))).toEqual([]);
});
