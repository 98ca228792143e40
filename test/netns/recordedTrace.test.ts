/** Traces on real wires are recorded and computed again; tshark reads their files and finds what their findings name. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Family } from '../../src/model.ts';
import {
  extraWords,
  familiesOf,
  loadTraceScenarios,
  looksOf,
  type TraceCase,
  type TraceView,
} from '../scenarios/traceScenario.ts';
import { buildLab } from './lab.ts';
import { removeAll } from './namespaces.ts';
import {
  installForRecordings,
  type Recordings,
  recordingDifferences,
  whyNoRecordings,
} from './recordings.ts';
import { TRACE_COLUMNS } from './traceTruthRun.ts';

const why = whyNoRecordings();
if (why !== null) console.log(`recordings of traces on real wires not checked: ${why}`);

/** Whether every scene is run, in both families; else a few, in one family for each wire. */
const isAll = process.env['TRACE_RECORD_ALL'] === '1';
const SAMPLE = /^(open|dropForward|rejectForward|dnat|dropReturnQuietRouters)$/;
const FAMILIES: Readonly<Record<TraceView, readonly Family[]>> = isAll
  ? { P: [4, 6], E: [4, 6] }
  : { P: [4], E: [6] };
const scenarios = loadTraceScenarios().filter(
  ({ name, namespaces }) => namespaces === true && (isAll || SAMPLE.test(name)),
);
/** Mute hops are asked for 3 s, a lab has eight namespaces, and labs share the machine, ms. */
const RUN_MS = isAll ? 180_000 : 60_000;

/** The commands that trace the ports of a scene, without the target. */
function commandsOf(
  traces: readonly TraceCase[],
  view: TraceView,
  family: Family,
): readonly (readonly string[])[] {
  const looks = looksOf(traces, view).filter(({ extras }) => familiesOf(extras).includes(family));
  return looks.map((look) => {
    const ports = look.traces.map(({ port, protocol }) => `${protocol[0]!.toUpperCase()}:${port}`);
    const kinds = new Set(look.traces.map(({ protocol }) => (protocol === 'udp' ? '-sU' : '-sT')));
    return ['-p', ports.join(','), ...kinds, ...extraWords(look.extras), '-n'];
  });
}

describe.skipIf(why !== null)('traces recorded on real wires', () => {
  let recordings: Recordings;
  beforeAll(() => {
    recordings = installForRecordings();
  });
  afterAll(() => {
    recordings.installed.remove();
    removeAll();
  });

  it.concurrent.each(scenarios)('$name', { timeout: RUN_MS }, async ({ name, world, traces }) => {
    const { installed, folder } = recordings;
    const lab = await buildLab(world);
    try {
      const runs = TRACE_COLUMNS.flatMap(({ wire, view, user }) =>
        FAMILIES[view].flatMap((family) =>
          commandsOf(traces, view, family).map(async (words, index) => {
            const place = { namespace: lab.scanner.name, user, prefix: [] };
            const argv = ['trace', lab.targetIp(family), ...words, '--wire', wire];
            const file = join(folder, `${name}-${wire}-${family}-${index}.pcapng`);
            const lines = await recordingDifferences(installed, place, argv, file);
            return lines.map((line) => `${argv.join(' ')}: ${line}`);
          }),
        ),
      );
      expect((await Promise.all(runs)).flat()).toEqual([]);
    } finally {
      lab.close();
    }
  });
});
