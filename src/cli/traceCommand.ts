import type { HopsToAsk } from '../index.ts';
import type { Api } from './api.ts';
import { exitCode } from './exitCode.ts';
import type { Io } from './io.ts';
import { openRecording } from './pcapFile.ts';
import { createTraceLine } from './progress.ts';
import { tellUnresolved } from './scanCommand.ts';
import { isAnyUnasked, lastRecords, textOptions } from './showRun.ts';
import type { TraceArguments } from './traceArguments.ts';

/** Who is asked, and what: said before it is done. */
function askingLine({ targets, ports }: HopsToAsk): string {
  return `pu-probe: asking ${targets.join(', ')} by SYN to ports ${ports.join(', ')} (--ask-hops)\n`;
}

/** Said before it begins: nothing is heard meanwhile. */
const FRAGMENT_LINE =
  'pu-probe: --fragment waits 40 seconds (IPv4) or 75 (IPv6) for each port that is silent\n';

/** Runs `trace` and resolves to the exit code. Rejects with UsageError, ProbeError, or an internal error. */
export async function runTraceCommand(args: TraceArguments, io: Io, api: Api): Promise<number> {
  const abort = new AbortController();
  const line = createTraceLine(io, args.verbose);
  const recording = openRecording(args.pcap, io);
  const release = io.onInterrupt(() => abort.abort());
  try {
    const record = recording === undefined ? {} : { record: recording };
    const signal = abort.signal;
    const tracing = api.trace({
      dropPrivileges: true,
      ...args.trace,
      ...record,
      signal,
      onProgress: line.update,
      onAskHops: (hops) => line.tell(askingLine(hops)),
    });
    const head = await tracing.start();
    tellUnresolved(head.plan.unresolved, io);
    if (args.trace.fragment === true) line.tell(FRAGMENT_LINE);
    if (args.format === 'jsonl') {
      await io.stdout(api.startRecord(head));
      for await (const path of tracing) await io.stdout(api.pathRecord(path));
    }
    const report = await tracing.report();
    line.end();
    const isCut = recording?.end() === false;
    const ending = {
      interrupted: abort.signal.aborted,
      internalError: false,
      failed: false,
      unchecked: isCut || !report.complete || isAnyUnasked(report),
    };
    if (args.format === 'text')
      await io.stdout(api.renderPaths(report, textOptions(args, io, api)));
    if (args.format === 'json') for (const chunk of api.jsonChunks(report)) await io.stdout(chunk);
    if (args.format === 'jsonl') {
      for (const line of lastRecords({ ...report, paths: [] }, exitCode(ending), api)) {
        await io.stdout(line);
      }
    }
    return exitCode(ending);
  } finally {
    line.end();
    recording?.end();
    release();
  }
}
