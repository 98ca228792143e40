/** The house rules that a reader relies on: size, names, comments, and texts that agree with each other. */
import { existsSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseScanArguments } from '../../src/cli/scanArguments.ts';
import { EXPLAIN_IDS } from '../../src/report/explainSentences.ts';
import { WHY_IDS } from '../../src/report/sentences.ts';
import { PATH_WHY_IDS, pathWords } from '../../src/report/whyPath.ts';
import { VERSION } from '../../src/version.ts';
import { hasDefaultExport, ROOT, readSources, undocumentedExports } from './sources.ts';

const sources = readSources('src');
const MAX_LINES = 300;
/** Pure tables of data. */
const TABLES: ReadonlySet<string> = new Set([]);
/** Words that name a drawer, not a thing. */
const BANNED =
  /(^|[^a-z])(manager|helpers?|utils?|common|misc|handler|base|impl|wrapper|core)([^a-z]|$)|(Manager|Helpers?|Utils?|Common|Misc|Handler|Base|Impl|Wrapper|Core)$/;

describe('files', () => {
  it.each(sources.map(({ path, lineCount }) => [path, lineCount] as const))(
    '%s is small and has a real name',
    (path, lineCount) => {
      const name = posix.basename(path, '.ts');
      if (!TABLES.has(path)) expect(lineCount).toBeLessThanOrEqual(MAX_LINES);
      expect(name).toMatch(/^[a-z][a-zA-Z0-9]*$/);
      expect(name).not.toMatch(BANNED);
    },
  );

  it('have no default export', () => {
    expect(sources.filter(hasDefaultExport).map(({ path }) => path)).toEqual([]);
  });
});

/**
 * Columns of scan/probeState.ts by the type of their elements; the stride of the same name belongs to each index, and none to
 * that of the phase, which stands apart.
 */
const STRIDES: Readonly<Record<string, string>> = {
  '': 'phase',
  U8: 'attempts answer answeredAttempt icmpType icmpCode ttl quotedTtl resetCheck',
  U16: 'fromPort errno',
  U32: 'cohort from',
  F32: 'rttMs openChance closedChance',
  F64: 'firstSentMs lastSentMs waitedUntilMs',
};

it('the columns of a probe are indexed by probe times stride', () => {
  const wrong: string[] = [];
  let right = 0;
  for (const { path, text } of sources.filter((source) => source.path.startsWith('src/scan/'))) {
    for (const [stride, columns] of Object.entries(STRIDES)) {
      const index = new RegExp(
        `\\b(?:p|probes|state)\\.(?:${columns.replaceAll(' ', '|')})\\[([^\\]]*)\\]`,
        'g',
      );
      for (const [whole, inside] of text.matchAll(index)) {
        if (stride === '' ? !inside!.includes('*') : inside!.endsWith(` * ${stride}`)) right += 1;
        else wrong.push(`${path}: ${whole}`);
      }
    }
  }
  expect(wrong).toEqual([]);
  expect(right).toBeGreaterThan(80);
});

/** Exports that still lack a doc comment. This list may only shrink. */
const UNDOCUMENTED: readonly string[] = [
  'src/batch.ts PROTO_TCP',
  'src/batch.ts PROTO_UDP',
  'src/batch.ts PROTO_OWN_SIDE',
  'src/batch.ts ProbeBatch',
  'src/batch.ts SignalBatch',
  'src/errors.ts ProbeErrorCode',
  'src/model.ts Family',
  'src/model.ts Protocol',
  'src/model.ts WireKind',
  'src/model.ts HostVerdict',
];

it('every export has a doc comment', () => {
  const missing = sources.flatMap((source) =>
    undocumentedExports(source).map((name) => `${source.path} ${name}`),
  );
  expect(missing.filter((name) => !UNDOCUMENTED.includes(name))).toEqual([]);
});

it('the version is that of the package', () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    version: string;
  };
  expect(VERSION).toBe(version);
});

describe('reasons in words', () => {
  /** Ids with words that nothing gives yet. */
  const RESERVED: readonly string[] = ['not-asked'];
  const used = new Set<string>();
  for (const { path, text } of sources) {
    if (!path.startsWith('src/match/')) continue;
    for (const [, id] of text.matchAll(/'((?:udp|tcp|own|icmp)\.[a-z.-]+|no-neighbour)'/g))
      used.add(id!);
    for (const [, rest] of text.matchAll(/`\$\{port\.protocol\}\.([a-z.-]+)`/g)) {
      used.add(`udp.${rest}`).add(`tcp.${rest}`);
    }
  }

  it('every reason has words', () => {
    expect(used.size).toBeGreaterThan(20);
    expect([...used].filter((id) => !(WHY_IDS as readonly string[]).includes(id))).toEqual([]);
  });

  it('all words are of a reason, or reserved', () => {
    expect(WHY_IDS.filter((id) => !used.has(id) && !RESERVED.includes(id))).toEqual([]);
    expect(RESERVED.filter((id) => used.has(id))).toEqual([]);
  });
});

