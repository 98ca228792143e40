/** The interfaces of this machine and their addresses. */
import { networkInterfaces } from 'node:os';
import type { Ip, LocalInterface } from '../model.ts';
import { formatIp, parseIp } from '../packet/address.ts';

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

/** Addresses of this machine's interfaces. */
export function localAddresses(): ReadonlySet<Ip> {
  const own = new Set<Ip>();
  for (const addresses of Object.values(networkInterfaces())) {
    for (const { address } of addresses ?? []) {
      const parsed = parseIp(address);
      if (parsed !== null) own.add(formatIp(parsed.bytes, 0, parsed.family));
    }
  }
  return own;
}
