import { expect, it } from 'vitest';
import { createFeed, MOST_TOGETHER } from '../src/feed.ts';

const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, n) => n);

async function collect<Item>(items: AsyncIterable<Item>): Promise<readonly Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

it('hands out everything in order, to each reader, also to one that comes late', async () => {
  const feed = createFeed<number>();
  const early = collect(feed.read());
  feed.push(numbers(1000));
  feed.end();
  expect(await early).toEqual(numbers(1000));
  expect(await collect(feed.read())).toEqual(numbers(1000));
});

it('reads what is urgent before what waits, and not too much together', async () => {
  const feed = createFeed<number>();
  const reading = collect(feed.readTogether());
  feed.push(numbers(2 * MOST_TOGETHER), (item) => item % MOST_TOGETHER === 7);
  feed.end();
  const groups = await reading;
  expect(groups.map(({ length }) => length)).toEqual([MOST_TOGETHER, MOST_TOGETHER]);
  expect(groups[0]!.slice(0, 4)).toEqual([7, MOST_TOGETHER + 7, 0, 1]);
  expect(new Set(groups.flat()).size).toBe(2 * MOST_TOGETHER);
});

it('what becomes urgent later overtakes what is not read yet', async () => {
  const feed = createFeed<number>();
  feed.push(numbers(2 * MOST_TOGETHER + 1));
  const groups = feed.readTogether()[Symbol.asyncIterator]();
  await groups.next();
  feed.push([-1], () => true);
  feed.end();
  expect((await groups.next()).value[0]).toBe(-1);
});

it('keeps the order where few wait', async () => {
  const feed = createFeed<number>();
  feed.push(numbers(MOST_TOGETHER), () => true);
  feed.push([-1]);
  feed.end();
  const read = await collect(feed.read());
  expect(read).toEqual([...numbers(MOST_TOGETHER), -1]);
});

it('nobody asks what is urgent while nobody reads', async () => {
  const feed = createFeed<number>();
  feed.push(numbers(2 * MOST_TOGETHER), () => {
    throw new Error('asked');
  });
  feed.end();
  expect(await collect(feed.read())).toEqual(numbers(2 * MOST_TOGETHER));
});
