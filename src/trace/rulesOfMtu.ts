/** Rules 2 and 13 with sizes measured (`--mtu`): a link takes smaller packets than ours, and somebody says so, or nobody. */
import type { Location, PathMtu } from '../model.ts';
import type { MtuFacts, TraceFacts } from './facts.ts';
import type { Located } from './locate.ts';
import { commonArgs, placeArgs } from './reasonArgs.ts';
import { hopOfTooBig, tooBigFinding } from './rulesOfTheWay.ts';
import type { View } from './view.ts';

/** Where nothing else was found, what was found of the sizes. */
export function refineByMtu(view: View, located: Located): Located {
  const { mtu } = view.facts;
  if (located.finding !== null || mtu === null || mtu.bytes === null) return located;
  const { end } = located;
  const args = { ...commonArgs(view), mtu: mtu.bytes, large: mtu.linkBytes };
  // A service of UDP may be silent to what is larger than it expects (dnsmasq above 1,232 bytes): no hole in front of it.
  const isOfService =
    mtu.protocol === 'udp' && mtu.hole?.before.ttl === mtu.end && !mtu.hole.isProven;
  if (mtu.hole !== null && !isOfService) {
    const { after, before } = mtu.hole;
    const whyArgs = { ...args, ...placeArgs('after', after), ...placeArgs('before', before) };
    return { end, finding: holeFinding(mtu, mtu.bytes), whyId: 'path.mtu.hole', whyArgs };
  }
  const last = mtu.said.at(-1);
  if (last === undefined) return located;
  const finding = tooBigFinding(last, view.natHop !== null);
  return {
    end,
    finding,
    whyId: 'path.mtu.said',
    whyArgs: { ...args, by: last.ip, hop: hopOfTooBig(last) },
  };
}

function holeFinding({ hole }: MtuFacts, bytes: number): Location {
  const { after, before, isProven } = hole!;
  return {
    kind: 'mtu',
    after,
    before,
    direction: 'forward',
    by: null,
    mtu: bytes,
    rule: 13,
    certainty: isProven ? 'high' : 'medium',
  };
}

/** The sizes as a report has them. */
export function toPathMtu({ mtu }: TraceFacts): PathMtu | null {
  if (mtu === null) return null;
  const { linkBytes, bytes, end, protocol, port, said, hole } = mtu;
  return {
    linkBytes,
    bytes,
    end,
    protocol,
    port,
    said: said.map((one) => ({ ip: one.ip, hop: hopOfTooBig(one), mtu: one.mtu })),
    hole: hole === null ? null : { after: hole.after, before: hole.before },
  };
}
