/** Rows into native code and back (crossing.c), as objects and as columns: what the seam costs where the wire is native. */
import { createRequire } from 'node:module';
import { performance } from 'node:perf_hooks';
import { ROWS } from './steps.ts';

interface Addon {
  readObjects(probes: readonly object[], count: number, names: readonly string[]): number;
  makeObjects(signals: object[], count: number, names: readonly string[]): readonly object[];
  readColumns(columns: readonly Uint32Array[], count: number): number;
  writeColumns(columns: readonly Uint32Array[], count: number): readonly Uint32Array[];
}

/** Fields of a signal in the trial's engines; those of a probe are in `probeObject`. */
const SIGNAL_NAMES =
  'kind probe attempt tag protocol atMs sentMs family dstAt dstPort icmpType icmpCode ttl errno token'.split(
    ' ',
  );
const BATCHES = 200;

const columns = (width: number): readonly Uint32Array[] =>
  Array.from({ length: width }, () => new Uint32Array(ROWS));

const probeObject = (probe: number): object => ({
  probe,
  attempt: 1,
  tag: 0,
  protocol: 6,
  target: probe >> 4,
  port: probe & 1023,
  ttl: 0,
  minTtl: 0,
  token: Math.imul(probe, 0x45d9f3b) >>> 0,
});

/** Nanoseconds a row for a full batch, microseconds a call for two rows. */
export function measureCrossing(file: string): object {
  const addon = createRequire(import.meta.url)(file) as Addon;
  const probes = Array.from({ length: ROWS }, (_, probe) => probeObject(probe));
  const probeNames = Object.keys(probes[0]!);
  const probeColumns = columns(probeNames.length);
  const signalColumns = columns(SIGNAL_NAMES.length);
  const crossings = {
    objects: (rows: number): void => {
      addon.readObjects(probes, rows, probeNames);
      addon.makeObjects([], rows, SIGNAL_NAMES);
    },
    columns: (rows: number): void => {
      addon.readColumns(probeColumns, rows);
      addon.writeColumns(signalColumns, rows);
    },
  };
  const time = (cross: (rows: number) => void, rows: number): number => {
    const started = performance.now();
    for (let batch = 0; batch < BATCHES; batch++) cross(rows);
    return (performance.now() - started) / BATCHES;
  };
  const result: Record<string, number> = {};
  for (const [shape, cross] of Object.entries(crossings)) {
    time(cross, ROWS);
    result[`${shape}NsPerRow`] = (1e6 * time(cross, ROWS)) / ROWS;
    result[`${shape}TwoRowsUs`] = 1000 * time(cross, 2);
  }
  return result;
}
