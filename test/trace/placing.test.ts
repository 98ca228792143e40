import { expect, test } from 'vitest';
import { locate } from '../../src/trace/locate.ts';
import { placeByDistance, placeBySender } from '../../src/trace/placing.ts';
import { viewOf } from '../../src/trace/view.ts';
import { factsOf } from './paths.ts';

/** The asked flow was answered by these, and nobody knows at which TTL. */
function facts(asked: string, same: string, unplaced: string) {
  const known = factsOf({ protocol: 'udp', asked, same, isSocket: true });
  const heard = factsOf({ asked: unplaced, isSocket: true }).flows[0]!.hops.slice(1);
  const answers = heard.flatMap((hop) => hop.answers.slice(0, 1));
  const flows = known.flows.map((flow, index) =>
    index === 0 ? { ...flow, unplaced: answers.map((one) => ({ ...one, ttl: 0 })) } : flow,
  );
  return { ...known, flows: placeBySender(flows) };
}

test('a router that another flow heard is where that flow heard it', () => {
  const placed = facts('* * * *', 'r1 r2 r3 T:syn', 'r1 r2');
  expect(placed.flows[0]!.unplaced).toEqual([]);
  expect(viewOf(placed).asked.furthest).toBe(2);
  expect(placed.flows[0]!.hops[2]!.answers).toMatchObject([{ ttl: 2, ip: '10.0.2.2' }]);
});

test('a router that nobody else heard, or at two hops, is nowhere, and a drop before it is only a guess', () => {
  for (const same of ['* * r3 T:syn', 'r2 r3 r2 T:syn']) {
    const placed = facts('* * * *', same, 'r2');
    expect(placed.flows[0]!.unplaced).toHaveLength(1);
    expect(viewOf(placed).asked.furthest).toBe(0);
    expect(locate(placed).finding?.certainty).toBe('low');
  }
});

test('what is left stands where its outer TTL puts it, and makes a guess of what follows', () => {
  const known = facts('* * * *', '* * r3 T:syn', 'r1 r2');
  const flows = placeByDistance(known.flows);
  expect(flows[0]).toMatchObject({ isEstimated: true, unplaced: [] });
  expect(flows[1]!.isEstimated).toBe(false);
  expect(locate({ ...known, flows })).toMatchObject({
    finding: { after: { ttl: 2 }, before: { ttl: 3 }, certainty: 'low' },
  });
});
