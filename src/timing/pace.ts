/**
 * How many probes may leave now: a congestion window in slow start, an absolute schedule where a rate is asked for.
 *
 * Congestion is an answer share that falls as the window grows. Probes are counted in cohorts of the same window; when
 * all of a cohort are settled, its share of answered first attempts is compared with the best share seen at a smaller
 * window. Steady silence (a host that drops) has a constant share and slows nothing down.
 */
import type { TimingTemplate } from './templates.ts';

/** The congestion window and the rate of a run. */
export interface Pace {
  /** How many probes may be sent at `nowMs`, given how many are in flight. */
  allowance(nowMs: number, inFlight: number): number;
  /** How many probes may be sent at `nowMs` by the rate alone. */
  rateAllowance(nowMs: number): number;
  /** When the next probe is due by the rate alone, ms. */
  nextRateMs(nowMs: number): number;
  /** When the next probe is due by the rate, ms; Infinity where only an answer or a timeout makes room. */
  nextSendMs(nowMs: number, inFlight: number): number;
  /** Begins with a larger window, where the target is on our own link and its limits are those of the two machines. */
  startLarge(): void;
  /** Lowers the rate to `pps` packets/s for the rest of the run, e.g. when the target turns out to be routed. */
  limitRate(pps: number): void;
  /** Notes a sent probe; first attempts get the number of their cohort, to be handed back when they are settled. */
  sent(first: boolean): number;
  /** Notes that a first attempt was answered, or ran out of time. */
  settled(cohort: number, answered: boolean): void;
  readonly window: () => number;
  /** Times that the window was halved. */
  readonly cuts: () => number;
}

/** What sets the pace from outside. */
export interface PaceOptions {
  readonly template: TimingTemplate;
  /** Packets/s; undefined: window only; Infinity: window only, and a larger one to begin with. */
  readonly ratePps: number | undefined;
}

/** Probes of one cohort: enough that a share of 0.5 is known to about 0.06 (one sigma). */
const COHORT_SIZE = 64;
/** Cohorts that can be open at once; a cohort still open when its slot comes round again is not judged. */
const COHORT_SLOTS = 1024;
/** How much larger the first window is on our own link, and where all that can be sent was asked for. */
const LARGE_FACTOR = 8;
/** A fall of the answer share by less than this is no congestion. */
const SHARE_FALL = 0.25;
/** Nor is one within so many standard errors of the two cohorts: among a thousand cohorts 3 are seen by chance. */
const SHARE_SIGMAS = 4;
/** Cohorts that must have fallen one after the other: one alone may be a single busy or filtered host. */
const FALLS_TO_CUT = 2;
/** Probes closer together than this leave together, ms: waking up for each would cost more than the probe. */
const TICK_MS = 1;
/** Debt of the schedule older than this is dropped, so that a pause is not followed by a burst (ms). */
const MAX_DEBT_MS = 10;

const toGapMs = (pps: number | undefined): number =>
  pps !== undefined && Number.isFinite(pps) && pps > 0 ? 1000 / pps : 0;

/** Creates the pace of a run, in slow start. */
export function createPace({ template, ratePps }: PaceOptions): Pace {
  const largeWindow = Math.min(template.maxWindow, LARGE_FACTOR * template.initialWindow);
  let window = ratePps === Number.POSITIVE_INFINITY ? largeWindow : template.initialWindow;
  let slowStartEnd: number = template.maxWindow;
  let cuts = 0;
  let bestShare = -1;
  let bestShareWindow = 0;
  let cutBarrier = 0;
  let falls = 0;

  let current = 0;
  const sentIn = new Uint16Array(COHORT_SLOTS);
  const openIn = new Uint16Array(COHORT_SLOTS);
  const answeredIn = new Uint16Array(COHORT_SLOTS);
  const windowIn = new Float64Array(COHORT_SLOTS);
  const serialIn = new Uint32Array(COHORT_SLOTS);

  let gapMs = Math.max(template.gapMs, toGapMs(ratePps));
  let dueMs = Number.NaN;

  const judge = (slot: number): void => {
    const share = answeredIn[slot]! / sentIn[slot]!;
    const used = windowIn[slot]!;
    const sigma = Math.sqrt((2 * bestShare * (1 - bestShare)) / COHORT_SIZE);
    const margin = Math.max(SHARE_FALL, SHARE_SIGMAS * sigma);
    const fell = bestShare >= 0 && share < bestShare - margin && used > bestShareWindow;
    falls = fell ? falls + 1 : 0;
    if (falls >= FALLS_TO_CUT && serialIn[slot]! >= cutBarrier) {
      falls = 0;
      window = Math.max(template.initialWindow, bestShareWindow, Math.min(window, used) / 2);
      slowStartEnd = window;
      cuts += 1;
      // What left before the cut says nothing about the smaller window.
      cutBarrier = current + 1;
    } else if (!fell && (share > bestShare || used <= bestShareWindow)) {
      // A path that became worse for good shows it at the smaller window too: the mark follows, and growth goes on.
      // The mean, not the best: the best of many small cohorts is luck.
      bestShare = bestShare < 0 ? share : (bestShare + share) / 2;
      bestShareWindow = used;
    }
  };

  const rateAllowance = (nowMs: number): number => {
    if (gapMs === 0) return Number.POSITIVE_INFINITY;
    dueMs = Number.isNaN(dueMs) ? nowMs : Math.max(dueMs, nowMs - MAX_DEBT_MS);
    return nowMs < dueMs ? 0 : Math.floor((nowMs - dueMs) / gapMs) + 1;
  };

  const nextRateMs = (nowMs: number): number => {
    if (Number.isNaN(dueMs)) return nowMs;
    return Math.max(dueMs, gapMs < TICK_MS ? nowMs + TICK_MS : nowMs);
  };

  return {
    allowance: (nowMs, inFlight) =>
      Math.min(Math.max(0, Math.floor(window) - inFlight), rateAllowance(nowMs)),
    rateAllowance,
    nextRateMs,
    nextSendMs(nowMs, inFlight) {
      if (gapMs === 0 || inFlight >= Math.floor(window)) return Number.POSITIVE_INFINITY;
      return nextRateMs(nowMs);
    },
    startLarge() {
      window = Math.max(window, largeWindow);
    },
    limitRate(pps) {
      gapMs = Math.max(gapMs, toGapMs(pps));
    },
    sent(first) {
      if (gapMs > 0) dueMs += gapMs;
      if (!first) return 0;
      let slot = current % COHORT_SLOTS;
      if (sentIn[slot]! >= COHORT_SIZE || windowIn[slot] === 0) {
        current += 1;
        slot = current % COHORT_SLOTS;
        sentIn[slot] = 0;
        openIn[slot] = 0;
        answeredIn[slot] = 0;
        windowIn[slot] = window;
        serialIn[slot] = current;
      }
      sentIn[slot]! += 1;
      openIn[slot]! += 1;
      return current;
    },
    settled(cohort, answered) {
      // Growth by every settled probe: an answer is an acknowledgement, and a silence at a steady share is no loss.
      // Beyond the last cut by one a round, as TCP does in congestion avoidance (RFC 5681 section 3.1).
      window = Math.min(template.maxWindow, window + (window < slowStartEnd ? 1 : 1 / window));
      const slot = cohort % COHORT_SLOTS;
      if (serialIn[slot] !== cohort) return;
      if (answered) answeredIn[slot]! += 1;
      openIn[slot]! -= 1;
      if (openIn[slot] === 0 && sentIn[slot]! >= COHORT_SIZE) judge(slot);
    },
    window: () => window,
    cuts: () => cuts,
  };
}
