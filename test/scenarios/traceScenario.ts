/**
 * Trace scenes: a world, the ports that are traced in it, and the finding that each must give. One file is run over the
 * simulator and over kernel namespaces, for IPv4 and IPv6.
 *
 * A value that may be one of several is a list. A key that is left out is free. Addresses follow from the hops: what is
 * named at hop N is the router's address towards the scanner, behind the last router the target.
 */
import { readdirSync, readFileSync } from 'node:fs';
import type { Family, Protocol } from '../../src/model.ts';
import {
  failAt,
  type JsonPlace,
  openArray,
  openObject,
  readNumber,
  readText,
  readWord,
} from '../../src/sim/strictJson.ts';
import { parseWorldAt, type World } from '../../src/sim/world.ts';

/** How a path ends (contract.md, `paths[].end`). */
export const PATH_ENDS = ['reached', 'rejected', 'dropped', 'broken', 'unknown'] as const;
/** What a finding is about (contract.md, `finding.kind`). */
export const FINDING_KINDS = [
  'drop',
  'reject',
  'forged-reset',
  'route',
  'mtu',
  'nat',
  'return-drop',
  'proxy',
  'loop',
  'ttl-rewrite',
  'path-variant',
] as const;
export const DIRECTIONS = ['forward', 'return', 'either'] as const;
export const SCOPES = ['port', 'destination'] as const;
export const CERTAINTIES = ['high', 'medium', 'low'] as const;

/** Views that can trace: P = packet, E = errqueue. */
export const TRACE_VIEWS = ['P', 'E'] as const;
/** One of {@link TRACE_VIEWS}. */
export type TraceView = (typeof TRACE_VIEWS)[number];

/** What a finding must say; undefined is free, a list is a choice. */
export interface ExpectedFinding {
  readonly kinds: readonly (typeof FINDING_KINDS)[number][];
  /** The rules of the locator (methods, B3) that may give it. */
  readonly rules: readonly number[] | undefined;
  /** TTLs of the two ends of the interval; null: that end may be open. */
  readonly after: readonly (number | null)[] | undefined;
  readonly before: readonly (number | null)[] | undefined;
  readonly directions: readonly (typeof DIRECTIONS)[number][] | undefined;
  /** Hop of who is named; null: nobody. */
  readonly by: readonly (number | null)[] | undefined;
  /** Who is named wears the target's address, so that no address of his is known. */
  readonly isMasked: boolean;
  readonly certainties: readonly (typeof CERTAINTIES)[number][];
  readonly mtu: number | undefined;
  readonly scopes: readonly (typeof SCOPES)[number][] | undefined;
}

/** What a path must say: its end, and one of the findings (null: none). */
export interface ExpectedPath {
  readonly ends: readonly (typeof PATH_ENDS)[number][];
  readonly findings: readonly (ExpectedFinding | null)[];
}

/** What a trace looks into besides (traceRun.ts, TraceRequest). */
export interface TraceExtras {
  /** Source ports; 0: its own alone. */
  readonly flows: number;
  readonly mtu: boolean;
  readonly askHops: boolean;
  /** Over IPv6 alone. */
  readonly passage: boolean;
  readonly fragment: boolean;
}

/** The families over which a trace can be asked. */
export const familiesOf = ({ passage }: TraceExtras): readonly Family[] => (passage ? [6] : [4, 6]);

/** One trace of a scene. */
export interface TraceCase {
  readonly port: number;
  readonly protocol: Protocol;
  readonly extras: TraceExtras;
  /** A text: this wire refuses, and the text is a part of the one line that says why (exit 3). */
  readonly expect: { readonly P: ExpectedPath; readonly E: ExpectedPath | string };
}

/** Traces of a scene that look into the same: one run can ask for them. */
export interface TraceLook {
  /** The options that ask for it; "" where nothing is looked into besides. */
  readonly name: string;
  readonly extras: TraceExtras;
  readonly traces: readonly TraceCase[];
}

/** A trace scene, checked. */
export interface TraceScenario {
  /** File name without `.json`. */
  readonly name: string;
  readonly title: string;
  /** The row of methods B2, or why it stands here. */
  readonly scene: string;
  readonly world: World;
  readonly traces: readonly TraceCase[];
  /** True, or why it cannot be built as namespaces. */
  readonly namespaces: true | string;
}

/** Reads all trace scenes, in order of their names; throws UsageError for a mistake in any. */
export function loadTraceScenarios(): readonly TraceScenario[] {
  const folder = new URL('./trace/', import.meta.url);
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => {
      const text = readFileSync(new URL(file, folder), 'utf8');
      return parseTraceScenario(JSON.parse(text), file.slice(0, -'.json'.length));
    });
}

/** The options that ask for it. */
export function extraWords({
  flows,
  mtu,
  passage,
  fragment,
  askHops,
}: TraceExtras): readonly string[] {
  return [
    ...(flows > 0 ? ['--flows', String(flows)] : []),
    ...(mtu ? ['--mtu'] : []),
    ...(passage ? ['--passage'] : []),
    ...(fragment ? ['--fragment'] : []),
    ...(askHops ? ['--ask-hops'] : []),
  ];
}

