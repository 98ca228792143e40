/** Everything that the parts of the scheduler share: the plan, what the wire can do, and the state of the run. */
import type { PassageFacts } from '../match/facts.ts';
import type { Ip, Plan, WireCan } from '../model.ts';
import { createPace, type Pace } from '../timing/pace.ts';
import { createRttTable, type RttTable } from '../timing/rtt.ts';
import { TIMING_TEMPLATES, type TimingTemplate } from '../timing/templates.ts';
import { type Covers, createCovers } from './cover.ts';
import { type Allocate, createProbeState, type ProbeState } from './probeState.ts';
import { createTargetState, type TargetState } from './targetState.ts';

/** What the parts of one scheduler share. */
export interface ScanContext {
  readonly plan: Plan;
  readonly can: WireCan;
  readonly ownAddresses: ReadonlySet<Ip>;
  readonly template: TimingTemplate;
  readonly probes: ProbeState;
  readonly targets: TargetState;
  readonly rtt: RttTable;
  readonly pace: Pace;
  readonly covers: Covers;
  /** What walks have found against "closed" of ports whose silence is final, nats. */
  readonly walkedNats: Map<number, number>;
  /** Ports that were not asked, as those beside them are alike. */
  readonly ranges: Map<number, InferredRange>;
  /** Silent ports of which it is known whether their packets come to the target's stack. */
  readonly passages: Map<number, PassageFacts>;
  readonly counters: ScanCounters;
}

/** Two ports of a target that are alike, as probes: what lies between them is told by them. */
export interface InferredRange {
  /** Both are closed; else both are silent, and proven not to be closed. */
  readonly isClosed: boolean;
  readonly low: number;
  readonly high: number;
}

/** What a run has sent and seen; control rows are among the sent, own-side inquiries are not. */
export interface ScanCounters {
  sent: number;
  received: number;
  matched: number;
  late: number;
  /** Further answers to an attempt that was answered. */
  duplicate: number;
  foreign: number;
  badToken: number;
  retransmitted: number;
  /** Probes that answered at all, and those of them that answered a retransmission: the loss seen in this run. */
  answered: number;
  answeredLate: number;
}

/** The state of a run at its beginning. */
export function createScanContext(
  plan: Plan,
  can: WireCan,
  ownAddresses: ReadonlySet<Ip>,
  allocate?: Allocate,
): ScanContext {
  const template = TIMING_TEMPLATES[plan.timing]!;
  const targets = createTargetState(plan.targets.count, plan.groups);
  return {
    plan,
    can,
    ownAddresses,
    template,
    probes: createProbeState(plan.space.count, allocate),
    targets,
    rtt: createRttTable(targets.way, template),
    covers: createCovers(),
    walkedNats: new Map(),
    ranges: new Map(),
    passages: new Map(),
    pace: createPace({ template, ratePps: plan.ratePps }),
    counters: {
      sent: 0,
      received: 0,
      matched: 0,
      late: 0,
      duplicate: 0,
      foreign: 0,
      badToken: 0,
      retransmitted: 0,
      answered: 0,
      answeredLate: 0,
    },
  };
}

/** Losses and answers assumed before any was seen: 1 in 50. */
const LOSS_PRIOR = { lost: 1, answered: 50 } as const;

/** Chance that one packet or its answer is lost, as seen so far in this run. */
export function lossOf(counters: ScanCounters): number {
  const lost = counters.answeredLate + LOSS_PRIOR.lost;
  return Math.min(0.9, lost / (counters.answered + LOSS_PRIOR.answered));
}
