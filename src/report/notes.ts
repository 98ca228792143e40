/** Notes of a run for its report: what a reader must know besides the verdicts. */
import type { IcmpLimiter, Ip, Path, Plan, Verdict } from '../model.ts';
import { isOwnIp, parseIp } from '../packet/address.ts';
import { IP_PROTOCOL } from '../packet/ip.ts';
import { formatMs } from './reasonWords.ts';
import { brief } from './sentences.ts';

/** Targets named one by one in a note. */
const MAX_NAMED = 8;

/** Targets that are this machine: the verdicts are true, but say nothing of how others reach it. */
export function selfNotes(
  { targets }: Pick<Plan, 'targets'>,
  ownAddresses: ReadonlySet<Ip>,
): readonly string[] {
  const self: Ip[] = [];
  const ends = new Set([LOOPBACK_6, ...ownAddresses].map(endOf));
  for (let target = 0; target < targets.count && self.length < MAX_NAMED; target++) {
    const at = target * 16;
    const is4 = targets.families[target] === 4;
    const isLoopback4 = is4 && targets.bytes[at] === LOOPBACK_4;
    // Of a large network few addresses are worth their text.
    if (!isLoopback4 && !ends.has(targets.bytes[at + (is4 ? 3 : 15)])) continue;
    const ip = targets.ip(target);
    if (isOwnIp(ip, ownAddresses)) self.push(ip);
  }
  return self.map(
    (ip) => `${ip} was scanned from itself: firewalls towards others were not passed`,
  );
}

/** The first byte of 127.0.0.0/8. */
const LOOPBACK_4 = 127;
const LOOPBACK_6 = '::1';

/** The last byte of an address. */
function endOf(ip: string): number | undefined {
  const parsed = parseIp(ip);
  return parsed?.bytes[parsed.family === 4 ? 3 : 15];
}

/** Targets whose limit of ICMP errors set the pace: why the run took so long. */
export function limiterNotes(
  { targets }: Pick<Plan, 'targets'>,
  limiterOf: (target: number) => IcmpLimiter | null,
): readonly string[] {
  const notes: string[] = [];
  for (let target = 0; target < targets.count && notes.length < MAX_NAMED; target++) {
    const limiter = limiterOf(target);
    if (limiter === null || limiter.kind === 'none' || limiter.gapMs === null) continue;
    const pace =
      limiter.gapMs < 1
        ? 'more than one a millisecond'
        : `one each ${Math.round(limiter.gapMs)} ms`;
    notes.push(
      `${targets.ip(target)} limits its ICMP errors to ${pace}${WHOSE_LIMIT[limiter.kind]}`,
    );
  }
  return notes;
}

/** Who shares the limit, behind its pace. */
const WHOSE_LIMIT: Readonly<Record<IcmpLimiter['kind'], string>> = {
  'per-source': ' for each asker (--sources takes several own addresses)',
  'host-wide': ' for all askers together',
  none: '',
  unknown: '',
};

/** What `--infer-ranges` has spared; `isProving`: silences could be proven, on which it rests. */
export function rangeNotes(
  { inferRanges }: Pick<Plan, 'inferRanges'>,
  inferred: number,
  isProving: boolean,
): readonly string[] {
  if (inferRanges !== true) return [];
  if (!isProving) {
    return [
      '--infer-ranges rests on proven silences, which this wire has not: every port was asked',
    ];
  }
  if (inferred === 0) return [];
  return [
    `${inferred} UDP ${inferred === 1 ? 'port was' : 'ports were'} not asked, as asked ones on both sides are alike; a lone one that differs is not seen so`,
  ];
}

