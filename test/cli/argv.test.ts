import { describe, expect, it } from 'vitest';
import { translateArgv } from '../../src/cli/argv.ts';
import { insteadOf } from '../../src/cli/nmapOptions.ts';
import { OPTIONS } from '../../src/cli/options.ts';
import { parseScanArguments } from '../../src/cli/scanArguments.ts';
import type { ScanOptions } from '../../src/index.ts';
import { UsageError } from '../../src/index.ts';
import { createFakeIo } from './process.ts';

const files = {
  '-': '10.0.0.9\n',
  list: '10.0.0.1 10.0.0.2\n# comment\n  10.0.0.3 # why\r\n',
  empty: '\n# nothing\n',
};
const parse = (line: string) =>
  parseScanArguments(
    line.split(' ').filter((word) => word !== ''),
    createFakeIo({}, files).io.readFile,
  );

describe('nmap spellings', () => {
  const rows: readonly [string, Omit<ScanOptions, 'targets'>][] = [
    ['T', {}],
    ['T -p 53,123 -sU', { ports: '53,123', udp: true }],
    ['-p53 T', { ports: '53' }],
    ['-p- T', { ports: '-' }],
    ['-p - T', { ports: '-' }],
    ['-p -1024 T', { ports: '-1024' }],
    ['--ports=-1024 T', { ports: '-1024' }],
    ['--ports -1024 T', { ports: '-1024' }],
    ['-sT T', { tcp: true, connectRequested: true }],
    ['-sS T', { tcp: true, synRequested: true }],
    ['-sUT T', { udp: true, tcp: true, connectRequested: true }],
    ['-sSU -p U:53,T:22 T', { udp: true, tcp: true, synRequested: true, ports: 'U:53,T:22' }],
    ['-sU -sT T', { udp: true, tcp: true, connectRequested: true }],
    ['-T4 T', { timing: 4 }],
    ['-T 4 T', { timing: 4 }],
    ['-T insane T', { timing: 5 }],
    ['--timing=0 T', { timing: 0 }],
    ['-F T', { fast: true }],
    ['-S 10.0.0.1,10.0.0.2 T', { source: '10.0.0.1,10.0.0.2' }],
    ['--sources auto T', { source: 'auto' }],
    ['-6 T', { family: 6 }],
    ['-4 T', { family: 4 }],
    ['-n -Pn -v --reason T', {}],
    ['-nv6F T', { family: 6, fast: true }],
    ['-vv T', {}],
    ['--rate 500 T', { ratePps: 500 }],
    ['--max-rate=500 T', { ratePps: 500 }],
    ['--rate max T', { ratePps: Number.POSITIVE_INFINITY }],
    ['--retries 0 T', { retries: 0 }],
    ['--max-retries 6 T', { retries: 6 }],
    ['--host-timeout 30 T', { hostTimeoutMs: 30_000 }],
    ['--host-timeout 1500ms T', { hostTimeoutMs: 1500 }],
    ['--host-timeout 5m T', { hostTimeoutMs: 300_000 }],
    ['--host-timeout 1.5h T', { hostTimeoutMs: 5_400_000 }],
    ['--no-control T', { control: false }],
    ['--seed 2a T', { seed: '2a' }],
    ['--wire sim:world.json T', { wire: 'sim:world.json' }],
    ['--all-addresses T', { allAddresses: true }],
    ['--exclude 10.0.0.1,10.0.0.2 --exclude x T', { exclude: ['10.0.0.1', '10.0.0.2', 'x'] }],
  ];
  it.each(rows)('%s', async (line, expected) => {
    expect((await parse(line)).scan).toEqual({ targets: ['T'], ...expected });
  });

  it('takes targets from everywhere, and says where they were read', async () => {
    const { targets, places } = (await parse('A -iL list B -- -C')).scan;
    expect(targets).toEqual(['A', 'B', '-C', '10.0.0.1', '10.0.0.2', '10.0.0.3']);
    expect(places).toEqual([null, null, null, 'list:1', 'list:1', 'list:3']);
    expect((await parse('A -iL -')).scan.places).toEqual([null, 'standard input:1']);
  });

  it('reads what concerns output', async () => {
    const {
      format,
      files: out,
      verbose,
      noColor,
      dryRun,
      expectCertain,
      expectations,
    } = await parse(
      'T -vv -v --no-color --dry-run -oN a.txt -oJ b.json --jsonl --expect open --expect 53/udp=closed --expect-certain',
    );
    expect({ format, out, verbose, noColor, dryRun, expectCertain }).toEqual({
      format: 'jsonl',
      out: [
        { path: 'a.txt', format: 'text' },
        { path: 'b.json', format: 'json' },
      ],
      verbose: 3,
      noColor: true,
      dryRun: true,
      expectCertain: true,
    });
    expect(expectations.map(({ port, protocol, state }) => [port, protocol, state])).toEqual([
      [null, null, 'open'],
      [53, 'udp', 'closed'],
    ]);
    expect((await parse('T -oJ -')).format).toBe('json');
    expect((await parse('T')).verbose).toBe(0);
  });

  it('has every spelling once', () => {
    const all = OPTIONS.flatMap(({ short, long }) => [...short, `--${long}`]);
    expect(new Set(all).size).toBe(all.length);
  });

  const spellings = OPTIONS.flatMap((row) =>
    [...row.short, `--${row.long}`].map((spelling) => ({ ...row, spelling })),
  );

  it.each(spellings.filter(({ isLater }) => isLater))(
    'refuses $spelling, which is not built yet',
    ({ spelling, long, argument }) => {
      const known = spelling === `--${long}` ? spelling : `${spelling} (--${long})`;
      const argv = argument === null ? [spelling] : [spelling, 'value'];
      expect(() => translateArgv(argv)).toThrow(`option ${known} is not built yet`);
    },
  );

  it.each(spellings.filter(({ isLater }) => !isLater))(
    'reads $spelling',
    ({ spelling, long, argument, isAlways }) => {
      const found = argument === null ? `--${long}` : `--${long}=value`;
      const argv = argument === null ? [spelling] : [spelling, 'value'];
      expect(translateArgv(argv)).toEqual(isAlways ? ['--'] : [found, '--']);
    },
  );
});

