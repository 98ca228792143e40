/**
 * What is known of a probe stands somewhere in memory, as probes are asked in a random order, and the processor waits for it
 * longer than handling an answer takes. Looked at in a loop that does nothing else, what is known of many probes comes side
 * by side, for the price of about one.
 */
import { SIGNAL, type SignalBatch } from '../batch.ts';
import { glanceAt } from '../match/glance.ts';
import type { ScanContext } from './context.ts';
import { PHASE, type ProbeState, U8 } from './probeState.ts';

/** Probes that are looked at together: what is known of them fits into the nearest cache. */
export const LOOK_AHEAD = 128;

/** Looks at the first `count` of these probes. In `looked` each gets 0 where it waits and was never asked. */
export function lookAt(
  { attempts, phase }: Pick<ProbeState, 'attempts' | 'phase'>,
  probes: Uint32Array,
  count: number,
  looked: Uint8Array,
): void {
  for (let i = 0; i < count; i++) {
    looked[i] = attempts[probes[i]! * U8]! | (phase[probes[i]!]! ^ PHASE.WAITING);
  }
}

/**
 * Creates the loop over the rows of a batch, in order, that looks ahead at the probes that packets seem to answer. Nothing
 * depends on that but time.
 */
export function createRowLoop({
  plan,
  probes,
}: Pick<ScanContext, 'plan' | 'probes'>): (
  signals: SignalBatch,
  take: (row: number) => void,
) => void {
  const glanced = new Uint32Array(LOOK_AHEAD);
  const looked = new Uint8Array(LOOK_AHEAD);

  const glance = (signals: SignalBatch, first: number, end: number): void => {
    let count = 0;
    for (let row = first; row < end; row++) {
      if (signals.kind[row] !== SIGNAL.PACKET) continue;
      const at = signals.offset[row]!;
      const probe = glanceAt(plan, signals.bytes, at, at + signals.length[row]!);
      if (probe >= 0) glanced[count++] = probe;
    }
    lookAt(probes, glanced, count, looked);
  };

  return (signals, take) => {
    for (let first = 0; first < signals.count; first += LOOK_AHEAD) {
      const end = Math.min(signals.count, first + LOOK_AHEAD);
      glance(signals, first, end);
      for (let row = first; row < end; row++) take(row);
    }
  };
}
