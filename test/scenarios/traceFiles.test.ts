import { describe, expect, test } from 'vitest';
import { type PathSaid, pathDifferences } from './traceCheck.ts';
import { loadTraceScenarios, parseTraceScenario } from './traceScenario.ts';

const drop = { kind: 'drop', after: 1, before: 2, by: null, certainty: ['high', 'medium'] };
const minimal = {
  title: 't',
  scene: 's',
  world: { routers: [{}, {}] },
  traces: [{ ask: '53/udp', P: { end: 'dropped', finding: drop } }],
  namespaces: true,
};

test('every trace scene is well formed', () => {
  const scenes = loadTraceScenarios();
  expect(scenes.length).toBeGreaterThan(5);
  for (const { title, scene } of scenes) expect([title, scene]).not.toContain('');
});

test('the error queue is expected to tell what packets tell, unless the file says otherwise', () => {
  const { traces } = parseTraceScenario(minimal, 'x');
  expect(traces[0]).toMatchObject({ port: 53, protocol: 'udp' });
  expect(traces[0]!.expect.E).toEqual(traces[0]!.expect.P);
});

test.each([
  [{ ...minimal, titel: 'x' }, /trace\/x\.json: titel: unknown key "titel"/],
  [{ ...minimal, traces: [] }, /trace\/x\.json: traces: \[\]: at least one/],
  [
    { ...minimal, traces: [{ ...minimal.traces[0], ask: ['53/udp', '53'] }] },
    /trace\/x\.json: traces\[0\]\.ask\[1\]: "53": a port/,
  ],
  [
    { ...minimal, traces: [{ ask: '53/udp', P: { end: 'lost', finding: null } }] },
    /trace\/x\.json: traces\[0\]\.P\.end: "lost": one of reached, rejected/,
  ],
])('a mistake is one line that names the place: %#', (json, message) => {
  expect(() => parseTraceScenario(json, 'x')).toThrow(message);
});

describe('a path is compared', () => {
  const { traces, world } = parseTraceScenario(minimal, 'x');
  const expected = traces[0]!.expect.P;
  const said: PathSaid = {
    end: 'dropped',
    finding: {
      kind: 'drop',
      after: { ttl: 1, ip: '10.90.0.2' },
      before: { ttl: 2, ip: null },
      direction: 'forward',
      by: null,
      rule: 7,
      certainty: 'high',
    },
  };
  const differences = (changed: object, end = 'dropped') =>
    pathDifferences(expected, { end, finding: { ...said.finding!, ...changed } }, world, 4);

  test('what is as written makes no line', () => {
    expect(pathDifferences(expected, said, world, 4)).toEqual([]);
    expect(differences({ rule: 8 })).toEqual([]);
  });

  test('what differs is a line', () => {
    expect(differences({ kind: 'reject' }, 'rejected')).toEqual([
      'end rejected, not dropped',
      'kind reject, not drop',
    ]);
    expect(differences({ after: null })).toEqual(['after null, not 1']);
    expect(differences({ by: { ip: '10.90.0.2', hop: 1 } })).toEqual(['by hop 1, not null']);
    expect(differences({ certainty: 'low' })).toEqual(['certainty low, not high,medium']);
    expect(differences({ after: { ttl: 1, ip: '10.90.1.2' } })).toEqual([
      'address at hop 1 10.90.1.2, not 10.90.0.2',
    ]);
    expect(pathDifferences(expected, { end: 'dropped', finding: null }, world, 4)).toEqual([
      'finding null, not drop',
    ]);
  });
});
