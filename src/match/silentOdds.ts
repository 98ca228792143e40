/**
 * What a silent UDP port may be: the chance that it is open, that a filter drops what is sent to it, and that it is closed and its
 * refusal was held back. A help for people who choose where to look next: no state and no confidence rests on it.
 *
 * Bayes' rule over plain facts; all factors stand in one table. `open` and `dropped` both stay silent, so that only what is
 * around the port tells them apart.
 */
import type { SilentOdds } from '../model.ts';

/** One factor of the table. */
interface Term {
  readonly value: number;
  /** What it multiplies, or where it begins. */
  readonly of: 'closed' | 'dropped : open' | 'open : dropped';
  /** `prior`: a guess that no trial has measured yet. */
  readonly basis: 'measured' | 'prior';
}

type OddsTerm =
  | 'closedShare'
  | 'closedShareWeight'
  | 'mute'
  | 'noToken'
  | 'even'
  | 'neighboursSilent'
  | 'neighboursClosed'
  | 'passes'
  | 'lost'
  | 'registered'
  | 'tcpOpen';

const prior = (of: Term['of'], value: number): Term => ({ value, of, basis: 'prior' });

/** All terms. What is counted in the run itself stands in {@link SilentPort}. */
export const ODDS_TERMS: Readonly<Record<OddsTerm, Term>> = {
  /** Share of closed ports before any port of the target was decided, and after how many decided ones it counts as much as they do. */
  closedShare: prior('closed', 0.9),
  closedShareWeight: prior('closed', 1),
  /** A closed port of a target that has sent no ICMP error at all: most such targets drop what they do not serve. */
  mute: prior('closed', 0.05),
  /** A closed port at a limiter that has nothing left says nothing: read in the kernel, and measured (6 answers, then one a second). */
  noToken: { value: 1, of: 'closed', basis: 'measured' },
  /** Open and dropped alike, where nothing else is known. */
  even: prior('dropped : open', 1),
  /** Both neighbours in the asked list are silent: filters drop ranges, services stand alone. */
  neighboursSilent: prior('dropped : open', 20),
  neighboursClosed: prior('open : dropped', 5),
  /** Packets behind another header come to the target's stack: what drops the plain ones looks no further than the first header, or drops answers. */
  passes: prior('open : dropped', 20),
  /** They do not, beside those of another port that do. */
  lost: prior('dropped : open', 100),
  registered: prior('open : dropped', 5),
  tcpOpen: prior('open : dropped', 3),
};

/** What is known of a silent UDP port and its target. */
export interface SilentPort {
  /** UDP ports of the target that refused, and those that were decided at all: refused, answered, or proven not to be closed. */
  readonly closed: number;
  readonly decided: number;
  /**
   * What a closed port's silence would have needed: lost packets or a race with the limiter, `nats` against it by a walk; lost
   * packets alone, `loss` for each of `attempts`; a limiter that had nothing left; a target that sends no ICMP errors.
   */
  readonly silence:
    | { readonly by: 'walk'; readonly nats: number }
    | { readonly by: 'loss'; readonly loss: number; readonly attempts: number }
    | { readonly by: 'no-token' }
    | { readonly by: 'mute' };
  /** What the next UDP ports that were asked, below and above, both are; null: neither, or not known. */
  readonly neighbours: 'silent' | 'closed' | null;
  /** Whether packets come to the target's stack; null: not known. */
  readonly passage: 'passes' | 'lost' | null;
  /** A UDP service is registered for the port. */
  readonly isRegistered: boolean;
  /** The same TCP port is open. */
  readonly isTcpOpen: boolean;
}

/** Chance that a closed port would have been as silent, 0..1. */
function silentIfClosed({ silence }: SilentPort): number {
  switch (silence.by) {
    case 'walk':
      return Math.exp(-Math.max(0, silence.nats));
    case 'loss':
      return silence.loss ** Math.max(1, silence.attempts);
    case 'no-token':
      return ODDS_TERMS.noToken.value;
    case 'mute':
      return ODDS_TERMS.mute.value;
  }
}

/** The chances, each 0..1; their sum is 1. */
export function silentOdds(port: SilentPort): SilentOdds {
  const { closedShare, closedShareWeight, even } = ODDS_TERMS;
  const weight = closedShareWeight.value;
  const share = (weight * closedShare.value + port.closed) / (weight + port.decided);
  const closed = share * silentIfClosed(port);
  const others = 1 - share;
  let dropped = even.value;
  let open = 1;
  if (port.neighbours === 'silent') dropped *= ODDS_TERMS.neighboursSilent.value;
  if (port.neighbours === 'closed') open *= ODDS_TERMS.neighboursClosed.value;
  if (port.passage === 'passes') open *= ODDS_TERMS.passes.value;
  if (port.passage === 'lost') dropped *= ODDS_TERMS.lost.value;
  if (port.isRegistered) open *= ODDS_TERMS.registered.value;
  if (port.isTcpOpen) open *= ODDS_TERMS.tcpOpen.value;
  const sum = closed + others;
  const notClosed = others / sum / (open + dropped);
  return { open: open * notClosed, dropped: dropped * notClosed, closed: closed / sum };
}
