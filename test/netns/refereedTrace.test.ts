/**
 * The kernel as referee of the trace scenes: sweeps of TTLs go through the same scene in memory and in namespaces, and all
 * that comes back must agree: sender, TTL, kind, and every byte of the quote.
 */
import { spawnSync } from 'node:child_process';
import { afterAll, describe, expect, test } from 'vitest';
import type { Family, Protocol } from '../../src/model.ts';
import { formatIp } from '../../src/packet/address.ts';
import { payloadFor } from '../../src/probe/payload.ts';
import { createNetwork } from '../../src/sim/network.ts';
import type { World } from '../../src/sim/world.ts';
import {
  loadTraceScenarios,
  type TraceCase,
  type TraceScenario,
} from '../scenarios/traceScenario.ts';
import { makePacket, type PacketOptions } from '../sim/packets.ts';
import { buildLab } from './lab.ts';
import { removeAll, whyNoNamespaces } from './namespaces.ts';
import { sendInLab, sendInSim } from './referee.ts';

const why =
  whyNoNamespaces() ?? (spawnSync('python3', ['-V']).status === 0 ? null : 'python3 is missing');
if (why !== null) console.log(`trace scenes not refereed: ${why}`);

const scenes = loadTraceScenarios().filter(
  ({ namespaces, world }) => namespaces === true && world.links.every(({ loss }) => loss === 0),
);
const isShared = ({ world }: TraceScenario) =>
  world.routers.some(({ beside }) => beside.length > 0);

/** An answer takes less than a millisecond; a busy machine may need more. */
const SECONDS = 0.25;
/** Most that forty flows take, ms: each is a process of its own, and labs share the machine. */
const SHARED_MS = 180_000;
/** Highest TTL of a sweep: one beyond the farthest target. */
const MAX_TTL = 9;

describe.skipIf(why !== null)('sweeps come back as from the kernel', () => {
  afterAll(removeAll);

  test.each(scenes.filter((one) => !isShared(one)).map((one) => [one.name, one] as const))(
    '%s',
    async (_, scene) => {
      const lab = await buildLab(scene.world);
      try {
        const packets = ([4, 6] as const).flatMap((family) => sweepsOf(scene, family));
        const fromKernel = sendInLab(lab.scanner.name, packets, SECONDS);
        const network = createNetwork(scene.world, 1);
        expect(sendInSim(network, packets, SECONDS * 1000)).toEqual(fromKernel);
      } finally {
        lab.close();
      }
    },
  );

  test.each(scenes.filter(isShared).map((one) => [one.name, one] as const))(
    '%s, where each flow takes one of the ways that the simulator knows',
    { timeout: SHARED_MS },
    async (_, scene) => {
      const world = withoutLimits(scene.world);
      const lab = await buildLab(world);
      try {
        const seen = new Set<string>();
        for (const flow of flowsOf(scene)) {
          const fromKernel = sendInLab(lab.scanner.name, flow, SECONDS);
          const ways = SEEDS.map((seed) => sendInSim(createNetwork(world, seed), flow, 1000));
          expect(ways).toContainEqual(fromKernel);
          seen.add(fromKernel.map((answer) => answer.split(' ')[0]).join());
        }
        // Both ways of both families.
        expect(seen.size).toBe(4);
      } finally {
        lab.close();
      }
    },
  );
});

/** Each seed shares out flows in its own way: none of 16 goes one way only, for one flow in 32,768. */
const SEEDS = Array.from({ length: 16 }, (_, index) => index + 1);
/** Source ports; the kernel sends all one way once in half a million runs. */
const FLOWS = 20;

/** Sweeps of the asked ports from several source ports each, one flow after the other. */
function flowsOf({ world, traces }: TraceScenario): readonly (readonly Uint8Array[])[] {
  return ([4, 6] as const).flatMap((family) =>
    Array.from({ length: FLOWS }, (_, index) =>
      sweep(world, family, traces[0]!, { srcPort: 50_000 + index }),
    ),
  );
}

/** The limits are refereed where flows are no matter of chance. */
function withoutLimits(world: World): World {
  const limiter = { 4: { ratelimitMs: 0, burst: 6 }, 6: { ratelimitMs: 0, burst: 6 } };
  const routers = world.routers.map((router) => ({
    ...router,
    limiter,
    beside: router.beside.map((other) => ({ ...other, limiter })),
  }));
  return { ...world, routers, targets: world.targets.map((host) => ({ ...host, limiter })) };
}

/** A sweep of each asked port, then of echo, of an open TCP port and of a closed UDP port, and one of large packets. */
function sweepsOf({ world, traces }: TraceScenario, family: Family): readonly Uint8Array[] {
  const large = { port: 33_435, protocol: 'udp' as const };
  return [
    ...traces.flatMap((one) => sweep(world, family, one, { srcPort: 50_000 })),
    ...(family === 6 ? traces.flatMap((one) => passagesOf(world, one)) : []),
    ...sweep(world, family, { port: 0, protocol: 'echo' }, {}),
    ...sweep(world, family, { port: 22, protocol: 'tcp' }, { srcPort: 50_001 }),
    ...sweep(world, family, { port: 33_434, protocol: 'udp' }, { srcPort: 50_002 }),
    ...(world.links.every(({ mtu }) => mtu >= 1500)
      ? []
      : sweep(world, family, large, { srcPort: 50_003, payload: new Uint8Array(1350) })),
  ];
}

/** What its stack has to refuse, at all TTLs: behind an option that nobody knows, and as a fragment that is cut. */
function passagesOf(world: World, one: TraceCase): readonly Uint8Array[] {
  if (!one.extras.passage) return [];
  const payload = new Uint8Array(12);
  return [
    ...sweep(world, 6, one, { srcPort: 50_004, extension: 'option' }),
    ...sweep(world, 6, one, { srcPort: 50_005, extension: 'fragment', payload }),
  ];
}

function sweep(
  world: World,
  family: Family,
  { port, protocol }: { readonly port: number; readonly protocol: Protocol | 'echo' },
  rest: Partial<PacketOptions>,
): readonly Uint8Array[] {
  const to = formatIp(world.targets[0]!.address[family].bytes, 0, family);
  const request = new Uint8Array(1500);
  const length = protocol === 'udp' ? payloadFor(port).write(request, 0, 7, 9) : 0;
  const payload = request.slice(0, length);
  return Array.from({ length: MAX_TTL }, (_, index) => {
    const ttl = index + 1;
    // A listener answers a second SYN of one flow differently; the others keep their ports.
    const srcPort = (rest.srcPort ?? 0) + (protocol === 'tcp' ? 100 * ttl : 0);
    return makePacket({ family, to, protocol, port, payload, ttl, ...rest, srcPort });
  });
}
