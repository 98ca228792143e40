import fc from 'fast-check';
import { expect, it } from 'vitest';
import { glanceAt } from '../../src/match/glance.ts';
import { parseIp } from '../../src/packet/address.ts';
import { createPlan } from '../../src/plan/plan.ts';

const TARGETS = ['10.2.0.5', 'fd02::5'] as const;
const plan = await createPlan(
  { targets: TARGETS, ports: '22,80-90', tcp: true, udp: true },
  { resolve: async () => [], interfaces: [], seed: [1, 2] },
);

/** A segment from a port of an address, behind three bytes of something else. */
function segment(from: string, port: number, protocol = 6): Uint8Array {
  const { family, bytes } = parseIp(from)!;
  const headerBytes = family === 4 ? 20 : 40;
  const out = new Uint8Array(3 + headerBytes + 20);
  out[3] = family === 4 ? 0x45 : 0x60;
  out[3 + (family === 4 ? 9 : 6)] = protocol;
  out.set(bytes.subarray(0, family === 4 ? 4 : 16), 3 + (family === 4 ? 12 : 8));
  out.set([port >> 8, port & 0xff], 3 + headerBytes);
  return out;
}

it.each(TARGETS)('a segment of %s names its probe', (target) => {
  const index = TARGETS.indexOf(target);
  for (const port of [22, 80, 90]) {
    const bytes = segment(target, port);
    expect(glanceAt(plan, bytes, 3, bytes.length)).toBe(plan.space.indexOf(index, 6, port));
  }
});

it.each([
  ['a port that is not asked', segment('10.2.0.5', 23)],
  ['another address', segment('10.2.0.6', 80)],
  ['another address, IPv6', segment('fd02::6', 80)],
  ['a datagram', segment('10.2.0.5', 80, 17)],
  ['an IPv4 header with options', segment('10.2.0.5', 80).fill(0x46, 3, 4)],
  ['a segment that is cut', segment('fd02::5', 80).subarray(0, 3 + 41)],
])('%s names none', (_, bytes) => {
  expect(glanceAt(plan, bytes, 3, bytes.length)).toBe(-1);
});

it('of random bytes it names a probe that exists, or none', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(90), (bytes, at) => {
      const probe = glanceAt(plan, bytes, at, bytes.length);
      expect(probe).toBeGreaterThanOrEqual(-1);
      expect(probe).toBeLessThan(plan.space.count);
    }),
    { numRuns: 20_000, seed: 1 },
  );
});
