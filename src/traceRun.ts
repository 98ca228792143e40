/** A run of traces: plan -> wire -> one traceroute a port, one after the other -> report. */
import { drive } from './drive.ts';
import { ProbeError, UsageError } from './errors.ts';
import { createFeed } from './feed.ts';
import { createHopNames, type HopNames, NO_NAMES } from './hopNames.ts';
import type { Path, Plan, Report } from './model.ts';
import type { PlanRequest } from './plan/plan.ts';
import { formatSeed } from './plan/seed.ts';
import type { ReportHead } from './report/jsonl.ts';
import { selfNotes, traceNotes } from './report/notes.ts';
import { buildPath } from './report/path.ts';
import { locate } from './trace/locate.ts';
import { toTraced } from './trace/toPath.ts';
import { createTraceroute, MAX_TTL, type TraceCounters } from './trace/traceroute.ts';
import { VERSION } from './version.ts';
import { MAX_LANES, type OpenedWire, openWire } from './wire/openWire.ts';
import { dropPrivileges } from './wire/privileges.ts';

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
  /** False: no reverse names are looked up. */
  readonly names?: boolean;
  readonly signal?: AbortSignal;
  readonly dropPrivileges?: boolean;
}

/** A run of traces: iterate over it for paths as they are found, or ask for the report. It begins when it is created. */
export interface TraceRun extends AsyncIterable<Path> {
  start(): Promise<ReportHead>;
  report(): Promise<Report>;
}

/** Longest path that is walked unless the user says otherwise: few are longer than 20 hops. */
export const DEFAULT_MAX_HOPS = 32;
/** Ports of one run: each is a walk of its own, and its number travels in a byte. */
export const MAX_TRACES = 64;

interface Opened {
  readonly plan: Plan;
  readonly opened: OpenedWire;
  readonly head: ReportHead;
}