/** What `--passage` has asked, where that is less than all, and why nothing is told. */
export function passageNotes(
  { passage, targets }: Pick<Plan, 'passage' | 'targets'>,
  counts: readonly {
    readonly target: number;
    readonly silent: number;
    readonly asked: number;
    readonly told: number;
    readonly without: 'control' | 'refusal' | null;
  }[],
): readonly string[] {
  if (passage !== true) return [];
  const notes = counts.flatMap(({ target, silent, asked, told, without }) => {
    const ip = targets.ip(target);
    if (without === 'control')
      return [
        `${ip}: --passage compares with a closed UDP port, and none was found: ask more ports, or pu-probe trace --passage`,
      ];
    if (without === 'refusal')
      return [
        `${ip}: --passage tells nothing, as no packet with an IPv6 extension header was answered, not even to closed ports`,
      ];
    const most =
      silent > asked ? [`${ip}: --passage asked ${asked} of ${silent} silent ports`] : [];
    const open = asked - told;
    return open === 0
      ? most
      : [...most, `${ip}: --passage could not tell ${open} of ${asked} silent ports`];
  });
  const more = notes.length - MAX_NAMED;
  const shown = more > 0 ? [...notes.slice(0, MAX_NAMED), `and so of ${more} more`] : notes;
  const others = targets.families.reduce((sum, family) => sum + (family === 4 ? 1 : 0), 0);
  return others === 0
    ? shown
    : [
        ...shown,
        `--passage asks by IPv6 headers: not the ${others === 1 ? 'one target' : `${others} targets`} of IPv4`,
      ];
}

/** Control ports that the tool chose itself (contract.md: printed). */
export function controlNotes(
  { targets }: Pick<Plan, 'targets'>,
  controls: readonly { readonly target: number; readonly port: number }[],
): readonly string[] {
  const byTarget = new Map<number, string[]>();
  for (const { target, port } of controls) {
    byTarget.set(target, [...(byTarget.get(target) ?? []), `${port}/udp`]);
  }
  const notes = [...byTarget].map(
    ([target, ports]) =>
      `${targets.ip(target)}: ${ports.join(' and ')} asked too, to learn how far it is (--no-control forbids this)`,
  );
  const more = notes.length - MAX_NAMED;
  return more > 0 ? [...notes.slice(0, MAX_NAMED), `and control ports of ${more} more`] : notes;
}

/** What our own side kept from being checked, one line a cause, and answers that were lost (truth.md, "counted; a warning"). */
export function ownSideNotes(
  ruled: Iterable<{ readonly verdict: Pick<Verdict, 'state' | 'whyId'>; readonly ports: number }>,
  answersLost: number,
): readonly string[] {
  const byCause = new Map<string, number>();
  for (const { verdict, ports } of ruled) {
    if (verdict.state !== 'unknown') continue;
    byCause.set(verdict.whyId, (byCause.get(verdict.whyId) ?? 0) + ports);
  }
  const lost =
    answersLost > 0
      ? ['the receive buffer of this machine was full, and answers were lost; --rate asks slower']
      : [];
  const causes = [...byCause].map(
    ([whyId, ports]) =>
      `${ports} ${ports === 1 ? 'port' : 'ports'} could not be checked: ${brief(whyId, {}) ?? whyId}`,
  );
  return [...causes, ...lost];
}

/** Ports that packets of our own reached, and ordinary programs of this machine do not: its firewall drops what they send. */
export function ordinaryNotes(
  { space, targets }: Pick<Plan, 'space' | 'targets'>,
  failed: readonly number[],
): readonly string[] {
  if (failed.length === 0) return [];
  const names = failed.slice(0, MAX_NAMED).map((probe) => {
    const protocol = space.protocolOf(probe) === IP_PROTOCOL.UDP ? 'udp' : 'tcp';
    return `${targets.ip(space.targetOf(probe))} ${space.portOf(probe)}/${protocol}`;
  });
  const more = failed.length > MAX_NAMED ? ` and ${failed.length - MAX_NAMED} more` : '';
  return [
    `the firewall of this machine keeps its ordinary programs from ${names.join(', ')}${more}; the verdicts are those of packets that pass it by`,
  ];
}

/** `-sS` without a wire that sends packets. */
export function synNote(synRequested: boolean, sendsPackets: boolean): readonly string[] {
  return synRequested && !sendsPackets
    ? ['SYN scan asked for, connect used: this wire sends no packets of our own']
    : [];
}

