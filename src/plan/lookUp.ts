/** Targets as the user names them -> addresses, and the names that have none. */
import { ProbeError, UsageError } from '../errors.ts';
import type { Family, Unresolved } from '../model.ts';
import { parseIp } from '../packet/address.ts';
import { quote } from './quote.ts';
import type { AddressRange, TargetText } from './targetText.ts';
import { rangeOfPrefix } from './targetText.ts';

/** A target, and where it was read: `targets.txt:3`; null on the command line. */
export interface PlacedTarget {
  readonly target: TargetText;
  readonly place: string | null;
}

/** A target with the addresses that it stands for. */
export interface LookedUp extends PlacedTarget {
  readonly addresses: readonly AddressRange[];
  /** Warning that names the addresses that are not probed. */
  readonly others: string | null;
}

/** Addresses of a name that are shown one by one in a warning; further ones are counted. */
const MAX_SHOWN = 8;

/** What a failed look-up says of the name itself (getaddrinfo(3)); any other failure is one of our side. */
const NAME_FAULTS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'no such name',
  ENODATA: 'it has no address',
  EAI_NODATA: 'it has no address',
};

/** Looks up all names at once. Throws a UsageError for an address or prefix that does not fit the run. */
export async function lookUp(
  placed: readonly PlacedTarget[],
  how: { readonly family: Family | undefined; readonly allAddresses: boolean },
  env: { readonly resolve: (name: string) => Promise<readonly string[]> },
): Promise<{ readonly found: readonly LookedUp[]; readonly unresolved: readonly Unresolved[] }> {
  const found: LookedUp[] = [];
  const unresolved: Unresolved[] = [];
  const all = placed.map(async ({ target, place }): Promise<LookedUp | Unresolved> => {
    const { host, text } = target;
    if (host.kind === 'addresses') {
      withPlace(place, () => checkFamily(host.ranges[0]!.family, how.family, text));
      return { target, place, addresses: host.ranges, others: null };
    }
    const looked = await resolveName(host.name, how.family, env.resolve);
    if ('why' in looked) return { name: host.name, ...looked, place };
    const [first, ...rest] = looked.ips;
    const chosen = how.allAddresses ? looked.ips : [first!];
    const addresses = withPlace(place, () =>
      chosen.map((ip) => rangeOfName(ip, host.prefix, text)),
    );
    const shown = rest.slice(0, MAX_SHOWN).join(', ') + (rest.length > MAX_SHOWN ? ', …' : '');
    const others =
      how.allAddresses || rest.length === 0
        ? null
        : `${host.name} is probed at ${first}; it also has ${shown} (--all-addresses probes all)`;
    return { target, place, addresses, others };
  });
  for (const one of await Promise.all(all)) {
    if ('why' in one) unresolved.push(one);
    else found.push(one);
  }
  return { found, unresolved };
}

/** Runs a step for one target; a UsageError of it begins with the place. */
export function withPlace<Value>(place: string | null, step: () => Value): Value {
  try {
    return step();
  } catch (error) {
    if (place === null || !(error instanceof UsageError)) throw error;
    throw new UsageError(`${place}: ${error.message}`, { cause: error });
  }
}

/** `targets.txt:3: target "old.example" cannot be looked up: no such name (ENOTFOUND)`. */
export function unresolvedLine({ name, why, place }: Unresolved): string {
  const where = place === null ? '' : `${place}: `;
  return `${where}target ${quote(name)} ${why}`;
}

/** Throws for the first of these names, if there is one: a ProbeError where a look-up failed on our side, else a UsageError. */
export function refuseUnresolved(unresolved: readonly Unresolved[]): void {
  const failed = unresolved.find(({ isOurSide }) => isOurSide);
  const first = failed ?? unresolved[0];
  if (first === undefined) return;
  const rest = unresolved.length > 1 ? ` (and ${unresolved.length - 1} more)` : '';
  const message = unresolvedLine(first) + rest;
  throw failed === undefined ? new UsageError(message) : new ProbeError('E_NAME_LOOKUP', message);
}

function checkFamily(family: Family, asked: Family | undefined, text: string): void {
  if (asked === undefined || family === asked) return;
  throw new UsageError(`target ${quote(text)} is IPv${family}, but only IPv${asked} is asked`);
}

async function resolveName(
  name: string,
  family: Family | undefined,
  resolve: (name: string) => Promise<readonly string[]>,
): Promise<{ readonly ips: readonly string[] } | Pick<Unresolved, 'why' | 'isOurSide'>> {
  let found: readonly string[];
  try {
    found = await resolve(name);
  } catch (error) {
    const code = String((error as { code?: unknown }).code);
    const fault = NAME_FAULTS[code];
    if (fault !== undefined) {
      return { why: `cannot be looked up: ${fault} (${code})`, isOurSide: false };
    }
    const failure =
      code === 'EAI_AGAIN' ? 'the name server did not answer' : 'the look-up itself failed';
    return { why: `cannot be looked up: ${failure} (${code})`, isOurSide: true };
  }
  const ips = [...new Set(found)].filter((text) => {
    const ip = parseIp(text);
    return ip !== null && (family === undefined || ip.family === family);
  });
  const kind = family === undefined ? '' : `IPv${family} `;
  return ips.length > 0 ? { ips } : { why: `has no ${kind}address`, isOurSide: false };
}

function rangeOfName(ipText: string, prefix: number | null, text: string): AddressRange {
  const ip = parseIp(ipText)!;
  const bits = ip.family === 4 ? 32 : 128;
  if (prefix !== null && prefix > bits) {
    throw new UsageError(`target ${quote(text)}: /${prefix} is too long for ${ipText}`);
  }
  return rangeOfPrefix(ip, prefix ?? bits);
}
