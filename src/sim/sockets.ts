/** What the sockets of the simulated scanner share. */
import type { Family, TargetTable } from '../model.ts';
import type { Flight } from './flight.ts';
import type { SignalRecord } from './signals.ts';

/** `errqueue`: sockets with error queues. `connect`: a socket for each probe, of which data and errno are seen. */
export type SocketView = 'errqueue' | 'connect';

/** What TCP and UDP sockets need of the layers around them. */
export interface Sockets {
  readonly view: SocketView;
  readonly targets: TargetTable;
  /** Where signals go. */
  readonly queue: SignalRecord[];
  readonly seed: number;
  /** TTL of packets that ask for none. */
  readonly ttl: number;
  /** Our address towards this target. */
  sourceFor(target: number, family: Family): Uint8Array;
  /** Sends the first `length` bytes of `out` and returns 0, or -1 when the own firewall took them. */
  emit(out: Flight, length: number, nowMs: number): 0 | -1;
}
