// The running delay line (delayLine.c): what it carried, and what it can carry.
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** Frames a second that are tried in turn, one way. */
const RATES = [25_000, 50_000, 100_000, 150_000, 200_000, 250_000, 300_000, 400_000, 500_000];
const FLOOD_S = 0.4;
/** The line's own delay is long over after this. */
const DRAIN_MS = 100;
/** A line that is later than this is not the line that was asked for. */
const LATE_MS = 1;

/** Wraps the process; `flood` gives the command line that floods it. Resolves when it carries. */
export async function startDelayLine({ child, flood }) {
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const read = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error('the delay line ended');
    return value;
  };
  child.on('error', () => {});
  await Promise.race([
    read(),
    once(child, 'exit').then(() => Promise.reject(new Error('no line'))),
  ]);
  /** Counts since the last call: frames carried and lost, the busiest 10 ms, how late they left. */
  const counts = async () => {
    await new Promise((resolve) => setTimeout(resolve, DRAIN_MS));
    child.stdin.write('\n');
    return JSON.parse(await read());
  };
  return {
    counts,
    /** The highest of {@link RATES} that it carries one way without loss and in time, as it was measured. */
    async ceiling() {
      await counts();
      let best = { perS: 0, p99Us: 0 };
      for (const rate of RATES) {
        const [file, ...args] = flood(rate, FLOOD_S);
        const { status, stdout } = spawnSync(file, args, { encoding: 'utf8' });
        const { lost, carried, lateUs } = await counts();
        if (status !== 0) throw new Error('the flood failed');
        const { sent, perS } = JSON.parse(stdout);
        if (lost > 0 || carried < sent || lateUs.p99 > 1000 * LATE_MS) break;
        best = { perS, p99Us: lateUs.p99 };
      }
      return best;
    },
  };
}
