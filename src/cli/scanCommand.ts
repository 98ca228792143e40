import type { Report, Summary, Unresolved, Verdict } from '../index.ts';
import { UsageError, unresolvedLine } from '../index.ts';
import type { Api } from './api.ts';
import { show } from './argv.ts';
import { planJson, planText } from './dryRun.ts';
import { exitCode } from './exitCode.ts';
import type { Expectation, Outcome } from './expectations.ts';
import { judgeExpectations } from './expectations.ts';
import type { Io } from './io.ts';
import { createProgressLine, formatCount } from './progress.ts';
import type { ScanArguments } from './scanArguments.ts';
import { systemError } from './scanArguments.ts';

/** Width of a report that goes to no terminal. */
const DEFAULT_WIDTH = 80;

/** On a narrower terminal lines wrap by themselves. */
const MIN_WIDTH = 40;

/** Names without an address that are told on standard error; further ones are counted. */
const MAX_NAMES = 20;

/** Ports not as expected that are told on standard error: a script may read each, a log must not drown. */
const MAX_MISSES = 1000;

/** Characters of JSONL that are written together: a write a verdict would be slower than the scan. */
const BATCH_CHARS = 65_536;

/** Runs `scan` and resolves to the exit code. Rejects with UsageError, ProbeError, or an internal error. */
export async function runScan(args: ScanArguments, io: Io, api: Api): Promise<number> {
  if (args.dryRun) return dryRun(args, io, api);
  await checkFiles(args, io);
  const specific = args.expectations.filter(({ port }) => port !== null);
  if (specific.length > 0) await checkAsked(specific, args, api);

  const abort = new AbortController();
  const progress = createProgressLine(io, args.verbose);
  let endNow: (() => void) | undefined;
  const second = new Promise<number>((resolve) => {
    endNow = () => resolve(130);
  });
  const release = io.onInterrupt(() => {
    if (abort.signal.aborted) endNow?.();
    abort.abort();
  });
  try {
    const run = async (): Promise<number> => {
      const options = {
        dropPrivileges: true,
        ...args.scan,
        signal: abort.signal,
        onProgress: progress.update,
      };
      const found = args.scan.discover
        ? await runDiscovery(api.discover(options), args, io, api)
        : await runPorts(api.scan(options), args, io, api);
      progress.end();
      return await finish(found, args, abort.signal.aborted, io, api);
    };
    return await Promise.race([run(), second]);
  } finally {
    release();
    progress.end();
  }
}

async function dryRun(args: ScanArguments, io: Io, api: Api): Promise<number> {
  const plan = await api.planScan(args.scan);
  const seed = plan.seed.map((word) => word.toString(16).padStart(8, '0')).join('');
  tellUnresolved(plan.unresolved, io);
  await io.stdout(args.format === 'text' ? planText(plan, seed) : planJson(plan, seed));
  const unchecked = plan.unresolved.length > 0;
  return exitCode({ interrupted: false, internalError: false, failed: false, unchecked });
}

/** Names without an address; the report holds them too, but is read later. */
export function tellUnresolved(unresolved: readonly Unresolved[], io: Io): void {
  for (const one of unresolved.slice(0, MAX_NAMES)) io.stderr(`pu-probe: ${unresolvedLine(one)}\n`);
  const more = unresolved.length - MAX_NAMES;
  if (more > 0) io.stderr(`pu-probe: and ${more} further names without an address\n`);
}

async function checkFiles({ files }: ScanArguments, io: Io): Promise<void> {
  for (const { path, format } of files) {
    try {
      await io.checkWritable(path);
    } catch (error) {
      const option = format === 'text' ? '-oN' : '-oJ';
      throw new UsageError(`${option} cannot write ${show(path)}: ${systemError(error)}`, {
        cause: error,
      });
    }
  }
}

/** An expectation about a port that is not asked could never be decided: it is a mistake of the user. */
async function checkAsked(
  expectations: readonly Expectation[],
  args: ScanArguments,
  api: Api,
): Promise<void> {
  const plan = await api.planScan(args.scan);
  // The port may be that of a name without an address: the report will say so.
  if (plan.unresolved.length > 0) return;
  for (const { port, protocol, text } of expectations) {
    const isAsked = plan.groups.some(
      ({ tcpPorts, udpPorts }) =>
        (protocol !== 'udp' && tcpPorts.includes(port!)) ||
        (protocol !== 'tcp' && udpPorts.includes(port!)),
    );
    if (!isAsked) throw new UsageError(`--expect ${show(text)}: that port is not asked`);
  }
}

async function runPorts(
  scanning: ReturnType<Api['scan']>,
  args: ScanArguments,
  io: Io,
  api: Api,
): Promise<Found> {
  const head = await scanning.start();
  tellUnresolved(head.plan.unresolved, io);
  if (args.format === 'jsonl') {
    await io.stdout(api.startRecord(head));
    for await (const verdict of scanning) await io.stdout(api.verdictRecord(verdict));
  }
  return needsVerdicts(args)
    ? { report: await scanning.report() }
    : { summary: await scanning.summary() };
}

