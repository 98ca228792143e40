import type { Progress } from '../index.ts';
import type { Io } from './io.ts';

/** A run this short shows no progress. */
const QUIET_MS = 1000;
/** Time between two updates of the line on a terminal, and between two lines elsewhere. */
const LINE_MS = 200;
const PLAIN_MS = 5000;
const CLEAR = '\r\x1b[K';

/** The line on stderr that shows how far a run is. */
export interface ProgressLine {
  readonly update: (progress: Progress) => void;
  /** Removes the line; nothing is shown afterwards. */
  readonly end: () => void;
}

/** Shows progress on standard error: one line that changes on a terminal, a line now and then elsewhere under `-v`. */
export function createProgressLine(
  { stderr, isTty, columns }: Pick<Io, 'stderr' | 'isTty' | 'columns'>,
  verbose: number,
): ProgressLine {
  let shownMs = isTty.stderr ? QUIET_MS - LINE_MS : 0;
  let isShown = false;
  let isOver = !isTty.stderr && verbose === 0;
  return {
    update(progress) {
      if (isOver || progress.elapsedMs - shownMs < (isTty.stderr ? LINE_MS : PLAIN_MS)) return;
      shownMs = progress.elapsedMs;
      const text = progressText(progress);
      stderr(isTty.stderr ? CLEAR + text.slice(0, (columns ?? 80) - 1) : `${text}\n`);
      isShown = isTty.stderr;
    },
    end() {
      if (isShown) stderr(CLEAR);
      isOver = true;
    },
  };
}

/** `1,200 of 65,535 (1 %), 3,400 packets/s, 18 s left`. */
export function progressText({ done, total, sent, elapsedMs, etaMs }: Progress): string {
  const percent = total === 0 ? 100 : Math.floor((100 * done) / total);
  const ratePps = elapsedMs > 0 ? (1000 * sent) / elapsedMs : 0;
  const rate = ratePps < 10 ? ratePps.toFixed(1) : formatCount(Math.round(ratePps));
  const left = etaMs === null ? '' : `, ${formatLeft(etaMs)} left`;
  return `${formatCount(done)} of ${formatCount(total)} (${percent} %), ${rate} packets/s${left}`;
}

function formatLeft(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${(minutes / 60).toFixed(1)} h`;
}

/** A count with thousands separators (`toLocaleString` would load the locale tables: 11 ms). */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}
