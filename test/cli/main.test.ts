import { describe, expect, it } from 'vitest';
import type { Report, ScanOptions } from '../../src/index.ts';
import * as library from '../../src/index.ts';
import { ProbeError, UsageError, VERSION } from '../../src/index.ts';
import { dnsOpen, ntpClosed, report, troubles } from '../report/sample.ts';
import { createFakeApi, createFakeIo, run } from './process.ts';

const good = createFakeApi(report([dnsOpen, ntpClosed]));
const never = createFakeApi(() => {
  throw new Error('a scan was started');
});

describe('mistakes end with code 2 and one line, before anything is sent', () => {
  it.each([
    ['', 'name a command, as in: pu-probe scan TARGET -p PORTS (pu-probe --help says more)'],
    ['10.0.0.5 -p 53', 'unknown command "10.0.0.5"; to scan, write: pu-probe scan TARGET'],
    ['scna 10.0.0.5', 'unknown command "scna"; the nearest is scan'],
    ['-sU 10.0.0.5', 'a command comes first, not "-sU"; to scan, write: pu-probe scan TARGET'],
    [
      'trace',
      'trace needs a target: an address, a name or host:port (pu-probe trace --help says more)',
    ],
    ['trace 10.0.0.5 -p 53 --max-hops 99', '--max-hops takes 1 to 64, not "99"'],
    ['trace 10.0.0.5 -p 53 --max-hops x', '--max-hops takes 1 to 255, not "x"'],
    ['trace 10.0.0.5', 'trace needs a port: -p PORT or host:port'],
    ['trace 10.0.0.5 -p 1-100', '100 ports are too many for traces: a run takes 64 at most'],
    ['trace 10.0.0.5 -p 53 -T4', 'unknown option "-T4"; the nearest is -4'],
    ['explain', 'explain needs a capture: a pcap or pcapng file, or - for standard input'],
    ['check', 'the command check is not built yet'],
    ['diagnose', 'the command diagnose is not built yet'],
    ['inspect', 'the command inspect is not built yet'],
    ['diff', 'the command diff is not built yet'],
    ['serve', 'the command serve is not built yet'],
    ['ports 53', 'ports takes no argument: "53"'],
    [
      'scan',
      'scan needs a target: an address, a name, a prefix, host:port or -iL FILE (pu-probe scan --help says more)',
    ],
    ['scan 10.0.0.5 -oN /missing/a', '-oN cannot write "/missing/a": no such file'],
    ['scan 10.0.0.5 -p 80 --expect 53/udp=open', '--expect "53/udp=open": that port is not asked'],
    [
      'scan 10.0.0.5 -sU -p 53 --expect 53/tcp=open',
      '--expect "53/tcp=open": that port is not asked',
    ],
    ['scan 10.0.0.5 -sn -p 80 --dry-run', '-sn looks for hosts alone: not with -p'],
    ['scan 10.0.0.5 -sn -sS --dry-run', '-sn looks for hosts alone: not with -sS'],
    [
      'scan 10.0.0.5:80 -sn --dry-run',
      'target "10.0.0.5:80" names a port: -sn looks for hosts alone',
    ],
    ['scan 10.0.0.300 --dry-run', 'target "10.0.0.300": "300" is no octet (0 to 255)'],
    ['scan 10.0.0.5 -p 99999 --dry-run', '-p "99999": a port is 1 to 65535'],
    ['scan 10.0.0.5 --seed xyz --dry-run', '--seed takes 1 to 16 hexadecimal digits, not "xyz"'],
  ])('%s', async (line, message) => {
    expect(await run(line, never)).toEqual({ code: 2, out: '', err: `pu-probe: ${message}\n` });
  });

  it.each([
    ['10.0.0.5\n\n10.0.0.300\n', 'list:3: target "10.0.0.300": "300" is no octet (0 to 255)'],
    ['# all\n10.0.0.5 a_b:0\n', 'list:2: target "a_b:0": "0" is no port (1 to 65535, or a name)'],
    ['224.0.0.1', 'list:1: target "224.0.0.1" is multicast: a port belongs to one host'],
    ['\n::1', 'list:2: target "::1" is IPv6, but only IPv4 is asked'],
    [
      '\nudp://10.0.0.5:53',
      'list:2: target "udp://10.0.0.5:53" names UDP, but only TCP is asked: add -sU',
    ],
  ])('names file and line of a mistake in a list: %j', async (content, message) => {
    const fake = createFakeIo({}, { list: content });
    expect(await run('scan -4 -sT -iL list --dry-run', never, fake)).toEqual({
      code: 2,
      out: '',
      err: `pu-probe: ${message}\n`,
    });
  });

  it('holds for what the library finds', async () => {
    const api = createFakeApi(() => Promise.reject(new UsageError('target "x" has no\n address.')));
    expect(await run('scan x', api)).toEqual({
      code: 2,
      out: '',
      err: 'pu-probe: target "x" has no address\n',
    });
    expect((await run('scan x --jsonl', api)).code).toBe(2);
  });
});

