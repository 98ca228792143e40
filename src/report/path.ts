/** What a trace found -> the record of a report. */
import type {
  Hop,
  Ip,
  Location,
  Path,
  PathEnd,
  PathFlow,
  PathMtu,
  PathPassage,
  PathSources,
  Plan,
  Protocol,
  WireKind,
} from '../model.ts';
import { pathWords } from './whyPath.ts';

/** What a trace found, before it is put in words. */
export interface TracedPath {
  readonly located: {
    readonly end: PathEnd;
    readonly finding: Location | null;
    readonly whyId: string;
    readonly whyArgs: Path['whyArgs'];
  };
  readonly flows: readonly PathFlow[];
  readonly evidence: readonly string[];
  readonly sources?: PathSources;
  readonly mtu?: PathMtu;
  readonly passage?: PathPassage;
}

/** Which port a path is of. */
export interface PathOf {
  readonly plan: Pick<Plan, 'targets'>;
  readonly target: number;
  readonly protocol: Protocol;
  readonly port: number;
  readonly wire: WireKind;
}

/** Puts a trace in words; `nameOf` gives the names of hops that are known by now. */
export function buildPath(
  { plan, target, protocol, port, wire }: PathOf,
  { located, flows, evidence, sources, mtu, passage }: TracedPath,
  nameOf: (ip: Ip) => string | null,
): Path {
  const { end, finding, whyId, whyArgs } = located;
  const { why, hypotheses, next } = pathWords(whyId, whyArgs);
  const named = flows.map((flow) => ({
    ...flow,
    hops: flow.hops.map((hop) => withName(hop, nameOf)),
  }));
  return {
    target: plan.targets.ip(target),
    name: plan.targets.name(target),
    port,
    protocol,
    end,
    hops: named[0]?.hops ?? [],
    flows: named,
    finding: finding === null ? null : { ...finding, hypotheses, next, evidence },
    why,
    whyId,
    whyArgs,
    wire,
    ...(sources === undefined ? {} : { sources }),
    ...(mtu === undefined ? {} : { mtu }),
    ...(passage === undefined ? {} : { passage }),
  };
}

function withName(hop: Hop, nameOf: (ip: Ip) => string | null): Hop {
  return hop.ip === null ? hop : { ...hop, name: nameOf(hop.ip) };
}
