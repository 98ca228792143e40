/**
 * The library: prints every port that somebody other than the target rejects, as soon as it is known, and ends with 3
 * when our own side kept us from checking.
 *
 * Node 22.18 and later run this file as it is; on Node 20:
 *
 *     npx esbuild examples/whoRefuses.ts --format=esm | node --input-type=module - 127.0.0.1
 *
 * Arguments: HOST, then a wire (`auto` without it), e.g. `sim:examples/twoRouters.json#errqueue`.
 */
import { ProbeError, scan, UsageError } from 'pu-probe';

const [host = '127.0.0.1', wire = 'auto'] = process.argv.slice(2);
const stop = new AbortController();
process.once('SIGINT', () => stop.abort());

const run = scan({
  targets: [host],
  ports: 'U:53,123,161,T:22,443,8080',
  wire,
  signal: stop.signal,
});

try {
  for await (const { port, protocol, state, by, detail, why } of run) {
    if (by?.role !== 'path') continue;
    const who = `${by.ip ?? 'somebody in the name of the target'} at hop ${by.hop ?? '?'}`;
    console.log(`${port}/${protocol} ${state} (${detail ?? 'no detail'}) by ${who}`);
    console.log(`  ${why}`);
  }
  const { verdicts, complete, wire: used, warnings } = await run.report();
  for (const warning of warnings) console.log(`note: ${warning}`);
  console.log(`${verdicts.length} verdicts on wire ${used.kind}, complete: ${complete}`);
  if (verdicts.some(({ state }) => state === 'unknown')) process.exitCode = 3;
} catch (error) {
  // The user's mistake, and an environment without the wire that was asked for; anything else is a bug.
  if (!(error instanceof UsageError) && !(error instanceof ProbeError)) throw error;
  console.error(error.message);
  process.exitCode = error instanceof UsageError ? 2 : 3;
}