describe('results of traces in words', () => {
  const used = new Set(
    sources
      .filter(({ path }) => path.startsWith('src/trace/'))
      .flatMap(({ text }) => [...text.matchAll(/'(path\.[a-z.-]+)'/g)].map(([, id]) => id!)),
  );

  it('every result has words, and all words are of a result', () => {
    expect([...used].sort()).toEqual([...PATH_WHY_IDS].sort());
  });

  it('its words stand with the facts that every rule gives, and with all', () => {
    const least = { target: '10.0.0.5', port: 443, protocol: 'tcp', icmp: 'ICMP 3/13', hop: 3 };
    const of = {
      mtu: 1280,
      large: 1500,
      control: 'udp 33434',
      gateway: '10.0.0.1',
      targetHop: 7,
      natHop: 3,
      passing: 3,
      lost: 5,
      tried: 8,
      wayHop: 3,
      lostBy: '10.0.3.2',
      passingBy: '10.0.3.1',
      controlPort: 40_000,
      lastHop: 6,
      heard: 3,
      heardHop: 3,
      beyond: 3,
      beyondHop: 4,
      beyondIp: '10.0.4.1',
    };
    const places = { afterHop: 3, afterIp: '10.0.3.1', beforeHop: 4, beforeIp: '10.0.4.1' };
    const all = { ...least, ...of, ...places, by: '10.0.3.1', errno: 'EPERM' };
    for (const [id, args] of PATH_WHY_IDS.flatMap((one) => [
      [one, { ...least, ...of, afterHop: 3 }] as const,
      [one, all] as const,
    ])) {
      const { why, hypotheses, next } = pathWords(id, args);
      expect(why, id).toMatch(/\.$/);
      expect(why, id).not.toMatch(/undefined|null|NaN/);
      for (const text of [...hypotheses, ...next]) expect(text, id).not.toMatch(/undefined|NaN/);
    }
  });
});

describe('captures in words', () => {
  const used = new Set<string>();
  for (const { path, text } of sources) {
    if (!path.startsWith('src/explain/')) continue;
    for (const [, id] of text.matchAll(/'((?:explain|cause|limit)\.[a-z.-]+)'/g)) used.add(id!);
  }
  for (const place of ['target', 'path']) {
    for (const kind of ['prohibited', 'route']) used.add(`explain.icmp.${kind}.${place}`);
  }

  it('every finding, cause and limit has words, and all words are used', () => {
    expect(used.size).toBeGreaterThan(50);
    expect([...used].filter((id) => !EXPLAIN_IDS.includes(id))).toEqual([]);
    expect(EXPLAIN_IDS.filter((id) => !used.has(id))).toEqual([]);
  });
});

describe('README', () => {
  const file = join(ROOT, 'README.md');
  const isThere = existsSync(file);

  it.skipIf(!isThere)(
    `its commands parse${isThere ? '' : ' (skipped: README.md is not written yet)'}`,
    async () => {
      const commands = scanCommands(readFileSync(file, 'utf8'));
      expect(commands.length).toBeGreaterThan(0);
      for (const command of commands) {
        const args = await parseScanArguments(wordsOf(command), async () => '10.0.0.1\n').catch(
          (error) => {
            throw new Error(`README: ${command}: ${(error as Error).message}`);
          },
        );
        expect(args.scan.targets.length, command).toBeGreaterThan(0);
      }
    },
  );
});

/** Lines of code blocks that call `pu-probe scan`, without prompt, prefix and comment. */
function scanCommands(markdown: string): readonly string[] {
  return [...markdown.matchAll(/^```[a-z]*\n([\s\S]*?)^```/gm)]
    .flatMap(([, block]) => block!.split('\n'))
    .map(
      (line) =>
        /(?:^|&& *)(?:\$ |# )?(?:sudo )?(?:npx )?(?:node bin\/)?pu-probe(?:\.cjs)? scan (.*)$/.exec(
          line,
        )?.[1],
    )
    .filter((rest) => rest !== undefined)
    .map((rest) => rest.replace(/ +[#|>;].*$/, '').replace(/ +&&.*$/, ''));
}

/** Words as a shell splits them, as far as a README needs it. */
function wordsOf(command: string): readonly string[] {
  return [...command.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    ([, one, two, bare]) => one ?? two ?? bare!,
  );
}
