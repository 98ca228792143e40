/**
 * What the engine does with a probe, whatever the shape in which it crosses the seam: the same functions of src/ for the
 * order, the token, the way back from an address to a probe, and the timers. Only the crossing differs between the files
 * beside this one.
 */
import { createOrder } from '../../src/plan/order.ts';
import { createSpace } from '../../src/plan/space.ts';
import { TOKEN, tokenWord } from '../../src/probe/token.ts';
import { createDeadlines } from '../../src/scan/deadlines.ts';
import { createQueue } from '../../src/scan/queue.ts';
import { createRttTable } from '../../src/timing/rtt.ts';
import { TIMING_TEMPLATES } from '../../src/timing/templates.ts';

/** Rows that cross the seam at once, in every shape. */
export const ROWS = 1024;
/** Time that sending one probe takes on the virtual clock, ms: 500,000 a second. */
export const GAP_MS = 0.002;
/** Round trip of the network in memory, ms. */
export const RTT_MS = 0.03;

const SEED: readonly [number, number] = [0x01234567, 0x89abcdef];
const IN_FLIGHT = 1;
const DONE = 2;

export interface Steps {
  readonly count: number;
  readonly targetBytes: Uint8Array;
  targetOf(probe: number): number;
  portOf(probe: number): number;
  protocolOf(probe: number): number;
  /** Next probe to ask, or -1; retransmissions come first. */
  take(): number;
  /** Notes that the probe leaves; returns its attempt. */
  sent(probe: number, nowMs: number): number;
  tokenOf(probe: number): number;
  /** Writes down when the wire says that a probe left. */
  left(probe: number, sentMs: number): void;
  /** An answer about this address, protocol and port that brought `token` back. */
  answered(
    bytes: Uint8Array,
    at: number,
    protocol: number,
    port: number,
    token: number,
    kind: number,
    atMs: number,
  ): void;
  /** Gives up what was not answered in time. */
  expire(nowMs: number): void;
  /** When there is something to do without an answer, or Infinity. */
  wakeAtMs(): number;
  isDone(): boolean;
  /** Sums that all shapes must agree on. */
  check(): string;
}

/** Creates the state of a run over `targets` x `ports`, half of the ports UDP. */
export function createSteps(targets: number, ports: number): Steps {
  const named = Array.from({ length: ports }, (_, index) => index + 1);
  const udpPorts = named.filter((port) => port % 2 === 1);
  const tcpPorts = named.filter((port) => port % 2 === 0);
  const space = createSpace([{ firstTarget: 0, targetCount: targets, udpPorts, tcpPorts }]);
  const { count } = space;
  const order = createOrder(count, SEED);
  const template = TIMING_TEMPLATES[3]!;
  const rtt = createRttTable(new Uint16Array(targets), template);
  const deadlines = createDeadlines();
  const retries = createQueue();
  const phase = new Uint8Array(count);
  const attempts = new Uint8Array(count);
  const sentMs = new Float64Array(count);
  const answer = new Uint8Array(count);
  const targetBytes = new Uint8Array(16 * targets);
  for (let target = 0; target < targets; target++) {
    targetBytes.set([10, 1, target >> 8, target & 255], 16 * target);
  }
  let cursor = 0;
  let done = 0;
  let retransmitted = 0;
  let refused = 0;

  return {
    count,
    targetBytes,
    targetOf: space.targetOf,
    portOf: space.portOf,
    protocolOf: space.protocolOf,
    take() {
      if (retries.size() > 0) return retries.shift();
      return cursor < count ? order(cursor++) : -1;
    },
    sent(probe, nowMs) {
      phase[probe] = IN_FLIGHT;
      sentMs[probe] = nowMs;
      deadlines.push(nowMs + rtt.rtoMs(space.targetOf(probe)), probe);
      attempts[probe]! += 1;
      return attempts[probe]!;
    },
    tokenOf: (probe) => tokenWord(SEED[0], SEED[1], probe, TOKEN.SEQ),
    left(probe, atMs) {
      sentMs[probe] = atMs;
    },
    answered(bytes, at, protocol, port, token, kind, atMs) {
      const target = (bytes[at + 2]! << 8) | bytes[at + 3]!;
      const probe = space.indexOf(target, protocol, port);
      if (probe < 0 || phase[probe] !== IN_FLIGHT) return;
      if (tokenWord(SEED[0], SEED[1], probe, TOKEN.SEQ) !== token) {
        refused += 1;
        return;
      }
      answer[probe] = kind;
      phase[probe] = DONE;
      done += 1;
      if (attempts[probe] === 1) rtt.sample(target, atMs - sentMs[probe]!);
    },
    expire(nowMs) {
      while (deadlines.peekMs() <= nowMs) {
        const probe = deadlines.pop();
        if (phase[probe] !== IN_FLIGHT) continue;
        retries.push(probe);
        retransmitted += 1;
      }
    },
    wakeAtMs: () => deadlines.peekMs(),
    isDone: () => done === count,
    check() {
      let sum = 0;
      for (let probe = 0; probe < count; probe++) sum += answer[probe]! * (1 + (probe % 7));
      return `${done} done, ${retransmitted} retransmitted, ${refused} refused, sum ${sum}`;
    },
  };
}

/** What the network does with an attempt: 0 silence, else the kind of the answer. One first attempt in 16 is lost. */
export function fateOf(probe: number, attempt: number): number {
  const hash = Math.imul(probe ^ (probe >>> 15), 0x45d9f3b) >>> 28;
  return hash === 0 && attempt === 1 ? 0 : 1 + (hash % 5);
}
