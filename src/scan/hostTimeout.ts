/** `--host-timeout`: gives up what a target has not answered by then. */
import type { ScanContext } from './context.ts';
import { PHASE } from './probeState.ts';

/** Watches how long each target has been worked on. */
export interface HostTimeout {
  /** Probes of targets whose time is over by `nowMs` and that are not done. */
  expire(nowMs: number): readonly number[];
  /** When to look again, or Infinity. */
  wakeAtMs(): number;
}

/** How often the targets are looked at, ms: it is a walk over all of them. */
const LOOK_EVERY_MS = 50;

/** Creates the watch of a run; without `--host-timeout` it never expires anything. */
export function createHostTimeout({ plan, probes, targets }: ScanContext): HostTimeout {
  const { hostTimeoutMs, space } = plan;
  const expired = new Uint8Array(hostTimeoutMs === undefined ? 0 : plan.targets.count);
  let lookMs = hostTimeoutMs === undefined ? Number.POSITIVE_INFINITY : 0;

  const markExpired = (nowMs: number): boolean => {
    let any = false;
    for (let target = 0; target < expired.length; target++) {
      if (expired[target] === 1 || targets.remaining[target] === 0) continue;
      if (nowMs - targets.startedMs[target]! < hostTimeoutMs!) continue;
      // NaN, a target that nothing was sent to yet, is not below: its time has not begun.
      if (Number.isNaN(targets.startedMs[target]!)) continue;
      expired[target] = 1;
      any = true;
    }
    return any;
  };

  return {
    expire(nowMs) {
      if (nowMs < lookMs) return [];
      lookMs = nowMs + LOOK_EVERY_MS;
      if (!markExpired(nowMs)) return [];
      const given: number[] = [];
      for (let probe = 0; probe < space.count; probe++) {
        if (expired[space.targetOf(probe)] === 1 && probes.phase[probe]! < PHASE.DONE) {
          given.push(probe);
        }
      }
      return given;
    },
    wakeAtMs: () => lookMs,
  };
}
