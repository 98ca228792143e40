/** How probes leave where the user says so: interface, source address and port, time to live (`-e`, `-S`, `-g`, `--ttl`). */
import { UsageError } from '../errors.ts';
import type { Family, LocalInterface, OwnAddress, Sending, TargetTable } from '../model.ts';
import { classifyIp, formatIp, parseIp } from '../packet/address.ts';
import { quote } from './quote.ts';

/** What the user asks for; whatever is left out is the system's own choice. */
export interface SendingRequest {
  /** Name of an interface of this machine. */
  readonly interface?: string;
  /** Addresses of this machine, with commas between them; `auto`: all of the targets' family on the interface. */
  readonly source?: string;
  /** 1 to 65535. */
  readonly sourcePort?: number;
  /** 1 to 255. */
  readonly ttl?: number;
}

/**
 * Checks the request against this machine and the targets. Throws a UsageError that names what does not fit: a foreign
 * source address would be spoofed, and one of the other family reaches nobody. `mayBeSeveral`: UDP ports
 * are asked, whose walks use the buckets of several addresses.
 */
export function planSending(
  request: SendingRequest,
  interfaces: readonly LocalInterface[],
  targets: TargetTable,
  mayBeSeveral: boolean,
): Sending {
  const { sourcePort = null, ttl = null } = request;
  const isPort = sourcePort === null || isWhole(sourcePort, 65_535);
  if (!isPort)
    throw new UsageError(`-g takes a port from 1 to 65535, not ${quote(String(sourcePort))}`);
  if (ttl !== null && !isWhole(ttl, 255)) {
    throw new UsageError(`--ttl takes 1 to 255, not ${quote(String(ttl))}`);
  }
  const sources = sourcesOf(request, interfaces, targets);
  if (sources.length > 1 && !mayBeSeveral) {
    throw new UsageError(`-S takes one address where no UDP port is asked, not ${sources.length}`);
  }
  return {
    interface: interfaceOf(request.interface, interfaces),
    sources,
    sourcePort,
    ttl,
  };
}

const isWhole = (value: number, most: number): boolean =>
  Number.isInteger(value) && value >= 1 && value <= most;

function interfaceOf(
  name: string | undefined,
  interfaces: readonly LocalInterface[],
): string | null {
  if (name === undefined) return null;
  const names = [...new Set(interfaces.map((one) => one.name))];
  if (names.includes(name)) return name;
  const known = names.length === 0 ? 'none has an address' : `there are ${names.join(', ')}`;
  throw new UsageError(`-e ${quote(name)}: no such interface here with an address (${known})`);
}

/** A walk with more of our addresses would come near the limit of the target's whole host. */
const MAX_SOURCES = 16;
const AUTO = 'auto';
const FAMILY_WORDS: Readonly<Record<Family, string>> = { 4: 'IPv4', 6: 'IPv6' };

function sourcesOf(
  { source: text, interface: name }: SendingRequest,
  interfaces: readonly LocalInterface[],
  targets: TargetTable,
): readonly OwnAddress[] {
  if (text === undefined) return [];
  if (text === AUTO) return autoSources(interfaces, name, targets);
  const sources = new Map<string, OwnAddress>();
  for (const one of text.split(',')) {
    const source = ownAddress(one, interfaces);
    sources.set(source.ip, source);
  }
  if (sources.size > MAX_SOURCES) {
    throw new UsageError(`-S takes ${MAX_SOURCES} addresses at most, not ${sources.size}`);
  }
  for (const { ip, family } of sources.values()) {
    for (let target = 0; target < targets.count; target++) {
      if (targets.families[target] === family) continue;
      throw new UsageError(
        `-S ${quote(ip)} is ${FAMILY_WORDS[family]}, and ${targets.ip(target)} is not`,
      );
    }
  }
  return [...sources.values()];
}

function ownAddress(text: string, interfaces: readonly LocalInterface[]): OwnAddress {
  const parsed = parseIp(text);
  if (parsed === null)
    throw new UsageError(`-S takes an address of this machine, not ${quote(text)}`);
  const { bytes, family } = parsed;
  const ip = formatIp(bytes, 0, family);
  if (interfaces.some((one) => addressOf(one)?.ip === ip)) return { ip, family, bytes };
  throw new UsageError(`-S ${quote(text)}: not an address of this machine`);
}

function addressOf({ cidr }: LocalInterface): OwnAddress | null {
  const parsed = parseIp(cidr?.replace(/\/.*/, '') ?? '');
  return parsed === null ? null : { ...parsed, ip: formatIp(parsed.bytes, 0, parsed.family) };
}

/**
 * Addresses of one interface, that by which all targets are reached: from others answers might take another way, or none.
 * Without a name there must be one interface alone with such addresses.
 */
function autoSources(
  interfaces: readonly LocalInterface[],
  name: string | undefined,
  targets: TargetTable,
): readonly OwnAddress[] {
  const [family] = targets.families;
  const usable: { readonly name: string; readonly address: OwnAddress }[] = [];
  for (const one of interfaces) {
    const address = addressOf(one);
    if (address === null || address.family !== family) continue;
    const isUnicast = classifyIp(address.bytes, 0, family) === 'unicast';
    if (isUnicast && (name === undefined || one.name === name)) {
      usable.push({ name: one.name, address });
    }
  }
  const names = [...new Set(usable.map((one) => one.name))];
  if (names.length > 1) {
    throw new UsageError(`-S ${AUTO}: which interface? -e takes one of ${names.join(', ')}`);
  }
  if (targets.families.some((one) => one !== family)) {
    throw new UsageError(`-S ${AUTO} takes targets of one family, IPv4 or IPv6`);
  }
  return usable.map((one) => one.address).slice(0, MAX_SOURCES);
}
