/** What was sent and heard, by flow and TTL: the memory of a trace. */
import { isEcho, PROTO_TCP } from '../batch.ts';
import type { FlowFacts, HopFacts, Observation } from './facts.ts';
import type { Flow } from './flows.ts';
import type { Read } from './readPacketAnswer.ts';

/** One flow at one TTL. */
interface Cell {
  /** When each round was sent, ms; entry 0 is round 1. */
  readonly sentMs: number[];
  readonly answers: Observation[];
}

/** The memory of a trace. */
export interface Cells {
  /** Rounds in which this was sent. */
  rounds(flow: number, ttl: number): number;
  noteSent(flow: number, ttl: number, sentMs: number): void;
  noteFailed(flow: number, errno: number): void;
  /** Takes an answer and its id; false: more than a hop can have to say. */
  noteAnswer(read: Read, id: string): boolean;
  isAnswered(flow: number, ttl: number): boolean;
  /** Answers so far. */
  answers(flow: number, ttl: number): number;
  /** Rounds that were answered so far, each once. */
  answeredRounds(flow: number, ttl: number): number;
  /** Largest round trip so far, ms; 0: none. */
  maxRttMs(): number;
  flow(index: number): FlowFacts;
  flows(): readonly FlowFacts[];
}

const protocolName = (protocol: number): FlowFacts['protocol'] => {
  if (isEcho(protocol)) return 'icmp';
  return protocol === PROTO_TCP ? 'tcp' : 'udp';
};

/** Answers kept of one flow and TTL: each round once, and some of what a network doubles. */
const MAX_ANSWERS = 16;
/** Answers of which the TTL is not known, for each TTL: a flow is asked in few rounds before it is asked otherwise. */
const MAX_UNPLACED = 4;

/** Creates an empty memory for these flows, to which others may be added; `maxTtl` bounds the TTLs, `isConstant` says whose source port stays. */
export function createCells(
  flows: readonly Flow[],
  maxTtl: number,
  isConstant: (flow: Flow) => boolean,
): Cells {
  const cells: Cell[][] = [];
  const unplaced: Observation[][] = [];
  const errnos: number[] = [];
  let maxRttMs = 0;

  const cellsOf = (flow: number): Cell[] => {
    cells[flow] ??= Array.from({ length: maxTtl + 1 }, () => ({ sentMs: [], answers: [] }));
    return cells[flow];
  };
  const unplacedOf = (flow: number): Observation[] => {
    unplaced[flow] ??= [];
    return unplaced[flow];
  };

  /** Null where it is not known which of several rounds was answered. */
  const rttOf = ({ flow, ttl, round, atMs }: Read): number | null => {
    if (ttl === 0) return null;
    const { sentMs } = cellsOf(flow)[ttl]!;
    const sent = round > 0 ? sentMs[round - 1] : sentMs.length === 1 ? sentMs[0] : undefined;
    return sent === undefined ? null : Math.max(0, atMs - sent);
  };

  /** Where the answer does not say it, the last round that had left when it came. */
  const roundOf = ({ flow, ttl, round, atMs }: Read): number =>
    round > 0 || ttl === 0 ? round : cellsOf(flow)[ttl]!.sentMs.filter((ms) => ms <= atMs).length;

  const flowAt = (index: number): FlowFacts => {
    const flow = flows[index]!;
    return {
      index,
      kind: flow.kind,
      protocol: protocolName(flow.protocol),
      port: isEcho(flow.protocol) ? null : flow.port,
      isConstant: isConstant(flow),
      isEstimated: false,
      hops: cellsOf(index).map(
        ({ sentMs, answers }): HopFacts => ({ rounds: sentMs.length, answers }),
      ),
      unplaced: unplacedOf(index),
      sendErrno: errnos[index] ?? 0,
    };
  };

  return {
    rounds: (flow, ttl) => cellsOf(flow)[ttl]!.sentMs.length,
    noteSent: (flow, ttl, sentMs) => {
      cellsOf(flow)[ttl]!.sentMs.push(sentMs);
    },
    noteFailed(flow, errno) {
      errnos[flow] = errno;
    },
    noteAnswer(read, id) {
      const { atMs: _, ...facts } = read;
      const rttMs = rttOf(read);
      const list = read.ttl === 0 ? unplacedOf(read.flow) : cellsOf(read.flow)[read.ttl]!.answers;
      if (list.length >= (read.ttl === 0 ? MAX_UNPLACED * maxTtl : MAX_ANSWERS)) return false;
      list.push({ ...facts, id, round: roundOf(read), rttMs });
      // A neighbour that is not there is told after seconds; no answer of the way takes as long.
      if (read.answer !== 'own' && read.answer !== 'unreachable') {
        maxRttMs = Math.max(maxRttMs, rttMs ?? 0);
      }
      return true;
    },
    isAnswered: (flow, ttl) => cellsOf(flow)[ttl]!.answers.length > 0,
    answers: (flow, ttl) => cellsOf(flow)[ttl]!.answers.length,
    answeredRounds: (flow, ttl) =>
      new Set(cellsOf(flow)[ttl]!.answers.map(({ round }) => round)).size,
    maxRttMs: () => maxRttMs,
    flow: flowAt,
    flows: () => flows.map((_, index) => flowAt(index)),
  };
}
