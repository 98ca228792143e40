import { describe, expect, it } from 'vitest';
import {
  type AlikePorts,
  COLLAPSE_HOSTS_OVER,
  keyOfAlike,
  summarize,
} from '../../src/report/summary.ts';
import { parseWorld } from '../../src/sim/world.ts';
import { loadScenarios, type Scenario, WIRES } from '../scenarios/scenario.ts';
import { runInSimulator } from '../scenarios/simRun.ts';
import { report } from './sample.ts';

describe('the summary of a run', () => {
  it.each(WIRES)('groups by columns as the report groups by verdicts, %s', async (column) => {
    for (const scenario of loadScenarios()) {
      if (scenario.unavailable?.[column] !== undefined) continue;
      const run = await runInSimulator(scenario, column, 4, 7);
      const expected = summarize(report(run.verdicts)).groups;
      const plain = (groups: readonly AlikePorts[]) =>
        groups
          .map(({ first, ports, hosts, listed }) => ({
            state: first.state,
            whyId: first.whyId,
            by: first.by,
            ports: [...ports].sort((a, b) => a - b),
            hosts,
            listed: listed?.length ?? null,
          }))
          .sort((a, b) => a.ports[0]! - b.ports[0]! || a.whyId.localeCompare(b.whyId));
      expect(plain(run.groups), scenario.name).toEqual(plain(expected));
      expect(plain(run.hostGroups), scenario.name).toEqual(plain(expected));
    }
  });
});

const manyHosts = (name: string, command: string, world: object): Scenario => ({
  name,
  title: 'many hosts of each kind',
  truth: 'of each port the same, whoever it is told with',
  command: ['scan', ...command.split(' ')],
  world: parseWorld(world, name),
  expect: { P: [], E: [], C: [] },
  namespaces: 'too many hosts',
});

/** Four networks behind a router. */
const ROUTED = manyHosts('routed', '10.90.1.0/24 -p T:22,80,443,U:53,123,161 --retries 1', {
  routers: [
    {
      rules: [
        { hook: 'forward', protocol: 'tcp', dport: 443, verdict: 'reject', with: 'tcp-reset' },
        {
          hook: 'forward',
          protocol: 'udp',
          dport: 161,
          verdict: 'reject',
          with: 'admin-prohibited',
        },
      ],
    },
  ],
  targets: [
    { v4: '10.90.1.0/26', tcp: { 22: 'accept' }, udp: { 53: 'dns' } },
    {
      v4: '10.90.1.64/26',
      tcp: { 80: 'silent' },
      udp: { 123: { kind: 'echo', from: 'other-port' } },
    },
    { v4: '10.90.1.128/26', present: 0.5 },
    { v4: '10.90.1.192/26', tcp: { 22: 'silent', 80: 'silent' }, udp: { 53: 'silent' } },
  ],
  links: [{}, { loss: 0.05 }],
});

/**
 * On our own link, where columns alone do not tell: who is silent and there, and who is not there; and of whose silence
 * the limiter of its ICMP errors may be the cause.
 */
const ON_LINK = manyHosts('onLink', '10.90.0.0/24 -p T:22,U:1-8 --retries 1 --no-control', {
  targets: [
    { v4: '10.90.0.64/26', tcp: { 22: 'silent' }, udp: { '1-8': 'silent' } },
    {
      v4: '10.90.0.128/26',
      tcp: { 22: 'silent' },
      udp: { '7-8': 'silent' },
      limiter: { ratelimitMs: 0 },
    },
  ],
});

describe('the summary of many hosts', () => {
  it.each(WIRES.flatMap((column) => [ROUTED, ON_LINK].map((scene) => ({ column, scene }))))(
    'tells of every port what its own verdict says, $column $scene.name',
    async ({ column, scene }) => {
      for (const seed of [1, 2, 3]) {
        const { verdicts, hostGroups } = await runInSimulator(scene, column, 4, seed);
        const told = hostGroups.flatMap(({ first, ports, hosts }) =>
          hosts.flatMap(({ target }) =>
            ports.map(
              (port) => [`${target} ${port}/${first.protocol}`, keyOfAlike(first)] as const,
            ),
          ),
        );
        const own = verdicts.map((each) => [
          `${each.target} ${each.port}/${each.protocol}`,
          keyOfAlike(each),
        ]);
        expect(told.length).toBe(own.length);
        expect(Object.fromEntries(told)).toEqual(Object.fromEntries(own));
        expect(hostGroups).toEqual(summarize(report(verdicts)).groups);
        expect(hostGroups.some(({ hosts }) => hosts.length > COLLAPSE_HOSTS_OVER)).toBe(true);
      }
    },
  );
});