/** The runs in which a view can ask for all of the traces that it does not refuse. */
export function looksOf(traces: readonly TraceCase[], view: TraceView): readonly TraceLook[] {
  const byName = new Map<string, TraceCase[]>();
  for (const one of traces) {
    if (typeof one.expect[view] === 'string') continue;
    const name = extraWords(one.extras).join(' ');
    byName.set(name, [...(byName.get(name) ?? []), one]);
  }
  return [...byName].map(([name, alike]) => ({ name, extras: alike[0]!.extras, traces: alike }));
}

const KEYS = ['title', 'scene', 'world', 'traces', 'namespaces'] as const;

/** Checks one scene; an unknown key, a missing one or a wrong value throws UsageError. */
export function parseTraceScenario(json: unknown, name: string): TraceScenario {
  const place: JsonPlace = { source: `trace/${name}.json`, path: '', value: json };
  const need = needIn(place, openObject(place, KEYS));
  const namespaces = need('namespaces');
  const traces = openArray(need('traces')).flatMap(parseCases);
  if (traces.length === 0) failAt(need('traces'), 'at least one trace is wanted here');
  return {
    name,
    title: readText(need('title')),
    scene: readText(need('scene')),
    world: parseWorldAt(need('world')),
    traces,
    namespaces: namespaces.value === true ? true : readText(namespaces),
  };
}

/** The look-up of an opened object, for keys that must be there. */
function needIn<Key extends string>(
  place: JsonPlace,
  at: (key: Key) => JsonPlace | undefined,
): (key: Key) => JsonPlace {
  return (key) => at(key) ?? failAt(place, `"${key}" is missing`);
}

/** Several ports of which the same is expected stand for one trace each. */
function parseCases(place: JsonPlace): readonly TraceCase[] {
  const at = openObject(place, ['ask', 'flows', 'mtu', 'passage', 'fragment', 'askHops', 'P', 'E']);
  const need = needIn(place, at);
  const packet = parsePath(need('P'));
  const errqueue = at('E');
  const rest = {
    extras: {
      flows: readNumber(at('flows'), { min: 0, max: 32, whole: true }, 0),
      mtu: at('mtu')?.value === true,
      askHops: at('askHops')?.value === true,
      passage: at('passage')?.value === true,
      fragment: at('fragment')?.value === true,
    },
    expect: { P: packet, E: errqueue === undefined ? packet : parseColumn(errqueue) },
  };
  return choices(need('ask')).map((ask) => {
    const match = /^(\d{1,5})\/(tcp|udp)$/.exec(readText(ask));
    if (match === null) failAt(ask, 'a port and its protocol ("53/udp") is wanted here');
    return { port: Number(match[1]), protocol: match[2] === 'tcp' ? 'tcp' : 'udp', ...rest };
  });
}

const parseColumn = (place: JsonPlace): ExpectedPath | string =>
  typeof place.value === 'string' ? readText(place) : parsePath(place);

function parsePath(place: JsonPlace): ExpectedPath {
  const at = openObject(place, ['end', 'finding']);
  const need = needIn(place, at);
  const readEnd = (item: JsonPlace) => readWord(item, PATH_ENDS);
  const ends = choices(need('end')).map(readEnd);
  return { ends, findings: choices(need('finding')).map(parseFinding) };
}

const FINDING_KEYS = [
  'kind',
  'rule',
  'after',
  'before',
  'direction',
  'by',
  'masked',
  'certainty',
  'mtu',
  'scope',
] as const;

function parseFinding(place: JsonPlace): ExpectedFinding | null {
  if (place.value === null) return null;
  const at = openObject(place, FINDING_KEYS);
  const need = needIn(place, at);
  const readHop = (item: JsonPlace): number | null =>
    item.value === null ? null : readNumber(item, { min: 0, max: 255, whole: true }, 0);
  const readRule = (item: JsonPlace): number =>
    readNumber(item, { min: 1, max: 99, whole: true }, 1);
  const listOf = <T>(key: (typeof FINDING_KEYS)[number], read: (item: JsonPlace) => T) => {
    const item = at(key);
    return item === undefined ? undefined : choices(item).map(read);
  };
  const mtu = at('mtu');
  return {
    kinds: choices(need('kind')).map((item) => readWord(item, FINDING_KINDS)),
    rules: listOf('rule', readRule),
    after: listOf('after', readHop),
    before: listOf('before', readHop),
    directions: listOf('direction', (item) => readWord(item, DIRECTIONS)),
    by: listOf('by', readHop),
    isMasked: at('masked')?.value === true,
    certainties: choices(need('certainty')).map((item) => readWord(item, CERTAINTIES)),
    scopes: listOf('scope', (item) => readWord(item, SCOPES)),
    mtu: mtu === undefined ? undefined : readNumber(mtu, { min: 68, max: 65_535, whole: true }, 68),
  };
}

/** One value, or a list of which one must be met. */
function choices(place: JsonPlace): readonly JsonPlace[] {
  return Array.isArray(place.value) ? openArray(place) : [place];
}
