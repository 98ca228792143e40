/** Routers that quote 28 bytes (48 over IPv6), on the real wire of an ordinary user. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createNamespace,
  type Namespace,
  removeAll,
  spawnIn,
  whyNoNamespaces,
} from './namespaces.ts';
import { type Installed, install, runCommand, toReport } from './runInLab.ts';

const why =
  whyNoNamespaces() ?? (existsSync('/dev/net/tun') ? null : 'there is no /dev/net/tun here');
if (why !== null) console.log(`short quotes are not checked: ${why}`);

const ROUTERS = 5;
/** The router of the second lab that drops the asked port. */
const DROPPING = 3;
const SCRIPT = fileURLToPath(new URL('shortQuotes.py', import.meta.url));
const TARGETS = [
  ['10.91.2.2', '10.91.0.'],
  ['fd91:2::2', 'fd91::'],
] as const;

describe.skipIf(why !== null)('routers that quote 8 bytes behind the IP header', () => {
  let installed: Installed;
  let passing: Namespace;
  let dropping: Namespace;

  const createLab = async (name: string, droppingRouter: number): Promise<Namespace> => {
    const lab = createNamespace(name);
    const child = spawnIn(lab, ['python3', SCRIPT, String(ROUTERS), String(droppingRouter)]);
    await new Promise<void>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`no routers (exit ${code})`)));
      child.stdout!.once('data', () => resolve());
    });
    return lab;
  };

  const trace = async (lab: Namespace, target: string, more: readonly string[]) => {
    const place = { namespace: lab.name, user: 'nobody', prefix: [] } as const;
    const argv = ['trace', target, '-sU', '-p', '53', '--wire', 'errqueue', '--json', ...more];
    const report = toReport(await runCommand(installed, place, argv));
    return { path: report.paths[0]!, warnings: report.warnings.join() };
  };

  beforeAll(async () => {
    installed = install();
    passing = await createLab('short', ROUTERS + 1);
    dropping = await createLab('shortdrop', DROPPING);
  });
  afterAll(removeAll);

  it.each(TARGETS)('each hop to %s is told by the socket of its probe', async (target, router) => {
    const { path, warnings } = await trace(passing, target, ['--no-control']);
    expect(path).toMatchObject({
      end: 'reached',
      flows: [{ isConstant: false, isEstimated: false }],
    });
    const hops = path.hops.map(({ ttl, ip, reason }) => [ttl, ip, reason]);
    expect(hops).toEqual([
      ...Array.from({ length: ROUTERS }, (_, i) => [i + 1, `${router}${i + 1}`, 'time-exceeded']),
      [ROUTERS + 1, target, expect.stringContaining('unreach')],
    ]);
    expect(warnings).toContain('the flow was not constant');
  });

  it.each(TARGETS)('a drop on the way to %s is located', async (target, router) => {
    const { path, warnings } = await trace(dropping, target, []);
    expect(path).toMatchObject({
      end: 'dropped',
      finding: {
        kind: 'drop',
        after: { ttl: DROPPING, ip: `${router}${DROPPING}` },
        before: { ttl: DROPPING + 1, ip: `${router}${DROPPING + 1}` },
        certainty: 'medium',
      },
    });
    expect(path.flows.map(({ isEstimated }) => isEstimated)).not.toContain(true);
    expect(warnings).toContain('the flow was not constant');
  });
});
