/**
 * Rules of a router that change a packet or its way instead of ending it: NAT, TTL and DSCP, a route of its own.
 *
 * The names follow nftables: `dnat` and `snat` look at the first packet of a flow, and answers are changed back.
 */
import type { PerFamily } from './prefix.ts';
import { parsePrefix } from './prefix.ts';
import { failAt, type JsonPlace, openObject, readNumber, readWord } from './strictJson.ts';

/** Where a route that a rule chooses leads. */
export const RULE_ROUTES = ['blackhole', 'unreachable', 'prohibit'] as const;
/** One of {@link RULE_ROUTES}. */
export type RuleRoute = (typeof RULE_ROUTES)[number];

/** What a rule changes; a key that is not there stays as it is. */
export interface RuleChange {
  /** New destination (`dnat`) or source (`snat`), 16 bytes; null: an address of the router itself. */
  readonly to?: PerFamily<Uint8Array | null>;
  /** New destination or source port. */
  readonly toPort?: number;
  readonly ttl?: number;
  /** 6 bits. */
  readonly dscp?: number;
  readonly route?: RuleRoute;
}

/** The keys of a rule that are read here. */
export const CHANGE_KEYS = ['to', 'toPort', 'ttl', 'dscp', 'route'] as const;
type ChangeKey = (typeof CHANGE_KEYS)[number];

/** Which of the keys a verdict takes. */
const KEYS_OF: Readonly<Record<string, readonly ChangeKey[]>> = {
  dnat: ['to', 'toPort'],
  snat: ['to', 'toPort'],
  set: ['ttl', 'dscp'],
  route: ['route'],
};

/** Parses what the verdict of a rule changes; throws UsageError for keys that belong to another verdict. */
export function parseChange(
  place: JsonPlace,
  at: (key: ChangeKey) => JsonPlace | undefined,
  verdict: string,
): RuleChange {
  const allowed = KEYS_OF[verdict] ?? [];
  for (const key of CHANGE_KEYS) {
    if (at(key) !== undefined && !allowed.includes(key)) {
      failAt(at(key)!, `"${key}" does not belong to the verdict "${verdict}"`);
    }
  }
  const toPort = at('toPort');
  const ttl = at('ttl');
  const dscp = at('dscp');
  const route = at('route');
  if (verdict === 'set' && ttl === undefined && dscp === undefined) {
    failAt(place, '"set" needs "ttl" or "dscp"');
  }
  if (verdict === 'route' && route === undefined) failAt(place, '"route" is missing');
  return {
    ...(allowed.includes('to') && { to: parseTo(at('to')) }),
    ...(toPort && { toPort: readNumber(toPort, { min: 1, max: 65_535, whole: true }, 0) }),
    ...(ttl && { ttl: readNumber(ttl, { min: 1, max: 255, whole: true }, 0) }),
    ...(dscp && { dscp: readNumber(dscp, { min: 0, max: 63, whole: true }, 0) }),
    ...(route && { route: readWord(route, RULE_ROUTES) }),
  };
}

/** `{ "4": "10.90.5.2", "6": "fd90:0:0:5::2" }`; nothing there, or a family left out, is the router itself. */
function parseTo(place: JsonPlace | undefined): PerFamily<Uint8Array | null> {
  if (place === undefined) return { 4: null, 6: null };
  const at = openObject(place, ['4', '6']);
  const read = (family: 4 | 6): Uint8Array | null => {
    const item = at(family === 4 ? '4' : '6');
    const address = parsePrefix(item, family);
    if (address !== null && address.bits !== (family === 4 ? 32 : 128)) {
      failAt(item!, 'an address is wanted here, not a prefix');
    }
    return address?.bytes ?? null;
  };
  return { 4: read(4), 6: read(6) };
}
