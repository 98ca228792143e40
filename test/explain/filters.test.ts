/** Every finding's display filter, run in tshark, selects exactly the packets that the finding cites. */
import { execFile, spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { CaptureFinding } from '../../src/explain/finding.ts';
import { CAPTURES, explainFixture, pathOf } from './captures.ts';

const { status } = spawnSync('tshark', ['--version']);
const isThere = status === 0;

/** A process takes a third of a second: of findings alike but for the addresses one of each place and family is enough. */
const isForAll = process.env['ALL_FILTERS'] === '1';

function framesBy(file: string, filter: string): Promise<number[]> {
  const argv = ['-r', file, '-n', '-Y', filter, '-T', 'fields', '-e', 'frame.number'];
  return new Promise((resolve, reject) => {
    execFile('tshark', argv, (error, stdout, stderr) => {
      if (error !== null) reject(new Error(`${filter}: ${stderr}`));
      else
        resolve(
          stdout
            .split('\n')
            .filter((line) => line !== '')
            .map(Number),
        );
    });
  });
}

interface Case {
  readonly name: string;
  readonly finding: CaptureFinding;
}

async function cases(): Promise<Case[]> {
  const found = new Map<string, Case>();
  for (const name of CAPTURES) {
    const [, place, family] = name.split('.');
    for (const finding of (await explainFixture(name)).findings) {
      const { whyId, flowCount } = finding;
      const key = isForAll
        ? `${name} ${finding.id}`
        : [whyId, family, flowCount > 1, isForAll && place].join();
      if (!found.has(key)) found.set(key, { name, finding });
    }
  }
  return [...found.values()];
}

const all = isThere ? await cases() : [];

describe.skipIf(!isThere)(
  `in tshark${isThere ? '' : ' (skipped: tshark is not installed)'}`,
  () => {
    it.each(all.map((one) => [one.name, one.finding.whyId, one] as const))(
      '%s: %s',
      async (name, _whyId, { finding }) => {
        const selected = await framesBy(pathOf(name), finding.filter);
        expect(selected.length).toBe(finding.packets);
        const isWhole = finding.frames.length === finding.packets;
        expect(isWhole ? selected : selected.slice(0, finding.frames.length)).toEqual(
          finding.frames,
        );
      },
    );

    it('there are filters to run', () => {
      expect(all.length).toBeGreaterThan(40);
    });
  },
);
