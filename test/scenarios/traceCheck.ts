/** Compares a traced path with what a trace scene expects; every difference is a line. */
import type { Family } from '../../src/model.ts';
import { formatIp } from '../../src/packet/address.ts';
import type { PerFamily, Prefix } from '../../src/sim/prefix.ts';
import type { World } from '../../src/sim/world.ts';
import type { ExpectedFinding, ExpectedPath } from './traceScenario.ts';

/** One end of an interval. */
interface PlaceSaid {
  readonly ttl: number;
  readonly ip: string | null;
}

/** What is compared of a finding (contract.md, `paths[].finding`). */
interface FindingSaid {
  readonly kind: string;
  readonly after: PlaceSaid | null;
  readonly before: PlaceSaid | null;
  readonly direction: string;
  readonly by: { readonly ip: string | null; readonly hop: number | null } | null;
  readonly mtu?: number | undefined;
  readonly scope?: string;
  readonly rule: number;
  readonly certainty: string;
}

/** What is compared of a path. */
export interface PathSaid {
  readonly end: string;
  readonly finding: FindingSaid | null;
}

/** Differences between a path and what was expected of it, in words; empty when all is as written. */
export function pathDifferences(
  expected: ExpectedPath,
  said: PathSaid,
  world: World,
  family: Family,
): readonly string[] {
  const { ends, findings } = expected;
  const ofEnd = (ends as readonly string[]).includes(said.end)
    ? []
    : [`end ${said.end}, not ${ends}`];
  const tries = findings.map((finding) => compare(finding, said.finding, world, family));
  // The choice that fits best tells most.
  const best = tries.reduce((a, b) => (b.length < a.length ? b : a));
  return [...ofEnd, ...best];
}

function compare(
  expected: ExpectedFinding | null,
  said: FindingSaid | null,
  world: World,
  family: Family,
): readonly string[] {
  if (expected === null || said === null) {
    return expected === said ? [] : [`finding ${JSON.stringify(said)}, not ${expected?.kinds}`];
  }
  const lines: string[] = [];
  const isOneOf = <T>(name: string, value: T, allowed: readonly T[] | undefined): void => {
    if (allowed?.includes(value) === false)
      lines.push(`${name} ${value}, not ${allowed.map(String)}`);
  };
  isOneOf<string>('kind', said.kind, expected.kinds);
  isOneOf('rule', said.rule, expected.rules);
  isOneOf('after', said.after?.ttl ?? null, expected.after);
  isOneOf('before', said.before?.ttl ?? null, expected.before);
  isOneOf<string>('direction', said.direction, expected.directions);
  isOneOf('by hop', said.by?.hop ?? null, expected.by);
  if (expected.scopes !== undefined)
    isOneOf<string>('scope', said.scope ?? 'none', expected.scopes);
  isOneOf<string>('certainty', said.certainty, expected.certainties);
  if (expected.mtu !== undefined) isOneOf('mtu', said.mtu, [expected.mtu]);
  return [...lines, ...addressDifferences(expected, said, world, family)];
}

/** The addresses must be those of the hops that are named with them. */
function addressDifferences(
  { isMasked }: ExpectedFinding,
  { after, before, by }: FindingSaid,
  world: World,
  family: Family,
): readonly string[] {
  const mask = isMasked ? addressAt(world, Infinity, family) : null;
  const wrong = [after, before].flatMap((place) => {
    if (place === null || place.ip === null || place.ip === mask) return [];
    return differenceAt(world, place.ttl, place.ip, family);
  });
  if (by === null || by.ip === null) return wrong;
  if (isMasked) return [...wrong, `${by.ip} is named, who is not seen`];
  return [...wrong, ...differenceAt(world, by.hop ?? 0, by.ip, family)];
}

function differenceAt(world: World, ttl: number, ip: string, family: Family): readonly string[] {
  const right = addressesAt(world, ttl, family);
  return right.includes(ip) ? [] : [`address at hop ${ttl} ${ip}, not ${right}`];
}

/** Who may answer at a hop: one of several routers side by side, and in a loop a router from its other side. */
function addressesAt(world: World, ttl: number, family: Family): readonly string[] {
  const textOf = (prefix: PerFamily<Prefix>): string => formatIp(prefix[family].bytes, 0, family);
  const beside = world.routers[ttl - 1]?.beside ?? [];
  const loop = world.routers.findIndex(({ route }) => route === 'loop');
  const turned = loop > 0 && ttl > loop ? world.routers.slice(loop - 1, loop + 1) : [];
  return [
    addressAt(world, ttl, family),
    ...beside.map(({ near }) => textOf(near)),
    ...turned.flatMap(({ near, far }) => [textOf(near), textOf(far)]),
  ];
}

/** Who answers at a hop, 0 the scanner: the address towards it; behind the last router the target. */
function addressAt(world: World, ttl: number, family: Family): string {
  const { scanner, routers, targets } = world;
  const prefix = ttl === 0 ? scanner.address : (routers[ttl - 1]?.near ?? targets[0]!.address);
  return formatIp(prefix[family].bytes, 0, family);
}
