/** One scenario on real wires: a lab of its own (its ICMP limiters start full), both families at once. */
import type { Family } from '../../src/model.ts';
import { differences } from '../scenarios/check.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { buildLab } from './lab.ts';
import { type Installed, scanInLab, type User } from './runInLab.ts';

/** A column of truth.md on a real wire. */
export interface Column {
  readonly wire: 'packet' | 'errqueue' | 'connect';
  readonly column: 'P' | 'E' | 'C';
  readonly user: User;
}

export const COLUMNS: readonly Column[] = [
  { wire: 'packet', column: 'P', user: 'root' },
  { wire: 'errqueue', column: 'E', user: 'nobody' },
  { wire: 'errqueue', column: 'E', user: 'root' },
  { wire: 'connect', column: 'C', user: 'nobody' },
];

/** Runs the scenario and returns the differences from truth.md, in words. */
export async function runTruth(
  scenario: Scenario,
  { wire, column, user }: Column,
  installed: Installed,
): Promise<readonly string[]> {
  const lab = await buildLab(scenario.world);
  try {
    const runs = ([4, 6] as const).map(async (family: Family) => {
      const argv = scenario.command.map((word) =>
        word.replaceAll('TARGET', lab.targetIp(family)).replaceAll('SELF', lab.scannerIp(family)),
      );
      const { report } = await scanInLab(installed, lab.scanner.name, user, [
        ...argv,
        '--wire',
        wire,
      ]);
      const { verdicts, warnings } = report;
      const lines = differences(scenario.expect[column], verdicts, warnings, family);
      return lines.map((line) => `IPv${family} ${line}`);
    });
    return (await Promise.all(runs)).flat();
  } finally {
    lab.close();
  }
}
