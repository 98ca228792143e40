/** One look-up for each range of targets that are reached alike, and a new one where routes have changed. */
import { describe, expect, it } from 'vitest';
import { createTargetTable } from '../../src/plan/targetTable.ts';
import type { NativeAddon, NativeOwnSide } from '../../src/wire/native.ts';
import { createNeighbours } from '../../src/wire/neighbours.ts';
import type { PacketSender } from '../../src/wire/packetSender.ts';
import { createWays } from '../../src/wire/ways.ts';

const NOTHING = new Uint8Array(0);
const MAC = Uint8Array.of(2, 0, 0, 0, 0, 1);
const sender: PacketSender = {
  arena: NOTHING,
  room: () => -1,
  add: () => 0,
  flush: () => undefined,
};

interface Kernel {
  /** First addresses of ranges behind a gateway each, as 32 bits; those before the first are on the link. */
  edges: readonly number[] | null;
  changes: number;
  /** Addresses that were looked up. */
  readonly asked: number[];
}

/** Ways to `count` neighbouring addresses from 10.0.0.0 on, over a kernel with these edges. */
function waysOver(kernel: Kernel, count: number, scopeId = 0) {
  const native = {
    routeChanges: () => kernel.changes,
    routeEdges() {
      if (kernel.edges === null) return null;
      const view = new DataView(new ArrayBuffer(16 * (kernel.edges.length + 1)));
      for (const [i, edge] of kernel.edges.entries()) view.setUint32(16 * (i + 1), edge);
      return new Uint8Array(view.buffer);
    },
    ownSide(_: number, bytes: Uint8Array): NativeOwnSide {
      const address = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
      kernel.asked.push(address);
      const behind = (kernel.edges ?? []).filter((edge) => edge <= address).length;
      const gateway = Uint8Array.of(10, 9, 9, behind, ...new Uint8Array(12));
      return {
        ...{
          errno: 0,
          type: 1,
          index: 7,
          name: 'left',
          flags: 0x43,
          neighbour: 2,
          hasSource: true,
        },
        ...{ linkType: 1, mtu: 1500, gateway, gatewayFamily: behind === 0 ? 0 : 4 },
        ...{ source: new Uint8Array(16), linkAddress: MAC, neighbourAddress: MAC },
      };
    },
  } as unknown as NativeAddon;
  const span = {
    family: 4 as const,
    scopeId,
    high: 0n,
    first: 0x0a00_0000,
    last: 0x0a00_0000 + count - 1,
    order: 0,
    ports: { tcp: [80], udp: [] },
  };
  const targets = createTargetTable([span], new Map(), []);
  return createWays({
    ...{ native, targets, interfaceIndex: 0, sources: [] },
    neighbours: createNeighbours(sender, () => undefined),
    frame: { targets, srcPort: 50_000, keyHi: 1, keyLo: 2 },
  });
}

const BASE = 0x0a00_0000;
const gatewayOf = ({ found }: ReturnType<ReturnType<typeof waysOver>['to']>): number | null =>
  found.gatewayFamily === 0 ? null : found.gateway[3]!;

describe('ways', () => {
  it('of one range are one, looked up once', () => {
    const kernel: Kernel = { edges: [BASE + 40, BASE + 90], changes: 0, asked: [] };
    const ways = waysOver(kernel, 128);
    for (let target = 40; target < 128; target++) {
      expect(gatewayOf(ways.to(target))).toBe(target < 90 ? 1 : 2);
    }
    expect(ways.to(89)).toBe(ways.to(40));
    expect(kernel.asked).toEqual([BASE + 40, BASE + 90]);
  });

  it('on the link are looked up one by one: each target is its own neighbour', () => {
    const kernel: Kernel = { edges: [BASE + 40], changes: 0, asked: [] };
    const ways = waysOver(kernel, 128);
    const met = Array.from({ length: 40 }, (_, target) => ways.to(target).neighbour!);
    expect(met.map(({ address }) => address[3])).toEqual(met.map((_, target) => target));
    expect(kernel.asked).toHaveLength(40);
  });

  it.each([
    ['few targets', { edges: [BASE], changes: 0 }, 16, 0],
    ['edges that cannot be told', { edges: null, changes: 0 }, 128, 0],
    ['changes that cannot be known', { edges: [BASE], changes: -1 }, 128, 0],
    ['targets with a zone', { edges: [BASE], changes: 0 }, 128, 3],
  ])('%s: each is looked up by itself, once', (_, given, count, scopeId) => {
    const kernel: Kernel = { ...given, asked: [] };
    const ways = waysOver(kernel, count, scopeId);
    for (let i = 0; i < 2 * count; i++) ways.to(i % count);
    expect(kernel.asked).toHaveLength(count);
  });

  it('are looked up anew for targets that were not asked yet, once routes have changed', () => {
    const kernel: Kernel = { edges: [BASE], changes: 0, asked: [] };
    const ways = waysOver(kernel, 128);
    const before = ways.to(70);
    kernel.edges = [BASE, BASE + 64];
    ways.renew();
    expect(ways.to(71)).toBe(before);
    kernel.changes += 1;
    ways.renew();
    expect(gatewayOf(ways.to(72))).toBe(2);
    expect(ways.to(70)).toBe(before);
    expect(kernel.asked).toEqual([BASE + 70, BASE + 72]);
  });

  it('are looked up one by one where routes do not come to rest', () => {
    const kernel: Kernel = { edges: [BASE], changes: 0, asked: [] };
    const ways = waysOver(kernel, 256);
    for (; kernel.changes < 101; kernel.changes++) {
      ways.renew();
      ways.to(kernel.changes);
    }
    ways.renew();
    for (let target = 128; target < 256; target++) ways.to(target);
    expect(kernel.asked).toHaveLength(101 + 128);
  });
});
