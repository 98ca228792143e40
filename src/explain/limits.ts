/** What a capture cannot show, by where it was taken and what it lacks: keys of the catalogue with their arguments. */
import { INITIAL_TTLS } from '../match/distance.ts';
import type { Ip } from '../model.ts';
import { TTL_OF } from './addressTable.ts';
import type { Evidence } from './evidence.ts';
import { FROM_ASKED, FROM_ASKER } from './flow.ts';

/** One thing that the capture cannot show. */
export interface CaptureLimit {
  readonly whyId: string;
  readonly whyArgs: Readonly<Record<string, string | number>>;
}

/** Hosts beside the capture that are named. */
const MAX_NEAR = 4;

/** The limits of a capture, the gravest first. */
export function captureLimits(evidence: Evidence): CaptureLimit[] {
  const { counts, table, errors, bothWays } = evidence;
  const limits: CaptureLimit[] = [];
  const say = (whyId: string, whyArgs: CaptureLimit['whyArgs'] = {}) =>
    limits.push({ whyId, whyArgs });
  const flows = table.flows.length;
  const oneSided = table.flows.filter(({ tcp }) => tcp?.oneSided === true).length;
  const answersOnly = table.flows.filter(
    ({ sides }) => sides[FROM_ASKER].packets === 0 && sides[FROM_ASKED].packets > 0,
  ).length;
  if (counts.packets === 0) say('limit.empty');
  else if (flows === 0 && counts.filteredOut > 0)
    say('limit.none-wanted', { packets: counts.filteredOut });
  if (oneSided > 0) say('limit.one-sided', { flows: oneSided });
  else if (flows > 0 && !bothWays) say('limit.one-direction', { flows });
  if (answersOnly > 0 && bothWays) say('limit.began-late', { flows: answersOnly });
  if (counts.cut > 0) say('limit.cut', { packets: counts.cut });
  if (counts.notFollowed > 0) say('limit.not-followed', { packets: counts.notFollowed, flows });
  if (errors.ungrouped() > 0) say('limit.ungrouped', { packets: errors.ungrouped() });
  if (counts.unreadable > 0) say('limit.unreadable', { packets: counts.unreadable });
  if (counts.fragments > 0) say('limit.fragments', { packets: counts.fragments });
  const near = nearHosts(evidence);
  if (near.length > 0) say('limit.near', { hosts: near.join(', ') });
  else if (flows > 0) say('limit.between');
  return limits;
}

/** Hosts whose packets still have the TTL that they started with: the capture was taken on them or on their link. */
function nearHosts({ addresses, table }: Evidence): Ip[] {
  const near = new Set<Ip>();
  for (const { asker, asked } of table.flows) {
    for (const host of [asker, asked]) {
      if (near.size < MAX_NEAR && isNear(host)) near.add(addresses.ip(host));
    }
  }
  return [...near];

  function isNear(host: number): boolean {
    const ttls = [TTL_OF.TCP, TTL_OF.UDP, TTL_OF.ECHO]
      .map((kind) => addresses.ttlOf(host, kind))
      .filter((ttl) => ttl !== 0);
    return (
      ttls.length > 0 && ttls.every((ttl) => (INITIAL_TTLS as readonly number[]).includes(ttl))
    );
  }
}
