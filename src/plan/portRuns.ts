/** Port lists in a saved plan: neighbouring numbers as one entry. */

/** Runs of numbers: the first, and how many follow one another. */
export type Runs = readonly (readonly [first: number, count: number])[];

const PORTS = 65_536;

/** The runs of a list, in its order. */
export function toRuns(numbers: readonly number[]): Runs {
  const runs: [number, number][] = [];
  let last: [number, number] | undefined;
  for (const number of numbers) {
    if (last !== undefined && last[0] + last[1] === number) last[1] += 1;
    else {
      last = [number, 1];
      runs.push(last);
    }
  }
  return runs;
}

/** The list again; null where a number is no port, or stands there twice. */
export function fromRuns(runs: Runs): readonly number[] | null {
  const ports: number[] = [];
  for (const [first, count] of runs) {
    if (first + count > PORTS || ports.length + count > PORTS) return null;
    for (let i = 0; i < count; i++) ports.push(first + i);
  }
  return new Set(ports).size === ports.length ? ports : null;
}

/** Whether a value that was read has the form of runs. */
export function isRuns(value: unknown): value is Runs {
  if (!Array.isArray(value)) return false;
  return value.every(
    (run: unknown) =>
      Array.isArray(run) && run.length === 2 && isCount(run[0], 0) && isCount(run[1], 1),
  );
}

const isCount = (value: unknown, least: number): boolean =>
  typeof value === 'number' && Number.isInteger(value) && value >= least && value <= PORTS;
