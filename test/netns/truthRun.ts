/** One scenario on real wires: a lab of its own (its ICMP limiters start full), both families at once. */
import type { Family } from '../../src/model.ts';
import { differences } from '../scenarios/check.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { buildLab } from './lab.ts';
import { limitProcess } from './ownLimits.ts';
import { type Installed, runCommand, toReport, type User } from './runInLab.ts';

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

/** Exit code of a wire that was named and cannot be had (contract.md). */
const COULD_NOT_CHECK = 3;

/** Runs the scenario and returns the differences from truth.md, in words. */
export async function runTruth(
  scenario: Scenario,
  { wire, column, user }: Column,
  installed: Installed,
): Promise<readonly string[]> {
  const lab = await buildLab(scenario.world);
  const unavailable = scenario.unavailable?.[column];
  try {
    const prefix = limitProcess(scenario.world.scanner.limits, installed.folder);
    const place = { namespace: lab.scanner.name, user, prefix };
    const runs = ([4, 6] as const).map(async (family: Family) => {
      const argv = scenario.command.map((word) =>
        word.replaceAll('TARGET', lab.targetIp(family)).replaceAll('SELF', lab.scannerIp(family)),
      );
      const ran = await runCommand(installed, place, [...argv, '--wire', wire, '--json']);
      if (unavailable !== undefined) {
        const isSaid = ran.exitCode === COULD_NOT_CHECK && ran.stderr.includes(unavailable);
        return isSaid ? [] : [`IPv${family} exit ${ran.exitCode}: ${ran.stderr}${ran.stdout}`];
      }
      const lines = differences(scenario.expect[column], toReport(ran), family);
      return lines.map((line) => `IPv${family} ${line}`);
    });
    return (await Promise.all(runs)).flat();
  } finally {
    lab.close();
  }
}
