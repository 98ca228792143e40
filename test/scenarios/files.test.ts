import { expect, test } from 'vitest';
import { loadScenarios, parseScenario } from './scenario.ts';

const minimal = {
  title: 't',
  truth: 'TCP: listener',
  world: {},
  command: 'scan TARGET -p 22',
  expect: {
    P: [{ port: 22, protocol: 'tcp', state: 'closed' }],
    E: [{ port: '22-23', protocol: 'tcp', state: ['closed', 'filtered'], reason: { 4: 'reset' } }],
    C: [{ port: 22, protocol: 'tcp', state: 'closed|filtered', by: null }],
  },
  namespaces: true,
};

test('every scenario file is well formed and says something about every wire', () => {
  const scenarios = loadScenarios();
  expect(scenarios.length).toBeGreaterThan(40);
  for (const scenario of scenarios) expect(scenario.title).not.toBe('');
});

test('a range of ports stands for one row each, a list of states for a choice', () => {
  const scenario = parseScenario(minimal, 'x');
  expect(scenario.expect.E.map((row) => [row.port, row.states])).toEqual([
    [22, ['closed', 'filtered']],
    [23, ['closed', 'filtered']],
  ]);
  expect(scenario.expect.E[0]!.reasons).toEqual({ 4: ['reset'], 6: undefined });
  expect(scenario.expect.C[0]!.by).toBeNull();
  expect(scenario.expect.P[0]!.by).toBeUndefined();
});

test('a text in place of a column is a wire that cannot be had', () => {
  const scenario = parseScenario({ ...minimal, expect: { ...minimal.expect, E: 'no files' } }, 'x');
  expect(scenario.unavailable).toEqual({ E: 'no files' });
  expect(scenario.expect.E).toEqual([]);
});

test.each([
  [{ ...minimal, titel: 'x' }, /x\.json: titel: unknown key "titel"/],
  [{ ...minimal, command: 'scan 10.0.0.1 -p 22' }, /x\.json: command: "scan 10\.0\.0\.1 -p 22"/],
  [{ ...minimal, expect: { ...minimal.expect, P: [] } }, /x\.json: expect\.P: \[\]: at least one/],
  [{ ...minimal, world: { router: [] } }, /x\.json: world\.router: unknown key "router"/],
  [
    {
      ...minimal,
      expect: { ...minimal.expect, P: [{ port: 22, protocol: 'tcp', state: 'shut' }] },
    },
    /x\.json: expect\.P\[0\]\.state: "shut": one of open, closed/,
  ],
  [
    {
      ...minimal,
      expect: { ...minimal.expect, P: [{ port: 22, protocol: 'tcp', state: 'open', reasn: 'x' }] },
    },
    /x\.json: expect\.P\[0\]\.reasn: unknown key "reasn"/,
  ],
])('a mistake is one line that names the place: %#', (json, message) => {
  expect(() => parseScenario(json, 'x')).toThrow(message);
});
