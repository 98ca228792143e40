/** A run of traces: plan -> wire -> one traceroute a port, one after the other -> report. */
import { type HopsToAsk, hopsToAsk, withAskedHops } from './askedHops.ts';
import { drive } from './drive.ts';
import { ProbeError, UsageError } from './errors.ts';
import { createFeed } from './feed.ts';
import { createHopNames, type HopNames, NO_NAMES } from './hopNames.ts';
import type { Ip, Path, Plan, Report } from './model.ts';
import type { PlanRequest } from './plan/plan.ts';
import {
  MAX_TRACES,
  type Tracing,
  type TracingEnd,
  toPath,
  traceHead,
  tracePorts,
  traceReport,
} from './portTraces.ts';
import type { HopName } from './record/recordedRun.ts';
import type { Recorder } from './record/recorder.ts';
import type { ReportHead } from './report/jsonl.ts';
import { MAX_TTL } from './trace/traceroute.ts';
import { checkFlows, checkPlanned, refusalOf } from './traceChecks.ts';
import { progressOf, type TraceProgress } from './traceProgress.ts';
import { openWire } from './wire/openWire.ts';
import { dropPrivileges } from './wire/privileges.ts';

export type { TraceProgress } from './traceProgress.ts';

/** What to trace and how; `targets` and `ports` are needed. */
export interface TraceRequest
  extends Pick<
    PlanRequest,
    | 'targets'
    | 'ports'
    | 'tcp'
    | 'udp'
    | 'family'
    | 'allAddresses'
    | 'control'
    | 'seed'
    | 'interface'
    | 'source'
    | 'sourcePort'
  > {
  /** As for a scan. */
  readonly wire?: string;
  /** 1 to 64, 32 unless given. */
  readonly maxHops?: number;
  /** Source ports from which each port is walked, 2 to 32; 0 or left out: its own alone. Needs packets of our own. */
  readonly flows?: number;
  /** Measures how large a packet may be on the way. Needs packets of our own. */
  readonly mtu?: boolean;
  /**
   * Asks the routers of lost TCP ports themselves when the traces are over: by SYN, to those ports and a control port, each at
   * its own address. Paths are told when that is over.
   */
  readonly askHops?: boolean;
  /** Called before the first router is asked. */
  readonly onAskHops?: (hops: HopsToAsk) => void;
  /** Asks whether packets to a silent port come to the target's own stack. IPv6 targets, and packets of our own. */
  readonly passage?: boolean;
  /**
   * Asks whether packets to a silent port come to the target's IP layer, by fragments whose rest it waits for: a minute. Needs
   * packets of our own.
   */
  readonly fragment?: boolean;
  /** Called at least every 100 ms. */
  readonly onProgress?: (progress: TraceProgress) => void;
  /** False: no reverse names are looked up. */
  readonly names?: boolean;
  readonly signal?: AbortSignal;
  readonly dropPrivileges?: boolean;
  /** As for a scan. */
  readonly record?: Recording;
}

/** A run of traces: iterate over it for paths as they are found, or ask for the report. It begins when it is created. */
export interface TraceRun extends AsyncIterable<Path> {
  start(): Promise<ReportHead>;
  report(): Promise<Report>;
}

/** Where a run is recorded: `write` takes pcapng in pieces of whole blocks, valid during the call; `name` is told in the report. */
export interface Recording {
  readonly name: string;
  readonly write: (bytes: Uint8Array) => void;
  /** What was written so far, bytes: none unless given. Runs may stand one behind the other. */
  readonly offsetBytes?: number;
}

/** Scans routers, with the options of the run of traces that has learned them. */
type ScanHops = (request: Omit<TraceRequest, 'onProgress'>) => Promise<Report>;

/** Longest path that is walked unless the user says otherwise: few are longer than 20 hops. */
export const DEFAULT_MAX_HOPS = 32;
/** A run of traces that was opened, and its recorder. */
export interface TracingRun extends Tracing {
  readonly recorder: Recorder | undefined;
}

/**
 * Starts a run of traces; rejects as a scan does, and with ProbeError on a wire that sees no senders. `firstId` is where the
 * ids of its evidence begin. `scanHops` is needed by `askHops`.
 */
export function runTrace(
  request: TraceRequest,
  planScan: (request: PlanRequest) => Promise<Plan>,
  firstId = 0,
  scanHops?: ScanHops,
): TraceRun {
  const feed = createFeed<Path>();
  const opening = open(request, planScan, firstId);
  const reporting = opening.then(async (running) => {
    const report = await traceAll(running, {
      signal: request.signal,
      onProgress: request.onProgress,
      names: request.names === false ? NO_NAMES : createHopNames(),
      recording: request.record?.name ?? null,
      onPath: (path) => {
        if (request.askHops !== true) feed.push([path]);
      },
    });
    if (request.askHops !== true || scanHops === undefined) return report;
    const asked = await askHops(report, request, scanHops);
    feed.push(asked.paths);
    return asked;
  });
  // The rejection reaches whoever asks for the report or iterates; here it only ends the iteration.
  reporting.then(feed.end, feed.end);

  return {
    start: async () => (await opening).head,
    report: () => reporting,
    async *[Symbol.asyncIterator]() {
      yield* feed.read();
      await reporting;
    },
  };
}

