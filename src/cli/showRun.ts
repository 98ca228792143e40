/** Showing a run in the format that was asked for, and the exit code that it gives: the same for a scan and for a replay. */
import type { Report, ScanRun, Summary, Verdict } from '../index.ts';
import { UsageError } from '../index.ts';
import type { Api } from './api.ts';
import { show } from './argv.ts';
import { exitCode } from './exitCode.ts';
import type { Outcome } from './expectations.ts';
import { judgeExpectations } from './expectations.ts';
import type { Io } from './io.ts';
import { formatCount } from './progress.ts';
import type { ScanArguments } from './scanArguments.ts';
import { systemError } from './scanArguments.ts';

/** How a run is shown. */
export type ShowArguments = Pick<
  ScanArguments,
  'format' | 'files' | 'expectations' | 'expectCertain' | 'verbose' | 'noColor'
>;

/** What is known of the end of a run besides its report. */
export interface RunEnding {
  readonly interrupted: boolean;
  /** Something besides the report could not be done. */
  readonly unchecked: boolean;
}

/** Width of a report that goes to no terminal. */
const DEFAULT_WIDTH = 80;

/** On a narrower terminal lines wrap by themselves. */
const MIN_WIDTH = 40;

/** Ports not as expected that are told on standard error: a script may read each, a log must not drown. */
const MAX_MISSES = 1000;

/** Characters of JSONL that are written together: a write a verdict would be slower than the scan. */
const BATCH_CHARS = 65_536;

/** Shows verdicts as they come where that was asked for, and waits for the end of the run. */
export async function readRun(run: ScanRun, args: ShowArguments, io: Io, api: Api): Promise<Found> {
  if (args.format === 'jsonl') {
    await io.stdout(api.startRecord(await run.start()));
    for await (const verdicts of run.together()) {
      await io.stdout(verdicts.map(api.verdictRecord).join(''));
      // The run goes on before the next ones are written: it is what must not wait.
      await new Promise((resolve) => setImmediate(resolve));
    }
    const { hosts, plan } = await run.report();
    // A discovery that is computed again: they are told before the end, as it told them.
    if (plan.discover === true) for (const host of hosts) await io.stdout(api.hostRecord(host));
  }
  return needsVerdicts(args) ? { report: await run.report() } : { summary: await run.summary() };
}

/** Throws a UsageError for a file that could not be written later. */
export async function checkFiles({ files }: ShowArguments, io: Io): Promise<void> {
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

/** The text report alone needs no verdict for each port. */
function needsVerdicts({ format, expectations, files }: ShowArguments): boolean {
  return (
    format !== 'text' || expectations.length > 0 || files.some((file) => file.format === 'json')
  );
}

/** A run that has ended: with all its verdicts, or with alike ports in groups. */
export type Found = { readonly report: Report } | { readonly summary: Summary };

/** Shows a run that has ended; resolves to the exit code. */
export async function finish(
  found: Found,
  args: ShowArguments,
  { interrupted, unchecked }: RunEnding,
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
    unchecked:
      unchecked ||
      isUndecided ||
      !source.complete ||
      samples.some(isUnknown) ||
      isKeptBack(source) ||
      (source.command === 'trace' && isAnyUnasked(source)),
  };
  if (args.format === 'text') await io.stdout(render(source, textOptions(args, io, api), api));
  if (args.format === 'json' && report !== null) await writeBatched(api.jsonChunks(report), io);
  if (args.format === 'jsonl' && report !== null) {
    await writeBatched(lastRecords(report, exitCode(ending), api), io);
  }
  const areWritten = await writeFiles(source, args, io, api);
  tellOutcomes(outcomes, io);
  return exitCode({ ...ending, unchecked: ending.unchecked || !areWritten });
}

/** Hosts that were looked for, and that this machine could not ask. */
function isKeptBack(report: Pick<Report, 'plan' | 'hosts'>): boolean {
  return (
    report.plan.discover === true && report.hosts.some(({ reason }) => reason === 'local-error')
  );
}

/** Ports of traces that our own side kept from being asked. */
export function isAnyUnasked({ paths }: Pick<Report, 'paths'>): boolean {
  return paths.some(
    ({ whyId }) => whyId.startsWith('path.own.') && whyId !== 'path.own.no-neighbour',
  );
}

/** The text of a run of any command. */
function render(
  source: Report | Summary,
  options: Parameters<Api['renderText']>[1],
  api: Api,
): string {
  return source.command === 'trace'
    ? api.renderPaths(source, options)
    : api.renderText(source, options);
}

function isUnknown({ state }: Verdict): boolean {
  return state === 'unknown';
}

/** How a report is laid out on this terminal. */
export function textOptions(
  args: Pick<ShowArguments, 'noColor' | 'verbose'>,
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
  { files, verbose }: ShowArguments,
  io: Io,
  api: Api,
): Promise<boolean> {
  let areWritten = true;
  for (const { path, format } of files) {
    const plain = { color: false, width: DEFAULT_WIDTH, verbose, portName: api.nameOfPort };
    const isJson = format === 'json' && 'verdicts' in source;
    const chunks = isJson ? api.jsonChunks(source) : [render(source, plain, api)];
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
