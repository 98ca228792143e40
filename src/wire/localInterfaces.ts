/** The interfaces of this machine and their addresses. */
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import type { Ip, LocalInterface } from '../model.ts';
import { formatIp, parseIp } from '../packet/address.ts';
import type { NativeAddon } from './native.ts';

/** The addresses of the interfaces that are up, with the interface of each. */
export function localInterfaces(): readonly LocalInterface[] {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    addresses.map((address) => ({
      name,
      cidr: address.cidr,
      scopeId: address.family === 'IPv6' ? address.scopeid : 0,
    })),
  );
}

/**
 * Addresses of this machine's interfaces. Node leaves out those without a carrier, on which our own kernel still answers
 * us with errors; the addon knows them.
 */
export function localAddresses(native: Pick<NativeAddon, 'ownAddresses'> | null): ReadonlySet<Ip> {
  const own = new Set<Ip>();
  for (const { bytes, family } of native?.ownAddresses() ?? []) own.add(formatIp(bytes, 0, family));
  for (const addresses of Object.values(networkInterfaces())) {
    for (const { address } of addresses ?? []) {
      const parsed = parseIp(address);
      if (parsed !== null) own.add(formatIp(parsed.bytes, 0, parsed.family));
    }
  }
  return own;
}

/**
 * Whether an interface has a carrier; null: not to be told. Node lists those that are up and running alone, the kernel's
 * list of IPv6 addresses all; both are of our own namespace, which /sys need not be.
 */
export function hasCarrier(name: string): boolean | null {
  if (networkInterfaces()[name] !== undefined) return true;
  return parseIfInet6(readIfInet6()).some((row) => row.name === name) ? false : null;
}

/** A row of /proc/net/if_inet6: an address of an interface, with a carrier or without. */
export interface IfInet6Row {
  readonly ip: Ip;
  readonly name: string;
}

/** Rows of /proc/net/if_inet6: 32 hexadecimal digits first, the interface last of six columns (net/ipv6/addrconf.c). */
export function parseIfInet6(text: string): readonly IfInet6Row[] {
  return text.split('\n').flatMap((line) => {
    const [digits = '', , , , , name] = line.trim().split(/\s+/);
    if (!/^[0-9a-f]{32}$/.test(digits) || name === undefined) return [];
    return [{ ip: formatIp(Buffer.from(digits, 'hex'), 0, 6), name }];
  });
}

/** A kernel without IPv6 has no such file, and nothing is told. */
export function readIfInet6(): string {
  try {
    return readFileSync('/proc/net/if_inet6', 'latin1');
  } catch {
    return '';
  }
}
