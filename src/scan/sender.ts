/**
 * What leaves now: own-side inquiries and control rows first, then probes, within the pace, the limit of one target, and
 * what the wire can hold open.
 */
import { NO_PROBE, PROTO_OWN_SIDE, PROTO_TCP, type ProbeBatch } from '../batch.ts';
import { createAsking } from './asking.ts';
import type { ScanContext } from './context.ts';
import { createPacedRows, type PacedSources } from './pacedRows.ts';
import { F64, PHASE, U8, U32 } from './probeState.ts';
import { createQueue } from './queue.ts';
import type { RangeInference } from './rangeInference.ts';
import type { ControlRow } from './resetCheck.ts';
import { createRows } from './rows.ts';

/** What leaves next, and what is on its way. */
export interface Sender {
  /** Fills the batch for `nowMs`. */
  fill(nowMs: number): ProbeBatch;
  /** Takes over when the wire says that the rows of the last batch left. */
  commit(): void;
  retry(probe: number): void;
  control(row: ControlRow): void;
  inquire(target: number): void;
  /** A probe is no longer in flight. */
  release(probe: number): void;
  /** The wire had no room for as many open connections as it said: fewer from now on. */
  lowerTcpLimit(): void;
  readonly inFlight: () => number;
  /** True while something waits to be sent. */
  readonly hasPending: () => boolean;
  /** True when the last batch took no probe although one waits: only an answer or a timeout makes room. */
  readonly isHeldUp: () => boolean;
  /** True when the last batch ended for want of rows or bytes: the next one may leave at once. */
  readonly isBatchFull: () => boolean;
}

/** Probes that may be set aside in one fill before it gives up looking for one that may leave. */
const MAX_LOOKS = 4096;

/** `onSent` is called for each probe that was put into the batch, but not for those that leave at the pace of limiters; what is spared is not asked. */
export function createSender(
  context: ScanContext,
  paced: PacedSources,
  { isSpared }: Pick<RangeInference, 'isSpared'>,
  onSent: (probe: number, target: number, protocol: number, nowMs: number) => void,
): Sender {
  const { plan, can, template, probes, targets, pace, counters } = context;
  const { space } = plan;
  const asking = createAsking(context, isSpared);
  const rows = createRows(plan);
  const { batch } = rows;
  const pacedRows = createPacedRows(context, rows, paced);
  const controls: ControlRow[] = [];
  const inquiries = createQueue();
  let batchFull = false;
  let heldUp = false;
  let inFlight = 0;
  /** Open connections, on wires of sockets. */
  let tcpInFlight = 0;
  const holdsSockets = !can.packets;
  let tcpLimit = can.maxTcpInFlight;

  const fillOwnRows = (): void => {
    while (inquiries.size() > 0 && rows.hasRoom(PROTO_OWN_SIDE, 0)) {
      rows.add(NO_PROBE, 1, inquiries.shift(), PROTO_OWN_SIDE, 0);
    }
    while (controls.length > 0 && rows.hasRoom(controls[0]!.protocol, controls[0]!.port)) {
      rows.addControl(controls.shift()!);
      counters.sent += 1;
    }
    batchFull = controls.length > 0;
  };

  const addProbe = (probe: number, target: number, protocol: number, port: number): void => {
    const attempt = probes.attempts[probe * U8]! + 1;
    probes.attempts[probe * U8] = attempt;
    probes.phase[probe] = PHASE.IN_FLIGHT;
    rows.add(probe, attempt, target, protocol, port);
    if (holdsSockets && protocol === PROTO_TCP) tcpInFlight += 1;
    inFlight += 1;
    targets.inFlight[target]! += 1;
    counters.sent += 1;
    if (attempt > 1) counters.retransmitted += 1;
    const cohort = pace.sent(attempt === 1);
    if (attempt === 1) probes.cohort[probe * U32] = cohort;
  };

  const fillProbes = (nowMs: number): void => {
    const aside: number[] = [];
    const before = batch.count;
    for (let allowed = pace.allowance(nowMs, inFlight); allowed > 0; ) {
      const probe = asking.take();
      if (probe < 0) break;
      const target = space.targetOf(probe);
      const protocol = space.protocolOf(probe);
      const port = space.portOf(probe);
      batchFull = !rows.hasRoom(protocol, port);
      const tooMany =
        targets.inFlight[target]! >= template.maxTargetWindow ||
        (protocol === PROTO_TCP && tcpInFlight >= tcpLimit);
      if (batchFull || tooMany) {
        aside.push(probe);
        if (batchFull || aside.length >= MAX_LOOKS) break;
        continue;
      }
      addProbe(probe, target, protocol, port);
      onSent(probe, target, protocol, nowMs);
      allowed -= 1;
    }
    heldUp = aside.length > 0 && batch.count === before && !batchFull;
    for (const probe of aside) asking.defer(probe);
  };

  return {
    fill(nowMs) {
      rows.clear();
      heldUp = false;
      fillOwnRows();
      if (!batchFull) batchFull = !pacedRows.fill(nowMs);
      if (!batchFull) fillProbes(nowMs);
      return batch;
    },
    commit() {
      noteSent(context, batch, pacedRows.sent);
      rows.clear();
      pacedRows.clear();
    },
    retry: asking.retry,
    control: (row) => void controls.push(row),
    inquire: inquiries.push,
    release(probe) {
      inFlight -= 1;
      targets.inFlight[space.targetOf(probe)]! -= 1;
      if (holdsSockets && space.protocolOf(probe) === PROTO_TCP) tcpInFlight -= 1;
    },
    lowerTcpLimit() {
      tcpLimit = Math.max(1, Math.min(tcpLimit, tcpInFlight));
    },
    inFlight: () => inFlight,
    hasPending: () => asking.hasMore() || controls.length > 0 || inquiries.size() > 0,
    isHeldUp: () => heldUp,
    isBatchFull: () => batchFull,
  };
}

/** Takes over when the wire says that each row left. */
function noteSent(
  { probes, targets }: ScanContext,
  batch: ProbeBatch,
  onSent: (row: number, probe: number, sentMs: number) => void,
): void {
  for (let row = 0; row < batch.count; row++) {
    const probe = batch.probe[row]!;
    const sentMs = batch.sentMs[row]!;
    if (probe === NO_PROBE || sentMs === 0) continue;
    probes.lastSentMs[probe * F64] = sentMs;
    targets.way[batch.target[row]!] = batch.way[row]!;
    if (batch.attempt[row] === 1) probes.firstSentMs[probe * F64] = sentMs;
    onSent(row, probe, sentMs);
  }
}
