/**
 * What is still to be found out about a target when all its ports have answered or been given up: whose RST it was, and
 * what our own side says about those that stayed silent. Then its verdicts are final.
 */

import { ANSWER, RESET_CHECK } from '../match/facts.ts';
import type { OwnSide } from '../model.ts';
import type { ScanContext } from './context.ts';
import { createDeadlines } from './deadlines.ts';
import {
  COMPARISON_PROTOCOL,
  CONTROL_PROTOCOL,
  type ControlRow,
  controlPorts,
  firstLadder,
  MAX_CHECKED_RESETS,
  readLadder,
  secondLadder,
} from './resetCheck.ts';
import type { Sender } from './sender.ts';

export interface Closing {
  /** A RST came: the target's distance is asked for, unless another answer has shown it. */
  noteReset(target: number, nowMs: number): void;
  /** All probes of the target are done; `probes` are those whose verdicts wait for this. */
  begin(target: number, probes: readonly number[], needsOwnSide: boolean, nowMs: number): void;
  /** A control row was answered. */
  answered(tag: number, answer: number, nowMs: number): void;
  ownSide(said: OwnSide, nowMs: number): void;
  /** Goes on where the time for an answer has passed. */
  advance(nowMs: number): void;
  /** Earliest time at which advance has something to do, or Infinity. */
  wakeAtMs(): number;
  readonly active: () => number;
  /** The control ports that were chosen, for the report. */
  readonly controls: () => readonly ControlRow[];
  /** Tag of the control row that asked this port, or 0. */
  controlAt(target: number, protocol: number, port: number): number;
}

interface Work {
  readonly target: number;
  step: 'distance' | 'ladder' | 'second-ladder' | 'own-side';
  /** Verdicts that wait; undefined while the target's probes are still out. */
  probes: readonly number[] | undefined;
  needsOwnSide: boolean;
  rows: ControlRow[];
  dueMs: number;
}

/** Least wait for the answers of a comparison, ms: the same RST has just come in one RTT. */
const MIN_COMPARISON_MS = 30;
/** How long the kernel asks for a neighbour before it gives up: 3 probes, 1 s each (net.ipv4.neigh.*.mcast_solicit). */
const NEIGHBOUR_GIVES_UP_MS = 3500;
const NEIGHBOUR_POLL_MS = 200;
/** An own-side inquiry that is not answered by then is done without, ms. */
const OWN_SIDE_WAIT_MS = 1000;

