/**
 * Recording a run: sees each turn of the loop (drive.ts), what the matching engine makes of each row, and on wires of
 * packets each one that leaves; writes pcapng with a comment beside each packet, and the journal (journal.ts).
 *
 * Pure: the caller takes the bytes. Every piece ends with a whole block.
 */
import { NO_PROBE, type ProbeBatch, type SignalBatch } from '../batch.ts';
import type { TurnObserver } from '../drive.ts';
import { errnoName } from '../errno.ts';
import type { MatchListener } from '../match/match.ts';
import type { SentListener } from '../model.ts';
import { IP_PROTOCOL, IPV4_HEADER_BYTES, IPV6_HEADER_BYTES } from '../packet/ip.ts';
import { EXTENSION_BYTES } from '../packet/ipv6Headers.ts';
import { createPacketDrawing } from './drawnPackets.ts';
import { createHeardRows } from './heardRows.ts';
import { encodeJson, JOURNAL } from './journal.ts';
import { createKeptPackets, createWholeSink, keyOf } from './keptPackets.ts';
import { createLabel, type HeardRow, labelAnswer, labelProbe } from './labels.ts';
import {
  beginRecording,
  INTERFACE,
  type RecordedPacket,
  type RecordingOptions,
} from './recordingFile.ts';
import { labelTraceAnswer, labelTraceProbe } from './traceLabels.ts';
import { createTurnWriter, isBarePacket } from './turnWriter.ts';

/** What a recorder is made of. */
export interface RecorderOptions extends RecordingOptions {
  /** The wire shows each packet that it sends to `sent`. */
  readonly isTapped: boolean;
  /** A run of traces: where their ids begin (trace/evidenceIds.ts). */
  readonly firstTraceId?: number | undefined;
}

/** Records one run. */
export interface Recorder extends TurnObserver {
  readonly onMatch: MatchListener;
  readonly sent: SentListener;
  /** Ends the recording: lists of verdicts as JSON, and the end of the journal. */
  end(verdicts: Iterable<readonly unknown[]>, end: unknown): void;
}

/** Rows of a batch, to begin with. */
const BATCH_ROWS = 1024;

