/** The part below the tables: what each state that is not open means, and what to do next. */
import type { State } from '../model.ts';
import type { Paint } from './layout.ts';
import { commandLines, counted, formatCount, paragraph } from './layout.ts';
import { packetsCommand } from './packetsCommand.ts';
import { printable } from './printable.ts';
import { meaning, nextSteps, sentence } from './sentences.ts';
import { type AlikePorts, commonArgs, countPorts, isListed } from './summary.ts';
import { MAX_COMMAND_PORTS, type WhyArgs } from './why.ts';

/** Paragraphs shown; a report with more different causes is read from its JSON. */
const MAX_PARAGRAPHS = 12;

/** Ports named in the heading of a paragraph; further ones are counted. */
const MAX_NAMED = 8;

/** What our own side could not check comes first: it casts doubt on the rest. */
const STATE_ORDER: readonly State[] = [
  'unknown',
  'filtered',
  'closed|filtered',
  'open|filtered',
  'closed',
  'open',
];

/**
 * Explains all ports that are not open; those that fail alike (same cause, same sender) share a paragraph. Closed ones
 * that the tables only counted are not explained.
 */
export function explain(
  all: readonly AlikePorts[],
  { width, recording = null }: { readonly width: number; readonly recording?: string | null },
  paint: Paint,
): string[] {
  const groups = groupCauses(
    all.filter(({ first, ports }) =>
      first.state === 'closed' ? isListed(first, ports.length) : first.state !== 'open',
    ),
  );
  const [one] = all;
  const severalTargets = all.some(
    ({ first, hosts }) => hosts.length > 1 || first.target !== one!.first.target,
  );
  const icmpBy = icmpSenders(all);
  const lines: string[] = [];
  let before = '';
  for (const group of groups.slice(0, MAX_PARAGRAPHS)) {
    const { heading, seen, advice } = explainGroup(
      { cause: group, icmpBy, withTarget: severalTargets, width },
      paint,
    );
    const isSame = advice.join() === before;
    before = advice.join();
    lines.push('', ...heading, ...seen, ...(isSame ? [AS_ABOVE] : advice));
    lines.push(...packetLines(group, recording, width));
  }
  if (groups.length > MAX_PARAGRAPHS) {
    const more = counted(groups.length - MAX_PARAGRAPHS, 'further cause');
    lines.push('', `${more} not explained here: --json has the sentence of every port.`);
  }
  return lines;
}

/** How its packets are found, where the run was recorded. */
function packetLines(cause: Cause, recording: string | null, width: number): string[] {
  if (recording === null) return [];
  const known = cause.flatMap(({ first, listed }) => listed ?? [first]);
  const command = packetsCommand(recording, known);
  return command === null ? [] : commandLines([`${command}  # the packets`], width);
}

/** In place of advice that the paragraph before has given in the same words. */
const AS_ABOVE = '  Meaning and next steps as above.';

/** Ports of any targets and protocols that fail for the same reason. */
type Cause = readonly AlikePorts[];

function groupCauses(all: readonly AlikePorts[]): Cause[] {
  const causes = new Map<string, AlikePorts[]>();
  for (const alike of all) {
    const { state, whyId, by, icmp, whyArgs } = alike.first;
    const sender = by?.role === 'path' ? `${by.ip}/${by.hop}` : by === null ? whyArgs['by'] : '';
    const own = [whyArgs['errno'], whyArgs['gateway'], whyArgs['interface']];
    const key = [state, whyId, sender, icmp?.type, icmp?.code, ...own].join('/');
    const cause = causes.get(key);
    if (cause === undefined) causes.set(key, [alike]);
    else cause.push(alike);
  }
  const rank = (cause: Cause) => STATE_ORDER.indexOf(cause[0]!.first.state);
  return [...causes.values()].sort((a, b) => rank(a) - rank(b));
}

interface Paragraph {
  readonly heading: readonly string[];
  /** What was seen, and who said so. */
  readonly seen: readonly string[];
  /** What it means, and what to do next. */
  readonly advice: readonly string[];
}

/**
 * Who has sent ICMP errors about ports of a target: on the way, or as the target where a TCP port got one. Kept for the
 * target, and under the front of its address for its neighbours, which lie behind the same routers.
 */
