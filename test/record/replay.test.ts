/** A recorded run is computed again, byte for byte; a recording that was cut says what was known by then. */
import { describe, expect, it } from 'vitest';
import { createProbeBatch } from '../../src/batch.ts';
import { ProbeError } from '../../src/errors.ts';
import { openRecording } from '../../src/openedRecording.ts';
import { parseWorld } from '../../src/sim/world.ts';
import { readCapture } from '../packet/captures.ts';
import { loadScenarios } from '../scenarios/scenario.ts';
import { expectSame, itIsTheSameUnderLoss, type Recorded, replayPieces } from './inMemory.ts';
import { recordScenario } from './recordSim.ts';

const scenarios = loadScenarios();
const named = (name: string) => scenarios.find((scenario) => scenario.name === name)!;
/** A scan that asks some ports for others. */
const RANGES = {
  command: 'scan TARGET -sU -p 514,20001-20060 --infer-ranges'.split(' '),
  world: parseWorld({ targets: [{ udp: { '514': 'silent', '20021-20060': 'silent' } }] }, 'ranges'),
};
/** Silent ports of which one is dropped on its way. */
const PASSAGE = {
  command: 'scan TARGET -sU -p 510-530 --passage'.split(' '),
  world: parseWorld(
    {
      targets: [
        {
          udp: { '514': 'silent' },
          rules: [{ hook: 'input', protocol: 'udp', dport: 516, verdict: 'drop' }],
        },
      ],
    },
    'passage',
  ),
};

/** The comments in the file of a run. */
function commentsOf({ report, pieces }: Recorded) {
  const { frames, fault } = readCapture(Buffer.concat(pieces));
  expect(fault).toBeNull();
  return { texts: frames.map(({ texts }) => texts.join()), verdicts: report.verdicts };
}

describe.each(['P', 'E', 'C'] as const)('%s', (column) => {
  const possible = scenarios.filter(({ unavailable }) => unavailable?.[column] === undefined);

  it.each(possible)('$name: recorded and replayed, the same report', async (scenario) => {
    for (const family of [4, 6] as const) {
      await expectSame(await recordScenario({ scenario, column, family, seed: 1 }));
    }
  });

  itIsTheSameUnderLoss(possible, (scenario, conditions) =>
    recordScenario({ scenario, column, ...conditions }),
  );

  it('a run that infers ranges is replayed as it was, whole and stopped', async () => {
    const scenario = { ...named('udpLimiter'), ...RANGES };
    for (const stopAfter of [undefined, 2, 40]) {
      for (const family of [4, 6] as const) {
        const request = { scenario, column, family, seed: 5, ...(stopAfter && { stopAfter }) };
        const recorded = await recordScenario(request);
        if (stopAfter === undefined && column !== 'C') {
          expect(recorded.report.counters['inferred']).toBeGreaterThan(0);
        }
        await expectSame(recorded);
      }
    }
  });

  it.runIf(column === 'P')('what is asked by --passage is replayed, and in the file', async () => {
    const scenario = { ...named('udpLimiter'), ...PASSAGE };
    for (const stopAfter of [undefined, 60, 110, 160]) {
      for (const loss of [0, 0.05]) {
        const more = { loss, ...(stopAfter && { stopAfter }) };
        const recorded = await recordScenario({ scenario, column, family: 6, seed: 5, ...more });
        await expectSame(recorded);
        const { texts, verdicts } = commentsOf(recorded);
        if (stopAfter === undefined) {
          const details = verdicts.map(({ detail }) => detail);
          expect(details).toEqual(expect.arrayContaining(['open-silent', 'dropped']));
        }
        for (const id of verdicts.flatMap(({ evidence }) => evidence)) {
          const place = new RegExp(`(^|\\W)${id.replaceAll('.', '[.]')}($|\\W)`);
          expect(
            texts.some((text) => place.test(text)),
            id,
          ).toBe(true);
        }
        const ports = texts.flatMap((text) => [...text.matchAll(/ asks (\d+)\/udp/g)]);
        for (const [, port] of ports) expect(Number(port)).toBeLessThan(600);
      }
    }
  });

  it('the gateways that a wire names are those that the replayed engine is told', async () => {
    const request = { scenario: named('tcpListener'), column, family: 4, seed: 1, way: 7 } as const;
    const { wire } = await openRecording((await recordScenario(request)).pieces);
    const batch = createProbeBatch();
    batch.count = 1;
    wire.send(batch);
    expect(batch.way[0]).toBe(7);
  });

  it('a run that was stopped is replayed up to there', async () => {
    const scenario = named('tcpForgedReset');
    const complete: boolean[] = [];
    for (const stopAfter of [1, 2, 3, 5, 8]) {
      const request = { scenario, column, family: 4, seed: 3, stopAfter } as const;
      const recorded = await recordScenario(request);
      complete.push(recorded.report.complete);
      await expectSame(recorded);
    }
    expect(complete).toContain(false);
  });

  it('every id of a verdict is in the file, and each packet has a comment', async () => {
    for (const scenario of possible) {
      const { report, pieces } = await recordScenario({ scenario, column, family: 4, seed: 2 });
      const { frames, fault } = readCapture(Buffer.concat(pieces));
      expect(fault).toBeNull();
      const comments = frames.map(({ texts }) => texts.join());
      expect(comments.filter((text) => text === '')).toEqual([]);
      for (const id of report.verdicts.flatMap(({ evidence }) => evidence)) {
        const place = new RegExp(`(^|\\W)${id.replaceAll('.', '[.]')}($|\\W)`);
        expect(
          comments.some((text) => place.test(text)),
          `${scenario.name} ${id}`,
        ).toBe(true);
      }
    }
  });
});

describe('a recording that was cut', () => {
  it('anywhere between its pieces: what was known by then, and why it is not all', async () => {
    const scenario = named('tcpHostRejectIcmp');
    const { report, pieces } = await recordScenario({ scenario, column: 'P', family: 4, seed: 1 });
    const whole = Buffer.concat(pieces);
    const headEnd = pieces[0]!.length;
    for (let cut = headEnd; cut < whole.length; cut += 997) {
      const replayed = await replayPieces([whole.subarray(0, cut)]);
      expect(replayed.complete).toBe(false);
      expect(replayed.warnings.join()).toMatch(/not replayable: the run did not end/);
      for (const { evidence } of replayed.verdicts) expect(evidence.length).toBeGreaterThan(0);
    }
    expect((await replayPieces([whole])).verdicts).toEqual(report.verdicts);
  });

  it('inside of its head, or no recording at all: refused in words', async () => {
    const scenario = named('tcpListener');
    const { pieces } = await recordScenario({ scenario, column: 'P', family: 4, seed: 1 });
    const whole = Buffer.concat(pieces);
    for (const bytes of [whole.subarray(0, 300), whole.subarray(0, 0), Buffer.from('no capture')]) {
      const replaying = replayPieces([bytes]);
      await expect(replaying).rejects.toThrow(ProbeError);
      await expect(replaying).rejects.toThrow(/^not replayable: /);
    }
  });
});