/** Control flows of traces, and flows whose probes may have gone different ways. */
export function traceNotes(paths: readonly Path[]): readonly string[] {
  const controls = new Set(
    paths.flatMap(({ target, flows }) =>
      flows
        .slice(1)
        .map(({ kind, port }) => `${target} ${port === null ? 'by ICMP echo' : `${port}/${kind}`}`),
    ),
  );
  const [first, ...more] = controls;
  const asked =
    first === undefined
      ? []
      : [
          `${[first, ...more].slice(0, MAX_NAMED).join(', ')} asked too, as controls (--no-control forbids this)`,
        ];
  const flows = paths.flatMap((path) => path.flows);
  return [
    ...asked,
    ...changingNotes(paths),
    ...(flows.some(({ isEstimated }) => isEstimated) ? [ESTIMATED_NOTE] : []),
  ];
}

/**
 * Routers have few ICMP errors for each asker, which the ports of one run share: for how long they were waited for, and
 * that hops of later ports may be silent for want of them although an earlier port shows them.
 */
export function spentNotes(paths: readonly Path[], waitedMs: number): readonly string[] {
  const known = new Set<string>();
  let isAnyMissing = false;
  for (const { target, flows } of paths) {
    const silent = flows.flatMap(({ hops }) => hops.filter(({ ip }) => ip === null));
    isAnyMissing ||= silent.some(({ ttl }) => known.has(`${target} ${ttl}`));
    const heard = flows.flatMap(({ hops }) => hops.filter(({ ip }) => ip !== null));
    for (const { ttl } of heard) known.add(`${target} ${ttl}`);
  }
  const waited =
    waitedMs > 0
      ? [
          `waited ${formatMs(waitedMs)} in all until routers had ICMP errors again: those that are out of them are silent, too`,
        ]
      : [];
  const missing = isAnyMissing ? [SPENT_NOTE] : [];
  return [...waited, ...missing];
}

const SPENT_NOTE =
  'some hops are silent to a port and answered an earlier one: routers have few ICMP errors for each asker, which all ports of a run share';

/** Flows each of whose probes had a source port of its own, by their protocols. */
function changingNotes(paths: readonly Path[]): readonly string[] {
  const protocols = paths.flatMap(({ protocol, flows }) =>
    flows
      .filter(({ isConstant, hops }) => !isConstant && hops.length > 1)
      .map(({ kind }) => (kind === 'asked' ? protocol : kind).toUpperCase()),
  );
  if (protocols.length === 0) return [];
  return [`each ${[...new Set(protocols)].toSorted().join(' and ')} probe ${CHANGING_NOTE}`];
}

/** Routers of traces that were asked themselves (`--ask-hops`), or that none was. */
export function askedHopsNotes(paths: readonly Path[]): readonly string[] {
  const asked = paths.flatMap(({ port, askedHops }) =>
    askedHops === undefined ? [] : [{ port, ...askedHops }],
  );
  const [first] = asked;
  if (first === undefined) return [NO_HOPS_NOTE];
  const routers = new Set(asked.flatMap(({ hops }) => hops.map(({ ip }) => ip)));
  const ports = [...new Set(asked.map(({ port }) => port)), first.control];
  const more = routers.size > MAX_NAMED ? ` and ${routers.size - MAX_NAMED} more` : '';
  const names = `${[...routers].slice(0, MAX_NAMED).join(', ')}${more}`;
  return [`${names} asked too, by SYN to ports ${ports.join(', ')} (--ask-hops)`];
}

const NO_HOPS_NOTE =
  '--ask-hops asked no router: it tells more about a TCP port that is lost behind a router that is known, and about nothing else';
const CHANGING_NOTE =
  'had a source port of its own, so the flow was not constant: where routers share the load, hops of several ways may stand in one column';
const ESTIMATED_NOTE =
  'some routers quote too little for this wire to tell their hop: they stand where the TTL of their answers puts them';