describe('options of nmap that are none here say what serves instead', () => {
  it.each([
    ['-A', 'no OS or version detection'],
    ['-sV', 'no OS or version detection'],
    ['-sSV', 'no OS or version detection'],
    ['-O', 'no OS or version detection'],
    ['-sC', 'no scripts'],
    ['-sCV', 'no scripts'],
    ['--script=vuln', 'no scripts'],
    ['--script-args x=1', 'no scripts'],
    ['--open', '--jsonl | grep'],
    ['--min-rate 100', '--rate N'],
    ['--min-parallelism 10', '--rate N'],
    ['--max-rtt-timeout 1s', '--rate N'],
    ['--top-ports 100', '-F asks the short list'],
    ['-oA x', '-oN FILE and -oJ FILE'],
    ['-sX', '-sT, -sS, -sU'],
    ['-PS22,80', 'no host discovery'],
    ['-PE', 'no host discovery'],
    ['-sL', '--dry-run'],
    ['-D1.2.3.4', 'no spoofed sources'],
    ['-f', 'no spoofed sources'],
    ['-d2', '--debug'],
    ['-r', 'in the order of -p'],
  ])('%s', async (line, hint) => {
    const word = line.replace(/[= ].*/, '');
    await expect(parse(`${line} T`)).rejects.toThrow(`unknown option "${word}": `);
    await expect(parse(`${line} T`)).rejects.toThrow(hint);
  });

  it('each in one line, and none of them an option that works', async () => {
    const working = OPTIONS.filter(({ isLater }) => !isLater);
    for (const { short, long } of working) expect(insteadOf([...short, `--${long}`])).toBeNull();
    expect(insteadOf(['--frobnicate'])).toBeNull();
  });
});

describe('mistakes', () => {
  it.each([
    [
      '',
      'scan needs a target: an address, a name, a prefix, host:port or -iL FILE (pu-probe scan --help says more)',
    ],
    [
      '-p 53',
      'scan needs a target: an address, a name, a prefix, host:port or -iL FILE (pu-probe scan --help says more)',
    ],
    ['T -sQ', 'unknown option "-sQ"; the nearest is -sU'],
    ['T --udpp', 'unknown option "--udpp"; the nearest is --udp'],
    ['T --Json', 'unknown option "--Json"; the nearest is --json'],
    ['T --frobnicate', 'unknown option "--frobnicate"'],
    ['T -sn --trace', '-sn looks for hosts alone: --trace is about ports'],
    ['T -sn --expect open', '-sn looks for hosts alone: --expect is about ports'],
    [
      'T -PS443',
      'unknown option "-PS443": ports are asked at once, no host discovery stands before them; -sn finds hosts alone, by ways of its own',
    ],
    ['T -sS -sT', '-sS and -sT exclude each other'],
    ['T -g 70000', '-g takes 1 to 65535, not "70000"'],
    ['T --ttl 0', '--ttl takes 1 to 255, not "0"'],
    ['T -oX x.xml', 'option -oX (--xml-file) is not built yet; -oJ FILE writes JSON'],
    [
      'T --grep-file x',
      'option --grep-file is not built yet; --jsonl prints one record a line, good for grep and jq',
    ],
    ['T -p', 'option -p needs PORTS'],
    ['T --ports=', 'option --ports needs PORTS'],
    ['T --udp=yes', 'option --udp takes no value: "yes"'],
    ['T -T9', '-T takes 0 to 5, not "9"'],
    ['T --rate 0', '--rate takes packets per second above 0, or max, not "0"'],
    ['T --rate fast', '--rate takes packets per second above 0, or max, not "fast"'],
    ['T --retries -1', '--retries takes 0 to 254, not "-1"'],
    ['T --retries 999', '--retries takes 0 to 254, not "999"'],
    ['T --host-timeout 5d', '--host-timeout takes a time such as 90s, 5m, 1h or 1500ms, not "5d"'],
    ['T --host-timeout 0', '--host-timeout takes a time such as 90s, 5m, 1h or 1500ms, not "0"'],
    ['T --certainty 2', '--certainty takes a share between 0 and 1, such as 0.999, not "2"'],
    ['T -F -p 53', '-F and -p both name ports: take one'],
    ['T -S 10.0.0.1 --sources auto', '-S and --sources both name own addresses: take one'],
    ['T -4 -6', '-4 and -6 exclude each other'],
    ['T --json --jsonl', 'standard output takes one format, not json and jsonl'],
    ['T -oN - --json', 'standard output takes one format, not text and json'],
    ['-iL nofile', '-iL cannot read "nofile": no such file'],
    ['-iL empty', '-iL "empty" holds no target'],
    [
      'T --expect up',
      '--expect takes a state (open, closed, filtered, open|filtered, closed|filtered, unknown) or PORT/PROTOCOL=STATE, ' +
        'not "up"',
    ],
    [
      'T --expect 53/sctp=open',
      '--expect takes a state (open, closed, filtered, open|filtered, closed|filtered, unknown) or PORT/PROTOCOL=STATE, ' +
        'not "53/sctp=open"',
    ],
  ])('%s', async (line, message) => {
    await expect(parse(line)).rejects.toEqual(new UsageError(message));
  });
});
