/** One round of a walk: a few probes that leave one after the other, and what their answers and silences prove. */
import type { SilenceEvidence } from './silenceEvidence.ts';

/** The order of two probes is trusted from this distance on, ms: more than they are seen to overtake each other. */
export const ORDER_GUARD_MS = 1.2;

/** Distance at which the later of two probes speaks for the earlier one, ms. */
export const ORDERED_GAP_MS: number = 1.2 * ORDER_GUARD_MS;

/** A round. Entries of the arrays are in the order of sending. */
export interface WalkRound {
  readonly kind: 'plain' | 'proof' | 'mixed';
  readonly probes: readonly number[];
  /** 1: a port that is known to be closed. */
  readonly isCanary: Uint8Array;
  /** Least time after the probe before it, ms. */
  readonly afterMs: Float64Array;
  /** When it left; NaN: not yet, or never. */
  readonly sentMs: Float64Array;
  /** 1: answered by an ICMP error of the limiter, 2: answered otherwise. */
  readonly answered: Uint8Array;
  /** How long nothing had been asked when the round began, ms. */
  readonly sinceMs: number;
  /** The limiter had a token when the round began, without doubt. */
  readonly isSure: boolean;
  readonly at: ReadonlyMap<number, number>;
  /** Probes handed out so far. */
  taken: number;
  /** Open answers: probes handed out and not answered. */
  open: number;
  /** When the last probe was answered, else NaN. */
  lastAnsweredMs: number;
}

/** The distances of a round's probes, and what is known when it begins. */
export interface RoundTimes {
  /** Distance of the probes, ms. */
  readonly gapMs: number;
  /** So many at its begin are likely to be silent; those after them speak for them. */
  readonly front?: number;
  readonly sinceMs: number;
  readonly isSure: boolean;
}

/** Distance of the probes at the front of a round: they are not expected to be answered, ms. */
export const FRONT_GAP_MS = 0.1;

/** Creates a round of distinct probes; `isCanary` says which are known to be closed. */
export function createRound(
  kind: WalkRound['kind'],
  probes: readonly number[],
  isCanary: (index: number) => boolean,
  { gapMs, front = 0, sinceMs, isSure }: RoundTimes,
): WalkRound {
  const { length } = probes;
  const afterMs = new Float64Array(length).fill(gapMs).fill(FRONT_GAP_MS, 0, front);
  if (front < length) afterMs[front] = ORDERED_GAP_MS;
  if (kind === 'proof') afterMs[length - 1] = ORDERED_GAP_MS;
  afterMs[0] = 0;
  const canaries = Uint8Array.from(probes, (_, index) => (isCanary(index) ? 1 : 0));
  return {
    kind,
    probes,
    isCanary: canaries,
    afterMs,
    sentMs: new Float64Array(length).fill(Number.NaN),
    answered: new Uint8Array(length),
    sinceMs,
    isSure,
    at: new Map(probes.map((probe, index) => [probe, index])),
    taken: 0,
    open: 0,
    lastAnsweredMs: Number.NaN,
  };
}

/** What a round brought. */
export interface RoundResult {
  /** Tokens that were seen: probes answered by the limiter. */
  readonly tokens: number;
  /** Those of them that were no canaries. */
  readonly closed: number;
  /** Canaries sent, and those of them that were silent. */
  readonly canaries: number;
  readonly silentCanaries: number;
  /** All were answered. */
  readonly isWhole: boolean;
  /** The last probe was answered: there may be more tokens. */
  readonly endsAnswered: boolean;
}

/** Counts a round and writes what it proves into `evidence`; `isOpen` says whether a port is still undecided. */
export function evaluateRound(
  round: WalkRound,
  evidence: SilenceEvidence,
  isOpen: (probe: number) => boolean,
): RoundResult {
  const result = countRound(round);
  evidence.beginRound();
  if (round.kind === 'mixed') {
    for (const [index, probe] of round.probes.entries()) {
      const isSilent = round.answered[index] === 0 && !Number.isNaN(round.sentMs[index]!);
      if (!isSilent || round.isCanary[index] === 1 || !isOpen(probe)) continue;
      evidence.noteMixed(probe, result.silentCanaries, result.canaries);
    }
  } else noteOrder(round, evidence, isOpen);
  return result;
}

function countRound({ probes, answered, isCanary, sentMs }: WalkRound): RoundResult {
  let tokens = 0;
  let closed = 0;
  let canaries = 0;
  let silentCanaries = 0;
  let isWhole = true;
  for (let index = 0; index < probes.length; index++) {
    if (Number.isNaN(sentMs[index]!)) continue;
    const isToken = answered[index] === 1;
    if (answered[index] === 0) isWhole = false;
    if (isToken) tokens += 1;
    if (isCanary[index] === 0) closed += isToken ? 1 : 0;
    else {
      canaries += 1;
      if (!isToken) silentCanaries += 1;
    }
  }
  const endsAnswered = answered[probes.length - 1] === 1;
  return { tokens, closed, canaries, silentCanaries, isWhole, endsAnswered };
}

/** A probe that left before an answered one had a token too, unless one was filled in between. */
function noteOrder(
  round: WalkRound,
  evidence: SilenceEvidence,
  isOpen: (probe: number) => boolean,
): void {
  const { probes, answered, isCanary, sentMs, sinceMs, isSure } = round;
  const firstMs = sentMs[answered.indexOf(1)] ?? Number.POSITIVE_INFINITY;
  const raceMs = racesOf(round);
  for (const [index, probe] of probes.entries()) {
    if (Number.isNaN(raceMs[index]!) || answered[index] === 2) continue;
    const isToken = answered[index] === 1;
    if (isToken || isCanary[index] === 1) evidence.noteTrial(isToken);
    else if (isOpen(probe)) {
      const hadToken = isSure && firstMs >= sentMs[index]! + ORDER_GUARD_MS;
      evidence.note(probe, hadToken ? 0 : raceMs[index]!, sinceMs);
    }
  }
}

/** Of each probe, the time to the nearest answered one that left late enough after it, ms; NaN without one. */
function racesOf({ probes, answered, sentMs }: WalkRound): Float64Array {
  const races = new Float64Array(probes.length).fill(Number.NaN);
  /** Answered ones after the present, of which the last is the nearest. */
  let later = probes.length;
  let nextMs = Number.NaN;
  for (let index = probes.length - 1; index >= 0; index--) {
    const ownMs = sentMs[index]!;
    // What was never sent stands in nobody's way.
    while (later > index + 1 && !(sentMs[later - 1]! < ownMs + ORDER_GUARD_MS)) {
      later -= 1;
      if (answered[later] === 1) nextMs = sentMs[later]!;
    }
    races[index] = nextMs - ownMs;
  }
  return races;
}