/** Asks the routers that the traces of a run have learned. */
async function askHops(
  report: Report,
  { onProgress: _, ...request }: TraceRequest,
  scanHops: ScanHops,
): Promise<Report> {
  const hops = hopsToAsk(report);
  if (hops === null) return withAskedHops(report, null);
  request.onAskHops?.(hops);
  try {
    const { targets, ports } = hops;
    const { seed } = report;
    // By SYN alone: nothing else goes to a router.
    const more = { targets, ports: ports.join(','), tcp: true, control: false, seed };
    return withAskedHops(report, await scanHops({ ...request, ...more }));
  } catch (error) {
    // A stranger may have named an address that is no host's here: the traces are worth telling all the same.
    if (!(error instanceof UsageError || error instanceof ProbeError)) throw error;
    const warning = `routers were not asked: ${error.message}`;
    return { ...report, complete: false, warnings: [...report.warnings, warning] };
  }
}

async function open(
  request: TraceRequest,
  planScan: (request: PlanRequest) => Promise<Plan>,
  firstId: number,
): Promise<TracingRun> {
  const { maxHops = DEFAULT_MAX_HOPS } = request;
  if (!Number.isInteger(maxHops) || maxHops < 1 || maxHops > MAX_TTL) {
    throw new UsageError(`--max-hops takes 1 to ${MAX_TTL}, not "${maxHops}"`);
  }
  checkFlows(request);
  // A scan has another way to ask that.
  const plan = await planScan({ ...request, passage: false });
  if (plan.space.count > MAX_TRACES && request.ports === undefined) {
    throw new UsageError('trace needs a port: -p PORT or host:port');
  }
  if (plan.space.count > MAX_TRACES) {
    throw new UsageError(
      `${plan.space.count} ports are too many for traces: a run takes ${MAX_TRACES} at most`,
    );
  }
  checkPlanned(request, plan);
  const opened = await openWire(request.wire ?? 'auto', plan, 'packets', request.flows);
  const refused = refusalOf(request, opened.wire);
  if (refused !== null) {
    opened.wire.close();
    throw new ProbeError('E_WIRE_UNAVAILABLE', refused);
  }
  // The wire to the routers is opened later, and gives them up.
  if (request.dropPrivileges === true && request.askHops !== true) dropPrivileges();
  const started = new Date();
  const head = traceHead(plan, opened, started.toISOString());
  const settings = {
    maxHops,
    sources: request.flows ?? 0,
    mtu: request.mtu === true,
    passage: request.passage === true,
    fragment: request.fragment === true,
    firstId,
  };
  const tracing: Tracing = { plan, opened, head, settings };
  return { ...tracing, recorder: await startRecorder(tracing, request) };
}

/** Loaded only where it is asked for: start-up is a feature. */
async function startRecorder(
  { plan, opened, head, settings: trace }: Tracing,
  { record, askHops }: TraceRequest,
): Promise<Recorder | undefined> {
  if (record === undefined) return undefined;
  const { startRecording } = await import('./recording.ts');
  const { startedAt } = head;
  const { write, offsetBytes = 0 } = record;
  const epochMs = Date.now();
  const start = { plan, opened, startedAt, epochMs, synRequested: false, trace, asksHops: askHops };
  return startRecording({ ...start, offsetBytes, write });
}

/** How a run of traces is driven. */
export interface TraceAllOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: TraceRequest['onProgress'] | undefined;
  readonly names: HopNames;
  /** The file that holds the packets. */
  readonly recording: string | null;
  readonly onPath: (path: Path) => void;
}

/** Traces the ports of a run that was opened, and closes its wire. */
export async function traceAll(
  tracing: TracingRun,
  { signal, onProgress, names, recording, onPath }: TraceAllOptions,
): Promise<Report> {
  const { opened, recorder } = tracing;
  const { wire } = opened;
  const startedMs = wire.nowMs();
  const paths: Path[] = [];
  const namesOfPaths: (readonly HopName[])[] = [];
  let ended: TracingEnd;
  try {
    ended = await tracePorts(tracing, {
      onMatch: recorder?.onMatch,
      drive(engine, probe) {
        const begunMs = wire.nowMs();
        return drive(engine, wire, {
          signal,
          observer: recorder,
          onTurn: () => {
            for (const ip of engine.takeSenders()) names.ask(ip);
            const times = { startedMs, begunMs, nowMs: wire.nowMs() };
            onProgress?.(progressOf(tracing.plan, probe, engine.study(), times));
          },
        });
      },
      onTraced(probe, facts) {
        const known = new Map<Ip, string>();
        const nameOf = (ip: Ip): string | null => {
          const name = names.nameOf(ip);
          if (name !== null) known.set(ip, name);
          return name;
        };
        const path = toPath(tracing, { probe, facts, wire: wire.kind }, nameOf);
        namesOfPaths.push([...known]);
        paths.push(path);
        onPath(path);
      },
    });
  } finally {
    names.close();
    wire.close();
  }
  const durationMs = Math.round((wire.nowMs() - startedMs) * 1000) / 1000;
  const report = traceReport(tracing, ended, { paths, durationMs, recording });
  if (recorder !== undefined) {
    const { endRecording, foundOf } = await import('./recording.ts');
    const { finished } = ended;
    const counters = wire.counters();
    const end = { finished, durationMs, failedAtHome: [], counters, names: namesOfPaths };
    endRecording(recorder, foundOf(report), end);
  }
  return report;
}
