/** Several ports in one run of traces, through routers with the limits that a kernel has by itself. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseWorld } from '../../src/sim/world.ts';
import { buildLab } from './lab.ts';
import { removeAll, whyNoNamespaces } from './namespaces.ts';
import { type Installed, install, runCommand, toReport } from './runInLab.ts';

const why = whyNoNamespaces();
if (why !== null) console.log(`traces of several ports not checked on real wires: ${why}`);

/** Each port may wait about 5 s for the errors of its routers, ms. */
const RUN_MS = 120_000;
const PORTS = [81, 82, 83, 84];
const RULES = {
  drop: { verdict: 'drop' },
  reject: { verdict: 'reject', with: 'admin-prohibited' },
} as const;

describe.skipIf(why !== null)('four ports in one run', () => {
  let installed: Installed;
  beforeAll(() => {
    installed = install();
  });
  afterAll(() => {
    installed.remove();
    removeAll();
  });

  it.concurrent.each([
    ['drop', 'packet', 'root', 4],
    ['reject', 'packet', 'root', 6],
    ['drop', 'errqueue', 'nobody', 6],
    ['reject', 'errqueue', 'nobody', 4],
  ] as const)('%s on %s as %s, IPv%i', { timeout: RUN_MS }, async (kind, wire, user, family) => {
    const rule = { hook: 'forward', protocol: 'udp', dport: '81-84', ...RULES[kind] };
    const routers = [{}, {}, { rules: [rule] }, {}, {}, {}];
    const lab = await buildLab(parseWorld({ routers, targets: [{}] }, 'test'));
    try {
      const place = { namespace: lab.scanner.name, user, prefix: [] };
      const asked = ['-p', PORTS.join(','), '-sU', '-n', '--wire', wire, '--json'];
      const ran = await runCommand(installed, place, ['trace', lab.targetIp(family), ...asked]);
      const { paths } = toReport(ran);
      const found = paths.map(({ port, finding: said }) => ({
        port,
        said: `${said?.kind} ${said?.after?.ttl}-${said?.before?.ttl} ${said?.certainty}`,
      }));
      const certainty = kind === 'drop' && wire === 'errqueue' ? 'medium' : 'high';
      expect(found).toEqual(PORTS.map((port) => ({ port, said: `${kind} 3-4 ${certainty}` })));
    } finally {
      lab.close();
    }
  });
});
