/** The trials of walk.mjs: a row for each limiter and share of closed ports. */
import { parseArgs } from 'node:util';
import { LIMITERS, runTrial } from '../test/scan/walkTrial.ts';

const { values } = parseArgs({
  options: {
    verdicts: { type: 'string', default: '500000' },
    certainty: { type: 'string', default: '0.999' },
  },
});
const certainty = Number(values.certainty);
const PORTS = 100;
const SHARES = [0.1, 0.5, 0.93];
const LOSSES = [0, 0.01, 0.05];
const REORDERS_MS = [0, 1];
const limiters = Object.keys(LIMITERS);
const worlds = limiters.length * SHARES.length * LOSSES.length * REORDERS_MS.length;
const seeds = Math.ceil(Number(values.verdicts) / PORTS / worlds);

let runs = 0;
let wrongRuns = 0;
let wrongPorts = 0;
console.log('limiter | closed | false | unproven | packets/port | s | learned gap, ms');
for (const limiter of limiters) {
  for (const closedShare of SHARES) {
    const sum = { falseSilent: 0, unproven: 0, packets: 0, lastedMs: 0, gapMs: 0 };
    let count = 0;
    for (const loss of LOSSES) {
      for (const reorderMs of REORDERS_MS) {
        for (let seed = 1; seed <= seeds; seed++) {
          const trial = { limiter, ports: PORTS, closedShare, loss, reorderMs, certainty };
          const result = runTrial({ ...trial, seed: 104_729 * seed });
          for (const key of Object.keys(sum) as (keyof typeof sum)[]) sum[key] += result[key];
          count += 1;
          if (result.falseSilent > 0) wrongRuns += 1;
        }
      }
    }
    runs += count;
    wrongPorts += sum.falseSilent;
    const mean = (value: number, digits: number): string => (value / count).toFixed(digits);
    const packets = mean(sum.packets / PORTS, 1);
    const cells = [limiter, closedShare, sum.falseSilent, sum.unproven, packets];
    console.log([...cells, mean(sum.lastedMs / 1000, 2), mean(sum.gapMs, 0)].join(' | '));
  }
}
const allowed = (1 - certainty) * runs;
console.log(
  `${runs * PORTS} verdicts in ${runs} runs: ${wrongPorts} false, in ${wrongRuns} runs; ${allowed.toFixed(1)} runs allowed`,
);
if (wrongRuns > allowed) process.exitCode = 1;
