/** Every capture of the lab, beside the truth of its scene. `expected.txt` is what is found, a line a finding, to be read in reviews. */
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { CaptureFinding } from '../../src/explain/finding.ts';
import { CAPTURES, explainFixture, FOLDER } from './captures.ts';
import { OTHER, TRUTHS } from './truths.ts';

const GOLDEN = `${FOLDER}expected.txt`;

function lineOf({ whyId, certainty, by, flows, packets, causes }: CaptureFinding): string {
  const ports = [...new Set(flows.map(({ toPort }) => toPort ?? '-'))].sort().join(',');
  const who = by === null ? '-' : `${by.role} ${by.ip ?? '-'} hop ${by.hop ?? '-'}`;
  const likely = causes.map(({ id }) => id.replace('cause.', '')).join(', ');
  return `  ${whyId} ${ports} x${packets}, ${certainty}, ${who}${likely === '' ? '' : `; ${likely}`}`;
}

async function linesOf(name: string): Promise<string> {
  const { findings } = await explainFixture(name);
  return [name, ...findings.map(lineOf)].join('\n');
}

it('what is found is what expected.txt says', async () => {
  const found = `${(await Promise.all(CAPTURES.map(linesOf))).join('\n')}\n`;
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(GOLDEN, found);
  expect(found).toBe(readFileSync(GOLDEN, 'utf8'));
});

describe('every scene', () => {
  it('has its truth, and every truth its captures', () => {
    const scenes = new Set(CAPTURES.map((name) => name.split('.')[0]!));
    expect([...scenes].filter((scene) => !Object.hasOwn(TRUTHS, scene))).toEqual([]);
    expect(Object.keys(TRUTHS).filter((scene) => !scenes.has(scene))).toEqual([]);
  });

  it.each(CAPTURES)(
    '%s: nothing is said that the truth forbids, and nothing is missing',
    async (name) => {
      const [scene, place] = name.split('.') as [string, 'client' | 'router' | 'target'];
      const { findings } = await explainFixture(name);
      const told = new Set(TRUTHS[scene]!.map(({ port }) => port));
      for (const { port, must, may = [] } of TRUTHS[scene]!) {
        const about = findings.filter(({ flows }) =>
          flows.some(({ toPort }) =>
            port === OTHER ? !told.has(toPort ?? 0) : (toPort ?? 0) === port,
          ),
        );
        const said = about.map(({ whyId, by }) => `${whyId} ${by?.role ?? '-'}`);
        const wanted = must[place] ?? [];
        const allowed = [...wanted, ...may];
        expect(
          said.filter((one) => !allowed.includes(one)),
          `${port} ${said}`,
        ).toEqual([]);
        if (wanted.length > 0)
          expect(
            said.some((one) => wanted.includes(one)),
            `${port} ${said}`,
          ).toBe(true);
      }
      const translated = findings.filter(({ whyArgs }) => whyArgs['nat'] !== undefined);
      if (!/dnat/i.test(scene)) expect(translated).toEqual([]);
      if (told.has(OTHER)) return;
      const others = findings.filter(({ flows }) =>
        flows.some(({ toPort }) => !told.has(toPort ?? 0)),
      );
      expect(others.map(({ title }) => title)).toEqual([]);
    },
  );
});
