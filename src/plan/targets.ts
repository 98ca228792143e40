import { UsageError } from '../errors.ts';
import type { Family, LocalInterface, PlanGroup, TargetTable, Unresolved } from '../model.ts';
import { broadcastOfCidr, refuseNoHost, scopeIdOf } from './hostAddress.ts';
import type { LookedUp, PlacedTarget } from './lookUp.ts';
import { lookUp, refuseUnresolved, unresolvedLine, withPlace } from './lookUp.ts';
import type { PortLists } from './ports.ts';
import { quote } from './quote.ts';
import type { NamedRange, Span } from './spans.ts';
import { mergeRanges } from './spans.ts';
import { createTargetTable, formatLow } from './targetTable.ts';
import type { AddressRange, TargetText } from './targetText.ts';
import { MAX_TARGETS, parseTargetText, sizeOfRange, tooMany } from './targetText.ts';

/** What targets need of the world outside. */
export interface TargetEnv {
  /** Addresses of a name in the order of getaddrinfo; rejects, or gives none, when there are none. */
  readonly resolve: (name: string) => Promise<readonly string[]>;
  readonly interfaces: readonly LocalInterface[];
}

/** What the user says of targets and their ports. */
export interface TargetRequest {
  readonly targets: readonly string[];
  /** Where each target was read, such as `targets.txt:3`; null: on the command line. */
  readonly places: readonly (string | null)[];
  readonly exclude: readonly string[];
  readonly family: Family | undefined;
  readonly allAddresses: boolean;
  /** Ports of targets that name none themselves; read only where there is such a target. */
  readonly ports: PortLists;
  /** The option that names `ports`, for an error where no target takes them; null: the tool's own list. */
  readonly portOption: string | null;
  /** False: a port in `host:port` is refused, as hosts are looked for and no ports. */
  readonly mayNamePorts: boolean;
  /** Which protocols a port in `host:port` is asked with, and whether the user has named them (`-sT`, `-sU`). */
  readonly protocols: { readonly tcp: boolean; readonly udp: boolean; readonly areNamed: boolean };
}

/** The targets of a run, numbered, with the ports of each. */
export interface PlannedTargets {
  readonly targets: TargetTable;
  readonly groups: readonly PlanGroup[];
  /** Names without an address: not asked. */
  readonly unresolved: readonly Unresolved[];
  readonly warnings: readonly string[];
}

/** Names without an address that get a warning each; further ones are counted. */
const MAX_WARNED = 8;

/**
 * Turns the user's targets into numbered addresses and groups of equal ports.
 *
 * Names are looked up, all at once: the caller's `resolve` bounds how many run together. Throws a UsageError for text that
 * is no target, an address that cannot be a target, too many, or none left. A name without an address is left out where
 * others remain, else refused: with a ProbeError when the look-up itself failed.
 */
export async function planTargets(request: TargetRequest, env: TargetEnv): Promise<PlannedTargets> {
  const placed = request.targets.map((text, index): PlacedTarget => {
    const place = request.places[index] ?? null;
    return { target: withPlace(place, () => parseTargetText(text)), place };
  });
  checkPortOption(request, placed);
  const [{ found, unresolved }, excluded] = await Promise.all([
    lookUp(placed, request, env),
    lookUpExcluded(request.exclude, env),
  ]);
  if (found.length === 0) refuseUnresolved(unresolved);
  const warnings = unresolved.slice(0, MAX_WARNED).map(unresolvedLine);
  if (unresolved.length > MAX_WARNED) {
    warnings.push(`${unresolved.length - MAX_WARNED} more names cannot be looked up`);
  }
  const portsOf = createPortLists(request);
  const ranges: NamedRange[] = [];
  const names: { readonly name: string; readonly range: NamedRange }[] = [];
  for (const { target, place, addresses, others } of found) {
    if (others !== null) warnings.push(others);
    for (const address of addresses) {
      const scopeId = withPlace(place, () => scopeIdOfHost(address, target.text, env.interfaces));
      const ports = withPlace(place, () => portsOf(target));
      const range = { ...address, scopeId, order: ranges.length, ports };
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
  return { targets, groups: groupsOf(spans), unresolved, warnings };
}

/** What is excluded must be known whole: a name without an address is refused. */
async function lookUpExcluded(
  texts: readonly string[],
  env: TargetEnv,
): Promise<readonly LookedUp[]> {
  const placed = texts.map((text) => ({ target: parseTargetText(text), place: '--exclude' }));
  const how = { family: undefined, allAddresses: true };
  const { found, unresolved } = await lookUp(placed, how, env);
  refuseUnresolved(unresolved);
  return found;
}

function scopeIdOfHost(
  address: AddressRange,
  text: string,
  interfaces: readonly LocalInterface[],
): number {
  if (sizeOfRange(address) > MAX_TARGETS) throw new UsageError(tooMany(text));
  refuseNoHost(address, text, interfaces);
  return scopeIdOf(address, text, interfaces);
}

/** Ports that the user names must not vanish because every target names its own. */
function checkPortOption({ portOption }: TargetRequest, named: readonly PlacedTarget[]): void {
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
    if (!request.mayNamePorts) {
      throw new UsageError(`target ${quote(text)} names a port: -sn looks for hosts alone`);
    }
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
    const last = groups.at(-1);
    if (last !== undefined && span.ports === before) {
      groups[groups.length - 1] = { ...last, targetCount: last.targetCount + size };
    } else {
      const { tcp, udp, udpNamed } = span.ports;
      const group = { firstTarget, targetCount: size, tcpPorts: tcp, udpPorts: udp };
      groups.push(udpNamed === undefined ? group : { ...group, udpNamed });
    }
    firstTarget += size;
    before = span.ports;
  }
  return groups;
}
