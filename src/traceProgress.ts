/** How far a run of traces is: which port, what is looked into, and how long it takes. */
import { PROTO_TCP } from './batch.ts';
import type { Ip, Plan, Protocol } from './model.ts';
import type { StudyName, StudyNow } from './trace/studies.ts';

/** How far a run of traces is. */
export interface TraceProgress {
  /** Ports that were traced, of all. */
  readonly done: number;
  readonly total: number;
  /** The port that is traced now. */
  readonly target: Ip;
  readonly port: number;
  readonly protocol: Protocol;
  readonly elapsedMs: number;
  /** What is looked into besides the path; null: the path itself. */
  readonly study: StudyName | null;
  /** Time since the port, or the study, was begun, and the most that the study takes (null: not known), ms. */
  readonly sinceMs: number;
  readonly mostMs: number | null;
}

/** The progress while a probe of the plan is traced; times by the clock of the wire, ms. */
export function progressOf(
  { space, targets }: Plan,
  probe: number,
  study: StudyNow | null,
  { startedMs, begunMs, nowMs }: Record<'startedMs' | 'begunMs' | 'nowMs', number>,
): TraceProgress {
  return {
    done: probe,
    total: space.count,
    target: targets.ip(space.targetOf(probe)),
    port: space.portOf(probe),
    protocol: space.protocolOf(probe) === PROTO_TCP ? 'tcp' : 'udp',
    elapsedMs: nowMs - startedMs,
    study: study?.name ?? null,
    sinceMs: nowMs - (study?.sinceMs ?? begunMs),
    mostMs: study?.mostMs ?? null,
  };
}
