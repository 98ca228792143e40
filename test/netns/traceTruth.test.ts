import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  extraWords,
  loadTraceScenarios,
  type TraceCase,
  type TraceScenario,
} from '../scenarios/traceScenario.ts';
import { removeAll, whyNoNamespaces } from './namespaces.ts';
import { type Installed, install } from './runInLab.ts';
import {
  RAW_SOCKET_COLUMNS,
  runTraceTruth,
  TRACE_COLUMNS,
  type TraceColumn,
} from './traceTruthRun.ts';

const why = whyNoNamespaces();
if (why !== null) console.log(`traces not checked on real wires: ${why}`);

/** Runs of every trace; without it a sample: each scene once, the wires and its ports by turns. */
const RUNS = Number(process.env['TRACE_RUNS'] ?? 0);
/** Most that one run takes, ms: mute hops are asked for 3 s, a lab has eight namespaces, and labs share the machine. */
const RUN_MS = 60_000;
/** What waiting for fragments takes besides, ms. */
const FRAGMENT_MS = 90_000;

const scenarios = loadTraceScenarios();
for (const { name, namespaces } of scenarios) {
  if (namespaces !== true) console.log(`${name}: only simulated: ${namespaces}`);
}

/** A way with and without an end, a rejection and a translation, also on raw sockets. */
const ON_RAW_SOCKETS: ReadonlySet<string> = new Set([
  'open',
  'dropForward',
  'rejectForward',
  'snat',
]);

const rowOf = (scenario: TraceScenario, one: TraceCase, column: TraceColumn) => ({
  timeout: (RUN_MS + (one.extras.fragment ? FRAGMENT_MS : 0)) * Math.max(1, RUNS),
  label: `${scenario.name} ${[`${one.port}/${one.protocol}`, ...extraWords(one.extras)].join(' ')} on ${column.wire} as ${column.user}`,
  scenario,
  one,
  column,
});

const real = scenarios.filter(({ namespaces }) => namespaces === true);
const rows = [
  ...real.flatMap((scenario, turn) => {
    const { traces } = scenario;
    const columns = RUNS > 0 ? TRACE_COLUMNS : [TRACE_COLUMNS[turn % TRACE_COLUMNS.length]!];
    return columns.flatMap((column) =>
      (RUNS > 0 ? traces : [traces[(turn >> 1) % traces.length]!]).map((one) =>
        rowOf(scenario, one, column),
      ),
    );
  }),
  ...real
    .filter(({ name }) => ON_RAW_SOCKETS.has(name))
    .flatMap((scenario) =>
      RAW_SOCKET_COLUMNS.map((column) => rowOf(scenario, scenario.traces[0]!, column)),
    ),
  // What waits a minute for fragments begins first, beside all others.
].toSorted((one, other) => other.timeout - one.timeout);

describe.skipIf(why !== null)('traces on real wires', () => {
  let installed: Installed;
  beforeAll(() => {
    installed = install();
  });
  afterAll(() => {
    installed.remove();
    removeAll();
  });

  for (const { label, timeout, scenario, one, column } of rows) {
    it.concurrent(label, { timeout }, async () => {
      for (let run = 1; run <= Math.max(1, RUNS); run++) {
        expect(await runTraceTruth(scenario, one, column, installed), `run ${run}`).toEqual([]);
      }
    });
  }
});
