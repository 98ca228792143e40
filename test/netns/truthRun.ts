/** One scenario on real wires: a lab of its own (its ICMP limiters start full), both families at once. */
import type { Family } from '../../src/model.ts';
import { loadRawSocket } from '../../src/wire/rawSocketPackage.ts';
import { differences } from '../scenarios/check.ts';
import type { ExpectedVerdict, Scenario, WireColumn } from '../scenarios/scenario.ts';
import { buildLab } from './lab.ts';
import { limitProcess } from './ownLimits.ts';
import { type Installed, runCommand, toReport, type User } from './runInLab.ts';

/** A column of truth.md on a real wire. */
export interface Column {
  readonly wire: 'packet' | 'raw-socket' | 'errqueue' | 'connect';
  readonly column: 'P' | 'E' | 'C';
  readonly user: User;
}

const rawSocket = await loadRawSocket();
if ('unavailable' in rawSocket) console.log(`raw-socket not run: ${rawSocket.unavailable}`);

export const COLUMNS: readonly Column[] = [
  { wire: 'packet', column: 'P', user: 'root' },
  ...('unavailable' in rawSocket
    ? []
    : [{ wire: 'raw-socket', column: 'P', user: 'root' } as const]),
  { wire: 'errqueue', column: 'E', user: 'nobody' },
  { wire: 'errqueue', column: 'E', user: 'root' },
  { wire: 'connect', column: 'C', user: 'nobody' },
];

/** Where the raw-socket wire is not as column P; the later entries get what the earlier ones left. */
const RAW_SOCKET_DIFFERS: readonly {
  readonly why: string;
  readonly scenes: RegExp;
  readonly families: readonly Family[];
  readonly expect: (row: ExpectedVerdict) => ExpectedVerdict;
  /** The column that `expect` begins with. */
  readonly column?: WireColumn;
}[] = [
  {
    why: 'it passes the hooks of our own firewall, as all sockets but packet sockets do',
    scenes: /^own(Flows|Ingress|Input|Output|Prerouting|Postrouting|RouteBlocked)/,
    families: [4, 6],
    column: 'E',
    expect: (row) => row,
  },
  {
    why: 'a SYN that our own firewall keeps back fails with EPERM at once, and nothing is surer',
    scenes: /^own(FlowsFew|OutputRejectReset)$/,
    families: [4, 6],
    expect: (row) => ({ ...row, certain: undefined }),
  },
  {
    why: 'it needs few descriptors, and can be had where the other wires cannot; it sees whose refusal it was',
    scenes: /^ownDescriptorsNone$/,
    families: [4, 6],
    column: 'C',
    expect: (row) => ({ ...row, states: [...row.states, 'closed'], warning: undefined }),
  },
  {
    why: 'its UDP probes are not walked: they leave when Node gets to it',
    scenes: /^udpLimiter$/,
    families: [4, 6],
    expect: (row) =>
      row.states.includes('closed')
        ? { ...row, states: ['closed', 'open|filtered'], reasons: { 4: undefined, 6: undefined } }
        : { ...row, details: undefined },
  },
  {
    why: 'hop limits are not seen, so a forged RST looks like one of the target',
    scenes: /^tcpForgedReset$/,
    families: [6],
    expect: (row) =>
      row.details?.includes('forged-reset') === true
        ? { ...row, states: ['closed'], details: undefined, by: TARGET, certain: false }
        : row,
  },
  {
    why: 'hop limits are not seen, so nobody knows where a SYN proxy is',
    scenes: /^tcpSynProxy$/,
    families: [6],
    expect: (row) => (row.details?.includes('syn-proxy') === true ? { ...row, by: null } : row),
  },
  {
    why: 'hop limits are not seen: no distance, and no RST is certain',
    scenes: /./,
    families: [6],
    expect: (row) => ({
      ...row,
      by: row.by?.hop === undefined ? row.by : row.by && { ...row.by, hop: null },
      certain: row.reasons[6]?.includes('reset') === true ? false : row.certain,
    }),
  },
];
const TARGET = { role: 'target', hop: null } as const;

/** What the scenario expects of this wire. */
function expectedOf(
  scenario: Scenario,
  { wire, column }: Column,
  family: Family,
): readonly ExpectedVerdict[] {
  if (wire !== 'raw-socket') return scenario.expect[column];
  const found = RAW_SOCKET_DIFFERS.filter(
    ({ scenes, families }) => scenes.test(scenario.name) && families.includes(family),
  );
  const instead = found.find((entry) => entry.column !== undefined)?.column;
  return scenario.expect[instead ?? column].map((row) =>
    found.reduce((seen, { expect }) => expect(seen), row),
  );
}

/** Exit code of a wire that was named and cannot be had (contract.md). */
const COULD_NOT_CHECK = 3;

/** Runs the scenario and returns the differences from truth.md, in words. */
export async function runTruth(
  scenario: Scenario,
  column: Column,
  installed: Installed,
): Promise<readonly string[]> {
  const { wire, user } = column;
  // It is for systems without the addon.
  const command = wire === 'raw-socket' ? { ...installed, addon: null } : installed;
  const lab = await buildLab(scenario.world);
  // The raw-socket wire needs less than the packet wire does.
  const unavailable = wire === 'raw-socket' ? undefined : scenario.unavailable?.[column.column];
  try {
    const prefix = limitProcess(scenario.world.scanner.limits, installed.folder);
    const place = { namespace: lab.scanner.name, user, prefix };
    const runs = ([4, 6] as const).map(async (family: Family) => {
      const argv = scenario.command.map((word) =>
        word.replaceAll('TARGET', lab.targetIp(family)).replaceAll('SELF', lab.scannerIp(family)),
      );
      const ran = await runCommand(command, place, [...argv, '--wire', wire, '--json']);
      if (unavailable !== undefined) {
        const isSaid = ran.exitCode === COULD_NOT_CHECK && ran.stderr.includes(unavailable);
        return isSaid ? [] : [`IPv${family} exit ${ran.exitCode}: ${ran.stderr}${ran.stdout}`];
      }
      const lines = differences(expectedOf(scenario, column, family), toReport(ran), family);
      return lines.map((line) => `IPv${family} ${line}`);
    });
    return (await Promise.all(runs)).flat();
  } finally {
    lab.close();
  }
}