describe('errors', () => {
  it('says that the environment does not allow it, code 3', async () => {
    const api = createFakeApi(() =>
      Promise.reject(new ProbeError('E_WIRE_UNAVAILABLE', 'no CAP_NET_RAW')),
    );
    expect(await run('scan 10.0.0.5 --wire packet', api)).toEqual({
      code: 3,
      out: '',
      err: 'pu-probe: no CAP_NET_RAW\n',
    });
  });

  it('calls a bug a bug, code 4, with a stack only under --debug', async () => {
    const api = createFakeApi(() => Promise.reject(new TypeError('x is undefined')));
    const plain = await run('scan 10.0.0.5', api);
    expect(plain.code).toBe(4);
    expect(plain.err).toMatch(
      /^pu-probe: internal error: x is undefined\. .*please report it.*\n$/,
    );
    const debug = await run('scan 10.0.0.5 --debug', api);
    expect(debug.err).toMatch(/\n {4}at /);
  });
});

describe('a name without an address', () => {
  const gone = {
    name: 'gone.example',
    why: 'cannot be looked up: no such name (ENOTFOUND)',
    isOurSide: false,
    place: null,
  };
  const line = 'pu-probe: target "gone.example" cannot be looked up: no such name (ENOTFOUND)\n';
  const plan = { targets: 1, probes: 1, unresolved: [gone] };
  const part = { plan, complete: false, notDone: ['gone.example'] };

  it.each(['', '--json', '--jsonl'])(
    'is told while the others are scanned, code 3 %s',
    async (option) => {
      const { code, out, err } = await run(
        `scan gone.example 10.0.0.5 -p 53 -sU ${option}`,
        createFakeApi(report([dnsOpen], part)),
      );
      expect([code, err]).toEqual([3, line]);
      expect(out).toContain('gone.example');
    },
  );

  it('leaves an expectation undecided', async () => {
    const found = createFakeApi(report([dnsOpen], part));
    expect((await run('scan gone.example 10.0.0.5 --expect open', found)).code).toBe(3);
  });

  it('may be the one whose port is expected', async () => {
    const expecting = 'scan 10.0.0.5 gone.example:53 -p 80 --expect 53/tcp=open';
    const known = await library.planScan({ targets: ['10.0.0.5'], ports: '80' });
    const found = createFakeApi(report([dnsOpen], part));
    const planScan = async () => ({ ...known, unresolved: [gone] });
    expect(await run(expecting, { ...found, planScan })).toMatchObject({
      code: 3,
      err: `${line}pu-probe: --expect 53/tcp=open is undecided: not every port was checked\n`,
    });
  });

  it('is counted on standard error where there are many', async () => {
    const many = { ...plan, unresolved: Array(25).fill(gone) };
    const { err } = await run('scan x', createFakeApi(report([dnsOpen], { ...part, plan: many })));
    expect(err.trimEnd().split('\n').length).toBe(21);
    expect(err).toMatch(/and 5 further names without an address\n$/);
  });
});

