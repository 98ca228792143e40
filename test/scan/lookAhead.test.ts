import { expect, it } from 'vitest';
import { createSignalBatch, SIGNAL } from '../../src/batch.ts';
import { createPlan } from '../../src/plan/plan.ts';
import { createRowLoop, LOOK_AHEAD } from '../../src/scan/lookAhead.ts';
import { createProbeState } from '../../src/scan/probeState.ts';

it.each([0, 1, LOOK_AHEAD, 2 * LOOK_AHEAD + 5])(
  'takes each of %i rows once, in order',
  async (count) => {
    const plan = await createPlan(
      { targets: ['10.2.0.5'], ports: '80', tcp: true, udp: false },
      { resolve: async () => [], interfaces: [], seed: [1, 2] },
    );
    const signals = createSignalBatch(512);
    signals.count = count;
    signals.kind.fill(SIGNAL.PACKET);
    signals.length.fill(40);
    signals.bytes.set([0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 10, 2, 0, 5, 10, 2, 0, 1, 0, 80]);
    const rows: number[] = [];
    createRowLoop({ plan, probes: createProbeState(plan.space.count) })(signals, (row) =>
      rows.push(row),
    );
    expect(rows).toEqual(Array.from({ length: count }, (_, row) => row));
  },
);
