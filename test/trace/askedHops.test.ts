/** What follows from SYNs to routers, over traces in words (paths.ts). */
import { describe, expect, it } from 'vitest';
import type { HopAnswer, Ip, Path } from '../../src/model.ts';
import { buildPath } from '../../src/report/path.ts';
import { canBeAsked, learnedHops, refineByHops } from '../../src/trace/askedHops.ts';
import { locate } from '../../src/trace/locate.ts';
import { toTraced } from '../../src/trace/toPath.ts';
import { factsOf, type PathWords, router, TARGET } from './paths.ts';

const CLOSED = 'r1 r2 r3 r4 r5 r6 T:rst T:rst';
/** It comes to the last router, and no answer comes back. */
const LAST: PathWords = { asked: 'r1 r2 r3 r4 r5 r6 * *', same: CLOSED };
/** It is dropped behind router 3. */
const EDGE: PathWords = { asked: 'r1 r2 r3 * * * * *', same: CLOSED };

function pathOf(words: PathWords): Path {
  const facts = factsOf(words);
  const plan = { targets: { ip: () => TARGET, name: () => null } } as unknown as Parameters<
    typeof buildPath
  >[0]['plan'];
  const protocol = words.protocol ?? 'tcp';
  const of = { plan, target: 0, protocol, port: 443, wire: 'packet' } as const;
  return buildPath(of, toTraced(facts, locate(facts)), () => null);
}

/** `+` answers both ports, `c` the control port alone, `p` the asked one alone, `.` neither, `?` unclear, ` ` was not asked. */
const ANSWERS: Readonly<Record<string, readonly [HopAnswer, HopAnswer]>> = {
  '+': ['answered', 'answered'],
  c: ['silent', 'answered'],
  p: ['answered', 'silent'],
  '.': ['silent', 'silent'],
  '?': ['unclear', 'answered'],
};

function refine(words: PathWords, answers: string) {
  const hops = [...answers].flatMap((letter, index) => {
    const said = ANSWERS[letter];
    const place = { ttl: index + 1, ip: router(index + 1) };
    return said === undefined ? [] : [{ ...place, port: said[0], control: said[1] }];
  });
  return refineByHops(pathOf(words), { control: 40_000, hops });
}

const at = (ttl: number) => ({ ttl, ip: router(ttl) });

describe('an answer that is lost on its way back', () => {
  it.each([
    ['+++ccc', at(4), at(3), 'medium'],
    ['++++cc', at(5), at(4), 'medium'],
    ['+++++c', at(6), at(5), 'low'],
    ['cccccc', at(1), { ttl: 0, ip: null }, 'low'],
    ['+++..c', at(6), at(3), 'low'],
    ['+++?cc', at(5), at(3), 'medium'],
    ['+ +c c', at(4), at(3), 'medium'],
    ['+c+ccc', at(4), at(3), 'low'],
  ] as const)('routers %s: between %o and %o, %s', (answers, after, before, certainty) => {
    expect(refine(LAST, answers)).toMatchObject({
      whyId: 'path.return-drop',
      finding: { kind: 'return-drop', direction: 'return', after, before, certainty, rule: 9 },
    });
  });

  it.each(['++++++', '+++', '+c++++', '.....+'])(
    'routers %s: none; the finding stays, and a rule for the port alone is no reason',
    (answers) => {
      const { finding } = pathOf(LAST);
      const refined = refine(LAST, answers);
      expect(refined).toMatchObject({ whyId: 'path.drop.answers-pass' });
      expect(refined!.finding).toMatchObject({
        kind: 'drop',
        direction: 'either',
        after: finding!.after,
        certainty: finding!.certainty,
      });
      expect(refined!.whyArgs['heardHop']).toBe(answers.lastIndexOf('+') + 1);
    },
  );
});

describe('a rule on the way out', () => {
  it.each([
    ['+++ccc', 'port'],
    ['c++ccc', 'port'],
    ['++++++', 'destination'],
    ['+++c++', 'destination'],
    ['+++  +', 'destination'],
  ])('routers %s: it names the %s; where it stands is as certain as before', (answers, scope) => {
    const { certainty, after, before } = pathOf(EDGE).finding!;
    expect(refine(EDGE, answers)).toMatchObject({
      whyId: `path.drop.${scope}`,
      finding: { kind: 'drop', direction: 'forward', scope, certainty, after, before },
    });
  });

  it.each(['+++', '++++++'.slice(0, 3), '+++...'])('nobody beyond speaks (%s)', (answers) => {
    expect(refine(EDGE, answers)).toBeNull();
  });
});

it.each(['......', 'pppppp', '??????', ''])('routers %s say nothing', (answers) => {
  expect(refine(LAST, answers)).toBeNull();
});

it('no silence is certain: routers that filter the port for themselves look the same', () => {
  const letters = ['+', 'c', '?', '.'];
  for (let number = 0; number < letters.length ** 6; number++) {
    const answers = Array.from({ length: 6 }, (_, i) => letters[(number >> (2 * i)) & 3]!).join('');
    const refined = refine(LAST, answers);
    expect(['medium', 'low', undefined]).toContain(refined?.finding.certainty);
  }
});

describe('who is asked', () => {
  const all = [1, 2, 3, 4, 5, 6].map(at);

  it('the routers that any flow was answered by, and not the target', () => {
    expect(learnedHops(pathOf(LAST))).toEqual(all);
    expect(learnedHops(pathOf(EDGE))).toEqual(all);
  });

  it('not where two routers stand at one hop: one of them may be on another way', () => {
    const shared = { ...LAST, other: 'r1 r2 r9 r4 r5 r6 T:3/3 T:3/3' };
    expect(learnedHops(pathOf(shared)).map(({ ttl }) => ttl)).toEqual([1, 2, 4, 5, 6]);
  });

  it.each([
    ['of UDP', { protocol: 'udp', asked: 'r1 r2 r3 * *', same: 'r1 r2 r3 r4 T:3/3' }],
    ['where the port answers', { asked: CLOSED, same: CLOSED }],
    ['where somebody rejects it', { asked: 'r1 r2 r3 r3:3/13 r3:3/13', same: CLOSED }],
    ['where nothing passes', { asked: 'r1 r2 * * *', same: 'r1 r2 * * *' }],
    ['behind a NAT', { asked: 'r1 r2 x:te@3 x:te@4 * *', same: CLOSED }],
  ] as const)('nobody %s', (_, words) => {
    expect(learnedHops(pathOf(words))).toEqual([]);
  });

  it.each([
    ['10.0.0.1', true],
    ['fd00::1', true],
    ['fe80::1', false],
    ['127.0.0.1', false],
    ['255.255.255.255', false],
    ['224.0.0.1', false],
    ['0.0.0.0', false],
    ['::1', false],
    ['ff02::1', false],
    ['169.254.0.1', false],
    ['no address', false],
  ])('%s: %s', (ip, isAsked) => {
    expect(canBeAsked({ ttl: 1, ip: ip as Ip })).toBe(isAsked);
  });
});
