/**
 * Scenes of host discovery as files (`hosts/NAME.json`): a world, who is looked for, and what each wire says of it, one of
 * "STATE REASON" a column.
 */
import { readdirSync, readFileSync } from 'node:fs';
import type { Family, Ip } from '../../src/model.ts';
import { formatIp } from '../../src/packet/address.ts';
import {
  failAt,
  type JsonPlace,
  openArray,
  openObject,
  readText,
  readWord,
} from '../../src/sim/strictJson.ts';
import { parseWorldAt, type World } from '../../src/sim/world.ts';
import { WIRES, type WireColumn } from './scenario.ts';

export interface HostScenario {
  readonly name: string;
  readonly title: string;
  readonly truth: string;
  readonly world: World;
  readonly who: 'TARGET' | 'SELF';
  readonly expect: Readonly<Record<WireColumn, readonly string[]>>;
  /** True, or why it cannot be built as namespaces. */
  readonly namespaces: true | string;
}

const SAID = /^(up|down|unknown) [a-z-]+$/;

/** Reads all scenes, in order of their names; throws UsageError for a mistake in any. */
export function loadHostScenarios(): readonly HostScenario[] {
  const folder = new URL('hosts/', import.meta.url);
  return readdirSync(folder)
    .sort()
    .map((file) => {
      const value: unknown = JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
      return parse({ source: `hosts/${file}`, path: '', value }, file.slice(0, -'.json'.length));
    });
}

function parse(place: JsonPlace, name: string): HostScenario {
  const at = openObject(place, ['title', 'truth', 'world', 'who', 'expect', 'namespaces']);
  const need = (key: 'title' | 'truth' | 'world' | 'expect' | 'namespaces'): JsonPlace =>
    at(key) ?? failAt(place, `"${key}" is missing`);
  const expect = openObject(need('expect'), WIRES);
  const said = (wire: WireColumn): readonly string[] => {
    const column = expect(wire) ?? failAt(need('expect'), `"${wire}" is missing`);
    const texts = openArray(column).map((item) => {
      const text = readText(item);
      return SAID.test(text) ? text : failAt(item, 'a state and a reason are wanted here');
    });
    return texts.length > 0 ? texts : failAt(column, 'at least one is wanted here');
  };
  const who = at('who');
  const namespaces = need('namespaces');
  return {
    name,
    title: readText(need('title')),
    truth: readText(need('truth')),
    world: parseWorldAt(need('world')),
    who: who === undefined ? 'TARGET' : readWord(who, ['TARGET', 'SELF']),
    expect: { P: said('P'), E: said('E'), C: said('C') },
    namespaces: namespaces.value === true ? true : readText(namespaces),
  };
}

/** The address that is looked for. */
export function wantedIp({ world, who }: HostScenario, family: Family): Ip {
  const { address } = who === 'SELF' ? world.scanner : world.targets[0]!;
  return formatIp(address[family].bytes, 0, family);
}
