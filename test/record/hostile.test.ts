/** Recordings that somebody has damaged: a report, or one line that says why there is none; nothing else. */
import { expect, it } from 'vitest';
import { ProbeError } from '../../src/errors.ts';
import { createPlan } from '../../src/plan/plan.ts';
import { loadPlan, savePlan } from '../../src/plan/savedPlan.ts';
import { loadScenarios } from '../scenarios/scenario.ts';
import { loadTraceScenarios, TRACE_VIEWS } from '../scenarios/traceScenario.ts';
import { replayPieces } from './inMemory.ts';
import { recordScenario } from './recordSim.ts';
import { recordTrace } from './recordTrace.ts';

const SEED = 20_260_103;
const CASES = 1500;
const scenarios = loadScenarios();

it(`replays ${CASES} damaged recordings without harm (seed ${SEED})`, async () => {
  const random = createRandom(SEED);
  const originals: Buffer[] = [];
  const traced = loadTraceScenarios().find(({ name }) => name === 'dropForward')!;
  for (const view of TRACE_VIEWS) {
    const { pieces } = await recordTrace({ scenario: traced, view, family: 6, seed: 1 });
    originals.push(Buffer.concat(pieces));
  }
  for (const column of ['P', 'E', 'C'] as const) {
    const scenario = scenarios.find(({ name }) => name === 'tcpForgedReset')!;
    const { pieces } = await recordScenario({ scenario, column, family: 4, seed: 1 });
    originals.push(Buffer.concat(pieces));
  }
  let refused = 0;
  for (let index = 0; index < CASES; index++) {
    const bytes = Buffer.from(originals[index % originals.length]!);
    for (let count = random() % 8; count >= 0; count--) {
      const at = random() % bytes.length;
      bytes[at] = random() % 2 === 0 ? random() : bytes[at]! ^ (1 << (random() % 8));
    }
    try {
      const { verdicts } = await replayPieces([bytes]);
      for (const { confidence } of verdicts) expect(confidence).toBeLessThanOrEqual(1);
    } catch (error) {
      expect(error, `case ${index}`).toBeInstanceOf(ProbeError);
      refused += 1;
    }
  }
  expect(refused).toBeGreaterThan(0);
  expect(refused).toBeLessThan(CASES);
});

it.each([
  [
    'a prefix and ports',
    { targets: ['10.0.0.0/29', 'fd00::/126'], ports: '1-100,443,80', udp: true },
  ],
  ['several groups', { targets: ['10.0.0.1:53', '10.0.0.9', 'udp://10.0.1.1:123'], fast: true }],
  [
    'a zone, a rate and a ttl',
    { targets: ['fe80::1%eth0'], ports: '22', ratePps: Infinity, ttl: 9 },
  ],
  ['a name', { targets: ['a.example', '10.0.0.2'], ports: '22', retries: 0, hostTimeoutMs: 1500 }],
])('a plan with %s is saved and loaded', async (_, request) => {
  const plan = await createPlan(request, {
    resolve: async () => ['10.0.0.7'],
    interfaces: [{ name: 'eth0', cidr: null, scopeId: 3 }],
    seed: [0xfedcba98, 7],
  });
  const loaded = loadPlan(JSON.parse(JSON.stringify(savePlan(plan))));
  expect(loaded).not.toBeNull();
  const { targets, space, ...rest } = plan;
  expect(loaded).toMatchObject({ ...rest, warnings: plan.warnings });
  for (let probe = 0; probe < space.count; probe++) {
    const target = space.targetOf(probe);
    expect(loaded!.space.targetOf(probe)).toBe(target);
    expect(loaded!.space.portOf(probe)).toBe(space.portOf(probe));
    expect(loaded!.space.protocolOf(probe)).toBe(space.protocolOf(probe));
    expect(loaded!.targets.ip(target)).toBe(targets.ip(target));
    expect(loaded!.targets.name(target)).toBe(targets.name(target));
  }
});

/** xorshift32 (Marsaglia 2003). */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
