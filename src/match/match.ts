/** A signal tied to what it answers. */
import { NO_PROBE, type SignalBatch } from '../batch.ts';
import type { Ip, Plan, Service } from '../model.ts';
import type { Payloads } from '../probe/payload.ts';
import { ANSWER } from './facts.ts';

/** One record, filled anew by every match. */
export interface Match {
  /** Probe number, or NO_PROBE when a control row was answered. */
  probe: number;
  /** Tag of the control row that was answered, 0 for an ordinary probe. */
  tag: number;
  target: number;
  /** One of ANSWER. */
  answer: number;
  /** 0 = not known. */
  attempt: number;
  /** Attempt and number in the id of this answer, `r<probe>.<attempt>.<number>`; written by the engine (scan/evidence.ts). */
  idAttempt: number;
  idNumber: number;
  atMs: number;
  /** 0 = the engine knows best. */
  sentMs: number;
  icmpType: number;
  icmpCode: number;
  fromIsTarget: boolean;
  /** The sender, where it is not the target. */
  from: Ip | null;
  fromPort: number;
  /** 0 = not known. */
  ttl: number;
  quotedTtl: number;
  errno: number;
  service: Service | null;
}

/** Whether a signal was tied to a probe, and if not, why it decides nothing. */
export type MatchResult = 'matched' | 'foreign' | 'bad-token' | 'not-an-answer';

/**
 * Told of each received row, in order, during the engine's `receive`: what a recording writes beside its packet. `late`: it
 * answers a probe that was finished. The match is valid during the call, and says nothing of rows that were not matched.
 */
export type MatchListener = (
  row: number,
  result: MatchResult | 'late',
  match: Readonly<
    Pick<Match, 'probe' | 'tag' | 'attempt' | 'idAttempt' | 'idNumber'> &
      Partial<Pick<Match, 'answer'>>
  >,
) => void;

/** What a matching engine has to know of its run. */
export interface MatchingOptions {
  readonly plan: Pick<Plan, 'targets' | 'space' | 'seed' | 'snmpCommunity'>;
  /** Tag of the control row that asked this, or 0. */
  readonly controlAt: (target: number, protocol: number, port: number) => number;
  /** Reserved source port of a packet wire; unused on socket wires. */
  readonly srcPort: number;
}

/** The same, and what UDP ports are asked with. */
export interface MatchingContext extends MatchingOptions {
  readonly payloads: Payloads;
}

/** Creates the record that every match fills anew. */
export function createMatch(): Match {
  return {
    probe: NO_PROBE,
    tag: 0,
    target: 0,
    answer: ANSWER.NONE,
    attempt: 0,
    idAttempt: 0,
    idNumber: 0,
    atMs: 0,
    sentMs: 0,
    icmpType: 0,
    icmpCode: 0,
    fromIsTarget: false,
    from: null,
    fromPort: 0,
    ttl: 0,
    quotedTtl: 0,
    errno: 0,
    service: null,
  };
}

/** Fills the record with what a signal says without being tied to anything. */
export function beginMatch(match: Match, signals: SignalBatch, row: number): void {
  match.answer = ANSWER.NONE;
  match.attempt = signals.attempt[row]!;
  match.atMs = signals.atMs[row]!;
  match.sentMs = signals.sentMs[row]!;
  match.ttl = signals.ttl[row]!;
  match.quotedTtl = 0;
  match.errno = signals.errno[row]!;
  match.icmpType = 0;
  match.icmpCode = 0;
  match.fromIsTarget = false;
  match.from = null;
  match.fromPort = 0;
  match.service = null;
}

/** Ties (target, protocol, port) to a probe or a control row; false when nobody asked that. */
export function locate(
  match: Match,
  { plan, controlAt }: MatchingOptions,
  asked: { readonly target: number; readonly protocol: number; readonly port: number },
): boolean {
  const { target, protocol, port } = asked;
  match.target = target;
  match.probe = NO_PROBE;
  match.tag = 0;
  if (target < 0) return false;
  const probe = plan.space.indexOf(target, protocol, port);
  if (probe >= 0) match.probe = probe;
  else match.tag = controlAt(target, protocol, port);
  return match.probe !== NO_PROBE || match.tag !== 0;
}
