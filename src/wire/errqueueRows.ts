/** How rows cross into the addon, and the rows that do not: own-side inquiries, and protocols without a socket. */
import {
  NO_PROBE,
  PROTO_ICMP,
  PROTO_ICMPV6,
  PROTO_OWN_SIDE,
  PROTO_TCP,
  PROTO_UDP,
  type ProbeBatch,
  SIGNAL,
  type SignalBatch,
} from '../batch.ts';
import { ERRNO } from '../errno.ts';
import type { OwnSide, TargetTable } from '../model.ts';
import type { Columns } from './native.ts';

/** Columns of a batch of probes in the order of its interface. */
export function toProbeColumns(batch: ProbeBatch): Columns {
  const { probe, attempt, tag, protocol, target, port, ttl, minTtl, lane } = batch;
  const { offset, length, bytes, sentMs } = batch;
  const head = [probe, attempt, tag, protocol, target, port, ttl, minTtl, lane];
  return [...head, offset, length, bytes, sentMs];
}

/** Columns of a batch of signals in the order of its interface; `ownSide` is not the addon's. */
export function toSignalColumns(batch: SignalBatch): Columns {
  const { kind, probe, attempt, tag, protocol, atMs, sentMs, family, from, fromPort } = batch;
  const { dst, dstPort, icmpType, icmpCode, localOrigin, ttl, errno, info } = batch;
  const { offset, length, bytes } = batch;
  const head = [kind, probe, attempt, tag, protocol, atMs, sentMs, family, from, fromPort];
  const middle = [dst, dstPort, icmpType, icmpCode, localOrigin, ttl, errno, info];
  return [...head, ...middle, offset, length, bytes];
}

/** Rows that the addon left, waiting for the next batch of signals. */
export interface OtherRows {
  /** Takes them out of a batch that was sent; `inquire` answers the own-side inquiries, all at once. */
  take(
    probes: ProbeBatch,
    nowMs: number,
    inquire: (targets: readonly number[]) => readonly OwnSide[],
  ): void;
  /** Moves as many as fit into an empty batch; returns how many. */
  moveTo(signals: SignalBatch): number;
}

interface OtherRow {
  readonly kind: number;
  readonly probe: number;
  readonly attempt: number;
  readonly tag: number;
  readonly protocol: number;
  readonly target: number;
  readonly port: number;
  readonly nowMs: number;
  readonly ownSide: OwnSide | undefined;
}

/** Creates the queue of rows that are not the addon's. */
export function createOtherRows(targets: TargetTable): OtherRows {
  const queue: OtherRow[] = [];

  const write = (signals: SignalBatch, row: number, other: OtherRow) => {
    const { kind, probe, attempt, tag, protocol, target, port, nowMs, ownSide } = other;
    signals.kind[row] = kind;
    signals.probe[row] = probe;
    signals.attempt[row] = attempt;
    signals.tag[row] = tag;
    signals.protocol[row] = protocol;
    signals.atMs[row] = nowMs;
    signals.sentMs[row] = nowMs;
    signals.family[row] = targets.families[target]!;
    signals.from.fill(0, 16 * row, 16 * row + 16);
    signals.fromPort[row] = 0;
    signals.dst.set(targets.bytes.subarray(16 * target, 16 * target + 16), 16 * row);
    signals.dstPort[row] = port;
    signals.errno[row] = kind === SIGNAL.SEND_FAILED ? ERRNO.EPROTONOSUPPORT : 0;
    for (const column of columnsOfReplies(signals)) column[row] = 0;
    signals.ownSide[row] = ownSide;
  };

  return {
    take(probes, nowMs, inquire) {
      const rows = otherRowsOf(probes, targets);
      const inquiries = rows.filter((row) => probes.protocol[row] === PROTO_OWN_SIDE);
      const answers = inquire(inquiries.map((row) => probes.target[row]!));
      let answered = 0;
      for (const row of rows) {
        const isInquiry = probes.protocol[row] === PROTO_OWN_SIDE;
        probes.sentMs[row] = nowMs;
        queue.push({
          kind: isInquiry ? SIGNAL.OWN_SIDE : SIGNAL.SEND_FAILED,
          probe: probes.probe[row] ?? NO_PROBE,
          attempt: probes.attempt[row]!,
          tag: probes.tag[row]!,
          protocol: probes.protocol[row]!,
          target: probes.target[row]!,
          port: probes.port[row]!,
          nowMs,
          ownSide: isInquiry ? answers[answered++] : undefined,
        });
      }
    },
    moveTo(signals) {
      const moved = queue.splice(0, signals.capacity);
      for (const [row, other] of moved.entries()) write(signals, row, other);
      return moved.length;
    },
  };
}

/** The addon sends echo requests of the target's family. */
function otherRowsOf(probes: ProbeBatch, { families }: TargetTable): number[] {
  const rows: number[] = [];
  for (let row = 0; row < probes.count; row++) {
    const protocol = probes.protocol[row];
    const echo = families[probes.target[row]!] === 6 ? PROTO_ICMPV6 : PROTO_ICMP;
    if (protocol !== PROTO_UDP && protocol !== PROTO_TCP && protocol !== echo) rows.push(row);
  }
  return rows;
}

function columnsOfReplies(signals: SignalBatch) {
  const { icmpType, icmpCode, localOrigin, ttl, info, offset, length } = signals;
  return [icmpType, icmpCode, localOrigin, ttl, info, offset, length];
}
