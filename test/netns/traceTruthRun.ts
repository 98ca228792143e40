/** One trace of a scene on a real wire: a lab of its own (its ICMP limiters start full), both families at once. */
import type { Family } from '../../src/model.ts';
import { loadRawSocket } from '../../src/wire/rawSocketPackage.ts';
import { pathDifferences } from '../scenarios/traceCheck.ts';
import {
  extraWords,
  familiesOf,
  type TraceCase,
  type TraceScenario,
  type TraceView,
} from '../scenarios/traceScenario.ts';
import { buildLab } from './lab.ts';
import { type Installed, type Ran, runCommand, toReport, type User } from './runInLab.ts';

/** A wire, and the column of a scene that it must meet. */
export interface TraceColumn {
  readonly wire: 'packet' | 'raw-socket' | 'errqueue';
  readonly view: TraceView;
  readonly user: User;
}

export const TRACE_COLUMNS: readonly TraceColumn[] = [
  { wire: 'packet', view: 'P', user: 'root' },
  { wire: 'errqueue', view: 'E', user: 'nobody' },
];

const rawSocket = await loadRawSocket();
if ('unavailable' in rawSocket) console.log(`raw-socket not run: ${rawSocket.unavailable}`);

/** For scenes in which it is as the packet wire; elsewhere an IPv6 hop limit or another source port may be missing. */
export const RAW_SOCKET_COLUMNS: readonly TraceColumn[] =
  'unavailable' in rawSocket ? [] : [{ wire: 'raw-socket', view: 'P', user: 'root' }];

/** Runs the trace and returns the differences from what the scene expects, in words. */
export async function runTraceTruth(
  { world }: TraceScenario,
  { port, protocol, extras, expect }: TraceCase,
  { wire, view, user }: TraceColumn,
  installed: Installed,
): Promise<readonly string[]> {
  // It is for systems without the addon.
  const command = wire === 'raw-socket' ? { ...installed, addon: null } : installed;
  const lab = await buildLab(world);
  try {
    const place = { namespace: lab.scanner.name, user, prefix: [] };
    const runs = familiesOf(extras).map(async (family: Family) => {
      const asked = ['-p', String(port), protocol === 'udp' ? '-sU' : '-sT'];
      const argv = [
        'trace',
        lab.targetIp(family),
        ...asked,
        ...extraWords(extras),
        '-n',
        '--wire',
        wire,
        '--json',
      ];
      const ran = await runCommand(command, place, argv);
      const expected = expect[view];
      if (typeof expected === 'string') return refusalDifferences(expected, ran);
      const [path] = toReport(ran).paths;
      if (path === undefined) return [`IPv${family} no path: ${ran.stdout}`];
      const lines = pathDifferences(expected, path, world, family);
      return lines.map((line) => `IPv${family} ${line} (${path.why})`);
    });
    return (await Promise.all(runs)).flat();
  } finally {
    lab.close();
  }
}

/** A wire that cannot is one line and code 3. */
function refusalDifferences(expected: string, { exitCode, stderr }: Ran): readonly string[] {
  const isOneLine = stderr.trimEnd().split('\n').length === 1 && stderr.includes(expected);
  return exitCode === 3 && isOneLine
    ? []
    : [`exit ${exitCode}, not 3 with "${expected}": ${stderr}`];
}
