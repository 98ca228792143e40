/** Answers that come while the next round is waited for, or twice. */
import { expect, it } from 'vitest';
import { PROTO_TCP } from '../../src/batch.ts';
import { createCells } from '../../src/trace/cells.ts';
import type { Flow } from '../../src/trace/flows.ts';
import { createMtuStudy } from '../../src/trace/mtuStudy.ts';
import type { StudyRound } from '../../src/trace/studies.ts';
import { TARGET } from './paths.ts';

const TTL = 3;

/** A study of sizes that has just asked the largest packet, and a small one behind it, for the first time. */
function startStudy() {
  const flows: Flow[] = [{ index: 0, kind: 'asked', protocol: PROTO_TCP, port: 443, lane: 0 }];
  const cells = createCells(flows, TTL, () => true);
  const padded = (carrier: Flow, dataBytes: number): Flow => {
    const flow = { ...carrier, index: flows.length, dataBytes };
    flows.push(flow);
    return flow;
  };
  const study = createMtuStudy({
    family: 4,
    carriers: flows.slice(),
    cells,
    padded,
    linkMtu: () => 1500,
  });
  let atMs = 0;
  const answer = ({ index }: Flow, round: number): void => {
    const told = { flow: index, ttl: TTL, round, answer: 'syn-ack', isTarget: true } as const;
    const more = { icmpType: 0, icmpCode: 0, ip: TARGET, outerTtl: 62, quotedTtl: null };
    cells.noteAnswer({ ...told, ...more, mtu: 0, notes: null, atMs }, 'r1.1.1');
  };
  const send = ({ asks }: StudyRound): void => {
    atMs += 1000;
    for (const { flow, ttl } of asks) cells.noteSent(flow.index, ttl, atMs);
  };
  answer(flows[0]!, 1);
  send(study.next()!);
  const least = study.next()!;
  send(least);
  answer(least.asks[0]!.flow, 1);
  const first = study.next()!;
  send(first);
  const [large, small] = first.asks.map(({ flow }) => flow) as [Flow, Flow];
  /** A round in which the small packet was answered so often, in the pause before it and in time. */
  const round = (late: readonly number[], inTime: readonly number[]): void => {
    const next = study.next()!;
    for (const one of late) answer(small, one);
    send(next);
    for (const one of inTime) answer(small, one);
  };
  const isLarge = (): boolean => study.next()!.asks[0]!.flow === large;
  return { round, isLarge, answer: (one: number) => answer(small, one) };
}

it('a late answer counts for its own round', () => {
  const { round, isLarge } = startStudy();
  round([1], [2]);
  round([], [3]);
  // Three silences of the large packet, each beside an answer: another size is next.
  expect(isLarge()).toBe(false);
});

it('one that comes twice is no answer to the next round', () => {
  const { round, isLarge, answer } = startStudy();
  answer(1);
  round([1], []);
  round([], [3]);
  expect(isLarge()).toBe(true);
});
