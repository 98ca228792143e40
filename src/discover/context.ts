/** What the parts of a discovery share: the plan, what the wire can do, and the state of the run. */
import type { Family, Ip, Plan, WireCan } from '../model.ts';
import { createPace, type Pace } from '../timing/pace.ts';
import { TIMING_TEMPLATES, type TimingTemplate } from '../timing/templates.ts';
import { createHostState, type HostState } from './hostState.ts';

/** What the parts of one discovery share. */
export interface DiscoveryContext {
  readonly plan: Plan;
  readonly can: WireCan;
  readonly ownAddresses: ReadonlySet<Ip>;
  readonly template: TimingTemplate;
  readonly pace: Pace;
  readonly hosts: HostState;
  readonly counters: DiscoveryCounters;
}

/** What a run sent and saw; own-side inquiries are not among the sent. */
export interface DiscoveryCounters {
  sent: number;
  received: number;
  matched: number;
  late: number;
  foreign: number;
  badToken: number;
  retransmitted: number;
}

/** The state of a run at its beginning. */
export function createDiscoveryContext(
  plan: Plan,
  can: WireCan,
  ownAddresses: ReadonlySet<Ip>,
): DiscoveryContext {
  const template = TIMING_TEMPLATES[plan.timing]!;
  return {
    plan,
    can,
    ownAddresses,
    template,
    pace: createPace({ template, ratePps: plan.ratePps }),
    hosts: createHostState(plan.targets.count),
    counters: {
      sent: 0,
      received: 0,
      matched: 0,
      late: 0,
      foreign: 0,
      badToken: 0,
      retransmitted: 0,
    },
  };
}

/** The family of a target. */
export const familyOf = ({ plan }: DiscoveryContext, target: number): Family =>
  plan.targets.families[target] === 6 ? 6 : 4;
