/**
 * Whether ordinary programs of this machine can ask what was asked by packets of our own: those pass our own firewall by,
 * so that a port may be open for the scan and out of reach for everybody else here (truth.md, "own OUTPUT drop").
 *
 * One ordinary socket attempt for each of a few probes, one after the other; what fails at home fails at once.
 */
import { NO_PROBE, PROTO_OWN_SIDE, SIGNAL, type SignalBatch } from '../batch.ts';
import { ERRNO } from '../errno.ts';
import type { Engine, Plan } from '../model.ts';
import { createRows } from './rows.ts';

/** Attempts of one run at most (truth.md). */
export const MAX_ORDINARY_ATTEMPTS = 16;
/** An answer to an own-side inquiry comes at once; what takes longer is done without. */
const PATIENCE_MS = 100;

/** Chooses what is tried: open ports first, since they are what somebody will use next. */
export function chooseOrdinary(
  settled: readonly number[],
  isOpen: (probe: number) => boolean,
  isForeign: (probe: number) => boolean,
): readonly number[] {
  const open: number[] = [];
  const others: number[] = [];
  for (const probe of settled) {
    if (open.length === MAX_ORDINARY_ATTEMPTS) break;
    const group = isOpen(probe) ? open : others;
    if (group.length < MAX_ORDINARY_ATTEMPTS && isForeign(probe)) group.push(probe);
  }
  return [...open, ...others].slice(0, MAX_ORDINARY_ATTEMPTS);
}

/** Creates the check over a wire of ordinary sockets; its result are the probes that failed at home. */
export function createOrdinaryCheck(
  plan: Plan,
  probes: readonly number[],
): Engine<readonly number[]> {
  const { space, targets } = plan;
  const rows = createRows(plan);
  const failed = new Set<number>();
  const dropped = new Map<number, number>();
  let tried = 0;
  let untilMs = Number.NEGATIVE_INFINITY;

  const note = (signals: SignalBatch, row: number): void => {
    const probe = probes[tried - 1]!;
    const kind = signals.kind[row];
    if (kind === SIGNAL.SEND_FAILED && signals.errno[row] === ERRNO.EPERM) failed.add(probe);
    const said = kind === SIGNAL.OWN_SIDE ? signals.ownSide[row] : undefined;
    if (said === undefined) return;
    const family = targets.families[said.target]!;
    if ((said.outDropped ?? 0) > (dropped.get(family) ?? 0)) failed.add(probe);
    dropped.set(family, said.outDropped ?? 0);
    untilMs = Number.NEGATIVE_INFINITY;
  };

  return {
    advance(nowMs) {
      rows.clear();
      if (nowMs < untilMs) return { send: rows.batch, wakeAtMs: untilMs };
      const probe = probes[tried];
      if (probe === undefined) return { send: rows.batch, wakeAtMs: undefined };
      tried += 1;
      untilMs = nowMs + PATIENCE_MS;
      const target = space.targetOf(probe);
      rows.add(probe, 1, target, space.protocolOf(probe), space.portOf(probe));
      rows.add(NO_PROBE, 1, target, PROTO_OWN_SIDE, 0);
      return { send: rows.batch, wakeAtMs: untilMs };
    },
    receive(signals) {
      for (let row = 0; row < signals.count; row++) note(signals, row);
    },
    result: () => probes.filter((probe) => failed.has(probe)),
  };
}