/** Starts a run of traces; rejects as a scan does, and with ProbeError on a wire that sees no senders. */
export function runTrace(
  request: TraceRequest,
  planScan: (request: PlanRequest) => Promise<Plan>,
): TraceRun {
  const feed = createFeed<Path>();
  const opening = open(request, planScan);
  const reporting = opening.then((running) =>
    traceAll(running, request, (path) => feed.push([path])),
  );
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

async function open(
  request: TraceRequest,
  planScan: (request: PlanRequest) => Promise<Plan>,
): Promise<Opened> {
  const { maxHops = DEFAULT_MAX_HOPS } = request;
  if (!Number.isInteger(maxHops) || maxHops < 1 || maxHops > MAX_TTL) {
    throw new UsageError(`--max-hops takes 1 to ${MAX_TTL}, not "${maxHops}"`);
  }
  checkFlows(request);
  const plan = await planScan(request);
  if (plan.space.count > MAX_TRACES && request.ports === undefined) {
    throw new UsageError('trace needs a port: -p PORT or host:port');
  }
  if (plan.space.count > MAX_TRACES) {
    throw new UsageError(
      `${plan.space.count} ports are too many for traces: a run takes ${MAX_TRACES} at most`,
    );
  }
  const opened = await openWire(request.wire ?? 'auto', plan, 'packets', request.flows);
  const { can, kind, note } = opened.wire;
  if (!can.icmpSender || !can.setTtl) {
    opened.wire.close();
    throw new ProbeError(
      'E_WIRE_UNAVAILABLE',
      `a trace needs the senders of ICMP errors, which this wire does not see (${kind}: ${note})`,
    );
  }
  if ((request.flows ?? 0) > can.lanes) {
    opened.wire.close();
    throw new ProbeError(
      'E_WIRE_UNAVAILABLE',
      `--flows ${request.flows} needs packets of our own, to choose source ports: this wire cannot (${kind}: ${note})`,
    );
  }
  if (request.dropPrivileges === true) dropPrivileges();
  const head: ReportHead = {
    schema: 'pu-probe/report/1',
    tool: { name: 'pu-probe', version: VERSION },
    command: 'trace',
    startedAt: new Date().toISOString(),
    wire: { kind, note },
    seed: formatSeed(plan.seed),
    plan: {
      targets: plan.targets.count,
      probes: plan.space.count,
      unresolved: plan.unresolved,
    },
  };
  return { plan, opened, head };
}

function checkFlows({ flows = 0, control, sourcePort }: TraceRequest): void {
  if (flows === 0) return;
  if (!Number.isInteger(flows) || flows < 2 || flows > MAX_LANES) {
    throw new UsageError(`--flows takes 2 to ${MAX_LANES} source ports, not "${flows}"`);
  }
  if (control === false) throw new UsageError('--flows asks what --no-control forbids');
  if (sourcePort !== undefined) {
    throw new UsageError(`--flows takes several source ports: not with -g ${sourcePort}`);
  }
}

async function traceAll(
  { plan, opened, head }: Opened,
  request: TraceRequest,
  onPath: (path: Path) => void,
): Promise<Report> {
  const { wire } = opened;
  const names = request.names === false ? NO_NAMES : createHopNames();
  const startedMs = wire.nowMs();
  const paths: Path[] = [];
  const counters: Record<keyof TraceCounters, number> = {
    sent: 0,
    received: 0,
    matched: 0,
    foreign: 0,
  };
  let finished = true;
  let probe = 0;
  try {
    for (; probe < plan.space.count && finished; probe++) {
      const one = await tracePort({ plan, opened, request, names }, probe);
      finished = one.finished;
      for (const key of Object.keys(counters) as (keyof TraceCounters)[]) {
        counters[key] += one.counters[key];
      }
      paths.push(one.path);
      onPath(one.path);
    }
  } finally {
    names.close();
    wire.close();
  }
  const { schema, tool, command, startedAt, seed } = head;
  const notDone = Array.from({ length: plan.space.count - probe }, (_, index) => probe + index);
  return {
    schema,
    tool,
    command,
    startedAt,
    durationMs: Math.round((wire.nowMs() - startedMs) * 1000) / 1000,
    wire: head.wire,
    plan: head.plan,
    complete: finished && plan.unresolved.length === 0,
    notDone: notDone.map(
      (one) => `${plan.targets.ip(plan.space.targetOf(one))} ${plan.space.portOf(one)}`,
    ),
    seed,
    recording: null,
    verdicts: [],
    hosts: [],
    paths,
    counters: { ringDrops: 0, ...wire.counters(), ...counters },
    warnings: [
      ...plan.warnings,
      ...opened.warnings,
      ...selfNotes(plan, opened.ownAddresses),
      ...traceNotes(paths),
    ],
  };
}

async function tracePort(
  {
    plan,
    opened,
    request,
    names,
  }: {
    readonly plan: Plan;
    readonly opened: OpenedWire;
    readonly request: TraceRequest;
    readonly names: HopNames;
  },
  probe: number,
): Promise<{ path: Path; counters: TraceCounters; finished: boolean }> {
  const { wire, srcPort } = opened;
  const { space } = plan;
  const target = space.targetOf(probe);
  const protocol = space.protocolOf(probe);
  const port = space.portOf(probe);
  const engine = createTraceroute({
    plan,
    run: probe,
    target,
    protocol,
    port,
    can: wire.can,
    srcPort,
    ownAddresses: opened.ownAddresses,
    maxHops: request.maxHops ?? DEFAULT_MAX_HOPS,
    sources: request.flows ?? 0,
  });
  const finished = await drive(engine, wire, {
    signal: request.signal,
    onTurn: () => {
      for (const ip of engine.takeSenders()) names.ask(ip);
    },
  });
  const facts = engine.result();
  const path = buildPath(
    { plan, target, protocol: protocol === 6 ? 'tcp' : 'udp', port, wire: wire.kind },
    toTraced(facts, locate(facts)),
    names.nameOf,
  );
  return { path, counters: engine.counters(), finished };
}
