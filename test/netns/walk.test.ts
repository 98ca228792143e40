/**
 * The certified walk against the kernel's own limiters, made ten times as fast by sysctl: every port of each run is compared with
 * the truth. Stock limits and nmap beside them: bench/limits.mjs.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Family, IcmpLimiter, Report, State } from '../../src/model.ts';
import { createNamespace, link, removeAll, run, setSysctl, whyNoNamespaces } from './namespaces.ts';
import { toNftLoss } from './nftRules.ts';
import { type Installed, install, runCommand, toReport, type User } from './runInLab.ts';

const why = whyNoNamespaces();
if (why !== null) console.log(`the walk not checked against the kernel's limiters: ${why}`);

/** Most that one run takes, ms: 5 s by the limiter, and the labs share the machine. */
const RUN_MS = 60_000;
const TARGET: Readonly<Record<Family, string>> = { 4: '10.0.0.2', 6: 'fd00::2' };
const SOURCES: Readonly<Record<Family, readonly string[]>> = {
  4: ['10.0.0.1', '10.0.0.11', '10.0.0.12', '10.0.0.13'],
  6: ['fd00::1', 'fd00::11', 'fd00::12', 'fd00::13'],
};
const SHRUNK = { 'net.ipv4.icmp_ratelimit': 100, 'net.ipv6.icmp.ratelimit': 100 };
const NO_LIMIT = {
  ...{ 'net.ipv4.icmp_ratelimit': 0, 'net.ipv6.icmp.ratelimit': 0 },
  ...{ 'net.ipv4.icmp_msgs_per_sec': 1_000_000, 'net.ipv4.icmp_msgs_burst': 1_000_000 },
};

/** Ports of which some are dropped; all others are closed. */
interface Ports {
  readonly first: number;
  readonly last: number;
  readonly dropped: readonly number[];
}

const SIXTY: Ports = {
  first: 20_001,
  last: 20_060,
  dropped: [20_007, 20_020, 20_021, 20_022, 20_041, 20_058],
};
/** Twenty in a row, begun and ended at no port that is asked first. */
const RANGE: Ports = {
  first: 20_001,
  last: 20_200,
  dropped: Array.from({ length: 20 }, (_, index) => 20_104 + index),
};

interface Scene {
  readonly ports?: Ports;
  readonly sysctls: Readonly<Record<string, number>>;
  /** Rules of nftables for what leaves the target. */
  readonly output?: string;
  /** Chance that a packet is lost, each way. */
  readonly loss?: number;
}

let serial = 0;

function buildLab({ ports = SIXTY, sysctls, output = '', loss = 0 }: Scene): string {
  serial += 1;
  const [scanner, target] = [`walk-scan-${serial}`, `walk-tgt-${serial}`].map(createNamespace);
  const addresses = [...SOURCES[4].map((ip) => `${ip}/24`), ...SOURCES[6].map((ip) => `${ip}/64`)];
  link(
    { ns: scanner!, device: 'in', addresses },
    { ns: target!, device: 'in', addresses: [`${TARGET[4]}/24`, `${TARGET[6]}/64`] },
  );
  for (const [key, value] of Object.entries(sysctls)) setSysctl(target!, key, value);
  const rules = `table inet walk {
    chain in { type filter hook input priority 0; udp dport { ${ports.dropped.join(', ')} } drop; }
    chain out { type filter hook output priority 0; ${output} }
  }`;
  run(target!, ['nft', '-f', '-'], { input: rules });
  if (loss > 0) run(target!, ['nft', '-f', '-'], { input: toNftLoss(loss) });
  return scanner!.name;
}

/** Ports that are told otherwise than they are. */
function wrongOf({ verdicts }: Report, { first, last, dropped } = SIXTY): readonly string[] {
  const said = new Map(verdicts.map(({ port, state }) => [port, state]));
  const wrong: string[] = [];
  for (let port = first; port <= last; port++) {
    const state: State = dropped.includes(port) ? 'open|filtered' : 'closed';
    if (said.get(port) !== state) wrong.push(`${port} is ${state}, not ${said.get(port)}`);
  }
  return wrong;
}

