import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { PlanGroup } from '../../src/model.ts';
import { createSpace } from '../../src/plan/space.ts';

/** Ports anywhere, and such as follow one another: their numbers are arithmetic. */
const portList = fc.oneof(
  fc.uniqueArray(fc.integer({ min: 1, max: 65_535 }), { maxLength: 30 }),
  fc
    .tuple(fc.integer({ min: 1, max: 65_500 }), fc.integer({ min: 1, max: 30 }))
    .map(([first, length]) => Array.from({ length }, (_, index) => first + index)),
);
/** What is not asked, next to what is. */
function beside(ports: readonly number[]): readonly number[] {
  const isFree = (port: number): boolean => port > 0 && !ports.includes(port);
  return ports.flatMap((port) => [port - 1, port + 1]).filter(isFree);
}

const groupList = fc
  .array(
    fc.record({
      targetCount: fc.integer({ min: 1, max: 9 }),
      tcpPorts: portList,
      udpPorts: portList,
      echo: fc.boolean(),
    }),
    {
      maxLength: 6,
    },
  )
  .map((parts) => {
    let firstTarget = 0;
    return parts.map((part): PlanGroup => {
      const group = { ...part, firstTarget };
      firstTarget += part.targetCount;
      return group;
    });
  });

const protocolOfEcho = (family: number): number => (family === 6 ? 58 : 1);

it('numbers every asked port once and leads back from the number', () => {
  fc.assert(
    fc.property(groupList, (groups) => {
      const families = Uint8Array.from({ length: 54 }, (_, target) => 4 + 2 * (target % 2));
      const space = createSpace(groups, families);
      let count = 0;
      for (const { firstTarget, targetCount, tcpPorts, udpPorts, echo } of groups) {
        for (let target = firstTarget; target < firstTarget + targetCount; target++) {
          for (const [protocol, ports] of [
            [17, udpPorts],
            [6, tcpPorts],
            [protocolOfEcho(families[target]!), echo ? [0] : []],
          ] as const) {
            const probesBeside = beside(ports).map((port) => space.indexOf(target, protocol, port));
            expect(new Set([-1, ...probesBeside])).toEqual(new Set([-1]));
            const end = count + ports.length;
            for (const port of ports) {
              const probe = space.indexOf(target, protocol, port);
              expect(space.endOf(probe)).toBe(end);
              expect(probe).toBe(count++);
              expect(space.targetOf(probe)).toBe(target);
              expect(space.protocolOf(probe)).toBe(protocol);
              expect(space.portOf(probe)).toBe(port);
            }
          }
        }
      }
      expect(space.count).toBe(count);
    }),
  );
});

it('knows what was not asked', () => {
  const many = Array.from({ length: 40 }, (_, index) => index + 1);
  const space = createSpace([
    { firstTarget: 0, targetCount: 2, tcpPorts: [80], udpPorts: [53, 80] },
    { firstTarget: 2, targetCount: 1, tcpPorts: many, udpPorts: [] },
  ]);
  expect(space.indexOf(0, 1, 0)).toBe(-1);
  expect(space.indexOf(0, 6, 53)).toBe(-1);
  expect(space.indexOf(3, 17, 53)).toBe(-1);
  expect(space.indexOf(-1, 17, 53)).toBe(-1);
  expect(space.indexOf(0, 1, 53)).toBe(-1);
  expect(space.indexOf(2, 17, 1)).toBe(-1);
  expect(space.indexOf(2, 6, 41)).toBe(-1);
  expect(space.indexOf(2, 6, 40)).toBe(space.count - 1);
  expect(createSpace([]).indexOf(0, 6, 80)).toBe(-1);
});

it('holds every UDP port of one target and many targets without a table of their number', () => {
  const all = Array.from({ length: 65_535 }, (_, index) => index + 1);
  const space = createSpace([{ firstTarget: 0, targetCount: 4096, tcpPorts: all, udpPorts: all }]);
  expect(space.count).toBe(4096 * 131_070);
  const probe = space.indexOf(4095, 6, 65_535);
  expect([probe, space.targetOf(probe), space.portOf(probe), space.protocolOf(probe)]).toEqual([
    space.count - 1,
    4095,
    65_535,
    6,
  ]);
});
