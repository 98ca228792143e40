/** Which recordings are kept: every scene but those of many probes, as each wire sees it, in both families. */
import type { Family } from '../../src/model.ts';
import { loadScenarios, WIRES } from '../scenarios/scenario.ts';
import { loadTraceScenarios, looksOf, TRACE_VIEWS } from '../scenarios/traceScenario.ts';
import { recordScenario } from './recordSim.ts';
import { recordTrace } from './recordTrace.ts';

/** One recording, and how it is made. */
export interface Fixture {
  /** File name in `fixtures/`. */
  readonly file: string;
  readonly record: () => Promise<{ readonly pieces: readonly Uint8Array[] }>;
}

/** Where they lie. */
export const FIXTURES: URL = new URL('fixtures/', import.meta.url);

/** Of all schedules one: others are recorded and replayed by replay.test.ts and traceReplay.test.ts. */
const SEED = 1;
const FAMILIES: readonly Family[] = [4, 6];

/** Scenes of many probes: their recordings would be most of the repository. replay.test.ts makes and replays them. */
const LARGE: ReadonlySet<string> = new Set([
  'ownDescriptorsFew',
  'ownDescriptorsNone',
  'ownEgressDropTcp',
  'ownEgressDropUdp',
  'ownPortsFew',
  'ownPortsHeld',
  'ownReceiveOverflow',
  'ownReceiveOverflowSending',
]);

/** The scene of which a run is kept that asks routers. */
const ASKED_HOPS = 'dropReturn';

/** All of them; a wire that cannot be had in a scene has none there. */
export function listFixtures(): readonly Fixture[] {
  return [...listScans(), ...listTraces()];
}

function listScans(): readonly Fixture[] {
  const scenarios = loadScenarios().filter(({ name }) => !LARGE.has(name));
  return scenarios.flatMap((scenario) =>
    WIRES.filter((column) => scenario.unavailable?.[column] === undefined).flatMap((column) =>
      FAMILIES.map((family) => ({
        file: `${scenario.name}.${column}${family}.pcapng`,
        record: () => recordScenario({ scenario, column, family, seed: SEED }),
      })),
    ),
  );
}

/**
 * Of each trace scene its first port, once for all that is looked into, by turns P4 with E6 and P6 with E4: all four would
 * be twice as large. Of the runs in which routers are asked one scene's alone: the traces are those of others. Scenes of one
 * study alone shift no turns.
 */
function listTraces(): readonly Fixture[] {
  const scenarios = loadTraceScenarios().filter(
    ({ traces }) => !traces[0]!.extras.askHops && !traces[0]!.extras.passage,
  );
  return scenarios.flatMap(({ name, world, traces }, turn) =>
    TRACE_VIEWS.flatMap((view, index) => {
      const family = FAMILIES[(turn + index) % FAMILIES.length]!;
      const looks = looksOf(traces, view).filter(
        ({ extras: { askHops } }) => !askHops || name === ASKED_HOPS,
      );
      return looks.map(({ name: look, extras, traces: alike }) => {
        const scenario = { world, traces: alike.slice(0, 1) };
        const asked = extras.passage ? 6 : family;
        const label = [name, ...(look === '' ? [] : [look.replaceAll(/[ -]/g, '')])].join('.');
        return {
          file: `trace.${label}.${view}${asked}.pcapng`,
          record: () => recordTrace({ scenario, view, family: asked, seed: SEED, extras }),
        };
      });
    }),
  );
}
