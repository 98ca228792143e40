/**
 * The kernel as referee of the simulator: the same packets go through the same scene in memory and in namespaces, and the
 * answers must agree in sender, TTL, kind, quoted TTL and what they are about.
 */
import { spawnSync } from 'node:child_process';
import { afterAll, describe, expect, test } from 'vitest';
import { createProbeBatch, PROTO_TCP, PROTO_UDP } from '../../src/batch.ts';
import type { Family, TargetTable } from '../../src/model.ts';
import { formatIp, parseIp } from '../../src/packet/address.ts';
import { createIpView, readIp } from '../../src/packet/ip.ts';
import { writeProbePacket } from '../../src/probe/frame.ts';
import { payloadFor } from '../../src/probe/payload.ts';
import { createNetwork } from '../../src/sim/network.ts';
import { loadScenarios, type Scenario } from '../scenarios/scenario.ts';
import { buildLab } from './lab.ts';
import { removeAll, whyNoNamespaces } from './namespaces.ts';
import { sendInLab, sendInSim } from './referee.ts';

const why =
  whyNoNamespaces() ?? (spawnSync('python3', ['-V']).status === 0 ? null : 'python3 is missing');
if (why !== null) console.log(`not refereed: ${why}`);

/** Own-side scenes never let a packet out; the wires' tests referee them. */
const scenarios = loadScenarios().filter(
  ({ name, namespaces, world }) =>
    namespaces === true && !name.startsWith('own') && world.links.every(({ loss }) => loss === 0),
);

/** An unanswered neighbour is told after 3.05 s, all else at once. */
const SLOW = new Set(['hostBehindRouterAbsent']);

describe.skipIf(why !== null)('the simulator answers as the kernel does', () => {
  afterAll(removeAll);
  test.each(scenarios.map((one) => [one.name, one] as const))('%s', async (_, scenario) => {
    const lab = await buildLab(scenario.world);
    try {
      const packets = ([4, 6] as const).flatMap((family) => probesOf(scenario, family));
      const seconds = SLOW.has(scenario.name) ? 3.6 : 0.15;
      const fromKernel = sendInLab(lab.scanner.name, packets, seconds);
      expect(sendInSim(createNetwork(scenario.world, 1), packets, seconds * 1000)).toEqual(
        fromKernel,
      );
    } finally {
      lab.close();
    }
  });
});

/** One probe for each port of the scenario, and a sweep of small TTLs for the first one. */
function probesOf(scenario: Scenario, family: Family): readonly Uint8Array[] {
  const { world } = scenario;
  const bytes = world.targets[0]!.address[family].bytes;
  const targets: TargetTable = {
    count: 1,
    bytes,
    families: Uint8Array.of(family),
    scopeIds: new Uint32Array(1),
    ip: () => formatIp(bytes, 0, family),
    name: () => null,
    indexOf: () => 0,
  };
  const context = {
    targets,
    source4: world.scanner.address[4].bytes,
    source6: world.scanner.address[6].bytes,
    srcPort: 61_234,
    keyHi: 1,
    keyLo: 2,
  };
  const rows = scenario.expect.P;
  const sweep = [1, 2, 3].map((ttl) => ({ ...rows[0]!, ttl }));
  return [...rows.map((row) => ({ ...row, ttl: 64 })), ...sweep].map((row, index) => {
    const batch = createProbeBatch(1);
    batch.probe[0] = index;
    batch.attempt[0] = 1;
    batch.protocol[0] = row.protocol === 'tcp' ? PROTO_TCP : PROTO_UDP;
    batch.port[0] = row.port;
    batch.ttl[0] = row.ttl;
    if (row.protocol === 'udp') batch.length[0] = payloadFor(row.port).write(batch.bytes, 0, 7, 9);
    const out = new Uint8Array(2048);
    return out.slice(0, writeProbePacket(batch, 0, context, out, 0));
  });
}

test('the probes of a scenario go to its target', () => {
  const packets = probesOf(scenarios[0]!, 4);
  const ip = createIpView();
  expect(readIp(packets[0]!, 0, packets[0]!.length, ip)).toBe(true);
  const target = parseIp('10.90.1.10')!.bytes.subarray(0, 4);
  expect([...packets[0]!.subarray(16, 20)]).toEqual([...target]);
});
