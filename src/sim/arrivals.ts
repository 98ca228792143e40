/**
 * What is on its way to the scanner, ordered by time; equal times keep their order. A binary heap: answers of near
 * routers overtake those of far hosts.
 */

/** A packet that reached the scanner's link, whole from the IP header on. */
export interface Arrival {
  readonly atMs: number;
  readonly bytes: Uint8Array;
}

/** A queue ordered by time. */
export interface Arrivals {
  push(bytes: Uint8Array, atMs: number): void;
  nextAtMs(): number | undefined;
  /** Takes the earliest one that has arrived by `nowMs`, or null. */
  take(nowMs: number): Arrival | null;
}

interface Entry extends Arrival {
  readonly order: number;
}

/** Creates an empty queue. */
export function createArrivals(): Arrivals {
  const heap: Entry[] = [];
  let order = 0;

  function siftUp(entry: Entry): void {
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (isBefore(heap[parent]!, entry)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = entry;
  }

  function siftDown(entry: Entry): void {
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (isBefore(entry, heap[child]!)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = entry;
  }

  return {
    push(bytes, atMs) {
      siftUp({ atMs, bytes, order: order++ });
    },
    nextAtMs: () => heap[0]?.atMs,
    take(nowMs) {
      const first = heap[0];
      if (first === undefined || first.atMs > nowMs) return null;
      const last = heap.pop()!;
      if (heap.length > 0) siftDown(last);
      return first;
    },
  };
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
