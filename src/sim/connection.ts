/** One TCP connect of the simulated scanner. */
import type { Family } from '../model.ts';
import type { SocketView } from './sockets.ts';

/** A connect, from its SYN until its socket is closed. */
export interface Connection {
  readonly probe: number;
  readonly attempt: number;
  readonly tag: number;
  readonly family: Family;
  readonly target: number;
  readonly dstPort: number;
  readonly srcPort: number;
  readonly iss: number;
  readonly ttl: number;
  readonly minTtl: number;
  readonly sentMs: number;
  state: 'syn-sent' | 'held' | 'closed';
  retransmissions: number;
  /** Acknowledged sequence number of the peer, for segments after its SYN-ACK. */
  rcvNxt: number;
}

/** How long an attempt without an answer keeps its socket (errqueueWire.ts, connectSockets.ts). */
const GIVEN_UP_AFTER_MS = { errqueue: 15_000, connect: 2500 } as const;

/** Tells which connections still have a socket. */
export function isLive(view: SocketView, nowMs: number): (connection: Connection) => boolean {
  const since = nowMs - GIVEN_UP_AFTER_MS[view];
  return ({ state, sentMs }) => state !== 'closed' && sentMs > since;
}
