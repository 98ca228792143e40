/** A wire of sockets asks by TCP from a source port of its own each time: routers that share the load send each another way. */
import { expect, it } from 'vitest';
import { loadTraceScenarios } from '../scenarios/traceScenario.ts';
import { traceInSimulator } from '../scenarios/traceSimRun.ts';

const SEEDS = 200;

function worldOf(name: string) {
  const scenario = loadTraceScenarios().find((one) => one.name === name);
  if (scenario === undefined) throw new Error(`no scene ${name}`);
  return scenario.world;
}

it.each([4, 6] as const)(
  `one of two ways loses the port: that the asked ones all take it is no drop, ${SEEDS} seeds, IPv%i`,
  async (family) => {
    const world = worldOf('ecmpDrop');
    const asked = { world, view: 'errqueue', family, protocol: 'tcp', port: 443 } as const;
    const wrong: string[] = [];
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { path } = await traceInSimulator({ ...asked, seed });
      if (path.finding !== null) wrong.push(`seed ${seed}: ${path.why}`);
    }
    expect(wrong).toEqual([]);
  },
);
