/** `trace --ask-hops` over a simulated network. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Report } from '../../src/index.ts';
import * as library from '../../src/index.ts';
import { createFakeIo, run } from './process.ts';

const folder = mkdtempSync(join(tmpdir(), 'pp-ask-hops-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const drop = (rule: object) => ({ rules: [{ protocol: 'tcp', verdict: 'drop', ...rule }] });
const target = { tcp: { 22: 'accept', 443: 'accept', 8443: 'accept' } };
const worldOf = (name: string, routers: readonly object[]): string => {
  const file = join(folder, `${name}.json`);
  writeFileSync(file, JSON.stringify({ routers, targets: [target] }));
  return file;
};

const returned = worldOf('returned', [{}, drop({ hook: 'forward', sport: '443-8443' }), {}, {}]);
const forward = worldOf('forward', [{}, drop({ hook: 'forward', dport: 443 }), {}, {}]);
const only = {
  hook: 'forward',
  dport: 443,
  daddr: { 4: '10.90.4.10', 6: 'fd90:0:0:4::a' },
};
const destination = worldOf('destination', [{}, drop(only), {}, {}]);
const host = worldOf('host', [{}, {}, {}, drop({ hook: 'forward', dport: 443 })]);
const quiet = drop({ hook: 'input' });
const last = { rules: [...quiet.rules, ...drop({ hook: 'forward', dport: 443 }).rules] };
const mute = worldOf('mute', [quiet, quiet, quiet, last]);

const ask = (file: string, line = '-p 443') =>
  run(`trace 10.90.4.10 ${line} --ask-hops --seed 2a -n --wire sim:${file}`, library);
const reportOf = ({ out }: { readonly out: string }): Report => JSON.parse(out) as Report;

describe('text', () => {
  it.each([
    ['returnDrop', returned],
    ['dropPort', forward],
    ['dropDestination', destination],
    ['answersPass', host],
  ])('%s, and who is asked before it is done', async (name, file) => {
    const { code, out, err } = await ask(file);
    expect(code).toBe(0);
    expect(err).toBe(
      'pu-probe: asking 10.90.0.2, 10.90.1.2, 10.90.2.2, 10.90.3.2 by SYN to ports 443, 41016 (--ask-hops)\n',
    );
    const wide = out.split('\n').filter((text) => text.length > 80);
    // Commands stay whole, to be copied.
    expect(wide.filter((text) => !text.startsWith('    '))).toEqual([]);
    await expect(out).toMatchFileSnapshot(`golden/trace/${name}.txt`);
  });
});

describe('JSON', () => {
  it('has the answers of each router, and their packets as evidence of their own', async () => {
    const [path] = reportOf(await ask(returned, '-p 443 --json')).paths;
    expect(path!.askedHops).toEqual({
      control: 41_016,
      hops: [
        { ttl: 1, ip: '10.90.0.2', port: 'answered', control: 'answered' },
        { ttl: 2, ip: '10.90.1.2', port: 'answered', control: 'answered' },
        { ttl: 3, ip: '10.90.2.2', port: 'silent', control: 'answered' },
        { ttl: 4, ip: '10.90.3.2', port: 'silent', control: 'answered' },
      ],
    });
    const { evidence } = path!.finding!;
    expect(new Set(evidence).size).toBe(evidence.length);
    expect(
      evidence.some((id) => id.startsWith('r') && Number.parseInt(id.slice(1), 10) < 65_536),
    ).toBe(true);
  });

  it('asks once for several ports, and tells each path when that is over', async () => {
    const { out, err } = await ask(returned, '-p 22,443,8443 --jsonl');
    expect(err.match(/asking/g)).toHaveLength(1);
    expect(err).toContain('to ports 443, 8443, 41016');
    const records = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string; finding?: { kind: string } | null });
    const paths = records.filter(({ type }) => type === 'path');
    expect(paths.map(({ finding }) => finding?.kind)).toEqual([
      undefined,
      'return-drop',
      'return-drop',
    ]);
    expect(records.at(-1)).toMatchObject({ type: 'end', complete: true });
  });
});

it('is proposed where an answer of TCP may be lost on its way back', async () => {
  const line = `trace 10.90.4.10 -p 443 -n --json --wire sim:${returned}`;
  const [path] = reportOf(await run(line, library)).paths;
  expect(path!.finding!.next[0]).toMatch(/^pu-probe trace 10\.90\.4\.10 -p 443 --ask-hops {2}#/);
});

it('asks nobody where that tells nothing, and says so', async () => {
  const { out, err } = await ask(returned, '-p 22 --json');
  expect(err).toBe('');
  expect(reportOf({ out }).warnings.join()).toContain('--ask-hops asked no router');
});

it('routers that refuse nothing say nothing: the finding is that of the trace', async () => {
  const [path] = reportOf(await ask(mute, '-p 443 --json')).paths;
  expect(path).toMatchObject({ whyId: 'path.drop.last', finding: { kind: 'drop', rule: 9 } });
  const said = path!.askedHops!.hops.map(({ port, control }) => `${port} ${control}`);
  expect(said).toEqual(Array.from({ length: 4 }, () => 'silent silent'));
  expect((await ask(mute)).out).toContain('hops 1, 2, 3, 4: no answer from either');
});

it('a run that is stopped asks nobody', async () => {
  const fake = createFakeIo();
  const running = run(
    `trace 10.90.4.10 -p 443 --ask-hops --json --wire sim:${returned}`,
    library,
    fake,
  );
  fake.interrupt();
  const { code, out } = await running;
  expect(code).toBe(130);
  expect(reportOf({ out })).toMatchObject({ complete: false });
  expect(fake.err()).not.toContain('asking');
});

it.each([
  ['-p U:53,T:443', '--ask-hops is for TCP, not for 53/udp'],
  ['-p 53 -sU', '--ask-hops is for TCP, not for 53/udp'],
  ['-p 443 --no-control', '--ask-hops asks what --no-control forbids'],
])('%s is refused, code 2', async (line, text) => {
  const { code, err } = await ask(returned, line);
  expect(code).toBe(2);
  expect(err.trimEnd().split('\n')).toHaveLength(1);
  expect(err).toContain(text);
});
