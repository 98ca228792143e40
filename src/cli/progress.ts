import type { Progress, TraceProgress } from '../index.ts';
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
export interface ProgressLine<Shown> {
  readonly update: (progress: Shown) => void;
  /** Writes whole lines that stay. */
  readonly tell: (lines: string) => void;
  /** Removes the line; nothing is shown afterwards. */
  readonly end: () => void;
}

type Terminal = Pick<Io, 'stderr' | 'isTty' | 'columns'>;

/** Shows the progress of a scan, and once how long ICMP limiters take. */
export function createProgressLine(io: Terminal, verbose: number): ProgressLine<Progress> {
  const line = createLine(io, verbose, progressText);
  let isWaitTold = false;
  let isOver = false;
  return {
    ...line,
    update(progress) {
      const notice = isOver || isWaitTold ? null : waitNotice(progress);
      if (notice !== null) line.tell(notice);
      isWaitTold ||= notice !== null;
      line.update(progress);
    },
    end() {
      isOver = true;
      line.end();
    },
  };
}

/** Shows the progress of traces. */
export const createTraceLine = (io: Terminal, verbose: number): ProgressLine<TraceProgress> =>
  createLine(io, verbose, traceText);

/** One line on standard error that changes on a terminal, a line now and then elsewhere under `-v`. */
function createLine<Shown extends { readonly elapsedMs: number }>(
  { stderr, isTty, columns }: Terminal,
  verbose: number,
  textOf: (progress: Shown) => string,
): ProgressLine<Shown> {
  let shownMs = isTty.stderr ? QUIET_MS - LINE_MS : 0;
  let isShown = false;
  let isOver = false;
  const isShowing = isTty.stderr || verbose > 0;
  const clear = (): void => {
    if (isShown) stderr(CLEAR);
    isShown = false;
  };
  return {
    update(progress) {
      if (!isShowing || isOver) return;
      if (progress.elapsedMs - shownMs < (isTty.stderr ? LINE_MS : PLAIN_MS)) return;
      shownMs = progress.elapsedMs;
      const text = textOf(progress);
      stderr(isTty.stderr ? CLEAR + text.slice(0, (columns ?? 80) - 1) : `${text}\n`);
      isShown = isTty.stderr;
    },
    tell(lines) {
      clear();
      stderr(lines);
    },
    end() {
      clear();
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

/** What is done beside the path itself, in words. */
const STUDIES: Readonly<Record<NonNullable<TraceProgress['study']>, string>> = {
  flows: 'other source ports (--flows)',
  mtu: 'sizes of packets (--mtu)',
  passage: 'what the target has to refuse (--passage)',
  fragment: 'waiting for fragments to be given up (--fragment)',
};

/** `443/tcp of 10.0.0.5 (2 of 3): waiting for fragments to be given up (--fragment), 12 s, 39 s at most`. */
export function traceText(progress: TraceProgress): string {
  const { done, total, target, port, protocol, study, sinceMs, mostMs } = progress;
  const turn = total === 1 ? '' : ` (${formatCount(done + 1)} of ${formatCount(total)})`;
  const what = study === null ? 'the path' : STUDIES[study];
  const most = mostMs === null ? '' : `, ${formatWait(mostMs)} at most`;
  const since = `${Math.floor(sinceMs / 1000)} s`;
  return `${port}/${protocol} of ${target}${turn}: ${what}, ${since}${most}`;
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
