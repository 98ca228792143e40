/** The kernel's drop counters since a wire was opened, read from /proc: also an ordinary process may. */
import { readFileSync } from 'node:fs';
import type { Family, TargetTable } from '../model.ts';
import {
  type CounterTable,
  diffCounters,
  diffSendErrors,
  type KernelDrops,
  parseCounters,
  readCounterTexts,
} from './kernelCounters.ts';

/** Drops of our own kernel since the wire was opened. */
export interface OwnCounters {
  /** Growth since the wire was opened; `ownDatagrams`: UDP datagrams of the family that the wire itself received. */
  read(family: Family, ownDatagrams: number): KernelDrops;
  /** The same, and datagrams that no device took count as dropped: for sockets that are not told so. */
  readUntold(family: Family, ownDatagrams: number): KernelDrops;
}

/** Begins to count: drops are told as growth from here on. */
export function createOwnCounters(targets: TargetTable): OwnCounters {
  const families = ([4, 6] as const).filter((family) => targets.families.includes(family));
  const begin = readCounterTexts(readText, families);
  let before: CounterTable | undefined;
  const tables = (): readonly [CounterTable, CounterTable] => {
    before ??= parseCounters(begin);
    return [before, parseCounters(readCounterTexts(readText, families))];
  };
  return {
    read: (family, ownDatagrams) => diffCounters(...tables(), family, ownDatagrams),
    readUntold(family, ownDatagrams) {
      const [from, to] = tables();
      const drops = diffCounters(from, to, family, ownDatagrams);
      const untold = diffSendErrors(from, to, family) ?? 0;
      return untold > 0 ? { ...drops, outDropped: (drops.outDropped ?? 0) + untold } : drops;
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
