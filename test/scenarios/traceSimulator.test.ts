import { describe, expect, it } from 'vitest';
import { pathDifferences } from './traceCheck.ts';
import { type ExpectedPath, familiesOf, loadTraceScenarios, TRACE_VIEWS } from './traceScenario.ts';
import { traceInSimulator } from './traceSimRun.ts';

/** Runs of each trace: tokens, source ports and losses differ. */
const SEEDS = 5;
const VIEWS = { P: 'packet', E: 'errqueue' } as const;

describe.each(loadTraceScenarios())('$name', ({ world, traces }) => {
  describe.each(traces)('$port/$protocol', ({ port, protocol, extras, expect: expected }) => {
    // Where a wire refuses, its line is read on the real one (traceTruthRun.ts).
    describe.each(TRACE_VIEWS.filter((view) => typeof expected[view] !== 'string'))(
      '%s',
      (column) => {
        it.each(familiesOf(extras))(
          `finds what is there, IPv%i, ${SEEDS} seeds`,
          async (family) => {
            for (let seed = 1; seed <= SEEDS; seed++) {
              const asked = { world, view: VIEWS[column], family, protocol, port, seed, ...extras };
              const { path } = await traceInSimulator(asked);
              const lines = pathDifferences(expected[column] as ExpectedPath, path, world, family);
              expect(lines, `seed ${seed}: ${path.why}`).toEqual([]);
            }
          },
        );
      },
    );
  });
});
