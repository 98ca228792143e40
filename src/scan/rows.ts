/** Writing rows into the batch that leaves next. */
import {
  createProbeBatch,
  isEcho,
  NO_PROBE,
  PROTO_ICMP,
  PROTO_UDP,
  type ProbeBatch,
  SHAPE,
  SHAPED_TAG,
} from '../batch.ts';
import type { Plan } from '../model.ts';
import { ECHO_BYTES, writeEcho } from '../probe/echo.ts';
import { createPayloads } from '../probe/payload.ts';
import { TOKEN, tokenWord } from '../probe/token.ts';
import type { ControlRow } from './resetCheck.ts';

/** The batch that leaves next, and what is written into it. */
export interface Rows {
  readonly batch: ProbeBatch;
  clear(): void;
  /** False when the batch has no row, or no bytes, for another probe of this protocol and port. */
  hasRoom(protocol: number, port: number): boolean;
  /** The same for a UDP probe of any port. */
  hasRoomForAny(): boolean;
  /** Returns the row. */
  add(probe: number, attempt: number, target: number, protocol: number, port: number): number;
  addControl(control: ControlRow): void;
  /** Asks the port of a UDP probe behind a destination option that its target has to refuse. Returns the row. */
  addShaped(probe: number, attempt: number, target: number, port: number): number;
}

/** Creates an empty batch; the seed makes the tokens in UDP payloads and echo requests. */
export function createRows(plan: Pick<Plan, 'seed' | 'sending' | 'snmpCommunity'>): Rows {
  const [keyHi, keyLo] = plan.seed;
  const ttl = plan.sending.ttl ?? 0;
  const payloads = createPayloads(plan.snmpCommunity);
  const batch = createProbeBatch();
  let bytesUsed = 0;

  const add = (
    probe: number,
    attempt: number,
    target: number,
    protocol: number,
    port: number,
  ): number => {
    const row = batch.count++;
    batch.probe[row] = probe;
    batch.attempt[row] = attempt;
    batch.tag[row] = 0;
    batch.target[row] = target;
    batch.protocol[row] = protocol;
    batch.port[row] = port;
    batch.ttl[row] = ttl;
    batch.minTtl[row] = 0;
    batch.lane[row] = 0;
    batch.shape[row] = SHAPE.PLAIN;
    batch.source[row] = 0;
    batch.offset[row] = bytesUsed;
    batch.length[row] = 0;
    batch.sentMs[row] = 0;
    batch.way[row] = 0;
    if (protocol === PROTO_UDP) {
      const hi = tokenWord(keyHi, keyLo, probe, TOKEN.PAYLOAD_HI);
      const lo = tokenWord(keyHi, keyLo, probe, TOKEN.PAYLOAD_LO);
      const length = payloads.of(port).write(batch.bytes, bytesUsed, hi, lo);
      batch.length[row] = length;
      bytesUsed += length;
    } else if (isEcho(protocol)) {
      const family = protocol === PROTO_ICMP ? 4 : 6;
      const asked = { keyHi, keyLo, probe, attempt };
      batch.length[row] = writeEcho(batch.bytes, bytesUsed, family, asked);
      bytesUsed += ECHO_BYTES;
    }
    return row;
  };

  return {
    batch,
    clear() {
      batch.count = 0;
      bytesUsed = 0;
    },
    hasRoom(protocol, port) {
      if (batch.count === batch.capacity) return false;
      const isUdp = protocol === PROTO_UDP;
      const bytes = isUdp ? payloads.of(port).maxLength : isEcho(protocol) ? ECHO_BYTES : 0;
      return bytesUsed + bytes <= batch.bytes.length;
    },
    hasRoomForAny: () =>
      batch.count < batch.capacity && bytesUsed + payloads.longest <= batch.bytes.length,
    add,
    addControl({ tag, target, protocol, port, minTtl }) {
      const row = add(NO_PROBE, 1, target, protocol, port);
      batch.tag[row] = tag;
      batch.minTtl[row] = minTtl;
    },
    addShaped(probe, attempt, target, port) {
      const row = add(probe, attempt, target, PROTO_UDP, port);
      batch.tag[row] = SHAPED_TAG;
      batch.shape[row] = SHAPE.DST_OPTION;
      return row;
    },
  };
}
