/**
 * What leaves next: control rows and own-side inquiries first, then retransmissions, then new probes in the seeded order,
 * within the pace, the limit of one target, and what the wire can hold open.
 */
import {
  createProbeBatch,
  NO_PROBE,
  PROTO_OWN_SIDE,
  PROTO_TCP,
  PROTO_UDP,
  type ProbeBatch,
} from '../batch.ts';
import { createOrder } from '../plan/order.ts';
import { payloadFor } from '../probe/payload.ts';
import { TOKEN, tokenWord } from '../probe/token.ts';
import type { ScanContext } from './context.ts';
import { PHASE } from './probeState.ts';
import { createQueue } from './queue.ts';
import type { ControlRow } from './resetCheck.ts';

export interface Sender {
  /** Fills the batch for `nowMs`; `onSent` is called for every probe in it. */
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
  /** True when the last batch ended for want of rows or bytes: the next one may leave at once. */
  readonly isBatchFull: () => boolean;
}

export interface SenderOptions {
  /** Called for each probe that was put into the batch, with its new attempt number. */
  readonly onSent: (probe: number, target: number, nowMs: number) => void;
}

/** Probes of a full target that may be set aside in one fill before it gives up looking for others. */
const MAX_DEFERRED_LOOKS = 4096;

export function createSender(context: ScanContext, options: SenderOptions): Sender {
  const { plan, can, template, probes, targets, pace, counters } = context;
  const { space } = plan;
  const [keyHi, keyLo] = plan.seed;
  const order = createOrder(space.count, plan.seed);
  const batch = createProbeBatch();
  const retries = createQueue();
  const deferred = createQueue();
  const controls: ControlRow[] = [];
  const inquiries: number[] = [];
  let cursor = 0;
  let bytesUsed = 0;
  let batchFull = false;
  let inFlight = 0;
  let tcpInFlight = 0;
  let tcpLimit = can.maxTcpInFlight;

  const hasPending = (): boolean =>
    cursor < space.count ||
    retries.size() > 0 ||
    deferred.size() > 0 ||
    controls.length > 0 ||
    inquiries.length > 0;

  /** Starts a row; false when batch or arena is full. */
  const startRow = (target: number, protocol: number, port: number): number => {
    const row = batch.count++;
    batch.tag[row] = 0;
    batch.probe[row] = NO_PROBE;
    batch.attempt[row] = 1;
    batch.target[row] = target;
    batch.protocol[row] = protocol;
    batch.port[row] = port;
    batch.ttl[row] = 0;
    batch.minTtl[row] = 0;
    batch.offset[row] = bytesUsed;
    batch.length[row] = 0;
    batch.sentMs[row] = 0;
    return row;
  };

  const roomFor = (bytes: number): boolean =>
    batch.count < batch.capacity && bytesUsed + bytes <= batch.bytes.length;

  const writePayload = (row: number, probe: number, port: number): void => {
    const hi = tokenWord(keyHi, keyLo, probe, TOKEN.PAYLOAD_HI);
    const lo = tokenWord(keyHi, keyLo, probe, TOKEN.PAYLOAD_LO);
    const length = payloadFor(port).write(batch.bytes, bytesUsed, hi, lo);
    batch.length[row] = length;
    bytesUsed += length;
  };

  const fillOwnRows = (): void => {
    while (inquiries.length > 0 && roomFor(0)) startRow(inquiries.shift()!, PROTO_OWN_SIDE, 0);
    while (controls.length > 0) {
      const control = controls[0]!;
      const isUdp = control.protocol === PROTO_UDP;
      if (!roomFor(isUdp ? payloadFor(control.port).maxLength : 0)) return;
      controls.shift();
      const row = startRow(control.target, control.protocol, control.port);
      batch.tag[row] = control.tag;
      batch.minTtl[row] = control.minTtl;
      if (isUdp) writePayload(row, NO_PROBE, control.port);
      counters.sent += 1;
    }
  };

  const addProbe = (probe: number, target: number, nowMs: number): void => {
    const protocol = space.protocolOf(probe);
    const port = space.portOf(probe);
    const row = startRow(target, protocol, port);
    const attempt = probes.attempts[probe]! + 1;
    probes.attempts[probe] = attempt;
    batch.probe[row] = probe;
    batch.attempt[row] = attempt;
    if (protocol === PROTO_UDP) writePayload(row, probe, port);
    else tcpInFlight += 1;
    inFlight += 1;
    targets.inFlight[target]! += 1;
    counters.sent += 1;
    if (attempt > 1) counters.retransmitted += 1;
    const cohort = pace.sent(attempt === 1);
    if (attempt === 1) probes.cohort[probe] = cohort;
    probes.phase[probe] = PHASE.IN_FLIGHT;
    options.onSent(probe, target, nowMs);
  };

  /** Next probe to ask, or -1. Skips what needs no asking any more. */
  const take = (): number => {
    while (retries.size() > 0) {
      const probe = retries.shift();
      if (probes.phase[probe] === PHASE.WAITING) return probe;
    }
    while (deferred.size() > 0) {
      const probe = deferred.shift();
      if (probes.phase[probe] === PHASE.WAITING) return probe;
    }
    while (cursor < space.count) {
      const probe = order(cursor++);
      if (probes.phase[probe] === PHASE.WAITING) return probe;
    }
    return -1;
  };

  const fillProbes = (nowMs: number): void => {
    let allowed = pace.allowance(nowMs, inFlight);
    let looks = 0;
    const putBack: number[] = [];
    while (allowed > 0 && batch.count < batch.capacity) {
      const probe = take();
      if (probe < 0) break;
      const target = space.targetOf(probe);
      const isTcp = space.protocolOf(probe) === PROTO_TCP;
      const full =
        targets.inFlight[target]! >= template.maxTargetWindow || (isTcp && tcpInFlight >= tcpLimit);
      if (full) {
        putBack.push(probe);
        if (++looks >= MAX_DEFERRED_LOOKS) break;
        continue;
      }
      if (!isTcp && !roomFor(payloadFor(space.portOf(probe)).maxLength)) {
        putBack.push(probe);
        batchFull = true;
        break;
      }
      addProbe(probe, target, nowMs);
      allowed -= 1;
    }
    if (allowed > 0 && batch.count === batch.capacity) batchFull = true;
    for (const probe of putBack) deferred.push(probe);
  };

  return {
    fill(nowMs) {
      batch.count = 0;
      bytesUsed = 0;
      batchFull = false;
      fillOwnRows();
      fillProbes(nowMs);
      return batch;
    },
    commit() {
      for (let row = 0; row < batch.count; row++) {
        const probe = batch.probe[row]!;
        const sentMs = batch.sentMs[row]!;
        if (probe === NO_PROBE || sentMs === 0) continue;
        probes.lastSentMs[probe] = sentMs;
        if (batch.attempt[row] === 1) probes.firstSentMs[probe] = sentMs;
      }
      batch.count = 0;
    },
    retry: (probe) => {
      probes.phase[probe] = PHASE.WAITING;
      retries.push(probe);
    },
    control: (row) => void controls.push(row),
    inquire: (target) => void inquiries.push(target),
    release(probe) {
      inFlight -= 1;
      targets.inFlight[space.targetOf(probe)]! -= 1;
      if (space.protocolOf(probe) === PROTO_TCP) tcpInFlight -= 1;
    },
    lowerTcpLimit() {
      tcpLimit = Math.max(1, Math.min(tcpLimit, tcpInFlight));
    },
    inFlight: () => inFlight,
    hasPending,
    isBatchFull: () => batchFull,
  };
}
