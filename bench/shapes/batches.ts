/** Shape (b): struct-of-arrays batches that are used again for every call (src/batch.ts). The token travels in `info`. */
import {
  createProbeBatch,
  createSignalBatch,
  type ProbeBatch,
  type SignalBatch,
} from '../../src/batch.ts';
import { createSteps, fateOf, GAP_MS, RTT_MS, type Steps } from './steps.ts';

function createNetwork(steps: Steps) {
  const signals = createSignalBatch();
  let clockMs = 0;
  let arrived = 0;

  const answer = (probes: ProbeBatch, row: number, kind: number): void => {
    const at = arrived++;
    signals.kind[at] = kind;
    signals.probe[at] = probes.probe[row]!;
    signals.attempt[at] = probes.attempt[row]!;
    signals.tag[at] = probes.tag[row]!;
    signals.protocol[at] = probes.protocol[row]!;
    signals.atMs[at] = probes.sentMs[row]! + RTT_MS;
    signals.sentMs[at] = probes.sentMs[row]!;
    signals.family[at] = 4;
    const target = 16 * probes.target[row]!;
    for (let i = 0; i < 16; i++) signals.dst[16 * at + i] = steps.targetBytes[target + i]!;
    signals.dstPort[at] = probes.port[row]!;
    signals.icmpType[at] = 0;
    signals.icmpCode[at] = 0;
    signals.ttl[at] = 64;
    signals.errno[at] = 0;
    signals.info[at] = probes.offset[row]!;
  };

  return {
    nowMs: () => clockMs,
    send(probes: ProbeBatch): void {
      for (let row = 0; row < probes.count; row++) {
        probes.sentMs[row] = clockMs;
        clockMs += GAP_MS;
        const kind = fateOf(probes.probe[row]!, probes.attempt[row]!);
        if (kind > 0) answer(probes, row, kind);
      }
    },
    next(untilMs: number): SignalBatch {
      signals.count = arrived;
      arrived = 0;
      clockMs = signals.count > 0 ? clockMs + RTT_MS : Math.max(clockMs, untilMs);
      return signals;
    },
  };
}

function fill(steps: Steps, batch: ProbeBatch, nowMs: number): void {
  batch.count = 0;
  while (batch.count < batch.capacity) {
    const probe = steps.take();
    if (probe < 0) break;
    const row = batch.count++;
    batch.probe[row] = probe;
    batch.attempt[row] = steps.sent(probe, nowMs);
    batch.tag[row] = 0;
    batch.protocol[row] = steps.protocolOf(probe);
    batch.target[row] = steps.targetOf(probe);
    batch.port[row] = steps.portOf(probe);
    batch.ttl[row] = 0;
    batch.minTtl[row] = 0;
    // TCP probes have no payload: the column carries the token, so that no shape has a column more than another.
    batch.offset[row] = steps.tokenOf(probe);
    batch.length[row] = 0;
    batch.sentMs[row] = 0;
  }
}

/** Runs all probes to their answers. */
export function runBatches(targets: number, ports: number): Steps {
  const steps = createSteps(targets, ports);
  const network = createNetwork(steps);
  const batch = createProbeBatch();
  while (!steps.isDone()) {
    const nowMs = network.nowMs();
    steps.expire(nowMs);
    fill(steps, batch, nowMs);
    network.send(batch);
    for (let row = 0; row < batch.count; row++) {
      steps.left(batch.probe[row]!, batch.sentMs[row]!);
    }
    const signals = network.next(steps.wakeAtMs());
    const { dst, protocol, dstPort, info, kind, atMs } = signals;
    for (let row = 0; row < signals.count; row++) {
      const [token, port] = [info[row]!, dstPort[row]!];
      steps.answered(dst, 16 * row, protocol[row]!, port, token, kind[row]!, atMs[row]!);
    }
  }
  return steps;
}
