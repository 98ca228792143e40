/** Local ports that the scanner's kernel may choose for a socket. */
import type { PortRange } from './rules.ts';
import type { Scanner } from './world.ts';

/** A range of ports, some of them held by what listens at home. */
export interface LocalPorts {
  readonly first: number;
  readonly count: number;
  /** The next free port after index `from` of the range, as an index; -1 when `isFree` finds none. */
  next(protocol: 'tcp' | 'udp', from: number, isFree: (index: number) => boolean): number;
}

/** net.ipv4.ip_local_port_range. */
const STOCK_RANGE: PortRange = [32_768, 60_999];

/** The ports of a scanner. */
export function createLocalPorts(scanner: Pick<Scanner, 'limits' | 'tcp' | 'udp'>): LocalPorts {
  const [first, last] = scanner.limits.ports ?? STOCK_RANGE;
  const count = last - first + 1;
  const isHeld = (protocol: 'tcp' | 'udp', port: number): boolean =>
    scanner[protocol].some(({ ports }) => port >= ports[0] && port <= ports[1]);
  return {
    first,
    count,
    next(protocol, from, isFree) {
      for (let step = 1; step <= count; step++) {
        const index = (from + step) % count;
        if (!isHeld(protocol, first + index) && isFree(index)) return index;
      }
      return -1;
    },
  };
}
