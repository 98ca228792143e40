import { UsageError } from '../errors.ts';
import type { Plan, PlanGroup, TargetTable } from '../model.ts';
import { planCommunity } from './community.ts';
import { checkDiscovery, discoveryPorts } from './discovery.ts';
import { listedPorts } from './portLists.ts';
import type { PortLists } from './ports.ts';
import { parsePorts, parsePortsByPrefix } from './ports.ts';
import { quote } from './quote.ts';
import { parseSeed } from './seed.ts';
import { planSending, type SendingRequest } from './sending.ts';
import { createSpace } from './space.ts';
import type { TargetEnv } from './targets.ts';
import { planTargets } from './targets.ts';

/** Most probes of one run: each takes some tens of bytes of state. */
export const MAX_PROBES: number = 2 ** 28;

/** Timing template of a run that names none. */
export const DEFAULT_TIMING = 3;

/** Chance that a whole run holds no wrong verdict, unless the user says otherwise. */
export const DEFAULT_CERTAINTY = 0.999;

/** What the user asks for; everything but the targets has a default. */
export interface PlanRequest extends SendingRequest {
  readonly targets: readonly string[];
  /** Where each of `targets` was read, such as `targets.txt:3`: errors begin with it. Null: on the command line. */
  readonly places?: readonly (string | null)[];
  readonly exclude?: readonly string[];
  /** A port list as {@link parsePorts} reads it; the tool's own list without it. */
  readonly ports?: string;
  /** The short one of the tool's own lists. */
  readonly fast?: boolean;
  /** Hosts are looked for, and no ports: `ports`, `fast`, `tcp` and `udp` are refused. */
  readonly discover?: boolean;
  /** Asks SNMP by this community: `NAME` for version 2c, or `v1:NAME`. */
  readonly snmpCommunity?: string;
  /** Neither protocol: TCP, and UDP where `ports` says `U:`. */
  readonly tcp?: boolean;
  readonly udp?: boolean;
  /** TCP by SYN where packets can be sent; it asks for TCP. */
  readonly synRequested?: boolean;
  /** TCP by connect() even where packets can be sent; it asks for TCP. */
  readonly connectRequested?: boolean;
  readonly family?: 4 | 6;
  readonly allAddresses?: boolean;
  readonly timing?: 0 | 1 | 2 | 3 | 4 | 5;
  /** Packets per second; Infinity: as fast as the link. */
  readonly ratePps?: number;
  readonly retries?: number;
  readonly hostTimeoutMs?: number;
  readonly control?: boolean;
  readonly certainty?: number;
  /** UDP ports between two that are alike are told by them, and not asked. */
  readonly inferRanges?: boolean;
  /** Silent UDP ports of IPv6 targets are asked whether their packets come to the target's own stack. */
  readonly passage?: boolean;
  /** 1 to 16 hexadecimal digits. */
  readonly seed?: string;
}

/** What planning needs from outside: look-ups, interfaces, a seed. */
export interface PlanEnv extends TargetEnv {
  /** Used when the request names no seed. */
  readonly seed: readonly [number, number];
}

/**
 * Makes the plan of a run: what is asked of whom, in numbers. Pure but for `env.resolve`.
 *
 * Rejects with a UsageError that names the offending text, or with a ProbeError when no name could be looked up; nothing
 * has been sent then.
 */
export async function createPlan(request: PlanRequest, env: PlanEnv): Promise<Plan> {
  checkNumbers(request);
  const seed = request.seed === undefined ? env.seed : parseSeed(request.seed);
  const discover = request.discover ?? false;
  if (discover) checkDiscovery(request);
  const { inferRanges = false, passage = false } = request;
  const { ports, protocols } = discover ? discoveryPorts() : portsOf(request);
  const { targets, unresolved, warnings, ...planned } = await planTargets(
    {
      targets: request.targets,
      places: request.places ?? [],
      exclude: request.exclude ?? [],
      family: request.family,
      allAddresses: request.allAddresses ?? false,
      ports,
      portOption: portOptionOf(request),
      mayNamePorts: !discover,
      protocols,
    },
    env,
  );
  const groups = discover
    ? planned.groups.map((group) => ({ ...group, echo: true }))
    : planned.groups;
  if (inferRanges) checkProving('--infer-ranges', request, groups);
  if (passage) checkPassage(request, groups, targets);
  const space = createSpace(groups, targets.families);
  if (space.count > MAX_PROBES) {
    const [asked, limit] = [space.count, MAX_PROBES].map((count) => count.toLocaleString('en-US'));
    throw new UsageError(`${asked} probes are too many: a run takes ${limit} at most`);
  }
  return {
    targets,
    groups,
    space,
    seed,
    timing: request.timing ?? DEFAULT_TIMING,
    ratePps: request.ratePps,
    retries: request.retries,
    hostTimeoutMs: request.hostTimeoutMs,
    control: request.control ?? true,
    certainty: request.certainty ?? DEFAULT_CERTAINTY,
    ...(inferRanges ? { inferRanges } : {}),
    ...(passage ? { passage } : {}),
    sending: planSending(request, env.interfaces, targets, !discover && asksUdp(groups)),
    snmpCommunity: planCommunity(request.snmpCommunity, groups),
    discover,
    unresolved,
    warnings,
  };
}

