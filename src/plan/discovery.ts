/** What is asked where hosts are looked for (`-sn`). */
import { UsageError } from '../errors.ts';
import type { PlanRequest } from './plan.ts';
import type { PortLists } from './ports.ts';

/**
 * Ports by which hosts are found that ignore echo requests: the two that pass most filters, and one that nobody listens on,
 * for a port-unreachable. nmap's own choices (-PS443, -PA80, -PU40125).
 */
export const DISCOVERY_PORTS = { https: 443, http: 80, udp: 40_125 } as const;

/** The ports of a discovery, and their protocols, as `portsOf` of plan.ts gives them. */
export function discoveryPorts(): {
  readonly ports: PortLists;
  readonly protocols: { readonly tcp: boolean; readonly udp: boolean; readonly areNamed: boolean };
} {
  const { https, http, udp } = DISCOVERY_PORTS;
  return {
    ports: { tcp: [https, http], udp: [udp] },
    protocols: { tcp: true, udp: true, areNamed: true },
  };
}

/** Throws a UsageError where ports are named besides. */
export function checkDiscovery(request: PlanRequest): void {
  const { ports, fast, tcp, udp, synRequested, connectRequested, inferRanges, passage } = request;
  const named = [
    [ports !== undefined, '-p'],
    [fast, '-F'],
    [udp, '-sU'],
    [synRequested, '-sS'],
    [tcp || connectRequested, '-sT'],
    [inferRanges, '--infer-ranges'],
    [passage, '--passage'],
  ] as const;
  const other = named.find(([isNamed]) => isNamed);
  if (other !== undefined) throw new UsageError(`-sn looks for hosts alone: not with ${other[1]}`);
}
