/** What one side hands out as it comes and another reads at its own pace. */

/** Items on their way from a run to its reader. */
export interface Feed<Item> {
  push(items: readonly Item[]): void;
  /** No more will come. */
  end(): void;
  /** All from the first on, until the end. */
  read(): AsyncIterable<Item>;
}

/** Creates an empty feed; everything is kept, so that a late reader misses nothing. */
export function createFeed<Item>(): Feed<Item> {
  const items: Item[] = [];
  let wakeReader: (() => void) | undefined;
  let ended = false;
  return {
    push(more) {
      for (const item of more) items.push(item);
      wakeReader?.();
    },
    end() {
      ended = true;
      wakeReader?.();
    },
    async *read() {
      for (let next = 0; ; next++) {
        while (next >= items.length && !ended) {
          await new Promise<void>((resolve) => {
            wakeReader = resolve;
          });
        }
        if (next >= items.length) return;
        yield items[next]!;
      }
    },
  };
}
