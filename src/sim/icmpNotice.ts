import type { Family } from '../model.ts';
import type { AddressPlace } from './signals.ts';

/** An ICMP error that reached the scanner, as its sockets look at it; the quote stands in `bytes` too. */
export interface IcmpNotice {
  readonly family: Family;
  readonly atMs: number;
  readonly bytes: Uint8Array;
  readonly from: AddressPlace;
  readonly type: number;
  readonly code: number;
  /** -1 where the message has none. */
  readonly mtu: number;
  /** Outer TTL. */
  readonly ttl: number;
}