async function runDiscovery(
  discovering: ReturnType<Api['discover']>,
  { format }: ScanArguments,
  io: Io,
  api: Api,
): Promise<Found> {
  const head = await discovering.start();
  tellUnresolved(head.plan.unresolved, io);
  if (format === 'jsonl') {
    await io.stdout(api.startRecord(head));
    for await (const host of discovering) await io.stdout(api.hostRecord(host));
  }
  return { report: await discovering.report() };
}

/** The text report alone needs no verdict for each port. */
function needsVerdicts({ format, expectations, files }: ScanArguments): boolean {
  return (
    format !== 'text' || expectations.length > 0 || files.some((file) => file.format === 'json')
  );
}

/** A run that has ended: with all its verdicts, or with alike ports in groups. */
type Found = { readonly report: Report } | { readonly summary: Summary };

async function finish(
  found: Found,
  args: ScanArguments,
  interrupted: boolean,
  io: Io,
  api: Api,
): Promise<number> {
  const report = 'report' in found ? found.report : null;
  const source = 'report' in found ? found.report : found.summary;
  const samples = 'groups' in source ? source.groups.map(({ first }) => first) : source.verdicts;
  const outcomes =
    report === null ? [] : judgeExpectations(args.expectations, report, args.expectCertain);
  const isUndecided = outcomes.some(({ result }) => result === 'undecided');
  const ending = {
    interrupted,
    internalError: false,
    failed: outcomes.some(({ result }) => result === 'failed'),
    unchecked: isUndecided || !source.complete || samples.some(isUnknown) || isKeptBack(source),
  };
  if (args.format === 'text') await io.stdout(api.renderText(source, textOptions(args, io, api)));
  if (args.format === 'json' && report !== null) await writeBatched(api.jsonChunks(report), io);
  if (args.format === 'jsonl' && report !== null) {
    await writeBatched(lastRecords(report, exitCode(ending), api), io);
  }
  const areWritten = await writeFiles(source, args, io, api);
  tellOutcomes(outcomes, io);
  return exitCode({ ...ending, unchecked: ending.unchecked || !areWritten });
}

/** Hosts that were looked for, and that this machine could not ask. */
function isKeptBack({ plan, hosts }: Pick<Report, 'plan' | 'hosts'>): boolean {
  return plan.discover === true && hosts.some(({ reason }) => reason === 'local-error');
}

function isUnknown({ state }: Verdict): boolean {
  return state === 'unknown';
}

/** How a report is laid out on this terminal. */
export function textOptions(
  args: Pick<ScanArguments, 'noColor' | 'verbose'>,
  { env, isTty, columns }: Io,
  api: Api,
): Parameters<Api['renderText']>[1] {
  const noColor = args.noColor || (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb';
  return {
    color: isTty.stdout && !noColor,
    width: isTty.stdout ? Math.max(MIN_WIDTH, columns ?? DEFAULT_WIDTH) : DEFAULT_WIDTH,
    verbose: args.verbose,
    portName: api.nameOfPort,
  };
}

/** The records that end a stream of JSONL; the hosts of a discovery are told as they become known. */
export function* lastRecords(report: Report, code: number, api: Api): Generator<string> {
  if (!report.plan.discover) for (const host of report.hosts) yield api.hostRecord(host);
  for (const path of report.paths) yield api.pathRecord(path);
  for (const warning of report.warnings) yield api.warningRecord(warning);
  const { complete, notDone, durationMs, counters } = report;
  yield api.endRecord({ complete, notDone, durationMs, counters, exitCode: code });
}

async function writeBatched(chunks: Iterable<string>, io: Io): Promise<void> {
  let batch = '';
  for (const chunk of chunks) {
    batch += chunk;
    if (batch.length < BATCH_CHARS) continue;
    await io.stdout(batch);
    batch = '';
  }
  if (batch !== '') await io.stdout(batch);
}

/** Writes what could be checked only in part before; a file that fails leaves the others and the exit code 3. */
async function writeFiles(
  source: Report | Summary,
  { files, verbose }: ScanArguments,
  io: Io,
  api: Api,
): Promise<boolean> {
  let areWritten = true;
  for (const { path, format } of files) {
    const plain = { color: false, width: DEFAULT_WIDTH, verbose, portName: api.nameOfPort };
    const isJson = format === 'json' && 'verdicts' in source;
    const chunks = isJson ? api.jsonChunks(source) : [api.renderText(source, plain)];
    try {
      await io.writeFile(path, chunks);
    } catch (error) {
      io.stderr(`pu-probe: cannot write ${show(path)}: ${systemError(error)}\n`);
      areWritten = false;
    }
  }
  return areWritten;
}

function tellOutcomes(outcomes: readonly Outcome[], io: Io): void {
  const misses = outcomes.flatMap(({ expectation, misses: all }) =>
    all.map((miss) => ({ ...miss, text: expectation.text })),
  );
  for (const { text, result, detail } of misses.slice(0, MAX_MISSES)) {
    const word = result === 'failed' ? 'failed' : 'is undecided';
    io.stderr(`pu-probe: --expect ${text} ${word}: ${detail}\n`);
  }
  const more = misses.length - MAX_MISSES;
  if (more > 0) io.stderr(`pu-probe: and ${formatCount(more)} further ports not as expected\n`);
}
