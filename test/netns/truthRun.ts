/** One scenario on real wires: a lab of its own (its ICMP limiters start full), both families at once. */
import type { Family, Reason } from '../../src/model.ts';
import { loadRawSocket } from '../../src/wire/rawSocketPackage.ts';
import { differences } from '../scenarios/check.ts';
import type { ExpectedVerdict, Scenario } from '../scenarios/scenario.ts';
import { buildLab } from './lab.ts';
import { type Installed, scanInLab, type User } from './runInLab.ts';

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

const only = (reason: Reason): ExpectedVerdict['reasons'] => ({ 4: [reason], 6: [reason] });

/** Where the raw-socket wire sees less than column P; the later rows get what the earlier ones left. */
const RAW_SOCKET_SEES_LESS: readonly {
  readonly why: string;
  readonly scenes: RegExp;
  readonly families: readonly Family[];
  readonly expect: (row: ExpectedVerdict) => ExpectedVerdict;
}[] = [
  {
    why: 'it passes the hooks of our own firewall, as all sockets but packet sockets do',
    scenes: /^own(Input|Output|Prerouting)/,
    families: [4, 6],
    expect: (row) => ({
      ...row,
      states: ['unknown'],
      reasons: only('local-error'),
      by: { role: 'local', hop: null },
    }),
  },
  {
    why: 'a router drops each IPv6 SYN whose checksum is complete: nft_synproxy.c verifies it as one of IPv4',
    scenes: /^tcpSynProxy$/,
    families: [6],
    expect: (row) =>
      row.details?.includes('syn-proxy') === true
        ? {
            ...row,
            states: ['filtered'],
            reasons: only('no-response'),
            details: undefined,
            by: null,
          }
        : row,
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
    why: 'hop limits are not seen: no distance, and no RST is certain',
    scenes: /./,
    families: [6],
    expect: (row) => ({
      ...row,
      by: row.by?.hop === undefined ? row.by : { ...row.by, hop: null },
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
  const rows = scenario.expect[column];
  if (wire !== 'raw-socket') return rows;
  const less = RAW_SOCKET_SEES_LESS.filter(
    ({ scenes, families }) => scenes.test(scenario.name) && families.includes(family),
  );
  return rows.map((row) => less.reduce((seen, { expect }) => expect(seen), row));
}

/** Runs the scenario and returns the differences from truth.md, in words. */
export async function runTruth(
  scenario: Scenario,
  column: Column,
  installed: Installed,
): Promise<readonly string[]> {
  const { wire, user } = column;
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
      const lines = differences(expectedOf(scenario, column, family), verdicts, warnings, family);
      return lines.map((line) => `IPv${family} ${line}`);
    });
    return (await Promise.all(runs)).flat();
  } finally {
    lab.close();
  }
}