export function createClosing(
  context: ScanContext,
  sender: Sender,
  onClosed: (probes: readonly number[]) => void,
): Closing {
  const { plan, can, probes: state, targets, rtt } = context;
  const works = new Map<number, Work>();
  const due = createDeadlines(16);
  const rows: ControlRow[] = [];
  const controlPortsInUse = new Map<number, ControlRow>();

  const waitUntil = (work: Work, atMs: number): void => {
    work.dueMs = atMs;
    due.push(atMs, work.target);
  };

  const addRow = (
    work: Work,
    protocol: number,
    port: number,
    minTtl: number,
    probe: number,
  ): void => {
    const row: ControlRow = {
      tag: rows.length + 1,
      target: work.target,
      protocol,
      port,
      minTtl,
      probe,
      outcome: 'waiting',
    };
    rows.push(row);
    work.rows.push(row);
    sender.control(row);
  };

  const askDistance = (work: Work, nowMs: number): void => {
    const isAsked = (port: number): boolean =>
      plan.space.indexOf(work.target, CONTROL_PROTOCOL, port) >= 0;
    for (const port of controlPorts(plan.seed, work.target, isAsked)) {
      addRow(work, CONTROL_PROTOCOL, port, 0, -1);
      controlPortsInUse.set(work.target * 65_536 + port, rows.at(-1)!);
    }
    waitUntil(work, nowMs + rtt.rtoMs(work.target));
  };

  const comparisonMs = (target: number): number =>
    Math.min(rtt.rtoMs(target), Math.max(MIN_COMPARISON_MS, 8 * rtt.srttMs(target)));

  const askLadder = (
    work: Work,
    resets: readonly number[],
    ladder: readonly number[],
    nowMs: number,
  ): void => {
    for (const probe of resets) {
      const port = plan.space.portOf(probe);
      for (const minTtl of ladder) addRow(work, COMPARISON_PROTOCOL, port, minTtl, probe);
    }
    waitUntil(work, nowMs + comparisonMs(work.target));
  };

  /** Judges the ladders of this work; returns the probes that need the second one. */
  const readLadders = (work: Work): readonly number[] => {
    const again: number[] = [];
    const byProbe = groupRows(work.rows);
    for (const [probe, ladder] of byProbe) {
      const answers = ladder.map(({ minTtl, outcome }) => ({
        minTtl,
        answered: outcome === 'answered',
      }));
      const result = readLadder(targets.distance[work.target]!, answers);
      if (result.check === 'again') again.push(probe);
      state.resetCheck[probe] = result.check === 'again' ? RESET_CHECK.UNCLEAR : result.check;
      state.ttl[probe] = result.ttl;
    }
    return again;
  };

  const canCheck = (work: Work): boolean =>
    can.minTtl && plan.control && targets.distance[work.target]! > 0;

  const askOwnSide = (work: Work, nowMs: number): void => {
    work.step = 'own-side';
    sender.inquire(work.target);
    waitUntil(work, nowMs + OWN_SIDE_WAIT_MS);
  };

  const close = (work: Work): void => {
    works.delete(work.target);
    onClosed(work.probes ?? []);
  };

  const afterLadders = (work: Work, nowMs: number): void => {
    if (work.needsOwnSide) askOwnSide(work, nowMs);
    else close(work);
  };

  /** The distance is known, or is not to be had. */
  const afterDistance = (work: Work, nowMs: number): void => {
    if (work.probes === undefined) return;
    const resets = work.probes.filter((probe) => state.answer[probe] === ANSWER.RESET);
    if (resets.length === 0 || resets.length > MAX_CHECKED_RESETS || !canCheck(work)) {
      afterLadders(work, nowMs);
      return;
    }
    work.step = 'ladder';
    work.rows = [];
    askLadder(work, resets, firstLadder(targets.distance[work.target]!), nowMs);
  };

  const goOn = (work: Work, nowMs: number): void => {
    if (work.step === 'distance') {
      afterDistance(work, nowMs);
    } else if (work.step === 'ladder') {
      const again = readLadders(work);
      if (again.length === 0) {
        afterLadders(work, nowMs);
        return;
      }
      work.step = 'second-ladder';
      work.rows = work.rows.filter((row) => again.includes(row.probe));
      askLadder(work, again, secondLadder(targets.distance[work.target]!), nowMs);
    } else if (work.step === 'second-ladder') {
      readLadders(work);
      afterLadders(work, nowMs);
    } else {
      close(work);
    }
  };

  const createWork = (target: number): Work => {
    const work: Work = {
      target,
      step: 'distance',
      probes: undefined,
      needsOwnSide: false,
      rows: [],
      dueMs: 0,
    };
    works.set(target, work);
    return work;
  };

  const isWaiting = (work: Work): boolean => work.rows.some((row) => row.outcome === 'waiting');

  return {
    noteReset(target, nowMs) {
      const useful = can.resetKnown && (can.packets || can.minTtl) && plan.control;
      if (!useful || targets.distance[target]! > 0 || works.has(target)) return;
      askDistance(createWork(target), nowMs);
    },
    begin(target, waiting, needsOwnSide, nowMs) {
      if (waiting.length === 0 && !works.has(target)) return;
      const work = works.get(target) ?? createWork(target);
      work.probes = waiting;
      work.needsOwnSide = needsOwnSide;
      if (!isWaiting(work)) goOn(work, nowMs);
    },
    answered(tag, answer, nowMs) {
      const row = rows[tag - 1];
      if (row === undefined || row.outcome !== 'waiting') return;
      const expected = row.probe < 0 || answer === ANSWER.RESET;
      if (!expected) return;
      row.outcome = 'answered';
      const work = works.get(row.target);
      if (work === undefined) return;
      const distanceKnown = work.step === 'distance' && targets.distance[row.target]! > 0;
      if (distanceKnown) for (const other of work.rows) closeRow(other);
      if (!isWaiting(work)) goOn(work, nowMs);
    },
    ownSide(said, nowMs) {
      targets.ownSide.set(said.target, said);
      const work = works.get(said.target);
      if (work?.step !== 'own-side') return;
      const startedMs = targets.startedMs[said.target]!;
      if (said.neighbour === 'incomplete' && nowMs - startedMs < NEIGHBOUR_GIVES_UP_MS) {
        waitUntil(work, nowMs + NEIGHBOUR_POLL_MS);
        work.needsOwnSide = true;
        return;
      }
      close(work);
    },
    advance(nowMs) {
      while (due.peekMs() <= nowMs) {
        const work = works.get(due.pop());
        if (work === undefined || work.dueMs > nowMs) continue;
        for (const row of work.rows) closeRow(row);
        const pollAgain =
          work.step === 'own-side' && targets.ownSide.get(work.target)?.neighbour === 'incomplete';
        if (pollAgain) askOwnSide(work, nowMs);
        else goOn(work, nowMs);
      }
    },
    wakeAtMs: () => due.peekMs(),
    active: () => works.size,
    controls: () => rows.filter((row) => row.probe < 0),
    controlAt: (target, protocol, port) =>
      protocol === CONTROL_PROTOCOL ? (controlPortsInUse.get(target * 65_536 + port)?.tag ?? 0) : 0,
  };
}

function closeRow(row: ControlRow): void {
  if (row.outcome === 'waiting') row.outcome = 'silent';
}

function groupRows(rows: readonly ControlRow[]): Map<number, ControlRow[]> {
  const groups = new Map<number, ControlRow[]>();
  for (const row of rows) {
    const group = groups.get(row.probe);
    if (group === undefined) groups.set(row.probe, [row]);
    else group.push(row);
  }
  return groups;
}
