/** The tables into which the packets of a capture go. */
import type { Family } from '../model.ts';
import { type AddressTable, createAddressTable } from './addressTable.ts';
import { createFirstBytes, type FirstBytes } from './firstBytes.ts';
import type { Flow } from './flow.ts';
import { createFlowTable, type FlowTable, type Tuple } from './flowTable.ts';
import { createIcmpErrors, type IcmpErrors } from './icmpErrors.ts';
import { type Narrowing, narrow } from './narrowing.ts';
import { createProbes, type Probes } from './probes.ts';

/** One packet of a capture: the IP packet in `bytes[at, end)`, as far as it was captured. */
export interface CapturedPacket {
  bytes: Uint8Array;
  at: number;
  end: number;
  /** Time since the epoch, ms. */
  atMs: number;
  /** Its number in the file, from 1 on. */
  frame: number;
}

/** What was counted while reading. */
export interface CaptureCounts {
  packets: number;
  firstMs: number;
  lastMs: number;
  tcp: number;
  udp: number;
  icmpErrors: number;
  otherIcmp: number;
  /** Neither TCP, UDP nor ICMP. */
  otherProtocols: number;
  /** Shorter than their headers say, so that the capture's snap length cut them. */
  cut: number;
  /** Later fragments: their ports are in the first one. */
  fragments: number;
  /** Not readable as an IP packet, or cut within the headers. */
  unreadable: number;
  /** Belong to flows beyond the limit of flows or addresses. */
  notFollowed: number;
  /** Left out as the user asked for other flows. */
  filteredOut: number;
  /** To groups and everybody on a link: no answer is due. */
  groupCast: number;
}

/** All tables of one capture, each with a limit of its own. */
export interface CaptureTables {
  readonly addresses: AddressTable;
  readonly table: FlowTable;
  readonly errors: IcmpErrors;
  readonly firstBytes: FirstBytes;
  readonly probes: Probes;
  readonly counts: CaptureCounts;
  /** Only some flows were wanted. */
  readonly isNarrowed: boolean;
  /** Whether the user wants this flow; counts it where not. */
  isWanted(tuple: Tuple): boolean;
  /** The flow of a packet, whose ends are swapped where its first packet is an answer; null when it is not followed. */
  flowOf(tuple: Tuple, family: Family, isAnswer: boolean): Flow | null;
}

/** Creates empty tables. */
export function createCaptureTables(narrowing: Narrowing | null): CaptureTables {
  const addresses = createAddressTable();
  const wants = narrowing === null ? null : narrow(narrowing, addresses);
  const table = createFlowTable();
  const counts = createCounts();

  const isWanted = (wanted: Tuple): boolean => {
    if (wants === null || wants(wanted)) return true;
    counts.filteredOut++;
    return false;
  };

  const flowOf = (tuple: Tuple, family: Family, isAnswer: boolean): Flow | null => {
    if (!isWanted(tuple)) return null;
    const flow = table.findOrAdd(tuple, family);
    if (flow === null) {
      counts.notFollowed++;
      return null;
    }
    const isNew = flow.sides[0].packets === 0 && flow.sides[1].packets === 0;
    if (isNew && isAnswer) swapEnds(flow);
    return flow;
  };

  return {
    addresses,
    table,
    errors: createIcmpErrors(addresses),
    firstBytes: createFirstBytes(),
    probes: createProbes(),
    counts,
    isNarrowed: narrowing !== null,
    isWanted,
    flowOf,
  };
}

function swapEnds(flow: Flow): void {
  const { asker, askerPort, asked, askedPort } = flow;
  Object.assign(flow, {
    asker: asked,
    askerPort: askedPort,
    asked: asker,
    askedPort: askerPort,
  });
}

function createCounts(): CaptureCounts {
  return {
    packets: 0,
    firstMs: 0,
    lastMs: 0,
    tcp: 0,
    udp: 0,
    icmpErrors: 0,
    otherIcmp: 0,
    otherProtocols: 0,
    cut: 0,
    fragments: 0,
    unreadable: 0,
    notFollowed: 0,
    filteredOut: 0,
    groupCast: 0,
  };
}
