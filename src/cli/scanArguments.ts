/** The arguments of `scan`: argv -> what to scan and how to show it. */
import { Command, CommanderError, Option } from 'commander';
import type { ScanOptions } from '../index.ts';
import { UsageError } from '../index.ts';
import { safe, show, translateArgv } from './argv.ts';
import type { Expectation } from './expectations.ts';
import { parseExpectation } from './expectations.ts';
import type { Io } from './io.ts';
import { OPTIONS, type OptionRow } from './options.ts';
import type { ShowArguments } from './showRun.ts';
import { sourcesText } from './sourcesOption.ts';

/** What a `scan` command line asks for, checked. */
export interface ScanArguments {
  readonly scan: ScanOptions;
  readonly format: 'text' | 'json' | 'jsonl';
  /** Files to write besides; never `-`. */
  readonly files: readonly { readonly path: string; readonly format: 'text' | 'json' }[];
  readonly expectations: readonly Expectation[];
  readonly expectCertain: boolean;
  readonly verbose: number;
  readonly noColor: boolean;
  readonly dryRun: boolean;
  /** The file to record into. */
  readonly pcap: string | undefined;
}

/** Values as the option parser gives them: `true` for switches, lists for what may be repeated. */
export type Raw = Readonly<Record<string, unknown>>;

/**
 * Parses the arguments after `scan`. Target files are read.
 *
 * Throws a UsageError, one line that names the offending text.
 */
export async function parseScanArguments(
  argv: readonly string[],
  readFile: Io['readFile'],
): Promise<ScanArguments> {
  const { raw, operands } = parseOptions('scan', OPTIONS, argv);
  const fromFiles = await Promise.all(
    list(raw, 'targetsFrom').map((path) => readTargets(path, readFile)),
  );
  const listed = fromFiles.flat();
  const targets = [...operands, ...listed.map(({ text }) => text)];
  if (targets.length === 0) {
    throw new UsageError(
      'scan needs a target: an address, a name, a prefix, host:port or -iL FILE (pu-probe scan --help says more)',
    );
  }
  checkDiscovery(raw);
  const places = [...operands.map(() => null), ...listed.map(({ place }) => place)];
  return {
    scan: { ...scanOptions(raw, targets), ...(listed.length > 0 ? { places } : {}) },
    ...showing(raw),
    dryRun: flag(raw, 'dryRun'),
    pcap: text(raw, 'pcap'),
  };
}

/** How a run is to be shown. Throws a UsageError. */
export function showing(raw: Raw): ShowArguments {
  const files = [
    ...list(raw, 'textFile').map((path) => ({ path, format: 'text' as const })),
    ...list(raw, 'jsonFile').map((path) => ({ path, format: 'json' as const })),
  ];
  return {
    format: formatOf(raw, files),
    files: files.filter(({ path }) => path !== '-'),
    expectations: list(raw, 'expect').map(parseExpectation),
    expectCertain: flag(raw, 'expectCertain'),
    verbose: Number(raw['verbose']),
    noColor: raw['color'] === false,
  };
}

