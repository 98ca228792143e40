/** Own-side inquiries of the raw-socket wire: by netlink where the addon is there, else by what /proc says. */
import { errnoName } from '../errno.ts';
import type { Family, OwnSide, TargetTable } from '../model.ts';
import { equalIp } from '../packet/address.ts';
import { hasCarrier } from './localInterfaces.ts';
import { loadNative } from './native.ts';
import { createOwnCounters } from './ownCounters.ts';
import { createOwnSideReader, LOOKUP_FAULTS, type WireFacts } from './ownSide.ts';
import { readProcRoute } from './procRoute.ts';
import type { Sources } from './rawSocketSource.ts';

/** Asks our own side about a target; `answer` is called at once or later. */
export type Inquire = (target: number, facts: WireFacts, answer: (said: OwnSide) => void) => void;

/** Begins to count: drops are told as growth from here on. */
export function createInquire(targets: TargetTable, sources: Sources): Inquire {
  const loaded = loadNative();
  if (!('unavailable' in loaded)) {
    const reader = createOwnSideReader(loaded.addon, targets);
    return (target, facts, answer) => {
      for (const said of reader.read([target], facts)) answer(said);
    };
  }
  const counters = createOwnCounters(targets);
  return (target, { datagrams, overflow }, answer) => {
    const family: Family = targets.families[target] === 6 ? 6 : 4;
    const tell = async (source: Uint8Array | undefined, errno: number): Promise<void> => {
      const way = await readProcRoute(targets.bytes, target * 16, family);
      const isLocal =
        source !== undefined && equalIp(source, 0, targets.bytes, target * 16, family);
      const name = errno > 0 ? errnoName(errno) : null;
      const said = name !== null ? 'none' : isLocal ? 'local' : way.route;
      answer({
        target,
        ...way,
        route: name !== null && LOOKUP_FAULTS.has(name) ? 'unknown' : said,
        routeErrno: name,
        carrier: way.interface === null ? null : hasCarrier(way.interface),
        ...counters.read(family, datagrams[family]),
        overflow,
      });
    };
    const source = sources.find(target, (errno) => void tell(undefined, errno));
    if (source !== undefined) void tell(source, 0);
  };
}