describe('scan', () => {
  it('hands the options on and prints the report', async () => {
    const asked: ScanOptions[] = [];
    const { code, out, err } = await run(
      'scan 10.0.0.5 -p 53,123 -sU',
      createFakeApi(report([dnsOpen, ntpClosed]), asked),
    );
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^53\/udp {3}open {4}dns/m);
    expect(out).not.toContain('\x1b');
    expect(asked[0]).toMatchObject({ targets: ['10.0.0.5'], ports: '53,123', udp: true });
  });

  it('prints one JSON document', async () => {
    const { code, out, err } = await run('scan 10.0.0.5 --json', good);
    expect([code, err]).toEqual([0, '']);
    expect(JSON.parse(out).verdicts.length).toBe(2);
  });

  it('prints JSON records', async () => {
    const { code, out } = await run('scan 10.0.0.5 --jsonl', createFakeApi(report(troubles)));
    const records = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(records[0].type).toBe('start');
    expect(records.filter(({ type }) => type === 'verdict').length).toBe(troubles.length);
    expect(records.at(-1)).toMatchObject({ type: 'end', exitCode: code });
    expect(code).toBe(3);
  });

  it('writes files besides, and says when one cannot be written', async () => {
    const fake = createFakeIo({ isTty: { stdout: true, stderr: false } });
    const { code } = await run('scan 10.0.0.5 -oN a.txt -oJ b.json', good, fake);
    expect(code).toBe(0);
    expect(fake.files.get('a.txt')).toMatch(/^pu-probe .*\n/);
    expect(fake.files.get('a.txt')).not.toContain('\x1b');
    expect(JSON.parse(fake.files.get('b.json')!).schema).toBe('pu-probe/report/1');
    expect(await run('scan 10.0.0.5 --json -oN /full/a', good)).toMatchObject({
      code: 3,
      err: 'pu-probe: cannot write "/full/a": no space left\n',
    });
  });

  it.each([
    [true, {}, '', true],
    [false, {}, '', false],
    [true, { NO_COLOR: '1' }, '', false],
    [true, { NO_COLOR: '' }, '', true],
    [true, { TERM: 'dumb' }, '', false],
    [true, {}, ' --no-color', false],
  ])('colours on a terminal %s with %j%s: %s', async (stdout, env, option, expected) => {
    const fake = createFakeIo({ isTty: { stdout, stderr: false }, env });
    const { out } = await run(`scan 10.0.0.5${option}`, good, fake);
    expect(out.includes('\x1b[32mopen')).toBe(expected);
  });

  it('prints the plan of a dry run and sends nothing', async () => {
    const text = await run(
      'scan 10.0.0.0/30 10.1.0.1:8443 -p 22,80-82 --seed 2a -T4 --dry-run',
      never,
    );
    expect(text.code).toBe(0);
    expect(text.out).toBe(`17 ports of 5 targets to ask; nothing is sent now
10.0.0.0 … 10.0.0.3 (4)
  tcp 22,80-82
10.1.0.1
  tcp 8443

timing        -T4
rate          found while running
retries       as -T4 has them
host timeout  none
control       up to three UDP ports a target, to learn how far it is
seed          000000000000002a
`);
    const long = await run('scan 10.0.0.5 --dry-run', never);
    for (const line of long.out.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
    const json = await run('scan 10.0.0.5 -p 53 -sU --rate max --dry-run --json', never);
    expect(JSON.parse(json.out)).toMatchObject({
      schema: 'pu-probe/plan/1',
      probes: 1,
      ratePps: 'max',
    });
  });
});

describe('expectations and exit codes', () => {
  it.each([
    ['', [dnsOpen, ntpClosed], 0, ''],
    ['', troubles, 3, ''],
    ['', [], 3, ''],
    ['--expect open', [dnsOpen], 0, ''],
    [
      '--expect open',
      [dnsOpen, ntpClosed],
      1,
      '--expect open failed: 10.0.0.5 123/udp is closed (99.9 % sure)',
    ],
    ['-sU -p 53,123 --expect 53/udp=open --expect 123=closed', [dnsOpen, ntpClosed], 0, ''],
    [
      '--expect filtered',
      [troubles[2]!],
      3,
      '--expect filtered is undecided: 10.0.0.5 161/udp is open|filtered (98.0 % sure)',
    ],
    ['--expect closed', [troubles[4]!], 0, ''],
    [
      '--expect closed --expect-certain',
      [troubles[4]!],
      3,
      '--expect closed is undecided: 10.0.0.5 80/tcp is closed (95.0 % sure)',
    ],
  ] as const)('%s', async (options, verdicts, code, line) => {
    const found = createFakeApi(report(verdicts, { complete: verdicts.length > 0 }));
    const result = await run(`scan 10.0.0.5 ${options}`, found);
    expect([result.code, result.err]).toEqual([code, line === '' ? '' : `pu-probe: ${line}\n`]);
  });
});

