/** Shape (a): one object a probe and one a signal, in arrays. Payloads and addresses stay in arenas, as in (b). */
import { createSteps, fateOf, GAP_MS, ROWS, RTT_MS, type Steps } from './steps.ts';

interface ProbeRecord {
  readonly probe: number;
  readonly attempt: number;
  readonly tag: number;
  readonly protocol: number;
  readonly target: number;
  readonly port: number;
  readonly ttl: number;
  readonly minTtl: number;
  readonly token: number;
  sentMs: number;
}

interface SignalRecord {
  readonly kind: number;
  readonly probe: number;
  readonly attempt: number;
  readonly tag: number;
  readonly protocol: number;
  readonly atMs: number;
  readonly sentMs: number;
  readonly family: number;
  readonly dstAt: number;
  readonly dstPort: number;
  readonly icmpType: number;
  readonly icmpCode: number;
  readonly ttl: number;
  readonly errno: number;
  readonly token: number;
}

function createNetwork(steps: Steps) {
  const arena = new Uint8Array(16 * ROWS);
  let clockMs = 0;
  let arriving: SignalRecord[] = [];
  return {
    arena,
    nowMs: () => clockMs,
    send(probes: readonly ProbeRecord[]): void {
      for (const probe of probes) {
        probe.sentMs = clockMs;
        clockMs += GAP_MS;
        const kind = fateOf(probe.probe, probe.attempt);
        if (kind === 0) continue;
        const dstAt = 16 * arriving.length;
        for (let i = 0; i < 16; i++) arena[dstAt + i] = steps.targetBytes[16 * probe.target + i]!;
        arriving.push({
          kind,
          probe: probe.probe,
          attempt: probe.attempt,
          tag: probe.tag,
          protocol: probe.protocol,
          atMs: probe.sentMs + RTT_MS,
          sentMs: probe.sentMs,
          family: 4,
          dstAt,
          dstPort: probe.port,
          icmpType: 0,
          icmpCode: 0,
          ttl: 64,
          errno: 0,
          token: probe.token,
        });
      }
    },
    next(untilMs: number): readonly SignalRecord[] {
      const signals = arriving;
      arriving = [];
      clockMs = signals.length > 0 ? clockMs + RTT_MS : Math.max(clockMs, untilMs);
      return signals;
    },
  };
}

/** Runs all probes to their answers. */
export function runObjects(targets: number, ports: number): Steps {
  const steps = createSteps(targets, ports);
  const network = createNetwork(steps);
  while (!steps.isDone()) {
    const nowMs = network.nowMs();
    steps.expire(nowMs);
    const probes: ProbeRecord[] = [];
    while (probes.length < ROWS) {
      const probe = steps.take();
      if (probe < 0) break;
      const attempt = steps.sent(probe, nowMs);
      probes.push({
        probe,
        attempt,
        tag: 0,
        protocol: steps.protocolOf(probe),
        target: steps.targetOf(probe),
        port: steps.portOf(probe),
        ttl: 0,
        minTtl: 0,
        token: steps.tokenOf(probe),
        sentMs: 0,
      });
    }
    network.send(probes);
    for (const { probe, sentMs } of probes) steps.left(probe, sentMs);
    const signals = network.next(steps.wakeAtMs());
    for (const { dstAt, protocol, dstPort, token, kind, atMs } of signals) {
      steps.answered(network.arena, dstAt, protocol, dstPort, token, kind, atMs);
    }
  }
  return steps;
}
