import { UsageError } from '../errors.ts';
import type { Family, LocalInterface, PlanGroup, TargetTable } from '../model.ts';
import { parseIp } from '../packet/address.ts';
import { broadcastOfCidr, refuseNoHost, scopeIdOf } from './hostAddress.ts';
import type { PortLists } from './ports.ts';
import { quote } from './quote.ts';
import type { NamedRange, Span } from './spans.ts';
import { mergeRanges } from './spans.ts';
import { createTargetTable, formatLow } from './targetTable.ts';
import type { AddressRange, TargetText } from './targetText.ts';
import { MAX_TARGETS, parseTargetText, rangeOfPrefix, sizeOfRange, tooMany } from './targetText.ts';

/** What targets need of the world outside. */
export interface TargetEnv {
  /** Addresses of a name in the order of getaddrinfo; rejects, or gives none, when there are none. */
  readonly resolve: (name: string) => Promise<readonly string[]>;
  readonly interfaces: readonly LocalInterface[];
}

/** What the user says of targets and their ports. */
export interface TargetRequest {
  readonly targets: readonly string[];
  readonly exclude: readonly string[];
  readonly family: Family | undefined;
  readonly allAddresses: boolean;
  /** Ports of targets that name none themselves; read only where there is such a target. */
  readonly ports: PortLists;
  /** The option that names `ports`, for an error where no target takes them; null: the tool's own list. */
  readonly portOption: string | null;
  /** Which protocols a port in `host:port` is asked with, and whether the user has named them (`-sT`, `-sU`). */
  readonly protocols: { readonly tcp: boolean; readonly udp: boolean; readonly areNamed: boolean };
}

/** The targets of a run, numbered, with the ports of each. */
export interface PlannedTargets {
  readonly targets: TargetTable;
  readonly groups: readonly PlanGroup[];
  readonly warnings: readonly string[];
}

/** Named addresses that are shown one by one in a warning; further ones are counted. */
const MAX_SHOWN = 8;

/**
 * Turns the user's targets into numbered addresses and groups of equal ports.
 *
 * Names are looked up, all at once: the caller's `resolve` bounds how many run together. Throws a UsageError for text that
 * is no target, a name without a usable address, an address that cannot be a target, too many, or none left.
 */
export async function planTargets(request: TargetRequest, env: TargetEnv): Promise<PlannedTargets> {
  const warnings: string[] = [];
  const [named, excluded] = await Promise.all([
    lookUp(request.targets, request, env),
    lookUp(request.exclude, { family: undefined, allAddresses: true }, env),
  ]);
  checkPortOption(request, named);
  const portsOf = createPortLists(request);
  const ranges: NamedRange[] = [];
  const names: { readonly name: string; readonly range: NamedRange }[] = [];
  for (const { target, addresses, others } of named) {
    if (others !== null) warnings.push(others);
    for (const address of addresses) {
      if (sizeOfRange(address) > MAX_TARGETS) throw new UsageError(tooMany(target.text));
      refuseNoHost(address, target.text, env.interfaces);
      const scopeId = scopeIdOf(address, target.text, env.interfaces);
      const range = { ...address, scopeId, order: ranges.length, ports: portsOf(target) };
      ranges.push(range);
      if (target.host.kind === 'name') names.push({ name: target.host.name, range });
    }
  }
  const without = excluded.flatMap(({ target, addresses }) =>
    addresses.map((address) => ({ address, text: target.text })),
  );
  const merged = mergeRanges([
    ...ranges,
    ...exclusions(ranges, without, env.interfaces),
    ...broadcasts(ranges, env.interfaces, warnings),
  ]);
  const { spans, duplicates } = merged;
  checkCount(spans, request);
  const zones = new Map(env.interfaces.map(({ scopeId, name }) => [scopeId, name]));
  const targets = createTargetTable(spans, zones, names);
  if (duplicates.first !== null) {
    const { first: span, count } = duplicates;
    const ip = formatLow(span, span.first, zones);
    const rest = count > 1 ? ` and ${(count - 1).toLocaleString('en-US')} more` : '';
    warnings.push(`${ip}${rest} named more than once: asked once`);
  }
  return { targets, groups: groupsOf(spans), warnings };
}

interface LookedUp {
  readonly target: TargetText;
  readonly addresses: readonly AddressRange[];
  /** Warning that names the addresses that are not probed. */
  readonly others: string | null;
}

function lookUp(
  texts: readonly string[],
  how: { readonly family: Family | undefined; readonly allAddresses: boolean },
  env: TargetEnv,
): Promise<LookedUp[]> {
  return Promise.all(
    texts.map(parseTargetText).map(async (target) => {
      const { host } = target;
      if (host.kind === 'addresses') {
        const [range] = host.ranges;
        if (how.family !== undefined && range!.family !== how.family) {
          throw new UsageError(
            `target ${quote(target.text)} is IPv${range!.family}, but only IPv${how.family} is asked`,
          );
        }
        return { target, addresses: host.ranges, others: null };
      }
      const ips = await resolveName(host.name, how.family, env);
      const [first, ...rest] = ips;
      const chosen = how.allAddresses ? ips : [first!];
      const addresses = chosen.map((text) => rangeOfName(text, host.prefix, target.text));
      const shown = rest.slice(0, MAX_SHOWN).join(', ') + (rest.length > MAX_SHOWN ? ', …' : '');
      const others =
        how.allAddresses || rest.length === 0
          ? null
          : `${host.name} is probed at ${first}; it also has ${shown} (--all-addresses probes all)`;
      return { target, addresses, others };
    }),
  );
}

