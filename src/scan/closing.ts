/**
 * What is still to be found out about a target when all its ports have answered or been given up: whose RST it was, and
 * what our own side says about those that stayed silent. Then its verdicts are final.
 *
 * A target's work goes distance -> ladder -> second ladder -> passage -> own side, each step left out where it has no use.
 */
import { ANSWER } from '../match/facts.ts';
import type { OwnSide, Plan } from '../model.ts';
import { QUICKEST_POLITE } from '../timing/templates.ts';
import { createComparison } from './comparison.ts';
import type { ScanContext } from './context.ts';
import { closeRows, createControlRows, noteAnswer } from './controlRows.ts';
import { createDeadlines } from './deadlines.ts';
import { askOwnSideAgainMs } from './ownSideWait.ts';
import type { Passage } from './passage.ts';
import { type ProbeState, U8 } from './probeState.ts';
import {
  CONTROL_PROTOCOL,
  type ControlRow,
  controlPorts,
  firstLadder,
  MAX_CHECKED_RESETS,
  secondLadder,
} from './resetCheck.ts';
import type { Sender } from './sender.ts';

/** The work on targets whose ports are all done. */
export interface Closing {
  /** All probes of the target are done; `probes` are those whose verdicts wait for this. */
  begin(target: number, probes: readonly number[], needsOwnSide: boolean, nowMs: number): void;
  /** A control row was answered. */
  answered(tag: number, answer: number, nowMs: number): void;
  ownSide(said: OwnSide, nowMs: number): void;
  /** Goes on where the time for an answer has passed. */
  advance(nowMs: number): void;
  /** Earliest time at which advance has something to do, or Infinity. */
  wakeAtMs(): number;
  /** Targets that are being worked on. */
  active(): number;
  /** The control ports that were chosen, for the report. */
  controls(): readonly ControlRow[];
  /** Tag of the control row that asked this port, or 0. */
  controlAt(target: number, protocol: number, port: number): number;
}

interface Work {
  readonly target: number;
  step: 'distance' | 'ladder' | 'second-ladder' | 'passage' | 'own-side';
  /** Probes whose verdicts wait. */
  readonly probes: readonly number[];
  readonly needsOwnSide: boolean;
  /** Our own side was still finding out, and is asked again when the time comes. */
  asksAgain: boolean;
  /** Rows whose answers the present step waits for. */
  rows: ControlRow[];
  dueMs: number;
}

/** Two control datagrams each would be most of what a run over more targets sends. */
const MAX_COMPARED_TARGETS = 1024;
/** An own-side inquiry that is not answered by then is done without, ms. */
const OWN_SIDE_WAIT_MS = 1000;

