/** The command `trace` over a simulated network. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Report } from '../../src/index.ts';
import * as library from '../../src/index.ts';
import { createFakeIo, run } from './process.ts';

const folder = mkdtempSync(join(tmpdir(), 'pp-trace-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = join(folder, 'world.json');
const rules = [
  { hook: 'forward', protocol: 'tcp', dport: 443, verdict: 'drop' },
  { hook: 'forward', protocol: 'tcp', dport: 25, verdict: 'reject', with: 'admin-prohibited' },
];
writeFileSync(
  file,
  JSON.stringify({
    routers: [{ mpls: [102], interface: 'ge-0/0/2' }, { rules }, {}],
    targets: [{ tcp: { 22: 'accept', 25: 'accept', 443: 'accept' } }],
  }),
);

const IPV6 = 'fd90:0:0:3::a';
const base = `--seed 2a -n --wire sim:${file}`;
const trace = (line: string) => run(`trace ${line} ${base}`, library);

describe('text', () => {
  it.each([
    ['drop', `10.90.3.10 -p 443`],
    ['dropVerbose', `${IPV6} -p 443 -v`],
    ['reject', '10.90.3.10 -p 25'],
    ['open', '10.90.3.10:22'],
  ])('%s', async (name, line) => {
    const { code, out, err } = await trace(line);
    expect([code, err]).toEqual([0, '']);
    const wide = out.split('\n').filter((text) => text.length > 80);
    // Commands stay whole, to be copied.
    expect(wide.filter((text) => !text.startsWith('    '))).toEqual([]);
    await expect(out).toMatchFileSnapshot(`golden/trace/${name}.txt`);
  });

  it('follows a narrow terminal', async () => {
    const fake = createFakeIo({ isTty: { stdout: true, stderr: false }, columns: 60 });
    await run(`trace ${IPV6} -p 443 ${base} --no-color`, library, fake);
    await expect(fake.out()).toMatchFileSnapshot('golden/trace/narrow.txt');
  });
});

describe('JSON', () => {
  it('is one document with a path a port', async () => {
    const { code, out } = await trace('10.90.3.10 -p 22,443 --json');
    const report = JSON.parse(out) as Report;
    expect(code).toBe(0);
    expect(report).toMatchObject({ command: 'trace', complete: true, verdicts: [] });
    expect(report.paths.map(({ port, end }) => [port, end])).toEqual([
      [22, 'reached'],
      [443, 'dropped'],
    ]);
    expect(report.paths[1]!.finding).toMatchObject({
      kind: 'drop',
      after: { ttl: 2, ip: '10.90.1.2' },
      before: { ttl: 3, ip: '10.90.2.2' },
      direction: 'forward',
    });
  });

  it('is a record a line', async () => {
    const { out } = await trace('10.90.3.10 -p 443 --jsonl');
    const records = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string });
    expect(records.map(({ type }) => type)).toEqual(['start', 'path', 'warning', 'end']);
  });
});

it('refuses a wire that sees no senders, code 3', async () => {
  const { code, err } = await run(`trace 10.90.3.10 -p 22 --wire sim:${file}#connect`, library);
  expect(code).toBe(3);
  expect(err).toContain('a trace needs the senders of ICMP errors');
});

it('has its own help', async () => {
  await expect((await run('trace --help', library)).out).toMatchFileSnapshot(
    'golden/traceHelp.txt',
  );
});

describe('--flows', () => {
  const shared = join(folder, 'shared.json');
  writeFileSync(
    shared,
    JSON.stringify({
      routers: [{}, { beside: [{ rules: [rules[0]] }] }, {}],
      targets: [{ tcp: { 443: 'accept' } }],
    }),
  );
  const flows = (line: string) => run(`trace 10.90.3.10 -p 443 ${line} --seed 2a -n`, library);

  it('shows the ways and which of them loses the port', async () => {
    const { code, out } = await flows(`--flows 16 --wire sim:${shared}`);
    expect(code).toBe(0);
    await expect(out).toMatchFileSnapshot('golden/trace/flows.txt');
  });

  it('is in the JSON, each source port once', async () => {
    const { out } = await flows(`--flows 16 --wire sim:${shared} --json`);
    const { sources } = (JSON.parse(out) as Report).paths[0]!;
    expect(sources?.asked).toBe(16);
    const ports = sources!.groups.flatMap(({ srcPorts }) => srcPorts);
    expect(new Set(ports).size).toBe(16);
    expect(new Set(sources!.groups.map(({ end }) => end))).toEqual(new Set(['reached', 'silent']));
  });

  it.each([
    ['1', `--wire sim:${shared}`, 2, '--flows takes 2 to 32 source ports, not "1"'],
    ['33', `--wire sim:${shared}`, 2, '--flows takes 2 to 32 source ports, not "33"'],
    ['x', `--wire sim:${shared}`, 2, '--flows'],
    ['8', `--no-control --wire sim:${shared}`, 2, '--flows asks what --no-control forbids'],
    ['8', '-g 4000', 2, '--flows takes several source ports: not with -g 4000'],
    ['8', `--wire sim:${shared}#errqueue`, 3, '--flows 8 needs packets of our own'],
  ])('%s with %s is refused, code %i', async (count, line, code, text) => {
    const refused = await flows(`--flows ${count} ${line}`);
    expect(refused.code).toBe(code);
    expect(refused.err.trimEnd().split('\n')).toHaveLength(1);
    expect(refused.err).toContain(text);
  });
});

describe('--mtu', () => {
  const narrow = join(folder, 'narrow.json');
  const quiet = { rules: [{ hook: 'output', icmp: 'too-big', verdict: 'drop' }] };
  const world = (routers: readonly object[]) => ({
    routers,
    targets: [{ tcp: { 443: 'accept' } }],
    links: [{}, {}, { mtu: 1400 }],
  });
  const measure = (routers: readonly object[], line: string) => {
    writeFileSync(narrow, JSON.stringify(world(routers)));
    return run(`trace 10.90.3.10 -p 443 --mtu ${line} --seed 2a -n`, library);
  };

  it('names who says that it is too big', async () => {
    const { code, out } = await measure([{}, {}, {}], `--wire sim:${narrow}`);
    expect(code).toBe(0);
    await expect(out).toMatchFileSnapshot('golden/trace/mtu.txt');
  });

  it('finds where large ones are lost in silence', async () => {
    const { out } = await measure([{}, quiet, {}], `--wire sim:${narrow}`);
    await expect(out).toMatchFileSnapshot('golden/trace/mtuBlackHole.txt');
  });

  it('has the sizes in the JSON', async () => {
    const { out } = await measure([{}, quiet, {}], `--json --wire sim:${narrow}`);
    expect((JSON.parse(out) as Report).paths[0]!.mtu).toMatchObject({
      linkBytes: 1500,
      bytes: 1400,
      end: 4,
      said: [],
      hole: { after: { ttl: 2 }, before: { ttl: 3 } },
    });
  });

  it('is refused where no packets can be made, code 3', async () => {
    const { code, err } = await measure([{}, {}, {}], `--wire sim:${narrow}#errqueue`);
    expect(code).toBe(3);
    expect(err).toContain('--mtu needs packets of our own');
  });
});

describe('--passage', () => {
  const passage = join(folder, 'passage.json');
  const scene = (hook: string, key: string) =>
    JSON.stringify({
      routers: [{}, {}],
      targets: [
        {
          tcp: { 443: 'accept' },
          rules: [{ hook, protocol: 'tcp', [key]: 443, verdict: 'drop' }],
        },
      ],
    });
  const ask = (world: string, line: string) => {
    writeFileSync(passage, world);
    return run(`trace ${line} -p 443 --passage --seed 2a -n`, library);
  };
  const six = `fd90:0:0:2::a --wire sim:${passage}`;

  it('says that the answer is lost where the packet comes to the stack', async () => {
    const { code, out } = await ask(scene('output', 'sport'), six);
    expect(code).toBe(0);
    await expect(out).toMatchFileSnapshot('golden/trace/passageReturn.txt');
  });

  it('says that the packet is lost on its way there', async () => {
    const { out } = await ask(scene('input', 'dport'), six);
    await expect(out).toMatchFileSnapshot('golden/trace/passageLost.txt');
  });

  it('is proposed where it would settle the direction, over IPv6', async () => {
    writeFileSync(passage, scene('input', 'dport'));
    const { out } = await run(`trace ${six} -p 443 --seed 2a -n`, library);
    expect(out).toContain('-p 443 --passage');
    const four = await run(`trace 10.90.2.10 --wire sim:${passage} -p 443 --seed 2a -n`, library);
    expect(four.out).not.toContain('--passage');
    expect(four.out).toContain('-p 443 --fragment');
  });

  it.each([
    ['10.90.2.10', '10.90.2.10 is IPv4'],
    ['fd90:0:0:2::a --no-control', '--no-control forbids'],
    ['fd90:0:0:2::a --ask-hops', 'one after the other'],
  ])('%s is a mistake, code 2', async (line, text) => {
    const { code, err } = await ask(scene('input', 'dport'), `${line} --wire sim:${passage}`);
    expect(code).toBe(2);
    expect(err.trimEnd().split('\n')).toHaveLength(1);
    expect(err).toContain(text);
  });

  it('is refused where no packets can be made, code 3', async () => {
    const { code, err } = await ask(scene('input', 'dport'), `${six}#errqueue`);
    expect(code).toBe(3);
    expect(err).toContain('--passage needs packets of our own');
  });
});

describe('--fragment', () => {
  const fragment = join(folder, 'fragment.json');
  const drop = (hook: string, key: string) => ({
    rules: [{ hook, protocol: 'tcp', [key]: 443, verdict: 'drop' }],
  });
  const ask = (router: object, target: object, line: string) => {
    const targets = [{ tcp: { 443: 'accept' }, ...target }];
    writeFileSync(fragment, JSON.stringify({ routers: [{}, router], targets }));
    return run(`trace ${line} -p 443 --fragment --seed 2a -n`, library);
  };
  const four = `10.90.2.10 --wire sim:${fragment}`;

  it('says that the packet comes to the target, and before it begins how long it takes', async () => {
    const { code, out, err } = await ask({}, drop('input', 'dport'), four);
    expect(code).toBe(0);
    expect(err).toContain('--fragment waits 40 seconds (IPv4)');
    await expect(out).toMatchFileSnapshot('golden/trace/fragmentPasses.txt');
  });

  it('shows on a terminal what is waited for, and removes that', async () => {
    await ask({}, drop('input', 'dport'), four);
    const fake = createFakeIo({ isTty: { stdout: false, stderr: true }, columns: 120 });
    await run(`trace -p 443 --fragment -n ${four}`, library, fake);
    const text = '443/tcp of 10.90.2.10: waiting for fragments to be given up (--fragment), ';
    expect(fake.err()).toContain(`\r\x1b[K${text}`);
    expect(fake.err()).toContain(' s, 39 s at most');
    expect(fake.err().endsWith('\r\x1b[K')).toBe(true);
  });

  it('says that the packet is lost on its way there', async () => {
    const { out } = await ask(drop('forward', 'dport'), {}, four);
    await expect(out).toMatchFileSnapshot('golden/trace/fragmentLost.txt');
  });

  it.each([
    ['--no-control', '--no-control forbids'],
    ['--ask-hops', 'one after the other'],
    ['--passage', 'one after the other'],
  ])('%s is a mistake, code 2', async (option, text) => {
    const six = `fd90:0:0:2::a --wire sim:${fragment}`;
    const { code, err } = await ask({}, {}, `${six} ${option}`);
    expect(code).toBe(2);
    expect(err.trimEnd().split('\n')).toHaveLength(1);
    expect(err).toContain(text);
  });

  it('is refused where no packets can be made, code 3', async () => {
    const { code, err } = await ask({}, {}, `${four}#errqueue`);
    expect(code).toBe(3);
    expect(err).toContain('--fragment needs packets of our own');
  });
});

describe('scan --trace', () => {
  const scan = (line: string) =>
    run(`scan 10.90.3.10 ${line} --seed 2a --wire sim:${file} --trace`, library);

  it('traces what was silent, not what a known hop rejects', async () => {
    const { out } = await scan('-p 22,25,443,444 --json');
    const { paths, verdicts, warnings } = JSON.parse(out) as Report;
    expect(verdicts.map(({ state }) => state)).toEqual(['open', 'filtered', 'filtered', 'closed']);
    expect(paths.map(({ port, end }) => [port, end])).toEqual([[443, 'dropped']]);
    expect(warnings).toContain('ports that a device at a known hop rejects were not traced');
  });

  it('shows the paths below the verdicts', async () => {
    const { code, out } = await scan('-p 22,443');
    expect(code).toBe(0);
    expect(out).toContain('Trace of 443/tcp of 10.90.3.10');
    expect(out).toContain('-- lost here');
  });

  it('shows on a terminal which of them is traced, and removes that', async () => {
    const silent = join(folder, 'silent.json');
    const drop = [{ hook: 'forward', verdict: 'drop' }];
    writeFileSync(silent, JSON.stringify({ routers: [{}, { rules: drop }], targets: [{}] }));
    const fake = createFakeIo({ isTty: { stdout: false, stderr: true }, columns: 120 });
    await run(`scan 10.90.2.10 -p T:443,U:9 --seed 2a --wire sim:${silent} --trace`, library, fake);
    const shown = fake.err().split('\r\x1b[K');
    expect(shown.some((text) => /^0 of 2 .* packets\/s/.test(text))).toBe(true);
    const last = shown.findLast((text) => text.includes('the path'));
    expect(last).toMatch(/^\d+\/\w+ of 10\.90\.2\.10 \(2 of 2\): the path, \d s$/);
    expect(shown.at(-1)).toBe('');
  });

  it('traces nothing where nothing is filtered', async () => {
    const { out } = await scan('-p 22 --json');
    expect((JSON.parse(out) as Report).paths).toEqual([]);
  });
});
