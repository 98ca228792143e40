/** Rows of PROTO_NEIGHBOUR on a simulated wire of packets: who has an address answers, at the time of the link. */
import { type ProbeBatch, SIGNAL } from '../batch.ts';
import { ERRNO } from '../errno.ts';
import type { TargetTable } from '../model.ts';
import type { OwnSideView } from '../sim/ownSide.ts';
import type { SignalRecord } from '../sim/signals.ts';
import type { World } from '../sim/world.ts';

/** Rows that were asked and are not answered yet. */
export interface Solicited {
  ask(batch: ProbeBatch, row: number, nowMs: number): void;
  advance(nowMs: number): void;
  nextAtMs(): number | undefined;
}

/** As the wire of packets gives up (neighbours.ts). */
const GIVE_UP_AFTER_MS = 2000;

/** Creates the rows of one wire, none asked yet; their signals go to `queue`. Requests are not lost. */
export function createSolicited(
  { links, routers }: World,
  targets: TargetTable,
  own: OwnSideView<Uint8Array>,
  queue: SignalRecord[],
): Solicited {
  /** Those that will be answered, and those that will not: each in the order of their times. */
  const answers: SignalRecord[] = [];
  const failures: SignalRecord[] = [];

  /** The errno, or 0 where the target answers. */
  const outcomeOf = (target: number): { readonly errno: number; readonly afterMs: number } => {
    const { bytes } = targets;
    const at = target * 16;
    const family = targets.families[target] === 6 ? 6 : 4;
    const routeError = own.routeError(bytes, at, family);
    if (routeError !== null) return { errno: ERRNO[routeError], afterMs: 0 };
    if (own.isLocal(bytes, at, family) || routers.length > 0) {
      return { errno: ERRNO.EOPNOTSUPP, afterMs: 0 };
    }
    const isThere = own.hasNextHop(bytes, at, family);
    return isThere
      ? { errno: 0, afterMs: 2 * links[0]!.delayMs }
      : { errno: ERRNO.EHOSTUNREACH, afterMs: GIVE_UP_AFTER_MS };
  };

  return {
    ask(batch, row, nowMs) {
      const target = batch.target[row]!;
      const { errno, afterMs } = outcomeOf(target);
      const list = errno === ERRNO.EHOSTUNREACH ? failures : answers;
      list.push({
        kind: errno === 0 ? SIGNAL.NEIGHBOUR : SIGNAL.SEND_FAILED,
        atMs: nowMs + afterMs,
        sentMs: nowMs,
        probe: batch.probe[row]!,
        attempt: batch.attempt[row]!,
        tag: batch.tag[row]!,
        protocol: batch.protocol[row]!,
        family: targets.families[target]!,
        dst: { bytes: targets.bytes, at: target * 16 },
        errno,
      });
    },
    advance(nowMs) {
      for (const list of [answers, failures]) {
        const later = list.findIndex(({ atMs }) => atMs > nowMs);
        queue.push(...list.splice(0, later < 0 ? list.length : later));
      }
    },
    nextAtMs() {
      const first = Math.min(answers[0]?.atMs ?? Infinity, failures[0]?.atMs ?? Infinity);
      return first === Infinity ? undefined : first;
    },
  };
}
