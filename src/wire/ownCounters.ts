/** The kernel's drop counters since a wire was opened, read from /proc: also an ordinary process may. */
import { readFileSync } from 'node:fs';
import type { Family, TargetTable } from '../model.ts';
import {
  type CounterTable,
  diffCounters,
  type KernelDrops,
  parseCounters,
  readCounterTexts,
} from './kernelCounters.ts';

/** Drops of our own kernel since the wire was opened. */
export interface OwnCounters {
  /** Growth since the wire was opened; `ownDatagrams`: UDP datagrams of the family that the wire itself received. */
  read(family: Family, ownDatagrams: number): KernelDrops;
}

/** Begins to count: drops are told as growth from here on. */
export function createOwnCounters(targets: TargetTable): OwnCounters {
  const families = ([4, 6] as const).filter((family) => targets.families.includes(family));
  const begin = readCounterTexts(readText, families);
  let before: CounterTable | undefined;
  return {
    read(family, ownDatagrams) {
      before ??= parseCounters(begin);
      const after = parseCounters(readCounterTexts(readText, families));
      return diffCounters(before, after, family, ownDatagrams);
    },
  };
}

/** A file that a kernel lacks or a sandbox hides is "not countable", which every reader of the counters can say. */
function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}
