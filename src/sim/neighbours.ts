/**
 * Who does not answer ARP or neighbour solicitations (net/core/neighbour.c): three requests a second apart, then every
 * packet that waited fails. The entry stays `failed` until somebody sends again.
 */
import type { Family } from '../model.ts';
import { hashBytes } from './random.ts';

/** From the first packet to the failure: 3.03 to 3.08 s were measured on Linux 6.18. */
export const NEIGHBOUR_FAILS_AFTER_MS = 3050;
/** Packets that wait for one neighbour; the kernel bounds them by bytes (unres_qlen_bytes), about this many. */
const MAX_WAITING = 100;

/** Neighbours that do not answer, and what waits for them. */
export interface Neighbours<Waiting> {
  /** Queues what waits for the address; it comes back from `takeFailed` unless the queue is full. */
  wait(bytes: Uint8Array, at: number, family: Family, nowMs: number, waiting: () => Waiting): void;
  state(
    bytes: Uint8Array,
    at: number,
    family: Family,
    nowMs: number,
  ): 'incomplete' | 'failed' | 'none';
  nextAtMs(): number | undefined;
  /** The oldest entry that failed by now, or null. */
  takeFailed(
    nowMs: number,
  ): { readonly failedAtMs: number; readonly waiting: readonly Waiting[] } | null;
}

interface Entry<Waiting> {
  failsAtMs: number;
  waiting: Waiting[];
}

/** Creates an empty table. */
export function createNeighbours<Waiting>(): Neighbours<Waiting> {
  const entries = new Map<number, Entry<Waiting>>();
  const pending: Entry<Waiting>[] = [];
  let head = 0;

  return {
    wait(bytes, at, family, nowMs, waiting) {
      const key = keyOf(bytes, at, family);
      let entry = entries.get(key);
      if (entry === undefined || entry.failsAtMs <= nowMs) {
        entry = { failsAtMs: nowMs + NEIGHBOUR_FAILS_AFTER_MS, waiting: [] };
        entries.set(key, entry);
        pending.push(entry);
      }
      if (entry.waiting.length < MAX_WAITING) entry.waiting.push(waiting());
    },

    state(bytes, at, family, nowMs) {
      const entry = entries.get(keyOf(bytes, at, family));
      if (entry === undefined) return 'none';
      return entry.failsAtMs <= nowMs ? 'failed' : 'incomplete';
    },

    nextAtMs: () => pending[head]?.failsAtMs,

    takeFailed(nowMs) {
      const entry = pending[head];
      if (entry === undefined || entry.failsAtMs > nowMs) return null;
      head += 1;
      if (head > 1024) {
        pending.splice(0, head);
        head = 0;
      }
      const { waiting } = entry;
      entry.waiting = [];
      return { failedAtMs: entry.failsAtMs, waiting };
    },
  };
}

/** 52 bits of a hash: a collision among the some thousand dead addresses of a scene does not happen. */
function keyOf(bytes: Uint8Array, at: number, family: Family): number {
  const end = at + (family === 4 ? 4 : 16);
  const high = hashBytes(bytes, at, end, family) & 0xfffff;
  return high * 0x1_0000_0000 + hashBytes(bytes, at, end, 0x5bd1e995);
}
