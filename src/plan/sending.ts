/** How probes leave where the user says so: interface, source address and port, time to live (`-e`, `-S`, `-g`, `--ttl`). */
import { UsageError } from '../errors.ts';
import type { Family, LocalInterface, Sending, TargetTable } from '../model.ts';
import { formatIp, parseIp } from '../packet/address.ts';
import { quote } from './quote.ts';

/** What the user asks for; whatever is left out is the system's own choice. */
export interface SendingRequest {
  /** Name of an interface of this machine. */
  readonly interface?: string;
  /** An address of this machine. */
  readonly source?: string;
  /** 1 to 65535. */
  readonly sourcePort?: number;
  /** 1 to 255. */
  readonly ttl?: number;
}

/**
 * Checks the request against this machine and the targets. Throws a UsageError that names what does not fit: a foreign
 * source address would be spoofed, and one of the other family reaches nobody.
 */
export function planSending(
  request: SendingRequest,
  interfaces: readonly LocalInterface[],
  targets: TargetTable,
): Sending {
  const { sourcePort = null, ttl = null } = request;
  const isPort = sourcePort === null || isWhole(sourcePort, 65_535);
  if (!isPort)
    throw new UsageError(`-g takes a port from 1 to 65535, not ${quote(String(sourcePort))}`);
  if (ttl !== null && !isWhole(ttl, 255)) {
    throw new UsageError(`--ttl takes 1 to 255, not ${quote(String(ttl))}`);
  }
  return {
    interface: interfaceOf(request.interface, interfaces),
    source: sourceOf(request.source, interfaces, targets),
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

function sourceOf(
  text: string | undefined,
  interfaces: readonly LocalInterface[],
  targets: TargetTable,
): Sending['source'] {
  if (text === undefined) return null;
  const parsed = parseIp(text);
  if (parsed === null)
    throw new UsageError(`-S takes an address of this machine, not ${quote(text)}`);
  const { bytes, family } = parsed;
  const ip = formatIp(bytes, 0, family);
  const own = interfaces.map(({ cidr }) => parseIp(cidr?.replace(/\/.*/, '') ?? ''));
  const isOwn = own.some((one) => one?.family === family && formatIp(one.bytes, 0, family) === ip);
  if (!isOwn) throw new UsageError(`-S ${quote(text)}: not an address of this machine`);
  for (let target = 0; target < targets.count; target++) {
    if (targets.families[target] === family) continue;
    const words: Readonly<Record<Family, string>> = { 4: 'IPv4', 6: 'IPv6' };
    throw new UsageError(`-S ${quote(text)} is ${words[family]}, and ${targets.ip(target)} is not`);
  }
  return { ip, family, bytes };
}
