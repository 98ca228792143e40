/** The batch of probes that leaves next, and what its rows were. */
import {
  createProbeBatch,
  isEcho,
  LANE_OWN,
  NO_PROBE,
  PROTO_OWN_SIDE,
  type ProbeBatch,
  SHAPE,
} from '../batch.ts';
import type { Family } from '../model.ts';
import { writeEcho } from '../probe/echo.ts';
import type { Flow, ProbeNames } from './flows.ts';

/** One probe to send. */
export interface TraceAsk {
  readonly flow: Flow;
  readonly ttl: number;
  /** 1-based. */
  readonly round: number;
}

/** Rows of the next batch. */
export interface TraceRows {
  readonly batch: ProbeBatch;
  clear(): void;
  add(ask: TraceAsk): void;
  /** Asks what our own side looks like. */
  addInquiry(): void;
  /** What left since the last call, with the time that the wire wrote. */
  takeSent(): readonly (TraceAsk & { readonly sentMs: number })[];
}

/** A sweep of all TTLs and flows at once, with payloads of QUIC's size. */
const ROWS = 512;
const ARENA_BYTES = ROWS * 1500;

/** What rows are made from. */
export interface RowOptions {
  readonly target: number;
  readonly family: Family;
  readonly seed: readonly [number, number];
  readonly names: ProbeNames;
  /** Whether each probe of the flow leaves from a socket of its own; none does unless given. */
  readonly isApart?: (flow: Flow) => boolean;
}

/** Creates the rows of a trace to one target. */
export function createTraceRows(options: RowOptions): TraceRows {
  const { target, family, seed, names, isApart = () => false } = options;
  const [keyHi, keyLo] = seed;
  const batch = createProbeBatch(ROWS, ARENA_BYTES);
  let asks: (TraceAsk | null)[] = [];
  let used = 0;

  const addRow = (probe: number, protocol: number): number => {
    const row = batch.count++;
    batch.probe[row] = probe;
    batch.protocol[row] = protocol;
    batch.attempt[row] = 1;
    batch.tag[row] = 0;
    batch.target[row] = target;
    batch.port[row] = 0;
    batch.ttl[row] = 0;
    batch.minTtl[row] = 0;
    batch.lane[row] = 0;
    batch.shape[row] = SHAPE.PLAIN;
    batch.source[row] = 0;
    batch.offset[row] = used;
    batch.length[row] = 0;
    batch.sentMs[row] = 0;
    return row;
  };

  return {
    batch,
    clear() {
      batch.count = 0;
      used = 0;
    },
    add(ask) {
      const { flow, ttl, round } = ask;
      const probe = names.numberOf(flow, ttl);
      const row = addRow(probe, flow.protocol);
      const payload = names.payloadOf(flow, ttl);
      batch.attempt[row] = round;
      batch.port[row] = flow.port;
      batch.ttl[row] = ttl;
      batch.lane[row] = isApart(flow) ? LANE_OWN : flow.lane;
      batch.shape[row] = flow.shape ?? SHAPE.PLAIN;
      batch.bytes.set(payload, used);
      const asked = { keyHi, keyLo, probe, attempt: round };
      const length = isEcho(flow.protocol)
        ? writeEcho(batch.bytes, used, family, asked)
        : payload.length;
      batch.length[row] = length;
      used += length;
      asks.push(ask);
    },
    addInquiry() {
      addRow(NO_PROBE, PROTO_OWN_SIDE);
      asks.push(null);
    },
    takeSent() {
      const sent = asks.flatMap((ask, row) =>
        ask === null ? [] : [{ ...ask, sentMs: batch.sentMs[row]! }],
      );
      asks = [];
      return sent;
    },
  };
}
