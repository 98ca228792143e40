/**
 * The ids of a trace in evidence (contract.md): a probe is numbered by its flow and TTL, an answer by the how manieth it is to
 * its round. Given by what is read, not by arrival alone, so that a replay gives the same.
 */
import type { MatchListener, MatchResult } from '../match/match.ts';
import type { Read } from './readPacketAnswer.ts';

/** Numbers that one trace takes: 256 flows of 256 TTLs. The next trace of a run begins behind them. */
export const TRACE_IDS = 0x1_0000;

/**
 * Number of a probe of trace `run`, whose traces begin at `firstId`, a multiple of {@link TRACE_IDS}; that of TTL 0 stands for
 * the probes of a flow whose TTL cannot be told.
 */
export const evidenceNumber = (firstId: number, run: number, flow: number, ttl: number): number =>
  firstId + run * TRACE_IDS + flow * 256 + ttl;

/** Flow and TTL of a number. */
export const placeOfEvidence = (
  number: number,
): { readonly flow: number; readonly ttl: number } => ({
  flow: Math.floor(number / 256) % 256,
  ttl: number % 256,
});

/** Gives ids, and tells them to who records the run. */
export interface AnswerIds {
  /** The id of an answer. */
  next(row: number, read: Read): string;
  /** A row that names no probe. */
  refuse(row: number, result: Exclude<MatchResult, 'matched'>): void;
  /** A row about a probe that answers nothing: what our own side says of it. TTL 0: it cannot be told. */
  about(row: number, flow: number, ttl: number, attempt: number): void;
}

const NOTHING = { probe: 0, tag: 0, attempt: 0, idAttempt: 0, idNumber: 0 };

/** Creates the ids of one trace; `rounds` says in how many a flow was asked at a TTL. */
export function createAnswerIds(
  { firstId, run }: { readonly firstId: number; readonly run: number },
  rounds: (flow: number, ttl: number) => number,
  listener: MatchListener | undefined,
): AnswerIds {
  /** How many answers there were to a probe and round: bounded by flows, TTLs and rounds. */
  const counts = new Map<string, number>();
  return {
    next(row, { flow, ttl, round }) {
      const probe = evidenceNumber(firstId, run, flow, ttl);
      // An answer of which the round is not known is counted with the latest one.
      const idAttempt = round > 0 ? round : Math.max(1, rounds(flow, ttl));
      const key = `${probe}.${idAttempt}`;
      const idNumber = (counts.get(key) ?? 0) + 1;
      counts.set(key, idNumber);
      listener?.(row, 'matched', { probe, tag: 0, attempt: round, idAttempt, idNumber });
      return `r${key}.${idNumber}`;
    },
    refuse: (row, result) => listener?.(row, result, NOTHING),
    about(row, flow, ttl, attempt) {
      const probe = evidenceNumber(firstId, run, flow, ttl);
      listener?.(row, 'matched', { ...NOTHING, probe, attempt, idAttempt: attempt });
    },
  };
}
