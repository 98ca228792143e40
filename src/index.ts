/**
 * pu-probe as a library: plan a scan, run it, read verdicts as they become final, and the report at the end.
 *
 * The only place where the parts are put together: text -> plan -> wire -> drive(engine, wire) -> report.
 */
import pLimit from 'p-limit';
import { createDiscovery } from './discover/discovery.ts';
import { driveWatched, type Progress } from './drivenRun.ts';
import { UsageError } from './errors.ts';
import type { ExplainReport } from './explain/finding.ts';
import { type ExplainOptions, explainCapture as explainChunks } from './explainCapture.ts';
import { createFeed } from './feed.ts';
import { withPaths } from './filteredPaths.ts';
import { type Discovering, finishedDiscovery } from './finishedDiscovery.ts';
import { type FinishedRun, finishedRun, headOf, type Running, tryOrdinary } from './finishedRun.ts';
import type { HostVerdict, Plan, Report } from './model.ts';
import { createPlan, type PlanRequest } from './plan/plan.ts';
import { randomSeed } from './randomSeed.ts';
import type { Recorder } from './record/recorder.ts';
import type { BuildContext } from './report/build.ts';
import { buildHost } from './report/hosts.ts';
import type { ReportHead } from './report/jsonl.ts';
import { createScheduler, type ScanEngine } from './scan/scheduler.ts';
import { type ScanRun, toScanRun } from './scanRun.ts';
import { TRACE_IDS } from './trace/evidenceIds.ts';
import { countBytes, traceFiltered } from './traceFiltered.ts';
import { type Recording, runTrace, type TraceRequest, type TraceRun } from './traceRun.ts';
import { localInterfaces } from './wire/localInterfaces.ts';
import { checkWire, type OpenedWire, openWire, type TcpBy } from './wire/openWire.ts';
import { dropPrivileges } from './wire/privileges.ts';

export type { HopsToAsk } from './askedHops.ts';
export type { Progress } from './drivenRun.ts';
export { ProbeError, type ProbeErrorCode, UsageError } from './errors.ts';
export type {
  CaptureFinding,
  Certainty,
  ExplainReport,
  FittingCause,
  FlowEnds,
  Step,
} from './explain/finding.ts';
export type { FlowEnd, Narrowing } from './explain/narrowing.ts';
export type { ExplainOptions } from './explainCapture.ts';
export type * from './model.ts';
export { type ParsedIp, parseIp } from './packet/address.ts';
export { unresolvedLine } from './plan/lookUp.ts';
export { listedPorts } from './plan/portLists.ts';
export { nameOfPort } from './plan/portNames.ts';
export { explainJson } from './report/explainReport.ts';
export { type ExplainTextOptions, renderExplainText } from './report/explainText.ts';
export { jsonChunks, toJson } from './report/json.ts';
export {
  endRecord,
  hostRecord,
  pathRecord,
  type ReportHead,
  type RunEnd,
  startRecord,
  verdictRecord,
  warningRecord,
} from './report/jsonl.ts';
export { type PathTextOptions, renderPaths } from './report/pathText.ts';
export { type AlikePorts, type Summary, summarize } from './report/summary.ts';
export { renderText, type TextOptions } from './report/text.ts';
export { sparedPorts } from './scan/sparedPorts.ts';
export type { ScanRun } from './scanRun.ts';
export type { Recording, TraceProgress, TraceRequest, TraceRun } from './traceRun.ts';
export { VERSION } from './version.ts';

/** What to scan and how; only `targets` is needed. */
export interface ScanOptions extends PlanRequest {
  /** `auto` (default), `errqueue`, `connect`, or `sim:FILE`. */
  readonly wire?: string;
  /** Ends the run early; what was found is still reported, with `complete: false`. */
  readonly signal?: AbortSignal;
  /**
   * Gives up the capabilities of the calling thread once the sockets are open, except those that reach files. Default
   * false: a program may need them for its own work. The command always does. With `trace` it is when the traces are over.
   */
  readonly dropPrivileges?: boolean;
  /** Traces ports that somebody filters, one of those that fail alike; the paths stand in the report. */
  readonly trace?: boolean;
  /** Called about every 100 ms while the scan itself lasts, and then while its ports are traced (`trace`). */
  readonly onProgress?: (progress: Progress) => void;
  readonly onTraceProgress?: NonNullable<TraceRequest['onProgress']>;
  /** Records the run. */
  readonly record?: Recording;
}