/** Timing templates and retries that go without a walk, which proves silences. */
const QUICKEST_POLITE = 3;

function checkProving(
  option: string,
  { timing, retries }: PlanRequest,
  groups: readonly PlanGroup[],
): void {
  const other =
    retries !== undefined
      ? `--retries ${retries}`
      : (timing ?? DEFAULT_TIMING) < QUICKEST_POLITE
        ? `-T${timing}`
        : null;
  if (other !== null) {
    throw new UsageError(`${option} rests on proven silences: not with ${other}`);
  }
  if (!asksUdp(groups)) throw new UsageError(`${option} is about UDP ports: add -sU`);
}

/** A target of IPv4 among those of IPv6 is left out, which the report says. */
function checkPassage(
  request: PlanRequest,
  groups: readonly PlanGroup[],
  { families, ip }: TargetTable,
): void {
  checkProving('--passage', request, groups);
  if (families.includes(6) || families.length === 0) return;
  throw new UsageError(`--passage asks by IPv6 headers: ${ip(0)} is IPv4`);
}

const asksUdp = (groups: readonly PlanGroup[]): boolean =>
  groups.some(({ udpPorts }) => udpPorts.length > 0);

function portOptionOf({ ports, fast }: PlanRequest): string | null {
  if (ports !== undefined) return `-p ${quote(ports)}`;
  return fast ? '-F' : null;
}

function portsOf(request: PlanRequest): {
  ports: PortLists;
  protocols: { tcp: boolean; udp: boolean; areNamed: boolean };
} {
  const { connectRequested = false, synRequested = false, inferRanges } = request;
  const tcp = (request.tcp ?? false) || synRequested || connectRequested;
  const udp = request.udp ?? false;
  const areNamed = tcp || udp;
  if (!areNamed && request.ports !== undefined) {
    const ports = parsePortsByPrefix(request.ports, inferRanges);
    const byPrefix = { tcp: ports.tcp.length > 0, udp: ports.udp.length > 0, areNamed };
    return { ports, protocols: byPrefix };
  }
  const protocols = areNamed ? { tcp, udp, areNamed } : { tcp: true, udp: false, areNamed };
  if (request.ports !== undefined)
    return { ports: parsePorts(request.ports, protocols, inferRanges), protocols };
  const list = request.fast ? 'short' : 'default';
  return {
    ports: {
      tcp: protocols.tcp ? listedPorts('tcp', list) : [],
      udp: protocols.udp ? listedPorts('udp', list) : [],
    },
    protocols,
  };
}

/** The command line has checked its own text; a program may hand in any number. */
function checkNumbers(request: PlanRequest): void {
  const { timing, ratePps, retries, hostTimeoutMs, certainty } = request;
  const check = (isGood: boolean, name: string, value: unknown, what: string): void => {
    if (!isGood) throw new UsageError(`${name} takes ${what}, not ${quote(String(value))}`);
  };
  const isTiming = timing === undefined || [0, 1, 2, 3, 4, 5].includes(timing);
  check(isTiming, 'timing', timing, '0 to 5');
  check(ratePps === undefined || ratePps > 0, 'ratePps', ratePps, 'a number above 0');
  const isCount = retries === undefined || (Number.isInteger(retries) && retries >= 0);
  check(isCount && (retries ?? 0) <= MAX_RETRIES, 'retries', retries, `0 to ${MAX_RETRIES}`);
  const isTimeout = hostTimeoutMs === undefined || hostTimeoutMs > 0;
  check(isTimeout, 'hostTimeoutMs', hostTimeoutMs, 'a time above 0');
  const isShare = certainty === undefined || (certainty > 0 && certainty < 1);
  check(isShare, 'certainty', certainty, 'a share between 0 and 1');
}

/** An attempt's number travels in a byte (batch.ts); one is the first attempt. */
const MAX_RETRIES = 254;