describe.skipIf(why !== null)('UDP ports behind limiters', () => {
  let installed: Installed;
  beforeAll(() => {
    installed = install();
  });
  afterAll(() => {
    installed.remove();
    removeAll();
  });

  async function scan(
    scene: Scene,
    user: User,
    argv: readonly string[],
  ): Promise<{ readonly report: Report; readonly limiter: IcmpLimiter | undefined }> {
    const place = { namespace: buildLab(scene), user, prefix: [] };
    const { first, last } = scene.ports ?? SIXTY;
    const words = ['scan', '-sU', '-p', `${first}-${last}`, '--json', ...argv];
    const report = toReport(await runCommand(installed, place, words));
    return { report, limiter: report.hosts[0]?.limiter };
  }

  describe.concurrent.each([4, 6] as const)('IPv%i', (family) => {
    const several = ['-S', SOURCES[family].join(',')];
    const shared = {
      sysctls: NO_LIMIT,
      output:
        'icmp type destination-unreachable limit rate over 15/second burst 3 packets drop; ' +
        'icmpv6 type destination-unreachable limit rate over 15/second burst 3 packets drop;',
    };

    it('an answer each 100 ms, as an ordinary user', { timeout: RUN_MS }, async () => {
      const argv = [TARGET[family], '--wire', 'errqueue'];
      const { report, limiter } = await scan({ sysctls: SHRUNK }, 'nobody', argv);
      expect(wrongOf(report)).toEqual([]);
      const silent = report.verdicts.filter(({ state }) => state === 'open|filtered');
      expect(silent.map(({ detail }) => detail)).toEqual(
        SIXTY.dropped.map(() => 'silent-certified'),
      );
      expect(limiter).toMatchObject({ kind: expect.stringMatching(/^(per-source|unknown)$/) });
    });

    it('from four addresses, each with a limit of its own', { timeout: RUN_MS }, async () => {
      const argv = [TARGET[family], ...several];
      const { report, limiter } = await scan({ sysctls: SHRUNK }, 'root', argv);
      expect(wrongOf(report)).toEqual([]);
      expect(limiter).toMatchObject({ kind: 'per-source', isTested: true });
    });

    it('from four addresses, of a host with one limit', { timeout: RUN_MS }, async () => {
      const { report, limiter } = await scan(shared, 'root', [TARGET[family], ...several]);
      expect(wrongOf(report)).toEqual([]);
      expect(limiter).toMatchObject({ kind: 'host-wide', isTested: true });
    });

    it('an answer each 100 ms, and 5 % lost each way', { timeout: RUN_MS }, async () => {
      const scene = { sysctls: SHRUNK, loss: 0.05 };
      const { report } = await scan(scene, 'root', [TARGET[family], '--wire', 'packet']);
      expect(wrongOf(report)).toEqual([]);
    });

    it('ranges are inferred', { timeout: RUN_MS }, async () => {
      const argv = [TARGET[family], '--infer-ranges'];
      const { report } = await scan({ sysctls: SHRUNK, ports: RANGE }, 'nobody', argv);
      expect(wrongOf(report, RANGE)).toEqual([]);
      const told = report.verdicts.filter(({ detail }) => detail === 'inferred');
      expect(told.length).toBeGreaterThan(120);
      expect(told.every(({ confidence, attempts }) => confidence < 0.999 && attempts === 0)).toBe(
        true,
      );
      expect(report.counters['inferred']).toBe(told.length);
    });

    it('no limit', { timeout: RUN_MS }, async () => {
      const { report, limiter } = await scan({ sysctls: NO_LIMIT }, 'nobody', [TARGET[family]]);
      expect(wrongOf(report)).toEqual([]);
      expect(limiter).toMatchObject({ kind: 'none' });
    });
  });
});
