/** Recording a run from outside of it: what goes into the head and the end of its journal. Loaded only where it is asked for. */
import type { FinishedRun } from './finishedRun.ts';
import type { Plan, Report, Verdict } from './model.ts';
import { MAX_SAVED_PROBES, savePlan } from './plan/savedPlan.ts';
import type { RecordedEnd, RecordedHead } from './record/recordedRun.ts';
import { createRecorder, type Recorder } from './record/recorder.ts';
import { verdictFields } from './report/json.ts';
import { countPorts } from './report/summary.ts';
import { VERSION } from './version.ts';
import type { OpenedWire } from './wire/openWire.ts';

/** Verdicts of a larger run are kept in groups of alike ports, as the text shows them. */
const MAX_SINGLE_VERDICTS = 4096;
/** Groups of alike ports kept of a run that cannot be computed again: nothing is compared with them. */
const MAX_LARGE_GROUPS = 10_000;
/** Verdicts of one block. */
const BLOCK_VERDICTS = 256;

/** What is known of a run when it begins. */
export interface RecordingStart {
  readonly plan: Plan;
  readonly opened: OpenedWire;
  readonly startedAt: string;
  readonly epochMs: number;
  readonly synRequested: boolean;
  readonly trace?: RecordedHead['trace'];
  readonly isTraced?: boolean;
  readonly asksHops?: boolean | undefined;
  /** What stands in the file already. */
  readonly offsetBytes?: number;
  /** Takes pcapng, in pieces of whole blocks. */
  readonly write: (bytes: Uint8Array) => void;
}

/** Whether the recording of such a run can be computed again. */
export function isReplayable({ space }: Pick<Plan, 'space'>): boolean {
  return space.count <= MAX_SAVED_PROBES;
}

/** Begins the recording of a run, and listens to its wire. */
export function startRecording(start: RecordingStart): Recorder {
  const { plan, opened, startedAt, synRequested, trace, isTraced, asksHops } = start;
  const { offsetBytes = 0, write } = start;
  const { wire } = opened;
  const isWhole = isReplayable(plan);
  const head: RecordedHead = {
    tool: { name: 'pu-probe', version: VERSION },
    startedAt,
    plan: isWhole ? savePlan(plan) : null,
    wire: { kind: wire.kind, note: wire.note, can: wire.can },
    ownAddresses: [...opened.ownAddresses],
    srcPort: opened.srcPort,
    warnings: opened.warnings,
    synRequested,
    ...(trace === undefined ? {} : { trace }),
    ...(isTraced === true ? { isTraced } : {}),
    ...(asksHops === true ? { asksHops } : {}),
  };
  const clock = { epochMs: start.epochMs, wireMs: wire.nowMs() };
  const recorder = createRecorder({
    plan,
    clock,
    isTapped: wire.tap !== undefined,
    isWhole,
    firstTraceId: trace?.firstId,
    offsetBytes,
    head,
    write,
  });
  wire.tap?.(recorder.sent);
  return recorder;
}

/** Ends the recording of a run with what it has found. */
export function endRecording(recorder: Recorder, found: readonly object[], end: RecordedEnd): void {
  recorder.end(inBlocks(found), end);
}

/** What a run without verdicts has found, as it stands in a recording: hosts, or paths. */
export function foundOf({ hosts, paths }: Pick<Report, 'hosts' | 'paths'>): readonly object[] {
  return [...hosts.map((host) => ({ host })), ...paths.map((path) => ({ path }))];
}

/** What a scan has found, as it stands in a recording: verdicts, or one of each group of alike ports with their number. */
export function verdictsOf(
  { space }: Pick<Plan, 'space'>,
  run: FinishedRun,
): readonly { readonly ports: number; readonly verdict: object }[] {
  if (space.count <= MAX_SINGLE_VERDICTS) {
    return run.report().verdicts.map((verdict) => ({ ports: 1, verdict: recordedFields(verdict) }));
  }
  const groups = isReplayable({ space })
    ? run.groups()
    : run.summary().groups.slice(0, MAX_LARGE_GROUPS);
  return groups.map((group) => ({
    ports: countPorts(group),
    verdict: recordedFields(group.first),
  }));
}

/** Chances among which a silence lies are computed again, and are better known in later versions. */
function recordedFields({ between: _between, ...verdict }: Verdict): object {
  return verdictFields(verdict);
}

function* inBlocks(verdicts: readonly unknown[]): Generator<readonly unknown[]> {
  for (let at = 0; at < verdicts.length; at += BLOCK_VERDICTS) {
    yield verdicts.slice(at, at + BLOCK_VERDICTS);
  }
}
