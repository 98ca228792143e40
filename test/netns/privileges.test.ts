/** What the command still may do once its sockets are open. */
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { createNamespace, removeAll, run, whyNoNamespaces } from './namespaces.ts';

const why = whyNoNamespaces();
if (why !== null) console.log(`privileges are not checked: ${why}`);

const CAP_DAC_OVERRIDE = 1n << 1n;
const CAP_NET_ADMIN = 1n << 12n;
const CAP_NET_RAW = 1n << 13n;

/** Scans loopback by SYN with the built library, and prints what was found and the capabilities afterwards. */
const script = (dropPrivileges: boolean): string => `
const { readFileSync } = await import('node:fs');
const { scan } = await import(${JSON.stringify(fileURLToPath(new URL('../../dist/index.js', import.meta.url)))});
const run = scan({ targets: ['127.0.0.1'], ports: '9', wire: 'packet', dropPrivileges: ${dropPrivileges} });
const { verdicts, wire } = await run.report();
const [, effective] = /^CapEff:\\s+(\\w+)$/m.exec(readFileSync('/proc/self/status', 'latin1'));
console.log(JSON.stringify({ state: verdicts[0].state, wire: wire.kind, effective }));
`;

describe.skipIf(why !== null)('a scan by raw packets as root', () => {
  afterAll(removeAll);

  it.each([
    [true, 0n, CAP_DAC_OVERRIDE],
    [false, CAP_NET_ADMIN | CAP_NET_RAW, CAP_DAC_OVERRIDE],
  ])('dropPrivileges %s', (dropPrivileges, network, files) => {
    const lab = createNamespace('caps');
    const argv = [process.execPath, '--input-type=module', '-e', script(dropPrivileges)];
    const stdout = run(lab, argv);
    const found = JSON.parse(stdout) as { state: string; wire: string; effective: string };
    expect(found).toMatchObject({ state: 'closed', wire: 'packet' });
    const effective = BigInt(`0x${found.effective}`);
    expect(effective & (CAP_NET_ADMIN | CAP_NET_RAW)).toBe(network);
    expect(effective & CAP_DAC_OVERRIDE).toBe(files);
  });
});
