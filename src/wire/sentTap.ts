/** The tap of a wire that sends packets of its own: one record that is shown for each, nothing where nobody listens. */
import { NO_PROBE, type ProbeBatch } from '../batch.ts';
import type { SentListener, SentPacket } from '../model.ts';

/** Where a packet lies and what became of it. */
export type Sent = Pick<SentPacket, 'bytes' | 'at' | 'length' | 'sentMs' | 'errno'>;

/** What a packet asks, as in its batch. */
export type Asked = Pick<SentPacket, 'probe' | 'attempt' | 'tag'>;

/** Shows packets to the listener of a wire. */
export interface SentTap {
  tap(listener: SentListener): void;
  readonly isOn: () => boolean;
  /** A packet of row `row` of the batch that is being sent. */
  ofRow(batch: ProbeBatch, row: number, sent: Sent): void;
  /** A packet that had waited, or one of the wire's own. */
  other(asked: Asked | undefined, sent: Sent): void;
}

/** Creates a tap without a listener. */
export function createSentTap(): SentTap {
  let listener: SentListener | undefined;
  const packet: SentPacket = {
    row: -1,
    probe: NO_PROBE,
    attempt: 0,
    tag: 0,
    bytes: new Uint8Array(0),
    at: 0,
    length: 0,
    sentMs: 0,
    errno: 0,
  };
  const show = ({ bytes, at, length, sentMs, errno }: Sent): void => {
    packet.bytes = bytes;
    packet.at = at;
    packet.length = length;
    packet.sentMs = sentMs;
    packet.errno = errno;
    listener?.(packet);
  };
  return {
    tap(one) {
      listener = one;
    },
    isOn: () => listener !== undefined,
    ofRow(batch, row, sent) {
      packet.row = row;
      packet.probe = batch.probe[row]!;
      packet.attempt = batch.attempt[row]!;
      packet.tag = batch.tag[row]!;
      show(sent);
    },
    other(asked, sent) {
      packet.row = -1;
      packet.probe = asked?.probe ?? NO_PROBE;
      packet.attempt = asked?.attempt ?? 0;
      packet.tag = asked?.tag ?? 0;
      show(sent);
    },
  };
}
