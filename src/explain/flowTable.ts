/** The flows of a capture, found by addresses, ports and protocol without making a key for each packet. */
import type { Family } from '../model.ts';
import { mixWord } from './addressTable.ts';
import { createSide, type Flow } from './flow.ts';

/** Where a packet comes from and goes to, by address number. */
export interface Tuple {
  protocol: number;
  src: number;
  srcPort: number;
  dst: number;
  dstPort: number;
}

/** The flows of one capture, up to a limit. */
export interface FlowTable {
  readonly flows: readonly Flow[];
  /** The flow of this tuple, whichever way it runs; null where there is none. */
  find(tuple: Tuple): Flow | null;
  /** The same, made where it does not exist; null when the table is full. The tuple's source becomes the asker. */
  findOrAdd(tuple: Tuple, family: Family): Flow | null;
}

/** About 80 MB when full; a scan of all ports of one host has half as many. */
export const MAX_FLOWS = 131_072;
/** As in the address table. */
const MAX_STEPS = 64;
const SLOTS = MAX_FLOWS * 2;

/** Creates an empty table. */
export function createFlowTable(): FlowTable {
  const slots = new Int32Array(SLOTS).fill(-1);
  const flows: Flow[] = [];

  /** The slot of the tuple: with its flow, or empty; -1 when neither is near. */
  const slotOf = (tuple: Tuple): number => {
    let slot = hashOf(tuple) & (SLOTS - 1);
    for (let step = 0; step < MAX_STEPS; step++) {
      const at = slots[slot]!;
      if (at < 0 || isOf(flows[at]!, tuple)) return slot;
      slot = (slot + 1) & (SLOTS - 1);
    }
    return -1;
  };

  const flowAt = (slot: number): Flow | null => {
    const at = slot < 0 ? -1 : slots[slot]!;
    return at < 0 ? null : flows[at]!;
  };

  return {
    flows,
    find: (tuple) => flowAt(slotOf(tuple)),
    findOrAdd(tuple, family) {
      const slot = slotOf(tuple);
      const known = flowAt(slot);
      if (known !== null || slot < 0 || flows.length === MAX_FLOWS) return known;
      const flow = createFlow(flows.length, tuple, family);
      slots[slot] = flow.number;
      flows.push(flow);
      return flow;
    },
  };
}

function createFlow(number: number, tuple: Tuple, family: Family): Flow {
  return {
    number,
    family,
    protocol: tuple.protocol,
    asker: tuple.src,
    askerPort: tuple.srcPort,
    asked: tuple.dst,
    askedPort: tuple.dstPort,
    sides: [createSide(), createSide()],
    originals: [],
    tcp: null,
    datagrams: null,
    isFragmented: false,
    errorCount: 0,
    refusalCount: 0,
    errorLastMs: 0,
  };
}

/** Whether this tuple's source is the asker of its flow. */
export function isFromAsker(flow: Flow, tuple: Tuple): boolean {
  return (
    flow.asker === tuple.src &&
    flow.askerPort === tuple.srcPort &&
    flow.asked === tuple.dst &&
    flow.askedPort === tuple.dstPort
  );
}

function isOf(flow: Flow, tuple: Tuple): boolean {
  if (flow.protocol !== tuple.protocol) return false;
  return (
    isFromAsker(flow, tuple) ||
    (flow.asker === tuple.dst &&
      flow.askerPort === tuple.dstPort &&
      flow.asked === tuple.src &&
      flow.askedPort === tuple.srcPort)
  );
}

/** The same for both directions: each end is hashed alone, and the two are added. */
function hashOf({ protocol, src, srcPort, dst, dstPort }: Tuple): number {
  const ends = mixWord(mixWord(protocol, src), srcPort) + mixWord(mixWord(protocol, dst), dstPort);
  return mixWord(protocol, ends | 0) >>> 0;
}