/** Reads the options of a command by its table. Throws a UsageError that names the offending text. */
export function parseOptions(
  name: string,
  table: readonly OptionRow[],
  argv: readonly string[],
): { raw: Raw; operands: readonly string[] } {
  const command = new Command(name)
    .exitOverride()
    .configureOutput({ writeOut: () => {}, writeErr: () => {}, outputError: () => {} })
    .helpOption(false)
    .argument('[targets...]');
  for (const { long, argument, help, repeats, isAlways, isLater } of table) {
    if (isAlways || isLater) continue;
    const option = new Option(`--${long}${argument === null ? '' : ` <${argument}>`}`, help);
    if (repeats && argument !== null) {
      option.argParser((value: string, before: string[] = []) => [...before, value]);
    }
    command.addOption(option);
  }
  let verbose = 0;
  command.on('option:verbose', () => verbose++);
  try {
    command.parse(translateArgv(argv, table), { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    throw new UsageError(error.message.replace(/^error: /, ''), { cause: error });
  }
  return { raw: { ...command.opts(), verbose }, operands: command.args };
}

/** Switches of which one at most can be meant. */
const EXCLUSIVE = [
  ['-sS', 'syn', '-sT', 'tcp'],
  ['-4', 'ipv4', '-6', 'ipv6'],
] as const;

/** Throws a UsageError for options that exclude each other. */
export function checkExclusive(raw: Raw): void {
  for (const [one, key, other, otherKey] of EXCLUSIVE) {
    if (flag(raw, key) && flag(raw, otherKey)) {
      throw new UsageError(`${one} and ${other} exclude each other`);
    }
  }
}

function checkDiscovery(raw: Raw): void {
  if (!flag(raw, 'discover')) return;
  const other = list(raw, 'expect').length > 0 ? '--expect' : flag(raw, 'trace') ? '--trace' : null;
  if (other !== null) throw new UsageError(`-sn looks for hosts alone: ${other} is about ports`);
}

function scanOptions(raw: Raw, targets: readonly string[]): ScanOptions {
  checkExclusive(raw);
  const options: { -readonly [Key in keyof ScanOptions]: ScanOptions[Key] } = { targets };
  const exclude = list(raw, 'exclude').flatMap((item) => item.split(',').map((one) => one.trim()));
  if (exclude.length > 0) options.exclude = exclude;
  const ports = text(raw, 'ports');
  if (ports !== undefined) options.ports = ports;
  if (ports !== undefined && flag(raw, 'fast'))
    throw new UsageError('-F and -p both name ports: take one');
  if (flag(raw, 'tcp') || flag(raw, 'syn')) options.tcp = true;
  if (flag(raw, 'syn')) options.synRequested = true;
  if (flag(raw, 'tcp')) options.connectRequested = true;
  if (flag(raw, 'ipv4')) options.family = 4;
  if (flag(raw, 'ipv6')) options.family = 6;
  if (raw['control'] === false) options.control = false;
  const read = { ...raw, source: sourcesText(text(raw, 'source'), text(raw, 'sources')) };
  for (const key of ['seed', 'wire', 'interface', 'source', 'snmpCommunity'] as const) {
    const value = text(read, key);
    if (value !== undefined) options[key] = value;
  }
  const switches = SWITCHES.filter((key) => flag(raw, key)).map((key) => [key, true]);
  return { ...options, ...Object.fromEntries(switches), ...numbers(raw) };
}

/** Switches that are options of the library by the same name. */
const SWITCHES = [
  'fast',
  'discover',
  'udp',
  'allAddresses',
  'trace',
  'inferRanges',
  'passage',
] as const satisfies readonly (keyof ScanOptions)[];

function numbers(
  raw: Raw,
): Pick<
  ScanOptions,
  'timing' | 'ratePps' | 'retries' | 'hostTimeoutMs' | 'certainty' | 'sourcePort' | 'ttl'
> {
  const read = <Value>(key: string, parse: (value: string) => Value): Value | undefined => {
    const value = text(raw, key);
    return value === undefined ? undefined : parse(value);
  };
  const values = {
    timing: read('timing', parseTiming),
    ratePps: read('rate', parseRate),
    retries: read('retries', parseRetries),
    hostTimeoutMs: read('hostTimeout', parseTime),
    certainty: read('certainty', parseCertainty),
    sourcePort: read('localPort', (value) => parseWhole('-g', value, 65_535)),
    ttl: read('ttl', (value) => parseWhole('--ttl', value, 255)),
  };
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

/** A whole number from 1 to `most`; `name` is the option in messages. */
export function parseWhole(name: string, value: string, most: number): number {
  const number = /^\d{1,5}$/.test(value) ? Number(value) : 0;
  if (number >= 1 && number <= most) return number;
  throw new UsageError(`${name} takes 1 to ${most}, not ${show(value)}`);
}

const TIMING_NAMES = ['paranoid', 'sneaky', 'polite', 'normal', 'aggressive', 'insane'];

function parseTiming(value: string): 0 | 1 | 2 | 3 | 4 | 5 {
  const number = /^[0-5]$/.test(value) ? Number(value) : TIMING_NAMES.indexOf(value.toLowerCase());
  if (number < 0) throw new UsageError(`-T takes 0 to 5, not ${show(value)}`);
  return number as 0 | 1 | 2 | 3 | 4 | 5;
}

function parseRate(value: string): number {
  if (value === 'max') return Number.POSITIVE_INFINITY;
  const rate = /^\d+(\.\d+)?$/.test(value) ? Number(value) : 0;
  if (rate > 0) return rate;
  throw new UsageError(`--rate takes packets per second above 0, or max, not ${show(value)}`);
}

/** An attempt's number travels in a byte, and the first attempt is none of them. */
const MAX_RETRIES = 254;

function parseRetries(value: string): number {
  if (/^\d{1,3}$/.test(value) && Number(value) <= MAX_RETRIES) return Number(value);
  throw new UsageError(`--retries takes 0 to ${MAX_RETRIES}, not ${show(value)}`);
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** nmap's times: `1500ms`, `90s`, `5m`, `1h`; a number alone is seconds. */
function parseTime(value: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/i.exec(value);
  const ms = match === null ? 0 : Number(match[1]) * UNIT_MS[(match[2] ?? 's').toLowerCase()]!;
  if (ms > 0) return ms;
  throw new UsageError(
    `--host-timeout takes a time such as 90s, 5m, 1h or 1500ms, not ${show(value)}`,
  );
}

function parseCertainty(value: string): number {
  const share = /^0?\.\d+$/.test(value) ? Number(value) : 0;
  if (share > 0) return share;
  throw new UsageError(
    `--certainty takes a share between 0 and 1, such as 0.999, not ${show(value)}`,
  );
}

/** The format of standard output. */
export function formatOf(raw: Raw, files: ScanArguments['files']): ScanArguments['format'] {
  const toStdout = files.filter(({ path }) => path === '-').map(({ format }) => format);
  if (flag(raw, 'json')) toStdout.push('json');
  const formats = new Set<ScanArguments['format']>(toStdout);
  if (flag(raw, 'jsonl')) formats.add('jsonl');
  if (formats.size > 1) {
    throw new UsageError(`standard output takes one format, not ${[...formats].join(' and ')}`);
  }
  return [...formats][0] ?? 'text';
}

/** The words of a target file, each with its place: `targets.txt:3`. A `#` begins a comment. */
async function readTargets(
  path: string,
  readFile: Io['readFile'],
): Promise<{ readonly text: string; readonly place: string }[]> {
  let content: string;
  try {
    content = await readFile(path);
  } catch (error) {
    throw new UsageError(`-iL cannot read ${show(path)}: ${systemError(error)}`, { cause: error });
  }
  const name = path === '-' ? 'standard input' : safe(path);
  const targets = content.split(/\r?\n/).flatMap((line, index) =>
    line
      .replace(/#.*/, '')
      .split(/\s+/)
      .filter((word) => word !== '')
      .map((text) => ({ text, place: `${name}:${index + 1}` })),
  );
  if (targets.length === 0) throw new UsageError(`-iL ${show(path)} holds no target`);
  return targets;
}

/** What the system said, in the words of its code. */
export function systemError(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  const words: Readonly<Record<string, string>> = {
    ENOENT: 'no such file',
    EACCES: 'permission denied',
    EISDIR: 'it is a directory',
    ENOTDIR: 'a part of the path is no directory',
    ENOSPC: 'no space left',
    EDQUOT: 'the disk quota is used up',
    EROFS: 'read-only file system',
  };
  return typeof code === 'string' ? (words[code] ?? code) : String(error);
}

/** The value of an option, where it was given. */
export function text(raw: Raw, key: string): string | undefined {
  const value = raw[key];
  return typeof value === 'string' ? value : undefined;
}

/** Whether a switch was given. */
export function flag(raw: Raw, key: string): boolean {
  return raw[key] === true;
}

function list(raw: Raw, key: string): readonly string[] {
  const value = raw[key];
  return Array.isArray(value) ? (value as string[]) : [];
}
