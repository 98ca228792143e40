/** What one side hands out as it comes and another reads at its own pace. */

/** Items on their way from a run to its reader. */
export interface Feed<Item> {
  /**
   * Where many wait for a reader, those that are urgent are read first; few are read in the order in which they came. The
   * list is kept: it must not change any more.
   */
  push(items: readonly Item[], isUrgent?: (item: Item) => boolean): void;
  /** No more will come. */
  end(): void;
  /** All from the first on, until the end. */
  read(): AsyncIterable<Item>;
  /** The same, those that are there at one time together, at most {@link MOST_TOGETHER}. */
  readTogether(): AsyncIterable<readonly Item[]>;
}

/** Lines of text are written best so many at once. */
export const MOST_TOGETHER = 256;
/** Of those that are not urgent while the run goes on: what reads them holds it up, about 10 us each. */
const MOST_MEANWHILE = 64;

/** What was pushed, as it came: nothing is copied until somebody reads. */
interface Kept<Item> {
  readonly lists: (readonly Item[])[];
  count: number;
}

/** How far a reader is: so many items in all, the next one at `at` of the list `list`. */
interface Place {
  list: number;
  at: number;
  read: number;
}

/** Creates an empty feed; everything is kept, so that a late reader misses nothing. */
export function createFeed<Item>(): Feed<Item> {
  const urgent: Kept<Item> = { lists: [], count: 0 };
  const others: Kept<Item> = { lists: [], count: 0 };
  let wakeReader: (() => void) | undefined;
  let ended = false;
  let hasReader = false;
  /** How many the reader that is farthest has read. */
  let mostRead = 0;

  async function* readTogether(): AsyncIterable<readonly Item[]> {
    hasReader = true;
    const urgentPlace = { list: 0, at: 0, read: 0 };
    const othersPlace = { list: 0, at: 0, read: 0 };
    const read = (): number => urgentPlace.read + othersPlace.read;
    const isWaiting = (): boolean => urgent.count + others.count > read();
    for (;;) {
      while (!isWaiting() && !ended) {
        await new Promise<void>((resolve) => {
          wakeReader = resolve;
        });
      }
      if (!isWaiting()) return;
      const together: Item[] = [];
      take(urgent, urgentPlace, together, MOST_TOGETHER);
      take(others, othersPlace, together, ended ? MOST_TOGETHER : MOST_MEANWHILE);
      mostRead = Math.max(mostRead, read());
      yield together;
    }
  }

  return {
    push(items, isUrgent) {
      const waiting = urgent.count + others.count + items.length - mostRead;
      // What is urgent takes time to find out, in long runs that nobody reads as well.
      if (isUrgent === undefined || !hasReader || waiting <= MOST_TOGETHER) keep(others, items);
      else {
        keep(urgent, items.filter(isUrgent));
        keep(
          others,
          items.filter((item) => !isUrgent(item)),
        );
      }
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

function keep<Item>(kept: Kept<Item>, items: readonly Item[]): void {
  if (items.length === 0) return;
  kept.lists.push(items);
  kept.count += items.length;
}

/** Adds what follows the place to `together`, until that has `most`, and moves the place on. */
function take<Item>({ lists }: Kept<Item>, place: Place, together: Item[], most: number): void {
  while (together.length < most && place.list < lists.length) {
    const list = lists[place.list]!;
    together.push(list[place.at]!);
    place.read += 1;
    place.at += 1;
    if (place.at < list.length) continue;
    place.list += 1;
    place.at = 0;
  }
}