/** What a discovery takes: a scan's options but those that name ports. */
export type DiscoverOptions = Omit<
  ScanOptions,
  'discover' | 'ports' | 'fast' | 'tcp' | 'udp' | 'synRequested' | 'connectRequested'
>;

/** A discovery: iterate over it for hosts as they become known, or ask for the report. It begins and rejects as a scan. */
export interface DiscoverRun extends AsyncIterable<HostVerdict> {
  start(): Promise<ReportHead>;
  plan(): Promise<Plan>;
  /** Resolves when the run has ended, also after an abort. It has no verdicts. */
  report(): Promise<Report>;
}

/** Name look-ups at once. */
const MAX_LOOKUPS = 8;

/**
 * Makes the plan of a scan and sends nothing. Rejects with a UsageError that names the offending text, and with a
 * ProbeError when no name could be looked up.
 */
export async function planScan(options: ScanOptions): Promise<Plan> {
  if (options.wire !== undefined) checkWire(options.wire);
  const limit = pLimit(MAX_LOOKUPS);
  return createPlan(options, {
    resolve: (name) => limit(() => resolveName(name)),
    interfaces: localInterfaces(),
    seed: await randomSeed(),
  });
}

async function resolveName(name: string): Promise<readonly string[]> {
  const { lookup } = await import('node:dns/promises');
  const addresses = await lookup(name, { all: true, verbatim: true });
  return addresses.map(({ address }) => address);
}

/**
 * Explains a pcap or pcapng file that comes in chunks: every ICMP error, reset and unanswered request, who is behind it and
 * what to check. Sends nothing. Rejects with a UsageError when it is no capture, and with the source's own errors.
 */
export function explainCapture(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: ExplainOptions,
): Promise<ExplainReport> {
  return explainChunks(chunks, options, (ms) => {
    const date = new Date(ms);
    return Number.isNaN(date.getTime()) ? null : date.toISOString();
  });
}

/** Starts traces of ports, one after the other. */
export function trace(request: TraceRequest): TraceRun {
  const { record, askHops } = request;
  const options = record === undefined ? request : { ...request, record: countBytes(record) };
  return runTrace(options, planScan, askHops === true ? TRACE_IDS : 0, (hops) =>
    scan(hops).report(),
  );
}

/** A scan that has been opened, and its recorder. */
interface Scanning extends Running {
  readonly recorder: Recorder | undefined;
}

/** Starts a scan. */
export function scan(request: ScanOptions): ScanRun {
  const { record } = request;
  const options = record === undefined ? request : { ...request, record: countBytes(record) };
  return toScanRun(openScan(options), (running, push) => run(running, options, push));
}

/**
 * Computes the report of a recorded run again: `chunks` are those of its file, `name` is told in the report. Nothing is sent; a
 * recording that was cut off gives what was known by then, with `complete: false`. Rejects with a ProbeError where the file
 * holds no run.
 */
export function replay(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  name: string,
): ScanRun {
  const opening = import('./replayedRun.ts').then(({ openReplay }) => openReplay(chunks, name));
  return toScanRun(opening, (running, push) => running.run(push));
}

async function openScan(options: ScanOptions): Promise<Scanning> {
  const started = new Date();
  const { plan, opened, head } = await openRun(options, started);
  const recorder = await startRecorder(options, plan, opened, started);
  const engine = createScheduler({ ...engineOptions(plan, opened), onMatch: recorder?.onMatch });
  const build = buildContext(plan, opened, engine);
  return { plan, opened, engine, build, head, recorder, recording: options.record?.name };
}

type StartOptions = Pick<ScanOptions, 'record' | 'synRequested' | 'trace'>;

/** Loaded only where it is asked for: start-up is a feature. */
async function startRecorder(
  { record, synRequested = false, trace = false }: StartOptions,
  plan: Plan,
  opened: OpenedWire,
  started: Date,
): Promise<Recorder | undefined> {
  if (record === undefined) return undefined;
  const { startRecording } = await import('./recording.ts');
  const times = { startedAt: started.toISOString(), epochMs: Date.now() };
  const start = { plan, opened, ...times, synRequested, isTraced: trace };
  const { offsetBytes = 0, write } = record;
  return startRecording({ ...start, offsetBytes, write });
}

