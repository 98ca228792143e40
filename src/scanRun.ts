/** A run as whoever asked for it sees it, whether it is a scan or a replay. */
import { createFeed } from './feed.ts';
import type { FinishedRun, Running } from './finishedRun.ts';
import type { Plan, Report, Verdict } from './model.ts';
import { buildVerdict } from './report/build.ts';
import type { ReportHead } from './report/jsonl.ts';
import type { Summary } from './report/summary.ts';

/**
 * A run: iterate over it for verdicts as they become final, or ask for the report. It begins when it is created.
 *
 * Rejections, before anything is sent: UsageError; ProbeError when an explicitly named wire cannot be had, or no name
 * could be looked up.
 */
export interface ScanRun extends AsyncIterable<Verdict> {
  /** The same verdicts, those that are final at one time together: ports that are open come before others. */
  together(): AsyncIterable<readonly Verdict[]>;
  start(): Promise<ReportHead>;
  plan(): Promise<Plan>;
  /** Resolves when the run has ended, also after an abort. */
  report(): Promise<Report>;
  /** The same with alike ports grouped: what the text report reads, at the cost of a few verdicts. */
  summary(): Promise<Summary>;
}

/** A run over what is being opened; `go` runs it, and hands out probes as their verdicts become final. */
export function toScanRun<
  Opened extends Pick<Running, 'plan' | 'head'> & Partial<Pick<Running, 'build'>>,
>(
  opening: Promise<Opened>,
  go: (running: Opened, push: (probes: readonly number[]) => void) => Promise<FinishedRun>,
): ScanRun {
  const feed = createFeed<number>();
  const reporting = opening.then((running) =>
    go(running, (probes) => feed.push(probes, running.build?.isOpen)),
  );
  reporting.then(feed.end, feed.end);

  async function* together(): AsyncIterable<readonly Verdict[]> {
    const { build } = await opening;
    // Traces and discoveries, computed again, have no verdicts.
    if (build !== undefined) {
      for await (const probes of feed.readTogether()) {
        yield probes.map((probe) => buildVerdict(build, probe));
      }
    }
    await reporting;
  }

  return {
    start: async () => (await opening).head,
    plan: async () => (await opening).plan,
    report: async () => (await reporting).report(),
    summary: async () => (await reporting).summary(),
    together,
    async *[Symbol.asyncIterator]() {
      for await (const verdicts of together()) yield* verdicts;
    },
  };
}
