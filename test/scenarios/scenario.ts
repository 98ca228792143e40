/**
 * Scenario files: a world, a command, and what truth.md says about it on each wire. One file is run over the simulator
 * and over kernel namespaces, for IPv4 and IPv6.
 */
import { readdirSync, readFileSync } from 'node:fs';
import type { Detail, Family, Protocol, Reason, State } from '../../src/model.ts';
import { parsePortRange } from '../../src/sim/rules.ts';
import {
  failAt,
  type JsonPlace,
  openArray,
  openObject,
  readBoolean,
  readNumber,
  readText,
  readWord,
} from '../../src/sim/strictJson.ts';
import { parseWorldAt, type World } from '../../src/sim/world.ts';

/** P = packet, E = errqueue, C = connect (truth.md). */
export const WIRES = ['P', 'E', 'C'] as const;
/** One of {@link WIRES}. */
export type WireColumn = (typeof WIRES)[number];

/** What a verdict must say; a key that is undefined is left free by truth.md. */
export interface ExpectedVerdict {
  readonly port: number;
  readonly protocol: Protocol;
  /** One of these. */
  readonly states: readonly State[];
  /** One of these in the family that is run; undefined: free. */
  readonly reasons: Readonly<Record<Family, readonly Reason[] | undefined>>;
  /** One of these; null is no detail. */
  readonly details: readonly (Detail | null)[] | undefined;
  /** Null: nobody may be named. An undefined hop is free. */
  readonly by: ExpectedBy | null | undefined;
  /** True: confidence >= 0.999; false: below. */
  readonly certain: boolean | undefined;
  /** A part of one of the run's warnings. */
  readonly warning: string | undefined;
  /** A counter of the run that must not be 0. */
  readonly counted: string | undefined;
}

/** Who must be named. */
export interface ExpectedBy {
  readonly role: 'target' | 'path' | 'local';
  readonly hop: number | null | undefined;
}

/** A scenario file, checked. */
export interface Scenario {
  /** File name without `.json`. */
  readonly name: string;
  readonly title: string;
  /** The row of truth.md. */
  readonly truth: string;
  readonly world: World;
  /**
   * Words of the command line. `TARGET` is the first target's address, `SELF` the scanner's, in the family that is run.
   */
  readonly command: readonly string[];
  readonly expect: Readonly<Record<WireColumn, readonly ExpectedVerdict[]>>;
  /** Wires that cannot be had in this scene, and a part of what is said of it. */
  readonly unavailable?: Readonly<Partial<Record<WireColumn, string>>>;
  /** True, or why it cannot be built as namespaces. */
  readonly namespaces: true | string;
}

/** Reads all scenario files beside this one, in order of their names; throws UsageError for a mistake in any. */
export function loadScenarios(): readonly Scenario[] {
  const folder = new URL('.', import.meta.url);
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => {
      const text = readFileSync(new URL(file, folder), 'utf8');
      return parseScenario(JSON.parse(text), file.slice(0, -'.json'.length));
    });
}

const KEYS = ['title', 'truth', 'world', 'command', 'expect', 'namespaces'] as const;

/** Checks one scenario; an unknown key, a missing one or a wrong value throws UsageError. */
export function parseScenario(json: unknown, name: string): Scenario {
  const place: JsonPlace = { source: `${name}.json`, path: '', value: json };
  const at = openObject(place, KEYS);
  const need = (key: (typeof KEYS)[number]): JsonPlace =>
    at(key) ?? failAt(place, `"${key}" is missing`);
  const command = readText(need('command')).split(/\s+/);
  if (command[0] !== 'scan' || !command.some((word) => word === 'TARGET' || word === 'SELF')) {
    failAt(need('command'), 'a scan of TARGET or SELF is wanted here');
  }
  const expect = openObject(need('expect'), WIRES);
  const rowsOf = (wire: WireColumn): readonly ExpectedVerdict[] => {
    const column = expect(wire) ?? failAt(need('expect'), `"${wire}" is missing`);
    if (typeof column.value === 'string') return [];
    const rows = openArray(column).flatMap(parseRow);
    return rows.length > 0 ? rows : failAt(column, 'at least one row is wanted here');
  };
  const namespaces = need('namespaces');
  const refused = WIRES.flatMap((wire) => {
    const column = expect(wire);
    return typeof column?.value === 'string' ? [[wire, readText(column)] as const] : [];
  });
  return {
    name,
    title: readText(need('title')),
    truth: readText(need('truth')),
    world: parseWorldAt(need('world')),
    command,
    expect: { P: rowsOf('P'), E: rowsOf('E'), C: rowsOf('C') },
    unavailable: Object.fromEntries(refused),
    namespaces: namespaces.value === true ? true : readText(namespaces),
  };
}