/** Begins a recording. */
export function createRecorder(options: RecorderOptions): Recorder {
  const { plan, isTapped, isWhole, firstTraceId } = options;
  const file = beginRecording(options);
  const sink = isWhole ? createWholeSink(file) : createKeptPackets(file);
  const drawing = createPacketDrawing(plan.targets, plan.seed);
  const turn = createTurnWriter();
  const label = createLabel();
  const heard = createHeardRows();
  /** Rows of the batch that is being sent of which the wire has shown the packet. */
  let shown: Uint8Array = new Uint8Array(BATCH_ROWS);

  const putAsked: typeof labelProbe = (into, asked, protocol, port) =>
    firstTraceId === undefined
      ? labelProbe(into, asked, protocol, port)
      : labelTraceProbe(into, firstTraceId, asked, protocol, port);
  const putHeard = firstTraceId === undefined ? labelAnswer : labelTraceAnswer;

  const drawn = (direction: 'in' | 'out', length: number, ms: number): RecordedPacket => {
    label.text(' (synthesised)');
    return { interface: INTERFACE.DRAWN, direction, bytes: drawing.bytes, at: 0, length, ms };
  };

  /** What was asked without a packet that we have seen: of sockets, or of a wire that had no way to send it. */
  const putUnseen = (batch: ProbeBatch, nowMs: number): void => {
    for (let row = 0; row < batch.count; row++) {
      if (isTapped && shown[row] === 1) continue;
      const length = drawing.probe(batch, row);
      if (length === 0) continue;
      putAsked(label, askedOfRow(batch, row), batch.protocol[row]!, batch.port[row]!);
      if (isTapped) label.text(': has not left by now, its next hop is not known');
      const key = keyOf(batch.probe[row]!, batch.attempt[row]!, batch.tag[row]!);
      sink.asked(drawn('out', length, batch.sentMs[row]! || nowMs), label, key);
    }
    shown.fill(0, 0, batch.count);
  };

  const putSignal = (signals: SignalBatch, row: number): void => {
    const said: HeardRow = heard.of(row);
    putHeard(label, said);
    const ms = signals.atMs[row]!;
    if (isBarePacket(signals, row)) {
      const { bytes } = signals;
      const at = signals.offset[row]!;
      const length = signals.length[row]!;
      const packet = { interface: INTERFACE.SEEN, direction: 'in', bytes, at, length, ms } as const;
      sink.heard(packet, label, said);
      return;
    }
    const length = drawing.signal(signals, row);
    if (length > 0) sink.heard(drawn('in', length, ms), label, said);
  };

  const finishTurn = (): void => {
    const { bytes, length } = turn.finish();
    file.journal(bytes, length);
  };

  return {
    onMatch: heard.note,
    sent(one) {
      const { bytes, at, length, row, sentMs: ms } = one;
      if (row >= shown.length) shown = grown(shown, row);
      if (row >= 0) shown[row] = 1;
      if (one.probe === NO_PROBE && one.tag === 0) {
        label.length = 0;
        label.text('ends a handshake of ours');
      } else {
        const { protocol, portAt } = transportOf(bytes, at);
        putAsked(label, one, protocol, bytes[portAt]! * 256 + bytes[portAt + 1]!);
      }
      if (one.errno !== 0) label.text(`: has not left, ${errnoName(one.errno)}`);
      const packet = {
        interface: INTERFACE.SEEN,
        direction: 'out',
        bytes,
        at,
        length,
        ms,
      } as const;
      sink.asked(packet, label, keyOf(one.probe, one.attempt, one.tag));
    },
    advanced(nowMs, sent) {
      putUnseen(sent, nowMs);
      // An engine has ended, and the next one of the run begins.
      if (turn.isOpen()) finishTurn();
      if (isWhole) turn.advanced(nowMs, sent);
    },
    received(signals, nowMs) {
      for (let row = 0; row < signals.count; row++) putSignal(signals, row);
      if (isWhole) {
        turn.received(signals, nowMs);
        finishTurn();
      }
      heard.clear();
      file.flush(nowMs);
    },
    end(verdicts, end) {
      if (turn.isOpen()) finishTurn();
      sink.finish();
      for (const list of verdicts) {
        const block = encodeJson(JOURNAL.VERDICTS, list);
        file.journal(block, block.length);
      }
      const block = encodeJson(JOURNAL.END, end);
      file.journal(block, block.length);
      file.finish();
    },
  };
}

function grown(shown: Uint8Array, row: number): Uint8Array {
  const larger = new Uint8Array(2 * row);
  larger.set(shown);
  return larger;
}

const askedOfRow = (batch: ProbeBatch, row: number): Parameters<typeof labelProbe>[1] => ({
  probe: batch.probe[row]!,
  attempt: batch.attempt[row]!,
  tag: batch.tag[row]!,
});

/** What a packet of ours asks, and where its port stands: it has no IP options, and one extension header at most. */
function transportOf(
  bytes: Uint8Array,
  at: number,
): { readonly protocol: number; readonly portAt: number } {
  if (bytes[at]! >> 4 === 4) {
    return { protocol: bytes[at + 9]!, portAt: at + IPV4_HEADER_BYTES + 2 };
  }
  const first = bytes[at + 6]!;
  const portAt = at + IPV6_HEADER_BYTES + 2;
  if (first !== IP_PROTOCOL.DESTINATION_OPTIONS && first !== IP_PROTOCOL.FRAGMENT) {
    return { protocol: first, portAt };
  }
  return { protocol: bytes[at + IPV6_HEADER_BYTES]!, portAt: portAt + EXTENSION_BYTES };
}
