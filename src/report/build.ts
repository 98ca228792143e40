/** From judgements to the records of a report. */
import type {
  HostVerdict,
  IcmpLimiter,
  Judgement,
  Plan,
  Protocol,
  SilentOdds,
  Verdict,
  WireKind,
} from '../model.ts';
import { IP_PROTOCOL } from '../packet/ip.ts';
import { sentence } from './sentences.ts';
import { type AlikePorts, type AskedHost, groupHosts, isListed, keyOfAlike } from './summary.ts';

/** What turns judgements into records of a report. */
export interface BuildContext {
  readonly plan: Plan;
  readonly wire: WireKind;
  readonly judgementOf: (probe: number) => Judgement;
  readonly oddsOf: (probe: number) => SilentOdds | null;
  /** Whether the port itself answered that it is open; told by the answer alone, without judging. */
  readonly isOpen: (probe: number) => boolean;
}

/** The verdict of a probe, with its sentence. */
export function buildVerdict(context: BuildContext, probe: number): Verdict {
  const { plan, wire, judgementOf } = context;
  const judgement = judgementOf(probe);
  const { whyId, whyArgs } = judgement;
  const target = plan.space.targetOf(probe);
  return {
    target: plan.targets.ip(target),
    name: plan.targets.name(target),
    port: plan.space.portOf(probe),
    protocol: protocolOf(plan, probe),
    state: judgement.state,
    reason: judgement.reason,
    detail: judgement.detail,
    service: judgement.service,
    by: judgement.by,
    icmp: judgement.icmp,
    ttl: judgement.ttl,
    quotedTtl: judgement.quotedTtl,
    rttMs: judgement.rttMs,
    attempts: judgement.attempts,
    confidence: roundDown(judgement.confidence),
    why: sentence(whyId, whyArgs),
    whyId,
    whyArgs,
    wire,
    evidence: judgement.evidence,
    ...betweenOf(context, probe, judgement),
  };
}

const roundDown = (chance: number): number => Math.floor(chance * 10_000 + 1e-9) / 10_000;

/** Silences that nothing else explains: neither our own side, nor somebody who speaks of the way. */
const UNEXPLAINED: ReadonlySet<Judgement['detail']> = new Set([
  'silent-certified',
  'silent-unverified',
  'open-silent',
  'dropped',
]);

function betweenOf(
  { oddsOf }: BuildContext,
  probe: number,
  { detail }: Judgement,
): Pick<Verdict, 'between'> {
  const odds = UNEXPLAINED.has(detail) ? oddsOf(probe) : null;
  if (odds === null) return {};
  const { open, dropped, closed } = odds;
  return {
    between: { open: roundDown(open), dropped: roundDown(dropped), closed: roundDown(closed) },
  };
}

/** The verdicts of a run in groups of one target each; `alike` are probes of one target about which the same is known. */
export function buildTargetGroups(
  context: BuildContext,
  alike: readonly (readonly number[])[],
): readonly AlikePorts[] {
  const merged = new Map<
    string,
    { readonly first: Verdict; readonly lists: (readonly number[])[] }
  >();
  for (const probes of alike) {
    const first = buildVerdict(context, probes[0]!);
    const key = `${first.target}/${keyOfAlike(first)}`;
    const known = merged.get(key);
    if (known === undefined) merged.set(key, { first, lists: [probes] });
    else known.lists.push(probes);
  }
  return [...merged.values()].map(({ first, lists }) => {
    const probes = lists.length === 1 ? lists[0]! : lists.flat();
    return {
      first,
      ports: probes.map((probe) => context.plan.space.portOf(probe)),
      hosts: [{ target: first.target, name: first.name }],
      listed: isListed(first, probes.length)
        ? probes.map((probe, i) => (i === 0 ? first : buildVerdict(context, probe)))
        : null,
    };
  });
}

