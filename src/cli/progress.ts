import type { Progress } from '../index.ts';
import type { Io } from './io.ts';

/** A run this short shows no progress. */
const QUIET_MS = 1000;
/** A wait for ICMP limiters that is worth a word. */
export const LONG_WAIT_MS = 10_000;
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
  let isOver = false;
  let isWaitTold = false;
  const isShowing = isTty.stderr || verbose > 0;

  const tellWait = (progress: Progress): void => {
    const notice = waitNotice(progress);
    if (notice === null) return;
    isWaitTold = true;
    stderr(isShown ? CLEAR + notice : notice);
  };

  return {
    update(progress) {
      if (!isOver && !isWaitTold) tellWait(progress);
      if (!isShowing) return;
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

/**
 * What a person is told once, when nothing is left but to wait for ICMP limiters, and how to go on; null while other ports are
 * asked, or where the wait is short.
 */
export function waitNotice({ done, total, walk }: Progress): string | null {
  if (walk === null || done + walk.waiting < total || walk.leftMs < LONG_WAIT_MS) return null;
  const ports = walk.waiting === 1 ? 'UDP port' : 'UDP ports';
  const limit = walk.isMeasured ? 'as measured' : 'the limit that Linux has by default';
  const named =
    walk.named === 0 || walk.named === walk.waiting
      ? ''
      : `; the ${formatCount(walk.named)} that you named: ${formatWait(walk.namedLeftMs)}, a few more if they are silent`;
  const most = walk.mayGrow ? ', and those between unlike ones besides' : ' at most';
  const quicker = walk.mayGrow ? '' : ', --infer-ranges asks a tenth of them';
  return (
    `pu-probe: ${formatCount(walk.waiting)} silent ${ports} at ${formatRate(walk.gapMs)} (${limit}): ` +
    `about ${formatWait(walk.leftMs)}${most}${named}\n` +
    `pu-probe: Ctrl-C keeps what was found; fewer ports are quicker${quicker}, --retries 2 goes without proof\n`
  );
}

/** `1 answer/s`, `2.5 answers/s`. */
function formatRate(gapMs: number): string {
  const perSecond = 1000 / gapMs;
  const text =
    perSecond >= 10 ? formatCount(Math.round(perSecond)) : String(Number(perSecond.toFixed(1)));
  return text === '1' ? '1 answer/s' : `${text} answers/s`;
}

/** `14 s`, `16 min 34 s`. */
export function formatWait(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  if (minutes === 0) return `${seconds} s`;
  return minutes < 60 ? `${minutes} min ${seconds % 60} s` : formatLeft(ms);
}

/** `1,200 of 65,535 (1 %), 3,400 packets/s, 18 s left`. */
export function progressText({ done, total, sent, elapsedMs, etaMs, walk }: Progress): string {
  const percent = total === 0 ? 100 : Math.floor((100 * done) / total);
  if (walk !== null && done + walk.waiting >= total) {
    const seen = walk.isMeasured ? 'measured' : 'presumed';
    const wait = `${formatRate(walk.gapMs)} ${seen}, ${formatWait(walk.leftMs)} left${walk.mayGrow ? ' so far' : ' at most'}`;
    return `${formatCount(done)} of ${formatCount(total)} (${percent} %), ${wait}`;
  }
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