/** Creates the closing of a run; `onClosed` gets the probes whose verdicts have become final. */
export function createClosing(
  context: ScanContext,
  sender: Sender,
  passage: Pick<Passage, 'begin' | 'advance' | 'wakeAtMs'>,
  onClosed: (probes: readonly number[]) => void,
): Closing {
  const { plan, can, probes: state, targets, rtt } = context;
  const mayCompare = isComparing(context);
  const works = new Map<number, Work>();
  const due = createDeadlines(16);
  const controls = createControlRows(sender.control);
  const comparison = createComparison(context, controls);

  const waitUntil = (work: Work, atMs: number): void => {
    work.dueMs = atMs;
    due.push(atMs, work.target);
  };

  const close = (work: Work): void => {
    works.delete(work.target);
    onClosed(work.probes);
  };

  const askDistance = (work: Work, nowMs: number): void => {
    const { target } = work;
    work.rows = unaskedPorts(plan, target).map((port) =>
      controls.add({ target, protocol: CONTROL_PROTOCOL, port, minTtl: 0, probe: -1 }),
    );
    waitUntil(work, nowMs + rtt.rtoMs(target));
  };

  const askLadder = (
    work: Work,
    resets: readonly number[],
    ladder: readonly number[],
    nowMs: number,
  ): void => {
    work.rows = [...work.rows, ...comparison.ask(work.target, resets, ladder)];
    waitUntil(work, nowMs + comparison.waitMs(work.target));
  };

  const askOwnSide = (work: Work, nowMs: number): void => {
    if (!work.needsOwnSide) {
      close(work);
      return;
    }
    work.step = 'own-side';
    work.asksAgain = false;
    work.rows = [];
    sender.inquire(work.target);
    waitUntil(work, nowMs + OWN_SIDE_WAIT_MS);
  };

  const askPassage = (work: Work, nowMs: number): void => {
    if (!passage.begin(work.target, work.probes, nowMs)) {
      askOwnSide(work, nowMs);
      return;
    }
    work.step = 'passage';
    work.rows = [];
    work.dueMs = Number.POSITIVE_INFINITY;
  };

  /** The distance is known, or is not to be had. */
  const afterDistance = (work: Work, nowMs: number): void => {
    const distance = targets.distance[work.target]!;
    const resets = can.minTtl && mayCompare && distance > 0 ? resetsOf(state, work.probes) : [];
    if (resets.length === 0 || resets.length > MAX_CHECKED_RESETS) {
      askPassage(work, nowMs);
      return;
    }
    work.step = 'ladder';
    work.rows = [];
    askLadder(work, resets, firstLadder(distance), nowMs);
  };

  const afterFirstLadder = (work: Work, nowMs: number): void => {
    const again = comparison.read(work.target, work.rows);
    if (again.length === 0) {
      askPassage(work, nowMs);
      return;
    }
    work.step = 'second-ladder';
    work.rows = work.rows.filter((row) => again.includes(row.probe));
    askLadder(work, again, secondLadder(targets.distance[work.target]!), nowMs);
  };

  const goOn = (work: Work, nowMs: number): void => {
    if (work.step === 'distance') afterDistance(work, nowMs);
    else if (work.step === 'ladder') afterFirstLadder(work, nowMs);
    else if (work.step === 'second-ladder') {
      comparison.read(work.target, work.rows);
      askPassage(work, nowMs);
    } else close(work);
  };

  return {
    begin(target, waiting, needsOwnSide, nowMs) {
      if (waiting.length === 0) return;
      const work = createWork(target, waiting, needsOwnSide);
      works.set(target, work);
      if (needsDistance(context, work)) askDistance(work, nowMs);
      else goOn(work, nowMs);
    },
    answered(tag, answer, nowMs) {
      const row = controls.byTag(tag);
      const work = row === undefined ? undefined : works.get(row.target);
      if (row === undefined || work === undefined || !noteAnswer(row, answer)) return;
      // One control answer is enough: the other need not be waited for.
      if (work.step === 'distance' && targets.distance[row.target]! > 0) closeRows(work.rows);
      if (!isWaiting(work)) goOn(work, nowMs);
    },
    ownSide(said, nowMs) {
      targets.ownSide.set(said.target, said);
      const work = works.get(said.target);
      if (work?.step !== 'own-side') return;
      const againMs = askOwnSideAgainMs(said, targets.startedMs[said.target]!, nowMs);
      work.asksAgain = againMs !== undefined;
      if (againMs === undefined) close(work);
      else waitUntil(work, againMs);
    },
    advance(nowMs) {
      passage.advance(nowMs, (target) => askOwnSide(works.get(target)!, nowMs));
      while (due.peekMs() <= nowMs) {
        const work = works.get(due.pop());
        if (work === undefined || work.dueMs > nowMs) continue;
        closeRows(work.rows);
        if (work.asksAgain) askOwnSide(work, nowMs);
        else goOn(work, nowMs);
      }
    },
    wakeAtMs: () => Math.min(due.peekMs(), passage.wakeAtMs()),
    active: () => works.size,
    controls: controls.distanceControls,
    controlAt: controls.tagAt,
  };
}

/** Whether RSTs are compared in this run at all. */
function isComparing({ plan, can }: ScanContext): boolean {
  const isFew = plan.targets.count <= MAX_COMPARED_TARGETS;
  return can.resetKnown && plan.control && plan.timing >= QUICKEST_POLITE && isFew;
}

const resetsOf = ({ answer }: ProbeState, probes: readonly number[]): readonly number[] =>
  probes.filter((probe) => answer[probe * U8] === ANSWER.RESET);

/** Control ports of a target. */
const unaskedPorts = ({ seed, space }: Plan, target: number): readonly number[] =>
  controlPorts(seed, target, (port) => space.indexOf(target, CONTROL_PROTOCOL, port) >= 0);

/** Whether a RST has to be compared, and nothing in this run has shown how far the target is. */
function needsDistance(context: ScanContext, { target, probes }: Work): boolean {
  const { can, targets, probes: state } = context;
  if (!isComparing(context) || targets.distance[target]! > 0) return false;
  const resets = resetsOf(state, probes).length;
  return (
    resets > 0 && ((can.packets && can.replyTtl) || (can.minTtl && resets <= MAX_CHECKED_RESETS))
  );
}

const isWaiting = ({ rows }: Work): boolean => rows.some((row) => row.outcome === 'waiting');

function createWork(target: number, probes: readonly number[], needsOwnSide: boolean): Work {
  return { target, step: 'distance', probes, needsOwnSide, asksAgain: false, rows: [], dueMs: 0 };
}
