import type { TraceProgress, Unresolved } from '../index.ts';
import { UsageError, unresolvedLine } from '../index.ts';
import type { Api } from './api.ts';
import { show } from './argv.ts';
import { planJson, planText } from './dryRun.ts';
import { exitCode } from './exitCode.ts';
import type { Expectation } from './expectations.ts';
import type { Io } from './io.ts';
import { openRecording } from './pcapFile.ts';
import { createProgressLine, createTraceLine } from './progress.ts';
import type { ScanArguments } from './scanArguments.ts';
import { checkFiles, type Found, finish, readRun } from './showRun.ts';

/** Names without an address that are told on standard error; further ones are counted. */
const MAX_NAMES = 20;

/** Runs `scan` and resolves to the exit code. Rejects with UsageError, ProbeError, or an internal error. */
export async function runScan(args: ScanArguments, io: Io, api: Api): Promise<number> {
  if (args.dryRun) return dryRun(args, io, api);
  await checkFiles(args, io);
  const specific = args.expectations.filter(({ port }) => port !== null);
  if (specific.length > 0) await checkAsked(specific, args, api);

  const abort = new AbortController();
  const progress = createProgressLine(io, args.verbose);
  const traceLine = createTraceLine(io, args.verbose);
  let endNow: (() => void) | undefined;
  const second = new Promise<number>((resolve) => {
    endNow = () => resolve(130);
  });
  const release = io.onInterrupt(() => {
    if (abort.signal.aborted) endNow?.();
    abort.abort();
  });
  try {
    const recording = openRecording(args.pcap, io);
    const run = async (): Promise<number> => {
      const options = {
        dropPrivileges: true,
        ...args.scan,
        ...(recording === undefined ? {} : { record: recording }),
        signal: abort.signal,
        onProgress: progress.update,
        onTraceProgress: (traced: TraceProgress) => {
          progress.end();
          traceLine.update(traced);
        },
      };
      try {
        const found = args.scan.discover
          ? await runDiscovery(api.discover(options), args, io, api)
          : await runPorts(api.scan(options), args, io, api);
        progress.end();
        traceLine.end();
        const unchecked = recording?.end() === false;
        return await finish(found, args, { interrupted: abort.signal.aborted, unchecked }, io, api);
      } finally {
        recording?.end();
      }
    };
    return await Promise.race([run(), second]);
  } finally {
    release();
    progress.end();
    traceLine.end();
  }
}

async function dryRun(args: ScanArguments, io: Io, api: Api): Promise<number> {
  const plan = await api.planScan(args.scan);
  const seed = plan.seed.map((word) => word.toString(16).padStart(8, '0')).join('');
  tellUnresolved(plan.unresolved, io);
  await io.stdout(args.format === 'text' ? planText(plan, seed, api) : planJson(plan, seed));
  const unchecked = plan.unresolved.length > 0;
  return exitCode({ interrupted: false, internalError: false, failed: false, unchecked });
}

/** Names without an address; the report holds them too, but is read later. */
export function tellUnresolved(unresolved: readonly Unresolved[], io: Io): void {
  for (const one of unresolved.slice(0, MAX_NAMES)) io.stderr(`pu-probe: ${unresolvedLine(one)}\n`);
  const more = unresolved.length - MAX_NAMES;
  if (more > 0) io.stderr(`pu-probe: and ${more} further names without an address\n`);
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
  tellUnresolved((await scanning.start()).plan.unresolved, io);
  return readRun(scanning, args, io, api);
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
