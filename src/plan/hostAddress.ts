/** Which addresses can be a target: one host's, with its interface where the address alone does not name it. */
import { UsageError } from '../errors.ts';
import type { Family, LocalInterface } from '../model.ts';
import { parseIp } from '../packet/address.ts';
import { quote } from './quote.ts';
import type { AddressRange } from './targetText.ts';
import { rangeOfPrefix } from './targetText.ts';

interface Refused {
  readonly family: Family;
  readonly first: number;
  readonly last: number;
  readonly what: string;
}

/** IPv4 addresses that name no single host (RFC 6890). */
const REFUSED: readonly Refused[] = [
  { family: 4, first: 0, last: 0, what: 'the any-address' },
  { family: 4, first: 0xe000_0000, last: 0xefff_ffff, what: 'multicast' },
  { family: 4, first: 0xffff_ffff, last: 0xffff_ffff, what: 'broadcast' },
];

/** Throws a UsageError when a range is or holds what is no single host: any-address, multicast, broadcast. */
export function refuseNoHost(
  range: AddressRange,
  text: string,
  interfaces: readonly LocalInterface[],
): void {
  const what =
    range.family === 4
      ? REFUSED.find(({ first, last }) => range.first <= last && range.last >= first)?.what
      : refusedV6(range);
  const isOne = range.first === range.last;
  if (what !== undefined) {
    throw new UsageError(
      `target ${quote(text)} ${isOne ? 'is' : 'includes'} ${what}: a port belongs to one host`,
    );
  }
  const directed = isOne ? broadcastOf(range, interfaces) : undefined;
  if (directed !== undefined) {
    throw new UsageError(
      `target ${quote(text)} is the broadcast address of ${directed.name}: a port belongs to one host`,
    );
  }
}

function refusedV6(range: AddressRange): string | undefined {
  if (range.high >> 88n === 0xffn) return 'multicast';
  return range.high === 0n && range.first === 0 ? 'the any-address' : undefined;
}

function isLinkLocal(range: AddressRange): boolean {
  return range.family === 6 && range.high >> 86n === 0xfe80n >> 6n;
}

/**
 * The interface index that is part of a link-local address's identity; 0 for all other addresses.
 *
 * Throws a UsageError when the zone is missing (the interfaces are listed), unknown, or on another kind of address.
 */
export function scopeIdOf(
  range: AddressRange,
  text: string,
  interfaces: readonly LocalInterface[],
): number {
  const linkLocal = interfaces.filter(({ scopeId }) => scopeId !== 0);
  const list = [...new Set(linkLocal.map(({ name }) => name))].join(', ') || 'none';
  if (!isLinkLocal(range)) {
    if (range.zone === null) return 0;
    throw new UsageError(`target ${quote(text)}: only a link-local address (fe80::/10) has a zone`);
  }
  if (range.zone === null) {
    throw new UsageError(
      `target ${quote(text)} is link-local and needs its interface, as in fe80::1%eth0 (here: ${list})`,
    );
  }
  const found = interfaces.find(
    ({ name, scopeId }) => scopeId !== 0 && (name === range.zone || String(scopeId) === range.zone),
  );
  if (found !== undefined) return found.scopeId;
  throw new UsageError(
    `target ${quote(text)}: no interface ${quote(range.zone)} with link-local addresses (here: ${list})`,
  );
}

function broadcastOf(
  range: AddressRange,
  interfaces: readonly LocalInterface[],
): LocalInterface | undefined {
  if (range.family !== 4) return undefined;
  return interfaces.find(({ cidr }) => broadcastOfCidr(cidr) === range.first);
}

/** The broadcast address of an interface's `address/prefix` as a number; null for IPv6, and for /31 and /32, which have none (RFC 3021). */
export function broadcastOfCidr(cidr: string | null): number | null {
  const [address, prefix] = (cidr ?? '').split('/');
  const ip = parseIp(address!);
  const length = Number(prefix);
  if (ip === null || ip.family !== 4 || !(length > 0 && length < 31)) return null;
  return rangeOfPrefix(ip, length).last;
}
