/** A binary heap of (deadline, item) without allocation per entry; entries are never removed, stale ones are skipped by the caller. */
export interface Deadlines {
  readonly size: () => number;
  push(atMs: number, item: number): void;
  /** Earliest deadline in ms, or Infinity. */
  peekMs(): number;
  /** Removes the earliest entry and returns its item. */
  pop(): number;
}

/** Creates an empty heap that doubles when it is full. */
export function createDeadlines(initialCapacity = 1024): Deadlines {
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
