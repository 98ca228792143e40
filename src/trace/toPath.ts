/** Facts of a trace -> the hops of its flows, as reports show them. */
import { icmpMeaning } from '../match/icmpMeaning.ts';
import type {
  Hop,
  PathEnd,
  PathFlow,
  PathMtu,
  PathPassage,
  PathSources,
  Reason,
} from '../model.ts';
import { evidenceNumber } from './evidenceIds.ts';
import type { FlowFacts, Observation, TraceFacts } from './facts.ts';
import type { Located } from './locate.ts';
import { toPathMtu } from './rulesOfMtu.ts';
import { toPathPassage } from './rulesOfPassage.ts';
import { groupSources, lastHopOf, sourcesOf } from './sourceGroups.ts';
import { type FlowView, viewOf } from './view.ts';

/** A trace without its words and names. */
export interface Traced {
  readonly located: Located;
  readonly flows: readonly PathFlow[];
  /** Ids of the packets that decided (contract.md, "Evidence ids"). */
  readonly evidence: readonly string[];
  /** Where the port was walked from several source ports. */
  readonly sources?: PathSources;
  /** Where the sizes of packets were measured. */
  readonly mtu?: PathMtu;
  /** Where it was asked whether packets come to the target's stack. */
  readonly passage?: PathPassage;
}

/** Puts the hops of all flows together; a probe of the evidence is numbered from `firstId` on. */
export function toTraced(facts: TraceFacts, located: Located, firstId = 0): Traced {
  const { asked, controls } = viewOf(facts);
  const flows = [asked, ...controls].map((view, index) => ({
    kind: view.facts.kind,
    port: view.facts.port,
    hops: hopsOf(facts, view),
    end: index === 0 ? located.end : endOf(view),
    isConstant: view.facts.isConstant,
    isEstimated: view.facts.isEstimated,
  }));
  const mtu = toPathMtu(facts);
  const passage = toPathPassage(facts);
  return {
    located,
    flows,
    evidence: evidenceOf(facts, located, firstId),
    ...(facts.sources.length === 0
      ? {}
      : { sources: groupSources(sourcesOf(facts, lastHopOf(facts))) }),
    ...(mtu === null ? {} : { mtu }),
    ...(passage === null ? {} : { passage }),
  };
}

function endOf({ reached, refused }: FlowView): PathEnd {
  if (reached !== null) return 'reached';
  return refused !== null ? 'rejected' : 'unknown';
}

/** The hops up to the end of the flow, or to the last that answered it. */
function hopsOf(
  facts: TraceFacts,
  { facts: flow, reached, refused, furthest }: FlowView,
): readonly Hop[] {
  const ends = [reached, refused].flatMap((one) => (one === null ? [] : [one.ttl]));
  const last = ends.length > 0 ? Math.max(...ends.slice(0, 1), furthest) : furthest;
  return flow.hops.slice(1, last + 1).map((_, index) => hopOf(facts, flow, index + 1));
}

function hopOf(facts: TraceFacts, flow: FlowFacts, ttl: number): Hop {
  const { answers } = flow.hops[ttl]!;
  const [first] = answers;
  if (first === undefined) {
    return { ttl, ip: null, name: null, rttMs: null, reason: null, others: [] };
  }
  const others = new Set(answers.map(({ ip }) => ip));
  others.delete(first.ip);
  const { ip, rttMs } = first;
  const hop = { ttl, ip, name: null, rttMs, reason: reasonOf(facts, first), others: [...others] };
  return first.notes === null ? hop : { ...hop, notes: first.notes };
}

function reasonOf({ family }: TraceFacts, { answer, icmpType, icmpCode }: Observation): Reason {
  switch (answer) {
    case 'syn-ack':
    case 'reset':
    case 'udp-response':
    case 'echo-reply':
      return answer;
    case 'own':
      return 'host-unreach';
    default: {
      const meaning = icmpMeaning(family, icmpType, icmpCode);
      return meaning.kind === 'state' ? meaning.reason : 'param-problem';
    }
  }
}

/** What was sent and heard on both sides of the place. */
function evidenceOf(
  { flows: main, sources, passage, passageFlows }: TraceFacts,
  { finding }: Located,
  firstId: number,
): readonly string[] {
  // The asked flow is the first of the sources.
  const flows = [...main, ...sources.slice(1).map(({ flow }) => flow), ...passageFlows];
  const ttls = new Set(
    [finding?.after?.ttl, finding?.before?.ttl, passage?.ttl].filter((ttl) => ttl !== undefined),
  );
  return flows.flatMap((flow) =>
    [...ttls].flatMap((ttl) => {
      const { rounds, answers } = flow.hops[ttl] ?? { rounds: 0, answers: [] };
      const number = evidenceNumber(firstId, 0, flow.index, ttl);
      const sent = Array.from({ length: rounds }, (_, index) => `s${number}.${index + 1}`);
      return [...sent, ...answers.map(({ id }) => id)];
    }),
  );
}
