/** The trials of walk.mjs: a row for each limiter and share of closed ports. */
import { parseArgs } from 'node:util';
import { LIMITERS, runTrial } from '../test/scan/walkTrial.ts';

const { values } = parseArgs({
  options: {
    verdicts: { type: 'string', default: '500000' },
    certainty: { type: 'string', default: '0.999' },
    named: { type: 'string', default: '0' },
  },
});
const certainty = Number(values.certainty);
const named = Number(values.named);
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
console.log(
  'limiter | closed | false | unproven | packets/port | s | learned gap, ms | named, s | final before the end, %',
);
for (const limiter of limiters) {
  for (const closedShare of SHARES) {
    const sum = {
      ...{ falseSilent: 0, unproven: 0, packets: 0, lastedMs: 0, gapMs: 0 },
      ...{ namedMs: 0, early: 0, certified: 0 },
    };
    let count = 0;
    for (const loss of LOSSES) {
      for (const reorderMs of REORDERS_MS) {
        for (let seed = 1; seed <= seeds; seed++) {
          const trial = { limiter, ports: PORTS, closedShare, loss, reorderMs, certainty, named };
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
    const times = [mean(sum.lastedMs / 1000, 2), mean(sum.gapMs, 0), mean(sum.namedMs / 1000, 2)];
    const early = sum.certified === 0 ? '-' : ((100 * sum.early) / sum.certified).toFixed(0);
    console.log([...cells, ...times, early].join(' | '));
  }
}
const allowed = (1 - certainty) * runs;
console.log(
  `${runs * PORTS} verdicts in ${runs} runs: ${wrongPorts} false, in ${wrongRuns} runs; ${allowed.toFixed(1)} runs allowed`,
);
if (wrongRuns > allowed) process.exitCode = 1;
