/**
 * Shape (c): columns as long as the run; only index ranges cross. Probes stand in a queue of numbers, and what is sent of
 * each is found by its number; signals stand in a ring.
 */
import { createSteps, fateOf, GAP_MS, ROWS, RTT_MS, type Steps } from './steps.ts';

/** Rows of the ring of signals; a power of two, so that the remainder is a mask. */
const RING = 65_536;

interface RunColumns {
  /** Numbers of the probes in the order of sending, as a ring that holds the whole run. */
  readonly queue: Uint32Array;
  readonly attempt: Uint8Array;
  readonly token: Uint32Array;
  readonly sentMs: Float64Array;
}

function createRing() {
  return {
    kind: new Uint8Array(RING),
    attempt: new Uint8Array(RING),
    protocol: new Uint8Array(RING),
    atMs: new Float64Array(RING),
    family: new Uint8Array(RING),
    dst: new Uint8Array(16 * RING),
    dstPort: new Uint16Array(RING),
    icmpType: new Uint8Array(RING),
    icmpCode: new Uint8Array(RING),
    ttl: new Uint8Array(RING),
    errno: new Uint16Array(RING),
    token: new Uint32Array(RING),
  };
}

function createNetwork(steps: Steps, run: RunColumns) {
  const ring = createRing();
  let clockMs = 0;
  let end = 0;

  const answer = (probe: number, kind: number): void => {
    const at = end++ & (RING - 1);
    ring.kind[at] = kind;
    ring.attempt[at] = run.attempt[probe]!;
    ring.protocol[at] = steps.protocolOf(probe);
    ring.atMs[at] = run.sentMs[probe]! + RTT_MS;
    ring.family[at] = 4;
    const target = 16 * steps.targetOf(probe);
    for (let i = 0; i < 16; i++) ring.dst[16 * at + i] = steps.targetBytes[target + i]!;
    ring.dstPort[at] = steps.portOf(probe);
    ring.icmpType[at] = 0;
    ring.icmpCode[at] = 0;
    ring.ttl[at] = 64;
    ring.errno[at] = 0;
    ring.token[at] = run.token[probe]!;
  };

  return {
    ring,
    nowMs: () => clockMs,
    send(from: number, to: number): void {
      const { length } = run.queue;
      for (let place = from; place < to; place++) {
        const probe = run.queue[place % length]!;
        run.sentMs[probe] = clockMs;
        clockMs += GAP_MS;
        const kind = fateOf(probe, run.attempt[probe]!);
        if (kind > 0) answer(probe, kind);
      }
    },
    /** Returns where the signals end; they begin where the last ones ended. */
    next(untilMs: number, begin: number): number {
      clockMs = end > begin ? clockMs + RTT_MS : Math.max(clockMs, untilMs);
      return end;
    },
  };
}

/** Runs all probes to their answers. */
export function runRanges(targets: number, ports: number): Steps {
  const steps = createSteps(targets, ports);
  const run: RunColumns = {
    queue: new Uint32Array(Math.max(ROWS, steps.count)),
    attempt: new Uint8Array(steps.count),
    token: new Uint32Array(steps.count),
    sentMs: new Float64Array(steps.count),
  };
  const network = createNetwork(steps, run);
  const { ring } = network;
  let queued = 0;
  let read = 0;
  while (!steps.isDone()) {
    const nowMs = network.nowMs();
    steps.expire(nowMs);
    const from = queued;
    while (queued - from < ROWS) {
      const probe = steps.take();
      if (probe < 0) break;
      run.queue[queued++ % run.queue.length] = probe;
      run.attempt[probe] = steps.sent(probe, nowMs);
      run.token[probe] = steps.tokenOf(probe);
    }
    network.send(from, queued);
    for (let place = from; place < queued; place++) {
      const probe = run.queue[place % run.queue.length]!;
      steps.left(probe, run.sentMs[probe]!);
    }
    const end = network.next(steps.wakeAtMs(), read);
    for (; read < end; read++) {
      const at = read & (RING - 1);
      const [protocol, port, token] = [ring.protocol[at]!, ring.dstPort[at]!, ring.token[at]!];
      steps.answered(ring.dst, 16 * at, protocol, port, token, ring.kind[at]!, ring.atMs[at]!);
    }
  }
  return steps;
}
