/** Which flows of a capture are wanted. */
import type { ParsedIp } from '../packet/address.ts';
import type { AddressTable } from './addressTable.ts';
import type { Tuple } from './flowTable.ts';

/** One end of a flow. */
export interface FlowEnd {
  readonly ip: ParsedIp;
  readonly port: number;
}

/** A wanted flow has one of the hosts, one of the ports, and is one of the flows; an empty list asks for nothing. */
export interface Narrowing {
  readonly hosts: readonly ParsedIp[];
  readonly ports: readonly number[];
  readonly flows: readonly (readonly [FlowEnd, FlowEnd])[];
}

/** Makes the test whether a packet's ends are wanted, whichever way it goes. */
export function narrow(
  { hosts, ports, flows }: Narrowing,
  addresses: AddressTable,
): (tuple: Tuple) => boolean {
  const numberOf = ({ bytes, family }: ParsedIp): number => addresses.numberOf(bytes, 0, family);
  const hostNumbers = new Set(hosts.map(numberOf));
  const portNumbers = new Set(ports);
  const ends = flows.map(([a, b]) => [numberOf(a.ip), a.port, numberOf(b.ip), b.port] as const);
  return ({ src, srcPort, dst, dstPort }) => {
    if (hosts.length > 0 && !hostNumbers.has(src) && !hostNumbers.has(dst)) return false;
    if (ports.length > 0 && !portNumbers.has(srcPort) && !portNumbers.has(dstPort)) return false;
    if (flows.length === 0) return true;
    return ends.some(
      ([a, aPort, b, bPort]) =>
        (a === src && aPort === srcPort && b === dst && bPort === dstPort) ||
        (b === src && bPort === srcPort && a === dst && aPort === dstPort),
    );
  };
}
