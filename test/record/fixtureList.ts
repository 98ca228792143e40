/** Which recordings are kept: every scene but those of many probes, as each wire sees it, in both families. */
import type { Family } from '../../src/model.ts';
import { loadScenarios, type Scenario, WIRES, type WireColumn } from '../scenarios/scenario.ts';

/** One recording, and what it is made of. */
export interface Fixture {
  /** File name in `fixtures/`. */
  readonly file: string;
  readonly scenario: Scenario;
  readonly column: WireColumn;
  readonly family: Family;
}

/** Where they lie. */
export const FIXTURES: URL = new URL('fixtures/', import.meta.url);

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

/** All of them; a wire that cannot be had in a scene has none there. */
export function listFixtures(): readonly Fixture[] {
  const scenarios = loadScenarios().filter(({ name }) => !LARGE.has(name));
  return scenarios.flatMap((scenario) =>
    WIRES.filter((column) => scenario.unavailable?.[column] === undefined).flatMap((column) =>
      ([4, 6] as const).map((family) => ({
        file: `${scenario.name}.${column}${family}.pcapng`,
        scenario,
        column,
        family,
      })),
    ),
  );
}
