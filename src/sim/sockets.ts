/** What the sockets of the simulated scanner share. */
import type { Family, TargetTable } from '../model.ts';
import type { Flight } from './flight.ts';
import type { ReceiveBuffer } from './limits.ts';
import type { LocalPorts } from './localPorts.ts';
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
  readonly ports: LocalPorts;
  /** Of the UDP socket with the error queue. */
  readonly buffer: ReceiveBuffer;
  /** Sends the first `length` bytes of `out` and returns 0, or the errno of why they stayed at home. */
  emit(out: Flight, length: number, nowMs: number): number;
}
