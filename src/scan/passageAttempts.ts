/** Attempts of what is asked once more (passage.ts): they follow those of the port itself, whose count stays as it is. */
import { type ProbeState, U8 } from './probeState.ts';

/** Counts them. */
export interface PassageAttempts {
  /** One more; its number. */
  next(probe: number): number;
  /** How many there were. */
  made(probe: number): number;
}

/** An attempt's number travels in a byte. */
export const MAX_ATTEMPT = 255;

/** Creates the counts of a run. */
export function createPassageAttempts(probes: Pick<ProbeState, 'attempts'>): PassageAttempts {
  const times = new Map<number, number>();
  const made = (probe: number): number => times.get(probe) ?? 0;
  return {
    next(probe) {
      times.set(probe, made(probe) + 1);
      return Math.min(MAX_ATTEMPT, probes.attempts[probe * U8]! + made(probe));
    },
    made,
  };
}