const STATES: readonly State[] = [
  'open',
  'closed',
  'filtered',
  'open|filtered',
  'closed|filtered',
  'unknown',
];

const REASONS: readonly Reason[] = [
  'udp-response',
  'syn-ack',
  'reset',
  'conn-refused',
  'port-unreach',
  'host-unreach',
  'net-unreach',
  'proto-unreach',
  'admin-prohibited',
  'host-prohibited',
  'net-prohibited',
  'time-exceeded',
  'no-response',
  'no-route',
  'beyond-scope',
  'reject-route',
  'param-problem',
  'local-error',
];

const DETAILS: readonly Detail[] = [
  'rejected',
  'forged-reset',
  'syn-proxy',
  'silent-certified',
  'silent-unverified',
  'open-silent',
  'other-source',
  'dropped',
  'no-neighbour',
  'inferred',
];

const ROW_KEYS = [
  'port',
  'protocol',
  'state',
  'reason',
  'detail',
  'by',
  'certain',
  'warning',
  'counted',
] as const;

/** A row with a range of ports ("1000-1011") stands for one row each. */
function parseRow(place: JsonPlace): readonly ExpectedVerdict[] {
  const at = openObject(place, ROW_KEYS);
  const need = (key: (typeof ROW_KEYS)[number]): JsonPlace =>
    at(key) ?? failAt(place, `"${key}" is missing`);
  const certain = at('certain');
  const detail = at('detail');
  const warning = at('warning');
  const counted = at('counted');
  const row = {
    protocol: readWord<Protocol>(need('protocol'), ['tcp', 'udp']),
    states: readWords(need('state'), STATES),
    reasons: readReasons(at('reason')),
    details: detail === undefined ? undefined : readDetails(detail),
    by: readBy(at('by')),
    certain: certain === undefined ? undefined : readBoolean(certain, false),
    warning: warning === undefined ? undefined : readText(warning),
    counted: counted === undefined ? undefined : readText(counted),
  };
  const [from, to] = parsePortRange(need('port'))!;
  return Array.from({ length: to - from + 1 }, (_, index) => ({ ...row, port: from + index }));
}

/** One word, or a list of which one must be met. */
function readWords<Word extends string>(place: JsonPlace, words: readonly Word[]): readonly Word[] {
  if (typeof place.value === 'string') return [readWord(place, words)];
  return openArray(place).map((item) => readWord(item, words));
}

function readDetails(place: JsonPlace): readonly (Detail | null)[] {
  return place.value === null ? [null] : readWords(place, DETAILS);
}

function readReasons(place: JsonPlace | undefined): ExpectedVerdict['reasons'] {
  if (place === undefined) return { 4: undefined, 6: undefined };
  if (typeof place.value === 'string' || Array.isArray(place.value)) {
    const words = readWords(place, REASONS);
    return { 4: words, 6: words };
  }
  const at = openObject(place, ['4', '6']);
  const of = (family: '4' | '6') => {
    const item = at(family);
    return item === undefined ? undefined : readWords(item, REASONS);
  };
  return { 4: of('4'), 6: of('6') };
}

function readBy(place: JsonPlace | undefined): ExpectedBy | null | undefined {
  if (place === undefined) return undefined;
  if (place.value === null) return null;
  const at = openObject(place, ['role', 'hop']);
  const role = at('role') ?? failAt(place, '"role" is missing');
  const hop = at('hop');
  return {
    role: readWord(role, ['target', 'path', 'local']),
    hop:
      hop === undefined || hop.value === null
        ? (hop?.value as null | undefined)
        : readNumber(hop, { min: 1, max: 255, whole: true }, 1),
  };
}
