/** A first-in first-out queue of numbers that grows by doubling and never allocates per entry. */
export interface NumberQueue {
  readonly size: () => number;
  push(item: number): void;
  /** Removes and returns the oldest entry; the queue must not be empty. */
  shift(): number;
}

/** Creates an empty queue. */
export function createQueue(initialCapacity = 64): NumberQueue {
  let items = new Uint32Array(initialCapacity);
  let head = 0;
  let size = 0;
  return {
    size: () => size,
    push(item) {
      if (size === items.length) {
        const more = new Uint32Array(items.length * 2);
        for (let i = 0; i < size; i++) more[i] = items[(head + i) % items.length]!;
        items = more;
        head = 0;
      }
      items[(head + size) % items.length] = item;
      size += 1;
    },
    shift() {
      const item = items[head]!;
      head = (head + 1) % items.length;
      size -= 1;
      return item;
    },
  };
}