/** Looks for hosts (`-sn`): no port gets a verdict. */
export function discover(options: DiscoverOptions): DiscoverRun {
  const feed = createFeed<number>();
  const open = async (): Promise<Discovering & { readonly recorder: Recorder | undefined }> => {
    const started = new Date();
    const { plan, opened, head } = await openRun({ ...options, discover: true }, started);
    const recorder = await startRecorder(options, plan, opened, started);
    const onMatch = recorder?.onMatch;
    const engine = createDiscovery({ ...engineOptions(plan, opened), onMatch });
    return { plan, opened, head, engine, recorder };
  };
  const opening = open();
  const reporting = opening.then((running) => runDiscovery(running, options, feed.push));
  reporting.then(feed.end, feed.end);

  return {
    start: async () => (await opening).head,
    plan: async () => (await opening).plan,
    report: () => reporting,
    async *[Symbol.asyncIterator]() {
      const { plan, engine } = await opening;
      for await (const target of feed.read()) yield buildHost(plan, engine, target);
      await reporting;
    },
  };
}

/** The plan, its wire, and what is known when it begins. */
async function openRun(options: ScanOptions, started: Date) {
  const plan = await planScan(options);
  const opened = await openWire(options.wire ?? 'auto', plan, tcpByOf(options));
  if (plan.passage === true && !opened.wire.can.packets) {
    opened.wire.close();
    throw new UsageError(`--passage needs packets of our own: not with --wire ${options.wire}`);
  }
  if (options.dropPrivileges === true && options.trace !== true) dropPrivileges();
  return { plan, opened, head: headOf(plan, opened, started.toISOString()) };
}

const engineOptions = (plan: Plan, { wire, ownAddresses, srcPort, allocate }: OpenedWire) => ({
  plan,
  can: wire.can,
  ownAddresses,
  srcPort,
  allocate,
});

const buildContext = (plan: Plan, opened: OpenedWire, engine: ScanEngine): BuildContext => ({
  plan,
  wire: opened.wire.kind,
  judgementOf: engine.judgementOf,
  oddsOf: engine.oddsOf,
  isOpen: engine.isOpen,
});

async function run(
  running: Scanning,
  options: ScanOptions,
  onSettled: (probes: readonly number[]) => void,
): Promise<FinishedRun> {
  const { engine, opened, plan, recorder } = running;
  const driven = await driveWatched(engine, opened, { ...options, observer: recorder }, onSettled);
  const result = engine.result();
  // What was answered but still waited for a comparison is judged by what is known; it is reported, not lost.
  onSettled(result.unsettled);
  const failedAtHome = driven.finished ? await tryOrdinary(running, result) : [];
  const end = { ...driven, failedAtHome };
  const found = finishedRun(running, options.synRequested === true, { ...end, result });
  if (recorder !== undefined) {
    const { endRecording, verdictsOf } = await import('./recording.ts');
    endRecording(recorder, verdictsOf(plan, found), { ...end, counters: opened.wire.counters() });
  }
  if (options.trace !== true || !driven.finished) return found;
  const traced = await traceFiltered(found.summary().groups, options, plan.space.count, planScan);
  if (options.dropPrivileges === true) dropPrivileges();
  return withPaths(found, traced);
}

async function runDiscovery(
  running: Discovering & { readonly recorder: Recorder | undefined },
  options: DiscoverOptions,
  onSettled: (targets: readonly number[]) => void,
): Promise<Report> {
  const { engine, opened, recorder } = running;
  const driven = await driveWatched(engine, opened, { ...options, observer: recorder }, onSettled);
  const recording = options.record?.name ?? null;
  const report = finishedDiscovery(running, { ...driven, recording });
  if (recorder !== undefined) {
    const { endRecording, foundOf } = await import('./recording.ts');
    const counters = opened.wire.counters();
    endRecording(recorder, foundOf(report), { ...driven, failedAtHome: [], counters });
  }
  return report;
}

function tcpByOf({ connectRequested, synRequested }: ScanOptions): TcpBy {
  if (connectRequested === true) return 'connect';
  return synRequested === true ? 'syn' : 'either';
}
