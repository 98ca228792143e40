/**
 * A report whose ports are grouped by what they say: the input of the text report. A scan of all ports makes a verdict
 * only for the first of each large group; `summarize` makes the same of a whole report.
 */
import type { Report, Verdict } from '../model.ts';

/** A host that was asked. */
export type AskedHost = Pick<Verdict, 'target' | 'name'>;

/**
 * Ports of one protocol with the same state, reason, sender and sentence: each of `ports` at each of `hosts`, so that
 * `ports.length * hosts.length` verdicts are told.
 */
export interface AlikePorts {
  /** The verdict of the first port of the first host. */
  readonly first: Verdict;
  /** The ports, the same of every host, in the order of the plan. */
  readonly ports: readonly number[];
  /**
   * One host; or more than COLLAPSE_HOSTS_OVER that say the same of all that they were asked, none of it open, in the order
   * of the plan. A host stands in groups with the same `hosts` only.
   */
  readonly hosts: readonly AskedHost[];
  /** All its verdicts, or null where they are too many to be listed; always null of several hosts. */
  readonly listed: readonly Verdict[] | null;
}

/** A report whose verdicts are grouped: ports that say the same stand together, and so do many hosts that say the same. */
export interface Summary extends Omit<Report, 'verdicts'> {
  readonly groups: readonly AlikePorts[];
}

/** Ports of one host that say the same are counted instead of listed beyond this many, as nmap does; open ones never. */
export const COLLAPSE_OVER = 25;

/** Hosts that say the same are told one by one up to this many, so that the report of a few hosts names each. */
export const COLLAPSE_HOSTS_OVER = 16;

/** Whether so many ports alike are listed one by one. */
export function isListed({ state }: Pick<Verdict, 'state'>, portCount: number): boolean {
  return state === 'open' || portCount <= COLLAPSE_OVER;
}

/** Facts that ports counted together need not share (scan/alike.ts). */
const OF_ONE_PORT: readonly string[] = ['attempts', 'waitedMs', 'rttMs', 'fromPort', 'low', 'high'];

/** Facts that hosts told together need not share. */
const OF_ONE_HOST: readonly string[] = ['target', 'targetHop', 'icmpAnswers', 'count'];

/** Whether a port was not asked, and is told by those on both sides of it: it is counted apart from all that were. */
export function isToldByOthers({
  detail,
  attempts,
}: Pick<Verdict, 'detail' | 'attempts'>): boolean {
  return detail === 'inferred' && attempts === 0;
}

/** The facts (`whyArgs`) that hold for every port of a group that is not listed. */
export function commonArgs({ first, hosts }: AlikePorts): Verdict['whyArgs'] {
  const areMany = hosts.length > 1;
  const isOwn = (key: string): boolean =>
    OF_ONE_PORT.includes(key) ||
    (areMany && (OF_ONE_HOST.includes(key) || (key === 'by' && first.by?.role === 'target')));
  return Object.fromEntries(Object.entries(first.whyArgs).filter(([key]) => !isOwn(key)));
}

/** How many verdicts a group tells. */
export function countPorts({ ports, hosts }: Pick<AlikePorts, 'ports' | 'hosts'>): number {
  return ports.length * hosts.length;
}

/** Verdicts with the same key say the same, be it of ports of one target or of several. */
export function keyOfAlike(verdict: Verdict): string {
  const { target, protocol, state, reason, whyId, by, icmp, whyArgs } = verdict;
  const who = by === null ? whyArgs['by'] : by.ip === target ? by.role : by.ip;
  const what = [protocol, state, reason, whyId, who, by?.hop, icmp?.type, icmp?.code];
  const own = [whyArgs['errno'], whyArgs['gateway'], whyArgs['interface']];
  return [...what, ...own, verdict.confidence].join('/');
}

/** Groups the verdicts of a report. */
export function summarize({ verdicts, ...rest }: Report): Summary {
  const hosts = new Map<string, number[]>();
  const numbers = new Map<string, number>();
  const said = verdicts.map((verdict, i) => {
    const host = hosts.get(verdict.target);
    if (host === undefined) hosts.set(verdict.target, [i]);
    else host.push(i);
    const key = keyOfAlike(verdict);
    const number = numbers.get(key) ?? numbers.size;
    numbers.set(key, number);
    return number;
  });
  const groups = groupHosts([...hosts.values()], {
    saidOf: (i) => said[i]!,
    isOpen: (i) => verdicts[i]!.state === 'open',
    portOf: (i) => verdicts[i]!.port,
    hostOf: (i) => verdicts[i]!,
    verdictOf: (i) => verdicts[i]!,
  });
  return { ...rest, groups };
}

/** Ports of hosts, each with a number of its own. */
interface AskedPorts {
  /** Ports of which the same is said have the same number here. */
  readonly saidOf: (port: number) => number;
  readonly isOpen: (port: number) => boolean;
  /** Its number on the wire. */
  readonly portOf: (port: number) => number;
  readonly hostOf: (port: number) => AskedHost;
  readonly verdictOf: (port: number) => Verdict;
}

/** Groups the ports of `hosts`, a list of ports each; the hosts stay in their order. An open port is told with its host. */
export function groupHosts(
  hosts: readonly (readonly number[])[],
  asked: AskedPorts,
): readonly AlikePorts[] {
  const sets = new Map<string, (readonly number[])[]>();
  const setOf = hosts.map((host) => {
    if (host.some(asked.isOpen)) return [host];
    const key = host.map((port) => `${asked.saidOf(port)}:${asked.portOf(port)}`).join();
    const known = sets.get(key);
    const set = known ?? [];
    if (known === undefined) sets.set(key, set);
    set.push(host);
    return set;
  });
  return hosts.flatMap((host, i) => {
    const set = setOf[i]!;
    if (set.length <= COLLAPSE_HOSTS_OVER) return groupPorts([host], asked);
    return set[0] === host ? groupPorts(set, asked) : [];
  });
}

/** The groups of hosts that all say the same. */
function groupPorts(hosts: readonly (readonly number[])[], asked: AskedPorts): AlikePorts[] {
  const groups = new Map<number, number[]>();
  for (const port of hosts[0]!) {
    const said = asked.saidOf(port);
    const known = groups.get(said);
    if (known === undefined) groups.set(said, [port]);
    else known.push(port);
  }
  const named = hosts.map((host) => {
    const { target, name } = asked.hostOf(host[0]!);
    return { target, name };
  });
  return [...groups.values()].map((ports) => {
    const first = asked.verdictOf(ports[0]!);
    const areListed = hosts.length === 1 && isListed(first, ports.length);
    return {
      first,
      ports: ports.map(asked.portOf),
      hosts: named,
      listed: areListed ? ports.map((port, i) => (i === 0 ? first : asked.verdictOf(port))) : null,
    };
  });
}