async function resolveName(
  name: string,
  family: Family | undefined,
  env: TargetEnv,
): Promise<string[]> {
  let found: readonly string[];
  try {
    found = await env.resolve(name);
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    const why =
      code === 'EAI_AGAIN' ? 'the name server did not answer' : `no such name (${String(code)})`;
    throw new UsageError(`target ${quote(name)} cannot be looked up: ${why}`, { cause: error });
  }
  const usable = [...new Set(found)].filter((text) => {
    const ip = parseIp(text);
    return ip !== null && (family === undefined || ip.family === family);
  });
  if (usable.length === 0) {
    throw new UsageError(`target ${quote(name)} has no ${family ? `IPv${family} ` : ''}address`);
  }
  return usable;
}

function rangeOfName(ipText: string, prefix: number | null, text: string): AddressRange {
  const ip = parseIp(ipText)!;
  const bits = ip.family === 4 ? 32 : 128;
  if (prefix !== null && prefix > bits) {
    throw new UsageError(`target ${quote(text)}: /${prefix} is too long for ${ipText}`);
  }
  return rangeOfPrefix(ip, prefix ?? bits);
}

/** Ports that the user names must not vanish because every target names its own. */
function checkPortOption({ portOption }: TargetRequest, named: readonly LookedUp[]): void {
  const own = named[0]?.target;
  if (portOption === null || own === undefined) return;
  if (named.some(({ target }) => target.port === null)) return;
  const who = quote(own.text);
  const which =
    named.length === 1
      ? `${who} names its own port`
      : `every target names its own port, as ${who} does`;
  throw new UsageError(`${portOption} has no target: ${which}`);
}

/** Port lists by port and protocol of a target; equal ones are the same object, which makes their targets one group. */
function createPortLists(request: TargetRequest): (target: TargetText) => PortLists {
  const { protocols } = request;
  const known = new Map<string, PortLists>();
  return ({ port, protocol, text }) => {
    if (port === null) return request.ports;
    if (protocol !== null && protocols.areNamed && !protocols[protocol]) {
      const [name, other, option] =
        protocol === 'tcp' ? ['TCP', 'UDP', '-sT'] : ['UDP', 'TCP', '-sU'];
      throw new UsageError(
        `target ${quote(text)} names ${name}, but only ${other} is asked: add ${option}`,
      );
    }
    const { tcp, udp } =
      protocol === null ? protocols : { tcp: protocol === 'tcp', udp: protocol === 'udp' };
    const key = `${port}/${tcp}/${udp}`;
    const lists = known.get(key) ?? { tcp: tcp ? [port] : [], udp: udp ? [port] : [] };
    known.set(key, lists);
    return lists;
  };
}

/** Exclusions as ranges on every line that holds targets; an exclusion without zone holds in all of them. */
function exclusions(
  ranges: readonly NamedRange[],
  without: readonly { readonly address: AddressRange; readonly text: string }[],
  interfaces: readonly LocalInterface[],
): NamedRange[] {
  if (without.length === 0) return [];
  const lines = new Map(
    ranges.map((range) => [`${range.family}/${range.scopeId}/${range.high}`, range]),
  );
  const result: NamedRange[] = [];
  for (const line of lines.values()) {
    for (const { address, text } of without) {
      if (address.family !== line.family || (line.high & address.highMask) !== address.high)
        continue;
      const zoned = address.zone !== null;
      if (zoned && scopeIdOf(address, text, interfaces) !== line.scopeId) continue;
      result.push({ ...line, first: address.first, last: address.last, order: -1, ports: null });
    }
  }
  return result;
}

/** Broadcast addresses of our own links inside wider ranges are left out, with a warning. */
function broadcasts(
  ranges: readonly NamedRange[],
  interfaces: readonly LocalInterface[],
  warnings: string[],
): NamedRange[] {
  const result: NamedRange[] = [];
  for (const { name, cidr } of interfaces) {
    const last = broadcastOfCidr(cidr);
    const around = ranges.find(
      (range) => last !== null && range.family === 4 && range.first <= last && range.last >= last,
    );
    if (last === null || around === undefined) continue;
    const hole = { ...around, first: last, last, order: -1, ports: null };
    const ip = formatLow(hole, last, new Map());
    warnings.push(`${ip} is the broadcast address of ${name}: left out`);
    result.push(hole);
  }
  return result;
}

function checkCount(spans: readonly Span[], request: TargetRequest): void {
  if (request.targets.length === 0) throw new UsageError('no target: name an address or a host');
  let count = 0;
  for (const span of spans) count += span.last - span.first + 1;
  if (count === 0) throw new UsageError('nothing left to scan: every target is excluded');
  if (count > MAX_TARGETS) {
    const limit = MAX_TARGETS.toLocaleString('en-US');
    throw new UsageError(
      `${count.toLocaleString('en-US')} targets are too many: a run takes ${limit} at most`,
    );
  }
}

/** Neighbouring spans with the same ports are one group. */
function groupsOf(spans: readonly Span[]): PlanGroup[] {
  const groups: PlanGroup[] = [];
  let firstTarget = 0;
  let before: PortLists | null = null;
  for (const span of spans) {
    const size = span.last - span.first + 1;
    const group = groups.at(-1);
    if (group !== undefined && span.ports === before) {
      groups[groups.length - 1] = { ...group, targetCount: group.targetCount + size };
    } else {
      const { tcp, udp } = span.ports;
      groups.push({ firstTarget, targetCount: size, tcpPorts: tcp, udpPorts: udp });
    }
    firstTarget += size;
    before = span.ports;
  }
  return groups;
}
