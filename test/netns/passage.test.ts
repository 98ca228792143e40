/** `scan --passage` against the kernel: services that say nothing beside ports that nftables drops, with the stock limits. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../src/model.ts';
import {
  createNamespace,
  link,
  removeAll,
  run,
  setSysctl,
  spawnIn,
  whyNoNamespaces,
} from './namespaces.ts';
import { type Installed, install, runCommand, toReport } from './runInLab.ts';

const why = whyNoNamespaces();
if (why !== null) console.log(`--passage not checked against the kernel: ${why}`);

const RUN_MS = 60_000;
const SILENT = [20_004, 20_009, 20_015];
/** The last two have services behind the rule. */
const DROPPED = [20_006, 20_012, 20_017];
const TARGET = { 4: '10.0.0.2', 6: 'fd00::2' };

describe.skipIf(why !== null)('silent UDP ports of a Linux host', () => {
  const children: ChildProcess[] = [];
  let installed: Installed;
  beforeAll(() => {
    installed = install();
  });
  afterAll(() => {
    for (const child of children) child.kill();
    installed.remove();
    removeAll();
  });

  /** A target with these rules beside the drops; returns the namespace of the scanner. */
  async function buildLab(rules = ''): Promise<string> {
    const [scanner, target] = ['passage-scan', 'passage-tgt'].map(createNamespace);
    link(
      { ns: scanner!, device: 'in', addresses: ['10.0.0.1/24', 'fd00::1/64'] },
      { ns: target!, device: 'in', addresses: [`${TARGET[4]}/24`, `${TARGET[6]}/64`] },
    );
    // What IPv4 costs is looked at elsewhere.
    setSysctl(target!, 'net.ipv4.icmp_ratelimit', 100);
    const input = `table inet passage { chain in { type filter hook input priority 0; ${rules}
      udp dport { ${DROPPED.join(', ')} } drop; }
    }`;
    run(target!, ['nft', '-f', '-'], { input });
    const services = [...SILENT, ...DROPPED.slice(1)].map((port) => ({
      protocol: 'udp',
      port,
      kind: 'silent',
    }));
    const script = fileURLToPath(new URL('./responder.js', import.meta.url));
    const child = spawnIn(target!, [process.execPath, script, JSON.stringify(services)]);
    children.push(child);
    await once(child.stdout!, 'data');
    return scanner!.name;
  }

  async function scan(namespace: string, argv: readonly string[]): Promise<Report> {
    const place = { namespace, user: 'root', prefix: [] } as const;
    const words = ['scan', '-sU', '-p', '20001-20020', '--passage', '--json', ...argv];
    return toReport(await runCommand(installed, place, words));
  }

  const detailsOf = (
    { verdicts }: Report,
    target: string,
  ): readonly (readonly [number, unknown])[] =>
    verdicts
      .filter((one) => one.target === target && one.state !== 'closed')
      .map(({ port, detail }) => [port, detail]);

  it('are told apart, those of IPv4 left as they are', { timeout: RUN_MS }, async () => {
    const report = await scan(await buildLab(), [TARGET[4], TARGET[6]]);
    const told = Object.fromEntries(detailsOf(report, TARGET[6]));
    expect(told).toEqual(
      Object.fromEntries([
        ...SILENT.map((port) => [port, 'open-silent']),
        ...DROPPED.map((port) => [port, 'dropped']),
      ]),
    );
    for (const [, detail] of detailsOf(report, TARGET[4])) expect(detail).toBe('silent-certified');
    expect(report.warnings.join()).toContain('--passage asks by IPv6 headers');
    expect(report.verdicts.every((one) => one.state === 'closed' || one.confidence <= 0.99)).toBe(
      true,
    );
  });

  it('nothing is told behind a filter of extension headers', { timeout: RUN_MS }, async () => {
    const report = await scan(await buildLab('exthdr dst exists drop;'), [TARGET[6]]);
    const details = detailsOf(report, TARGET[6]);
    expect(details).toHaveLength(SILENT.length + DROPPED.length);
    for (const [, detail] of details) expect(detail).toBe('silent-certified');
    expect(report.warnings.join()).toContain('--passage tells nothing');
  });
});
