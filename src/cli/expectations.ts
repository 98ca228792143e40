import type { Report, State, Verdict } from '../index.ts';
import { UsageError } from '../index.ts';
import { show } from './argv.ts';

/** What the user expects of all ports, or of one. */
export interface Expectation {
  readonly text: string;
  /** Null: of every port. */
  readonly port: number | null;
  /** Null: of either protocol. */
  readonly protocol: Verdict['protocol'] | null;
  readonly state: State;
}

/** How an expectation fared: as the worst of its ports. */
export interface Outcome {
  readonly expectation: Expectation;
  readonly result: 'held' | 'failed' | 'undecided';
  /** Every port at which it did not hold, those that failed first. */
  readonly misses: readonly Miss[];
}

/** A port at which an expectation did not hold, or the lack of one; `detail` says it in words. */
export interface Miss {
  readonly result: 'failed' | 'undecided';
  readonly detail: string;
}

/** A verdict decides an expectation from here on; `--expect-certain` asks for more before one holds (contract.md). */
const DECIDES = 0.9;
const CERTAIN = 0.999;

const STATES: readonly State[] = [
  'open',
  'closed',
  'filtered',
  'open|filtered',
  'closed|filtered',
  'unknown',
];

/** Parses `STATE`, `53=STATE` or `53/udp=STATE`. Throws a UsageError that quotes the text. */
export function parseExpectation(text: string): Expectation {
  const match = /^(?:(\d{1,5})(?:\/([a-z]+))?=)?([a-z|]+)$/i.exec(text.trim());
  const state = STATES.find((known) => known === match?.[3]?.toLowerCase());
  const protocol = match?.[2]?.toLowerCase();
  const port = match?.[1] === undefined ? null : Number(match[1]);
  const isKnown = protocol === undefined || protocol === 'tcp' || protocol === 'udp';
  if (state === undefined || !isKnown || port === 0 || (port ?? 0) > 65_535) {
    throw new UsageError(
      `--expect takes a state (${STATES.join(', ')}) or PORT/PROTOCOL=STATE, not ${show(text)}`,
    );
  }
  return { text: text.trim(), port, protocol: protocol ?? null, state };
}

/**
 * Judges expectations against a report, one outcome each: the worst of its ports.
 *
 * A state is a set of possibilities: an expectation holds when all that the verdict leaves open is expected, fails when
 * none of it is, and is undecided in between, below the confidence that decides, and for ports without a verdict.
 */
export function judgeExpectations(
  expectations: readonly Expectation[],
  report: Report,
  mustBeCertain: boolean,
): Outcome[] {
  return expectations.map((expectation) => {
    const concerned = report.verdicts.filter((verdict) => concerns(expectation, verdict));
    const failed: Miss[] = [];
    const undecided: Miss[] = [];
    for (const verdict of concerned) {
      const result = judgeOne(expectation, verdict, mustBeCertain);
      if (result === 'held') continue;
      (result === 'failed' ? failed : undecided).push({ result, detail: found(verdict) });
    }
    if (concerned.length === 0 || !report.complete) {
      undecided.push({ result: 'undecided', detail: 'not every port was checked' });
    }
    const misses = [...failed, ...undecided];
    return { expectation, result: misses[0]?.result ?? 'held', misses };
  });
}

/** `10.0.0.5 123/udp is closed (99.9 % sure)`. */
function found({ target, port, protocol, state, confidence }: Verdict): string {
  const sure = Math.floor(confidence * 1000 + 1e-9) / 10;
  return `${target} ${port}/${protocol} is ${state} (${sure.toFixed(1)} % sure)`;
}

function concerns({ port, protocol }: Expectation, verdict: Verdict): boolean {
  return (
    (port === null || port === verdict.port) && (protocol === null || protocol === verdict.protocol)
  );
}

function judgeOne(
  { state }: Expectation,
  verdict: Verdict,
  mustBeCertain: boolean,
): Outcome['result'] {
  if (state === 'unknown') return verdict.state === 'unknown' ? 'held' : 'failed';
  if (verdict.state === 'unknown') return 'undecided';
  const expected = state.split('|');
  const found = verdict.state.split('|');
  const shared = found.filter((part) => expected.includes(part)).length;
  if (shared === found.length) {
    return verdict.confidence >= (mustBeCertain ? CERTAIN : DECIDES) ? 'held' : 'undecided';
  }
  return shared === 0 && verdict.confidence >= DECIDES ? 'failed' : 'undecided';
}