function icmpSenders(all: readonly AlikePorts[]): ReadonlyMap<string, string> {
  const senders = new Map<string, string>();
  for (const { first, hosts } of all) {
    const { icmp, by, protocol } = first;
    if (icmp === null || by === null || by.ip === null) continue;
    for (const { target } of hosts) {
      const ip = by.ip === first.target ? target : by.ip;
      const isOnPath = by.role === 'path';
      if (isOnPath) senders.set(frontOf(target), ip);
      if (isOnPath || (by.role === 'target' && protocol === 'tcp')) senders.set(target, ip);
    }
  }
  return senders;
}

/** All but the last number of an address: `10.0.0.` for IPv4, all but the last 16 bits for IPv6. */
function frontOf(target: string): string {
  return target.replace(/[^.:]*$/, '');
}

interface Group {
  readonly cause: Cause;
  readonly icmpBy: ReadonlyMap<string, string>;
  readonly withTarget: boolean;
  readonly width: number;
}

function explainGroup({ cause, icmpBy, withTarget, width }: Group, paint: Paint): Paragraph {
  const { first } = cause[0]!;
  const { state, whyId } = first;
  const targets = targetsOf(cause);
  const protocols = new Set(cause.map((alike) => alike.first.protocol));
  const portCount = cause.reduce((sum, alike) => sum + countPorts(alike), 0);
  const limiter = icmpBy.size === 0 ? undefined : limiterOf(targets, icmpBy);
  const ports = firstPorts(cause).join();
  const args =
    targets.size === 1 && protocols.size === 1 ? { ...first.whyArgs, ports } : first.whyArgs;
  const [head, ...rest] = paragraph(`${state}: ${named(cause, portCount, withTarget)}`, width, '');
  const shared = portCount === 1 ? first.whyArgs : { ...sharedArgs(cause, targets.size), ports };
  const why = portCount === 1 ? printable(first.why) : sentence(whyId, shared);
  const seenToo = limiter === undefined ? {} : { icmpBy: limiter };
  return {
    heading: [paint.state(state, head!), ...rest],
    seen: paragraph(why, width, '  '),
    advice: [
      ...paragraph(meaning(whyId, { ...shared, ...seenToo }), width, '  '),
      ...commandLines(nextSteps(whyId, args), width),
    ],
  };
}

/** As many ports as entries tell apart; all of them, ten times 65,535, would be a text of four megabytes. */
function firstPorts(cause: Cause): readonly number[] {
  const most = MAX_COMMAND_PORTS + 1;
  const first: number[] = [];
  for (const { ports } of cause) {
    if (first.length >= most) break;
    first.push(...ports.slice(0, most - first.length));
  }
  return first;
}

function targetsOf(cause: Cause): ReadonlySet<string> {
  const targets = new Set<string>();
  for (const { hosts } of cause) for (const { target } of hosts) targets.add(target);
  return targets;
}

function limiterOf(
  targets: ReadonlySet<string>,
  icmpBy: ReadonlyMap<string, string>,
): string | undefined {
  for (const target of targets) {
    const ip = icmpBy.get(target) ?? icmpBy.get(frontOf(target));
    if (ip !== undefined) return ip;
  }
  return undefined;
}

/** The facts that hold for every port of a cause, as a sentence about several ports takes them. */
function sharedArgs(cause: Cause, targetCount: number): WhyArgs {
  const known = cause.flatMap(
    (alike) => alike.listed?.map(({ whyArgs }) => whyArgs) ?? [commonArgs(alike)],
  );
  const shared = Object.entries(known[0]!).filter(([key, value]) =>
    known.every((args) => args[key] === value),
  );
  return {
    ...Object.fromEntries(shared),
    ...(targetCount > 1 ? { targets: targetCount } : {}),
  };
}

function named(cause: Cause, portCount: number, withTarget: boolean): string {
  const names: string[] = [];
  for (const { first, ports, hosts } of cause) {
    for (const { target } of hosts) {
      if (names.length === MAX_NAMED) break;
      const left = ports.slice(0, MAX_NAMED - names.length);
      for (const port of left) {
        names.push(`${withTarget ? `${target} ` : ''}${port}/${first.protocol}`);
      }
    }
  }
  const more = portCount - names.length;
  return names.join(', ') + (more > 0 ? ` and ${formatCount(more)} more` : '');
}
