/** Each rule by its number, over traces in words (paths.ts). */
import { describe, expect, it } from 'vitest';
import { located, type PathWords, router, TARGET } from './paths.ts';

const CLOSED = 'r1 r2 r3 r4 r5 r6 T:rst T:rst';
const EDGE = 'r1 r2 r3 * * * * *';
const SEVEN = Array.from({ length: 7 }, () => '* * * * * * * *');
const UDP = 'r1 r2 r3 r4 r5 r6 T:3/3 T:3/3';

interface Row {
  readonly why: string;
  readonly words: PathWords;
  readonly says: Readonly<Record<string, unknown>>;
}

const at = (ttl: number) => ({ ttl, ip: router(ttl) });
const target = (ttl: number) => ({ ttl, ip: TARGET });

const ROWS: readonly (Row & { readonly rule: number | string })[] = [
  {
    rule: 1,
    why: 'a packet that runs out at the target’s address was translated',
    words: { asked: 'r1 r2 x:te@3 x:te@4 T:syn T:syn', same: CLOSED },
    says: { end: 'reached', kind: 'nat', rule: 1, certainty: 'high', before: target(3) },
  },
  {
    rule: 1,
    why: 'and voids the comparison of a RST with the controls',
    words: { asked: 'r1 r2 x:te@3 x:te@4 T:rst T:rst', same: CLOSED },
    says: { end: 'reached', kind: 'nat', whyId: 'path.closed.tcp' },
  },
  {
    rule: 2,
    why: 'fragmentation needed is said before the TTL is counted down',
    words: { asked: 'r1 r2 r3 r3:3/4 r3:3/4', same: CLOSED },
    says: { kind: 'mtu', rule: 2, by: { ip: router(3), hop: 3 }, mtu: 1280, certainty: 'high' },
  },
  {
    rule: 3,
    why: 'a reject in FORWARD lets its own hop run out',
    words: { asked: 'r1 r2 r3 r3:3/13 r3:3/13', same: CLOSED },
    says: {
      end: 'rejected',
      kind: 'reject',
      rule: 3,
      by: { ip: router(3), hop: 3 },
      certainty: 'high',
      after: at(3),
    },
  },
  {
    rule: 3,
    why: 'as ordinary sockets see it',
    words: { asked: 'r1 r2 r3 r3:3/13 r3:3/13', same: CLOSED, isSocket: true },
    says: { kind: 'reject', by: { ip: router(3), hop: 3 }, certainty: 'high' },
  },
  {
    rule: 3,
    why: 'a route that says unreachable answers at its own hop',
    words: { asked: 'r1 r2 r3=3/1 r3=3/1', same: 'r1 r2 r3=3/1 *', other: 'r1 r2 * *' },
    says: {
      end: 'rejected',
      kind: 'route',
      rule: 3,
      by: { ip: router(3), hop: 3 },
      certainty: 'high',
      after: at(2),
      before: at(3),
    },
  },
  {
    rule: 3,
    why: 'a longer way back leaves it at medium',
    words: { asked: 'r1 r2 r3 r5:3/13', same: CLOSED },
    says: { kind: 'reject', by: { ip: router(5), hop: 4 }, certainty: 'medium' },
  },
  {
    rule: 4,
    why: 'a port-unreachable of the target closes a UDP port',
    words: { protocol: 'udp', asked: UDP, same: UDP },
    says: { end: 'reached', kind: undefined, whyId: 'path.closed.udp' },
  },
  {
    rule: 4,
    why: 'another code is a filter on the target',
    words: { protocol: 'udp', asked: 'r1 r2 r3 r4 r5 r6 T:3/13', same: UDP },
    says: {
      end: 'rejected',
      kind: 'reject',
      rule: 4,
      by: { ip: TARGET, hop: 7 },
      certainty: 'high',
    },
  },
  {
    rule: 4,
    why: 'one that comes too early is forged',
    words: { protocol: 'udp', asked: 'r1 r2 r3 x:3/3@3 x:3/3@3', same: UDP },
    says: { end: 'rejected', kind: 'reject', rule: 4, by: { ip: null, hop: 3 }, certainty: 'high' },
  },
  {
    rule: 5,
    why: 'a RST from the target’s hop is its own',
    words: { asked: CLOSED, same: CLOSED, other: UDP },
    says: { end: 'reached', kind: undefined, whyId: 'path.closed.tcp' },
  },
  {
    rule: 5,
    why: 'a RST from before the target is forged',
    words: { asked: 'r1 r2 r3 x:rst@3 x:rst@3', same: CLOSED, other: UDP },
    says: {
      end: 'rejected',
      kind: 'forged-reset',
      rule: 5,
      by: { ip: null, hop: 3 },
      certainty: 'high',
    },
  },
  {
    rule: 5,
    why: 'ordinary sockets see no TTL of a RST, and are less sure',
    words: { asked: 'r1 r2 r3 x:rst@3', same: CLOSED, other: UDP, isSocket: true },
    says: { kind: 'forged-reset', by: { ip: null, hop: 3 }, certainty: 'medium' },
  },
  {
    rule: 5,
    why: 'without a control that went on, nothing says that it is forged',
    words: { asked: 'r1 r2 r3 x:rst@3' },
    says: { end: 'reached', kind: undefined },
  },
  {
    rule: 5,
    why: 'a control that went another way proves nothing for certain',
    words: { asked: 'r1 r2 r3 x:rst@3', same: 'r1 r8 r3 r4 r5 r6 T:rst' },
    says: { kind: 'forged-reset', certainty: 'medium' },
  },
  {
    rule: 6,
    why: 'an open port needs no finding',
    words: { asked: 'r1 r2 r3 r4 r5 r6 T:syn', same: CLOSED },
    says: { end: 'reached', kind: undefined, whyId: 'path.open' },
  },
  {
    rule: 6,
    why: 'the target’s own TTL on an early answer: its TTL was set anew',
    words: { asked: 'r1 r2 x:syn@7 x:syn@7', same: CLOSED },
    says: { end: 'reached', kind: 'ttl-rewrite', rule: 6 },
  },
  {
    rule: 6,
    why: 'a control was answered one hop later only, from as far: it lost a packet',
    words: { asked: 'r1 r2 T:syn', same: 'r1 r2 * x:rst@3' },
    says: { end: 'reached', kind: undefined, whyId: 'path.open' },
  },
  {
    rule: 6,
    why: 'another TTL: a proxy',
    words: { asked: 'r1 r2 r3 x:syn@3', same: CLOSED },
    says: { end: 'reached', kind: 'proxy', rule: 6, by: { ip: null, hop: 3 } },
  },
  {
    rule: 7,
    why: 'a control goes on at the next hop',
    words: { asked: 'r1 r2 r3 * * * * *', same: CLOSED, other: UDP },
    says: {
      end: 'dropped',
      kind: 'drop',
      rule: 7,
      after: at(3),
      before: at(4),
      direction: 'forward',
    },
  },
  {
    rule: 7,
    why: 'a drop before the first hop begins at this machine',
    words: { asked: '* * * * * * * *', same: CLOSED, other: UDP },
    says: { kind: 'drop', rule: 7, after: { ttl: 0, ip: null }, before: at(1) },
  },
  {
    rule: 7,
    why: 'behind another router than the controls’ it is not known where it should have gone',
    words: { asked: 'r1 r2 r8 * * * *', same: CLOSED, other: UDP },
    says: {
      kind: 'drop',
      after: { ttl: 3, ip: router(8) },
      before: { ttl: 4, ip: null },
      certainty: 'low',
    },
  },
  {
    rule: 7,
    why: 'behind a NAT the way of the controls is another one',
    words: { asked: 'r1 r2 x:te@3 x:te@4 * * * *', same: CLOSED },
    says: { kind: 'drop', direction: 'either', certainty: 'low', whyId: 'path.drop.nat' },
  },
  {
    rule: 7,
    why: 'silence from every source port, beside a control of the same protocol, is certain',
    words: { asked: EDGE, same: CLOSED, other: UDP, variants: SEVEN },
    says: { kind: 'drop', rule: 7, after: at(3), before: at(4), certainty: 'high' },
  },
  {
    rule: 7,
    why: 'two rounds are not enough',
    words: { asked: EDGE, same: CLOSED, other: UDP, variants: SEVEN, rounds: 2 },
    says: { rule: 7, certainty: 'medium' },
  },
  {
    rule: 7,
    why: 'nor is a control of another protocol alone',
    words: { asked: EDGE, same: 'r1 r2 r3 * * * *', other: UDP, variants: SEVEN },
    says: { rule: 7, certainty: 'medium' },
  },
  {
    rule: 7,
    why: 'nor are controls that were heard from two routers there',
    words: { asked: EDGE, same: CLOSED, other: 'r1 r2 r3 r8 r5 r6 T:3/3', variants: SEVEN },
    says: { rule: 7, certainty: 'medium' },
  },
  {
    rule: 7,
    why: 'ordinary sockets send every SYN from another port',
    words: { asked: EDGE, same: CLOSED, other: UDP, variants: SEVEN, isSocket: true },
    says: { rule: 7, certainty: 'medium' },
  },
  {
    rule: 12,
    why: 'from other source ports it passes, by another router',
    words: {
      asked: 'r1 r2 r8 * * * *',
      same: CLOSED,
      variants: ['* * r3 r4', '* * r3 r4', '* * * *', '* * * *', '* * * *', '* * * *'],
    },
    says: { end: 'dropped', kind: 'path-variant', rule: 12, after: { ttl: 3, ip: router(8) } },
  },
  {
    rule: 8,
    why: 'hops that answer nobody widen the interval',
    words: {
      asked: 'r1 r2 * * * * *',
      same: 'r1 r2 * r4 r5 r6 T:rst',
      other: 'r1 r2 * r4 r5 r6 T:3/3',
    },
    says: { kind: 'drop', rule: 8, after: at(2), before: at(4) },
  },
  {
    rule: 8,
    why: 'up to the target, whose own firewall may be it',
    words: { asked: 'r1 r2 * * * * *', same: 'r1 r2 * * * * T:rst' },
    says: { kind: 'drop', rule: 8, after: at(2), before: target(7), direction: 'either' },
  },
  {
    rule: 9,
    why: 'right before the target nobody knows who drops what',
    words: { asked: 'r1 r2 r3 r4 r5 r6 *', same: CLOSED, other: UDP },
    says: {
      end: 'dropped',
      kind: 'drop',
      rule: 9,
      after: at(6),
      before: target(7),
      direction: 'either',
      certainty: 'medium',
    },
  },
  {
    rule: 10,
    why: 'no flow passes',
    words: { asked: 'r1 r2 * * * *', same: 'r1 r2 * * * *', other: 'r1 r2 * * * *' },
    says: { end: 'broken', kind: 'route', rule: 10, after: at(2), before: null },
  },
  {
    rule: 10,
    why: 'nothing at all is heard',
    words: { asked: '* * * *', same: '* * * *' },
    says: {
      end: 'broken',
      rule: 10,
      after: { ttl: 0 },
      before: null,
      whyId: 'path.nothing',
      certainty: 'low',
    },
  },
  {
    rule: 10,
    why: 'without controls it is not known',
    words: { asked: 'r1 r2 * * *' },
    says: { end: 'unknown', rule: 10, certainty: 'low', whyId: 'path.silent' },
  },
  {
    rule: 11,
    why: 'the same routers again and again',
    words: { asked: 'r1 r2 r1 r2 r1 r2', same: 'r1 r2 r1 r2 r1 r2' },
    says: { end: 'broken', kind: 'loop', rule: 11, after: at(1), before: at(2), certainty: 'high' },
  },
];

describe.each(ROWS)('rule $rule: $why', ({ words, says }) => {
  it('is found', () => {
    const { end, whyId, finding } = located(words);
    expect({ end, whyId, kind: finding?.kind, ...finding }).toMatchObject(says);
  });
});
