/** ICMP errors beside the flows that they quote. Types, and what is read from them in several places. */
import type { Reason } from '../model.ts';
import { type Flow, FROM_ASKER } from './flow.ts';
import type { ErrorGroup, QuotedFlow } from './icmpErrors.ts';
import type { Sender } from './sender.ts';

/** A quoted flow beside the one that was captured. */
export interface Resolved {
  readonly quoted: QuotedFlow;
  /** Null: no packet of it is in the capture. */
  readonly flow: Flow | null;
  /** What is quoted is the answer to somebody's request. */
  readonly isAnswer: boolean;
}

/** Errors of a group that mean the same, judged. */
export interface JudgedErrors {
  readonly group: ErrorGroup;
  readonly resolved: readonly Resolved[];
  /** The group has no other flows than these. */
  readonly isWhole: boolean;
  readonly isAnswer: boolean;
  readonly sender: Sender;
  /** The meaning's reason; null for messages that decide nothing. */
  readonly reason: Reason | 'smaller' | null;
  readonly nat: readonly string[];
}

/** The smallest TTL with which a quoted flow's packets passed the capture; null where none was captured. */
export function lowestTtl(resolved: readonly Resolved[]): number | null {
  const ttls = resolved.flatMap(({ flow }) =>
    flow === null || flow.sides[FROM_ASKER].packets === 0 ? [] : [flow.sides[FROM_ASKER].lowestTtl],
  );
  return ttls.length === 0 ? null : Math.min(...ttls);
}
