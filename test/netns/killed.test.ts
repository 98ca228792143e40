/** Recorded runs that are killed (kill -9) leave files that our reader and tshark read; `node scripts/killTrial.mjs 150` is the long check. */
import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { whyNoNamespaces } from './namespaces.ts';

const MOMENTS = 5;
const SEED = 20_260_105;
const hasTshark = spawnSync('tshark', ['--version']).status === 0;
const why = whyNoNamespaces() ?? (hasTshark ? null : 'tshark is missing');
if (why !== null) console.log(`killed runs not checked: ${why}`);

it.skipIf(why !== null)(`${MOMENTS} seeded moments on each wire`, { timeout: 300_000 }, () => {
  const argv = ['scripts/killTrial.mjs', String(MOMENTS), String(SEED)];
  const { status, stdout, stderr } = spawnSync(process.execPath, argv, { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const rows = stdout
    .trim()
    .split('\n')
    .map((line): Record<string, unknown> => JSON.parse(line));
  expect(rows.map(({ wire }) => wire)).toEqual(['sim', 'packet', 'errqueue']);
  for (const { killed, noFile, empty, complete, incomplete, failed } of rows) {
    expect(failed).toBe(0);
    // The first moment is the start.
    expect(killed).toBeGreaterThan(0);
    const files = [noFile, empty, complete, incomplete].map(Number);
    expect(files.reduce((sum, one) => sum + one, 0)).toBe(MOMENTS);
    expect(Number(complete) + Number(incomplete)).toBeGreaterThan(0);
  }
});
