import type { Plan } from '../index.ts';
import type { Api } from './api.ts';
import { formatCount, formatWait, LONG_WAIT_MS } from './progress.ts';

/** Targets and port ranges that are written out; further ones are counted. */
const MAX_SHOWN = 16;

/** Columns of the lists of ports. */
const WIDTH = 80;

/** What may be asked besides (README, "What it says that nmap does not"). */
const CONTROL = 'up to three UDP ports a target, to learn how far it is';

/** The plan for a person (`--dry-run`); the library knows which ports ranges spare. */
export function planText(
  plan: Plan,
  seed: string,
  { sparedPorts }: Pick<Api, 'sparedPorts'>,
): string {
  const { targets, space } = plan;
  const what = plan.discover
    ? `${counted(targets.count, 'target')} to look for: on the link, by echo requests, or at these ports`
    : `${counted(space.count, 'port')} of ${counted(targets.count, 'target')} to ask`;
  const lines = [`${what}; nothing is sent now`];
  for (const group of plan.groups.slice(0, MAX_SHOWN)) {
    const first = targets.ip(group.firstTarget);
    const last = targets.ip(group.firstTarget + group.targetCount - 1);
    const span =
      group.targetCount === 1 ? first : `${first} … ${last} (${formatCount(group.targetCount)})`;
    const name = group.targetCount === 1 ? targets.name(group.firstTarget) : null;
    lines.push(name === null ? span : `${span} (${name})`);
    if (group.udpPorts.length > 0) lines.push(...portLines('udp', group.udpPorts));
    if (group.tcpPorts.length > 0) lines.push(...portLines('tcp', group.tcpPorts));
  }
  if (plan.groups.length > MAX_SHOWN)
    lines.push(`… and ${plan.groups.length - MAX_SHOWN} more groups`);
  const rate = plan.ratePps === undefined ? 'found while running' : rateText(plan.ratePps);
  const timeout = plan.hostTimeoutMs === undefined ? 'none' : `${plan.hostTimeoutMs / 1000} s`;
  lines.push(
    '',
    `timing        -T${plan.timing}`,
    `rate          ${rate}`,
    `retries       ${plan.retries ?? `as -T${plan.timing} has them`}`,
    `host timeout  ${timeout}`,
    ...udpWaitLines(plan, sparedPorts),
    `control       ${plan.control ? CONTROL : 'none'}`,
    `seed          ${seed}`,
    ...plan.warnings.map((warning) => `Note: ${warning}`),
  );
  return `${lines.join('\n')}\n`;
}

/** ICMP errors that Linux sends at once and then, ms each, to one asker (README, "UDP silence takes time"). */
const LINUX_BURST = 6;
const LINUX_GAP_MS: Readonly<Record<number, number>> = { 4: 1000, 6: 100 };
/** Slower templates and a number of retries do not wait for limiters. */
const QUICKEST_POLITE = 3;

/** How long closed UDP ports of one target may take, where that is long. */
function udpWaitLines(plan: Plan, sparedPorts: Api['sparedPorts']): string[] {
  const { groups, targets, retries, timing, discover, sending } = plan;
  if (retries !== undefined || timing < QUICKEST_POLITE || discover) return [];
  const askers = Math.max(1, sending.sources.length);
  const waitMs = (ports: number, firstTarget: number): number =>
    Math.max(0, ports / askers - LINUX_BURST) * (LINUX_GAP_MS[targets.families[firstTarget]!] ?? 0);
  let allMs = 0;
  let spared = 0;
  let named = 0;
  let namedMs = 0;
  for (const group of groups) {
    const { firstTarget, udpPorts, udpNamed = [] } = group;
    const notAsked = sparedPorts(plan, group).length;
    const ms = waitMs(udpPorts.length - notAsked, firstTarget);
    if (ms <= allMs) continue;
    allMs = ms;
    spared = notAsked;
    named = udpNamed.length;
    namedMs = waitMs(named, firstTarget);
  }
  if (allMs < LONG_WAIT_MS) return [];
  const from = askers > 1 ? ` from ${askers} addresses, if it has one for each` : '';
  const lines = [
    `UDP           ${formatWait(allMs)} at most for closed ports, at the limit that Linux has by default${from}`,
  ];
  if (spared > 0) {
    lines.push(
      `              ${formatCount(spared)} are not asked; where asked ones differ, some of them are besides`,
    );
  }
  if (named > 0) {
    lines.push(
      `              the ${formatCount(named)} that you named come first: ${namedMs === 0 ? 'at once' : formatWait(namedMs)}`,
    );
  }
  return lines;
}

/** The plan for a program (`--dry-run --json`). */
export function planJson(plan: Plan, seed: string): string {
  const { targets, space, timing, ratePps, retries, hostTimeoutMs, control, certainty } = plan;
  return `${JSON.stringify({
    schema: 'pu-probe/plan/1',
    targets: targets.count,
    probes: space.count,
    groups: plan.groups.map((group) => ({
      first: targets.ip(group.firstTarget),
      last: targets.ip(group.firstTarget + group.targetCount - 1),
      targets: group.targetCount,
      udpPorts: group.udpPorts,
      tcpPorts: group.tcpPorts,
    })),
    timing,
    ratePps: ratePps === undefined ? null : ratePps === Number.POSITIVE_INFINITY ? 'max' : ratePps,
    retries: retries ?? null,
    hostTimeoutMs: hostTimeoutMs ?? null,
    control,
    certainty,
    seed,
    unresolved: plan.unresolved,
    warnings: plan.warnings,
  })}\n`;
}

/** `  tcp 22,80`, broken at commas. */
function portLines(protocol: string, ports: readonly number[]): string[] {
  const lines: string[] = [];
  let line = `  ${protocol} `;
  for (const part of compactPorts(ports).split(/(?<=,)/)) {
    if (line.length + part.length > WIDTH) {
      lines.push(line);
      line = '      ';
    }
    line += part;
  }
  return [...lines, line];
}

/** `22,80,8000-8010`: neighbours as ranges, in ascending order. */
export function compactPorts(ports: readonly number[]): string {
  const sorted = [...ports].sort((a, b) => a - b);
  const ranges: string[] = [];
  for (let i = 0; i < sorted.length; ) {
    let end = i;
    while (sorted[end + 1] === sorted[end]! + 1) end++;
    ranges.push(end === i ? `${sorted[i]}` : `${sorted[i]}-${sorted[end]}`);
    i = end + 1;
  }
  return ranges.join(',');
}

function counted(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

function rateText(ratePps: number): string {
  return ratePps === Number.POSITIVE_INFINITY ? 'max' : `${formatCount(ratePps)} packets/s`;
}
