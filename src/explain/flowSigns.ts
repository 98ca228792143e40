/** What one flow shows, and how flows that show the same become one finding. */
import type { By } from '../model.ts';
import {
  type Citing,
  citeFlows,
  type Evidence,
  endsOf,
  flowArgs,
  MAX_CITED_FLOWS,
  plainFacts,
} from './evidence.ts';
import type { Certainty, FindingDraft, FindingKind } from './finding.ts';
import type { Flow, Side } from './flow.ts';

/** What one flow shows; flows of the same two hosts that show the same are one finding. */
export interface FlowSign {
  readonly kind: FindingKind;
  readonly whyId: string;
  readonly rank: number;
  readonly certainty: Certainty;
  readonly citing: Citing;
  readonly args: Readonly<Record<string, string | number>>;
  /** What else must be equal for flows to share a finding. */
  readonly variant: string;
  readonly by: By | null;
}

/** Findings, and how many more there would be. */
export interface JoinedSigns {
  readonly drafts: readonly FindingDraft[];
  readonly further: number;
}

/** Joins flows of the same two hosts that show the same; of a flood only the `most` most telling are worked out. */
export function joinSigns(
  evidence: Evidence,
  signs: readonly (readonly [Flow, FlowSign])[],
  most: number,
): JoinedSigns {
  const groups = new Map<string, [Flow, FlowSign][]>();
  for (const [flow, sign] of signs) {
    const key = [sign.whyId, sign.variant, flow.asker, flow.asked, flow.protocol].join();
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [[flow, sign]]);
    else group.push([flow, sign]);
  }
  const rankOf = (group: readonly [Flow, FlowSign][]): number => rank(group[0]![1], group.length);
  const sorted = [...groups.values()].sort((a, b) => rankOf(b) - rankOf(a));
  return {
    drafts: sorted.slice(0, most).map((group) => toDraft(evidence, group)),
    further: Math.max(0, sorted.length - most),
  };
}

/** More flows make a finding more telling, but never another kind of finding. */
function rank(sign: FlowSign, flows: number): number {
  return sign.rank + Math.min(90, flows) / 100;
}

function toDraft(evidence: Evidence, group: readonly (readonly [Flow, FlowSign])[]): FindingDraft {
  const flows = group.map(([flow]) => flow);
  const [[, sign]] = group as [readonly [Flow, FlowSign]];
  const cited = citeFlows(evidence, flows, sign.citing);
  const attempts = group.reduce((sum, [, { args }]) => sum + Number(args['attempts'] ?? 0), 0);
  const waitedMs = Math.max(...group.map(([, { args }]) => Number(args['waitedMs'] ?? 0)));
  const facts = {
    ...plainFacts(evidence, flows, attempts),
    acceptedForMs: Number(sign.args['acceptedForMs'] ?? -1),
    ...(sign.args['ttl'] === undefined ? {} : { ttl: Number(sign.args['ttl']) }),
    distance: sign.by?.hop ?? null,
  };
  return {
    kind: sign.kind,
    rank: rank(sign, flows.length),
    whyId: sign.whyId,
    whyArgs: {
      ...flowArgs(evidence, flows),
      ...sign.args,
      ...(attempts > 0 ? { attempts } : {}),
      ...(waitedMs > 0 ? { waitedMs } : {}),
    },
    certainty: sign.certainty,
    by: sign.by,
    icmp: null,
    flows: flows.slice(0, MAX_CITED_FLOWS).map((flow) => endsOf(evidence, flow)),
    flowCount: flows.length,
    firstMs: Math.min(...flows.map((flow) => firstMs(flow))),
    lastMs: Math.max(...flows.flatMap(({ sides }) => sides.map(({ lastMs }) => lastMs))),
    cited,
    facts,
  };
}

function firstMs({ sides }: Flow): number {
  const times = sides.filter(({ packets }: Side) => packets > 0).map((side) => side.firstMs);
  return Math.min(...times);
}
