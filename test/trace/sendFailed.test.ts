/** A probe that does not leave is booked on its own flow: other source ports share protocol and port with the asked one. */
import { expect, it } from 'vitest';
import { createSignalBatch, PROTO_TCP, SIGNAL } from '../../src/batch.ts';
import { createPlan } from '../../src/plan/plan.ts';
import { createTraceroute } from '../../src/trace/traceroute.ts';
import { CAN } from '../../src/wire/can.ts';

/** A trace whose first row of this lane failed to leave. */
async function traceWithFailure(lane: number) {
  const plan = await createPlan(
    { targets: ['10.0.0.5'], ports: '443' },
    { resolve: async () => [], interfaces: [], seed: [7, 9] },
  );
  const engine = createTraceroute({
    plan,
    run: 3,
    target: 0,
    protocol: PROTO_TCP,
    port: 443,
    can: { ...CAN.packet, lanes: 8 },
    srcPort: 50_000,
    ownAddresses: new Set(),
    maxHops: 8,
  });
  engine.advance(0);
  const signals = createSignalBatch(1, 64);
  signals.count = 1;
  signals.kind[0] = SIGNAL.SEND_FAILED;
  signals.protocol[0] = PROTO_TCP;
  signals.dstPort[0] = 443;
  signals.errno[0] = 1;
  // Run 3, and TTL 1 of the flow: the variants follow the asked flow and its two controls.
  signals.probe[0] = (3 << 24) | ((lane === 0 ? 0 : 2 + lane) << 8) | 1;
  engine.receive(signals, 0);
  return engine.result();
}

it('of the asked flow', async () => {
  const { flows, variants } = await traceWithFailure(0);
  expect(flows.map(({ sendErrno }) => sendErrno)).toEqual([1, 0, 0]);
  expect(variants.every(({ sendErrno }) => sendErrno === 0)).toBe(true);
});

it('of another source port', async () => {
  const { flows, variants } = await traceWithFailure(2);
  expect(flows.map(({ sendErrno }) => sendErrno)).toEqual([0, 0, 0]);
  expect(variants.map(({ sendErrno }) => sendErrno)).toEqual([0, 1, 0, 0, 0, 0, 0]);
});