/** The same where many hosts may say the same; `alike` are probes of any targets about which the same is known. */
export function buildHostGroups(
  context: BuildContext,
  alike: readonly (readonly number[])[],
): readonly AlikePorts[] {
  const { space, targets } = context.plan;
  const numbers = new Map<string, number>();
  const isOpen: boolean[] = [];
  const saidOf = new Int32Array(space.count).fill(-1);
  for (const probes of alike) {
    const first = buildVerdict(context, probes[0]!);
    const key = keyOfAlike(first);
    const said = numbers.get(key) ?? numbers.size;
    numbers.set(key, said);
    isOpen[said] = first.state === 'open';
    for (const probe of probes) saidOf[probe] = said;
  }
  return groupHosts(hostsOf(context.plan, saidOf), {
    saidOf: (probe) => saidOf[probe]!,
    isOpen: (probe) => isOpen[saidOf[probe]!]!,
    portOf: space.portOf,
    hostOf(probe) {
      const target = space.targetOf(probe);
      return { target: targets.ip(target), name: targets.name(target) };
    },
    verdictOf: (probe) => buildVerdict(context, probe),
  });
}

/** The probes of each target that have a number in `saidOf`. */
function hostsOf({ space }: Plan, saidOf: Int32Array): readonly (readonly number[])[] {
  const hosts: number[][] = [];
  let last = -1;
  for (let probe = 0; probe < saidOf.length; probe++) {
    if (saidOf[probe] === -1) continue;
    const target = space.targetOf(probe);
    if (target === last) hosts.at(-1)!.push(probe);
    else hosts.push([probe]);
    last = target;
  }
  return hosts;
}

/**
 * One record a host: up when something came from it, down when our link says that nobody has its address. `groups` hold
 * at least one verdict of each kind.
 */
export function buildHosts(
  plan: Plan,
  groups: Iterable<{ readonly first: Verdict; readonly hosts: readonly AskedHost[] }>,
  known: {
    readonly isAlive: (target: number) => boolean;
    readonly limiterOf: (target: number) => IcmpLimiter | null;
  },
): readonly HostVerdict[] {
  const byTarget = new Map<string, Verdict>();
  for (const { first, hosts } of groups) {
    for (const { target } of hosts) {
      const best = byTarget.get(target);
      if (best === undefined || rank(first) > rank(best)) byTarget.set(target, first);
    }
  }
  return Array.from({ length: plan.targets.count }, (_, target): HostVerdict => {
    const ip = plan.targets.ip(target);
    const best = byTarget.get(ip);
    const state = known.isAlive(target)
      ? 'up'
      : best?.detail === 'no-neighbour'
        ? 'down'
        : 'unknown';
    const reason = best?.reason ?? 'no-response';
    const limiter = known.limiterOf(target);
    const host = { target: ip, name: plan.targets.name(target), state, reason } as const;
    return limiter === null ? host : { ...host, limiter };
  });
}

/** An answer of the target itself tells most about the host. */
function rank({ by, detail }: Verdict): number {
  if (by?.role === 'target') return 2;
  return detail === 'no-neighbour' ? 1 : 0;
}

/** Names and ports that are listed one by one when they were not finished. */
const MAX_LISTED = 8;

/** What was not done, for people: names without an address, then ports; each of a short list, a count for a long one. */
export function describeNotDone(plan: Plan, probes: readonly number[]): readonly string[] {
  const names = plan.unresolved.slice(0, MAX_LISTED).map(({ name }) => name);
  const ports = probes.slice(0, MAX_LISTED - names.length).map((probe) => {
    const ip = plan.targets.ip(plan.space.targetOf(probe));
    return `${ip} ${plan.space.portOf(probe)}/${protocolOf(plan, probe)}`;
  });
  const listed = [...names, ...ports];
  const more = plan.unresolved.length + probes.length - listed.length;
  return more > 0 ? [...listed, `and ${more} more`] : listed;
}

function protocolOf({ space }: Plan, probe: number): Protocol {
  return space.protocolOf(probe) === IP_PROTOCOL.TCP ? 'tcp' : 'udp';
}