it('names every port that is not as expected, the failed ones first', async () => {
  const closed = (port: number) => ({ ...ntpClosed, port });
  const found = report([troubles[2]!, closed(1), dnsOpen, closed(2), closed(3)]);
  const { code, err } = await run(
    'scan 10.0.0.5 -sU -p 1-3,53,161 --expect open --expect 2/udp=open',
    createFakeApi(found),
  );
  expect([code, err]).toEqual([
    1,
    [
      '--expect open failed: 10.0.0.5 1/udp is closed (99.9 % sure)',
      '--expect open failed: 10.0.0.5 2/udp is closed (99.9 % sure)',
      '--expect open failed: 10.0.0.5 3/udp is closed (99.9 % sure)',
      '--expect open is undecided: 10.0.0.5 161/udp is open|filtered (98.0 % sure)',
      '--expect 2/udp=open failed: 10.0.0.5 2/udp is closed (99.9 % sure)',
    ]
      .map((line) => `pu-probe: ${line}\n`)
      .join(''),
  ]);
  const many = Array.from({ length: 1500 }, (_, index) => closed(index + 1));
  const { err: long } = await run(
    'scan 10.0.0.5 -sU -p 1-1500 --expect open',
    createFakeApi(report(many)),
  );
  expect(long.trimEnd().split('\n').length).toBe(1001);
  expect(long).toMatch(/and 500 further ports not as expected\n$/);
});

describe('Ctrl-C', () => {
  /** A scan that lasts until it is aborted. */
  const endless = (onStart: () => void) =>
    createFakeApi(
      (options) =>
        new Promise<Report>((resolve) => {
          options.signal!.addEventListener('abort', () =>
            resolve(report([dnsOpen], { complete: false, notDone: ['10.0.0.5 123/udp'] })),
          );
          onStart();
        }),
    );

  it.each(['', '--json', '--jsonl'])('prints what was found, code 130 %s', async (option) => {
    const fake = createFakeIo();
    const { code, out } = await run(
      `scan 10.0.0.5 ${option}`,
      endless(() => queueMicrotask(fake.interrupt)),
      fake,
    );
    expect(code).toBe(130);
    expect(out).toContain('123/udp');
    if (option === '--json') expect(JSON.parse(out)).toMatchObject({ complete: false });
    if (option === '--jsonl')
      expect(JSON.parse(out.trimEnd().split('\n').at(-1)!).exitCode).toBe(130);
  });

  it('ends at once the second time', async () => {
    const fake = createFakeIo();
    const stuck = createFakeApi(
      () =>
        new Promise<Report>(() => {
          queueMicrotask(fake.interrupt);
          queueMicrotask(fake.interrupt);
        }),
    );
    expect(await run('scan 10.0.0.5', stuck, fake)).toEqual({ code: 130, out: '', err: '' });
  });
});

describe('what needs no scan', () => {
  it('prints the version', async () => {
    for (const line of ['--version', '-V', 'scan --version']) {
      expect(await run(line, never)).toEqual({ code: 0, out: `pu-probe ${VERSION}\n`, err: '' });
    }
  });

  it('prints help', async () => {
    for (const line of ['--help', '-h', 'help', 'ports --help']) {
      expect(await run(line, never)).toMatchObject({ code: 0, err: '' });
    }
    const { out } = await run('--help', never);
    await expect(out).toMatchFileSnapshot('./golden/help.txt');
    const scan = await run('scan --help', never);
    await expect(scan.out).toMatchFileSnapshot('./golden/scanHelp.txt');
    expect((await run('help scan', never)).out).toBe(scan.out);
    for (const line of (out + scan.out).split('\n'))
      expect(line.length, line).toBeLessThanOrEqual(80);
  });

  it('prints the port lists in a form that -p takes back', async () => {
    const { out } = await run('ports', never);
    const lists = out.split('\n').filter((line) => /^\d/.test(line));
    expect(lists.length).toBe(2);
    const planned = await run(`scan 10.0.0.5 -p ${lists[1]} -sU --dry-run`, never);
    expect(planned.code).toBe(0);
    expect(planned.out).toMatch(new RegExp(`^${lists[1]!.split(',').length} ports of 1 target`));
  });
});
