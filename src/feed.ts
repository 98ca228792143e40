/** What one side hands out as it comes and another reads at its own pace. */

/** Items on their way from a run to its reader. */
export interface Feed<Item> {
  /** Where many wait for a reader, those that are urgent are read first; few are read in the order in which they came. */
  push(items: readonly Item[], isUrgent?: (item: Item) => boolean): void;
  /** No more will come. */
  end(): void;
  /** All from the first on, until the end. */
  read(): AsyncIterable<Item>;
  /** The same, those that are there at one time together, at most {@link MOST_TOGETHER}. */
  readTogether(): AsyncIterable<readonly Item[]>;
}

/** What reads them holds up the run meanwhile, some ms. */
export const MOST_TOGETHER = 256;

const isNever = (): boolean => false;

/** Creates an empty feed; everything is kept, so that a late reader misses nothing. */
export function createFeed<Item>(): Feed<Item> {
  const urgent: Item[] = [];
  const others: Item[] = [];
  let wakeReader: (() => void) | undefined;
  let ended = false;
  let hasReader = false;
  /** How many the reader that is farthest has read. */
  let mostRead = 0;

  async function* readTogether(): AsyncIterable<readonly Item[]> {
    hasReader = true;
    let urgentRead = 0;
    let othersRead = 0;
    const waiting = (): number => urgent.length - urgentRead + others.length - othersRead;
    for (;;) {
      while (waiting() === 0 && !ended) {
        await new Promise<void>((resolve) => {
          wakeReader = resolve;
        });
      }
      if (waiting() === 0) return;
      const first = urgent.slice(urgentRead, urgentRead + MOST_TOGETHER);
      const then = others.slice(othersRead, othersRead + MOST_TOGETHER - first.length);
      urgentRead += first.length;
      othersRead += then.length;
      mostRead = Math.max(mostRead, urgentRead + othersRead);
      yield first.length === 0 ? then : [...first, ...then];
    }
  }

  return {
    push(items, isUrgent = isNever) {
      const waiting = urgent.length + others.length + items.length - mostRead;
      // What is urgent takes time to find out, in long runs that nobody reads as well.
      const isSorted = hasReader && waiting > MOST_TOGETHER;
      for (const item of items) (isSorted && isUrgent(item) ? urgent : others).push(item);
      wakeReader?.();
    },
    end() {
      ended = true;
      wakeReader?.();
    },
    async *read() {
      for await (const items of readTogether()) yield* items;
    },
    readTogether,
  };
}
