/**
 * A queue of (deadline, item) without allocation per entry; entries are never removed, stale ones are skipped by the caller.
 *
 * Most deadlines are set in the order in which they fall due: those stand in a ring, where pushing and popping cost
 * nothing. One that is earlier than the ring's last goes to a binary heap beside it.
 */
export interface Deadlines {
  readonly size: () => number;
  push(atMs: number, item: number): void;
  /** Earliest deadline in ms, or Infinity. */
  peekMs(): number;
  /** Removes the earliest entry and returns its item; there must be one. */
  pop(): number;
}

/** Creates an empty queue whose two parts double when they are full. */
export function createDeadlines(initialCapacity = 1024): Deadlines {
  const ring = createRing(initialCapacity);
  const heap = createHeap(initialCapacity);
  return {
    size: () => ring.size() + heap.size(),
    push(atMs, item) {
      if (atMs >= ring.lastMs()) ring.push(atMs, item);
      else heap.push(atMs, item);
    },
    peekMs: () => Math.min(ring.peekMs(), heap.peekMs()),
    pop: () => (ring.peekMs() <= heap.peekMs() ? ring.pop() : heap.pop()),
  };
}

/** Entries in ascending order. */
function createRing(initialCapacity: number): Deadlines & { lastMs(): number } {
  let capacity = 1 << Math.ceil(Math.log2(initialCapacity));
  let keys = new Float64Array(capacity);
  let items = new Uint32Array(capacity);
  let head = 0;
  let size = 0;

  const grow = (): void => {
    const moreKeys = new Float64Array(capacity * 2);
    const moreItems = new Uint32Array(capacity * 2);
    for (let i = 0; i < size; i++) {
      const from = (head + i) & (capacity - 1);
      moreKeys[i] = keys[from]!;
      moreItems[i] = items[from]!;
    }
    keys = moreKeys;
    items = moreItems;
    head = 0;
    capacity *= 2;
  };

  return {
    size: () => size,
    // Read from its place: V8 would allocate each new value of a variable that is no whole number.
    lastMs: () =>
      size === 0 ? Number.NEGATIVE_INFINITY : keys[(head + size - 1) & (capacity - 1)]!,
    push(atMs, item) {
      if (size === capacity) grow();
      const at = (head + size) & (capacity - 1);
      keys[at] = atMs;
      items[at] = item;
      size += 1;
    },
    peekMs: () => (size === 0 ? Number.POSITIVE_INFINITY : keys[head]!),
    pop() {
      const item = items[head]!;
      head = (head + 1) & (capacity - 1);
      size -= 1;
      return item;
    },
  };
}

function createHeap(initialCapacity: number): Deadlines {
  let keys = new Float64Array(initialCapacity);
  let items = new Uint32Array(initialCapacity);
  let size = 0;

  const grow = (): void => {
    const moreKeys = new Float64Array(keys.length * 2);
    const moreItems = new Uint32Array(items.length * 2);
    moreKeys.set(keys);
    moreItems.set(items);
    keys = moreKeys;
    items = moreItems;
  };

  return {
    size: () => size,
    push(atMs, item) {
      if (size === keys.length) grow();
      let at = size++;
      while (at > 0) {
        const parent = (at - 1) >> 1;
        if (keys[parent]! <= atMs) break;
        keys[at] = keys[parent]!;
        items[at] = items[parent]!;
        at = parent;
      }
      keys[at] = atMs;
      items[at] = item;
    },
    peekMs: () => (size === 0 ? Number.POSITIVE_INFINITY : keys[0]!),
    pop() {
      const top = items[0]!;
      size -= 1;
      const key = keys[size]!;
      const item = items[size]!;
      let at = 0;
      for (;;) {
        let child = 2 * at + 1;
        if (child >= size) break;
        if (child + 1 < size && keys[child + 1]! < keys[child]!) child += 1;
        if (keys[child]! >= key) break;
        keys[at] = keys[child]!;
        items[at] = items[child]!;
        at = child;
      }
      keys[at] = key;
      items[at] = item;
      return top;
    },
  };
}
