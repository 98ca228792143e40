/**
 * pu-probe as a library: plan a scan, run it, read verdicts as they become final, and the report at the end.
 *
 * The only place where the parts are put together: text -> plan -> wire -> drive(engine, wire) -> report.
 */
import pLimit from 'p-limit';
import { createDiscovery } from './discover/discovery.ts';
import { drive } from './drive.ts';
import type { ExplainReport } from './explain/finding.ts';
import { type ExplainOptions, explainCapture as explainChunks } from './explainCapture.ts';
import { createFeed } from './feed.ts';
import { type Discovering, finishedDiscovery } from './finishedDiscovery.ts';
import { type FinishedRun, finishedRun, headOf, type Running, tryOrdinary } from './finishedRun.ts';
import type { Engine, HostVerdict, Plan, Report, Verdict } from './model.ts';
import { createPlan, type PlanRequest } from './plan/plan.ts';
import { randomSeed } from './randomSeed.ts';
import { type BuildContext, buildVerdict } from './report/build.ts';
import { buildHost } from './report/hosts.ts';
import type { ReportHead } from './report/jsonl.ts';
import type { Summary } from './report/summary.ts';
import { createScheduler, type ScanEngine, type ScanProgress } from './scan/scheduler.ts';
import { traceFiltered, withPaths } from './traceFiltered.ts';
import { runTrace, type TraceRequest, type TraceRun } from './traceRun.ts';
import { localInterfaces } from './wire/localInterfaces.ts';
import { checkWire, type OpenedWire, openWire, type TcpBy } from './wire/openWire.ts';
import { dropPrivileges } from './wire/privileges.ts';

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
export type { TraceRequest, TraceRun } from './traceRun.ts';
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
  /** Called about every 100 ms while the run lasts. */
  readonly onProgress?: (progress: Progress) => void;
}

/** How far a run is, at one moment. */
export interface Progress {
  /** Probes that are decided, of `total`. */
  readonly done: number;
  readonly total: number;
  /** Packets or connection attempts sent. */
  readonly sent: number;
  readonly elapsedMs: number;
  /** Null while there is nothing to go by. */
  readonly etaMs: number | null;
}

/**
 * A run: iterate over it for verdicts as they become final, or ask for the report. It begins when it is created.
 *
 * Rejections, before anything is sent: UsageError; ProbeError when an explicitly named wire cannot be had, or no name
 * could be looked up.
 */
export interface ScanRun extends AsyncIterable<Verdict> {
  start(): Promise<ReportHead>;
  plan(): Promise<Plan>;
  /** Resolves when the run has ended, also after an abort. */
  report(): Promise<Report>;
  /** The same with alike ports grouped: what the text report reads, at the cost of a few verdicts. */
  summary(): Promise<Summary>;
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
  return runTrace(request, planScan);
}

/** Starts a scan. */
export function scan(options: ScanOptions): ScanRun {
  const feed = createFeed<number>();
  const open = async (): Promise<Running> => {
    const { plan, opened, head } = await openRun(options);
    const engine = createScheduler(engineOptions(plan, opened));
    return { plan, opened, engine, build: buildContext(plan, opened, engine), head };
  };
  const opening = open();
  const reporting = opening.then((running) => run(running, options, feed.push));
  reporting.then(feed.end, feed.end);

  return {
    start: async () => (await opening).head,
    plan: async () => (await opening).plan,
    report: async () => (await reporting).report(),
    summary: async () => (await reporting).summary(),
    async *[Symbol.asyncIterator]() {
      const { build } = await opening;
      for await (const probe of feed.read()) yield buildVerdict(build, probe);
      await reporting;
    },
  };
}

/** Looks for hosts (`-sn`): no port gets a verdict. */
export function discover(options: DiscoverOptions): DiscoverRun {
  const feed = createFeed<number>();
  const open = async (): Promise<Discovering> => {
    const { plan, opened, head } = await openRun({ ...options, discover: true });
    return { plan, opened, head, engine: createDiscovery(engineOptions(plan, opened)) };
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
async function openRun(options: ScanOptions) {
  const plan = await planScan(options);
  const opened = await openWire(options.wire ?? 'auto', plan, tcpByOf(options));
  if (options.dropPrivileges === true && options.trace !== true) dropPrivileges();
  return { plan, opened, head: headOf(plan, opened, new Date().toISOString()) };
}

const engineOptions = (plan: Plan, { wire, ownAddresses, srcPort }: OpenedWire) => ({
  plan,
  can: wire.can,
  ownAddresses,
  srcPort,
});

const buildContext = (plan: Plan, opened: OpenedWire, engine: ScanEngine): BuildContext => ({
  plan,
  wire: opened.wire.kind,
  judgementOf: engine.judgementOf,
});

async function run(
  running: Running,
  options: ScanOptions,
  onSettled: (probes: readonly number[]) => void,
): Promise<FinishedRun> {
  const { engine, opened } = running;
  const driven = await driveWatched(engine, opened, options, onSettled);
  const result = engine.result();
  // What was answered but still waited for a comparison is judged by what is known; it is reported, not lost.
  onSettled(result.unsettled);
  const failedAtHome = driven.finished ? await tryOrdinary(running, result) : [];
  const end = { ...driven, failedAtHome, result };
  const found = finishedRun(running, options.synRequested === true, end);
  if (options.trace !== true || !driven.finished) return found;
  const traced = await traceFiltered(found.summary().groups, options, planScan);
  if (options.dropPrivileges === true) dropPrivileges();
  return withPaths(found, traced);
}

async function runDiscovery(
  running: Discovering,
  options: DiscoverOptions,
  onSettled: (targets: readonly number[]) => void,
): Promise<Report> {
  const driven = await driveWatched(running.engine, running.opened, options, onSettled);
  return finishedDiscovery(running, driven);
}

/** Drives an engine to its end or to the abort, hands on what becomes final, and closes the wire. */
async function driveWatched<Result>(
  engine: Engine<Result> & Pick<ScanEngine, 'takeSettled' | 'progress'>,
  { wire }: OpenedWire,
  { signal, onProgress }: Pick<ScanOptions, 'signal' | 'onProgress'>,
  onSettled: (items: readonly number[]) => void,
): Promise<{ readonly finished: boolean; readonly durationMs: number }> {
  const startedMs = wire.nowMs();
  const elapsedMs = (): number => Math.round((wire.nowMs() - startedMs) * 1000) / 1000;
  let finished: boolean;
  try {
    finished = await drive(engine, wire, {
      signal,
      onTurn: () => {
        const settled = engine.takeSettled();
        if (settled.length > 0) onSettled(settled);
        onProgress?.(toProgress(engine.progress(), elapsedMs()));
      },
    });
  } finally {
    wire.close();
  }
  const durationMs = elapsedMs();
  onSettled(engine.takeSettled());
  return { finished, durationMs };
}

function tcpByOf({ connectRequested, synRequested }: ScanOptions): TcpBy {
  if (connectRequested === true) return 'connect';
  return synRequested === true ? 'syn' : 'either';
}

function toProgress({ done, total, sent }: ScanProgress, elapsedMs: number): Progress {
  const etaMs = done > 0 ? (elapsedMs * (total - done)) / done : null;
  return { done, total, sent, elapsedMs, etaMs };
}
