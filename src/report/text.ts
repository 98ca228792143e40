import type { Report, State, Verdict } from '../model.ts';
import { explain } from './explanation.ts';
import { hostFoot, hostLines } from './hosts.ts';
import type { Paint } from './layout.ts';
import { counted, createPaint, formatCount, MIN_WRAP, paragraph, wrap } from './layout.ts';
import { recordedLines } from './packetsCommand.ts';
import { pathLines } from './pathText.ts';
import { printable } from './printable.ts';
import { betweenWords, formatMs, reasonWords, sureness } from './reasonWords.ts';
import { brief } from './sentences.ts';
import {
  type AlikePorts,
  commonArgs,
  countPorts,
  isListed,
  isToldByOthers,
  type Summary,
  summarize,
} from './summary.ts';

/** How a report is laid out as text. */
export interface TextOptions {
  readonly color: boolean;
  /** Columns of the terminal. */
  readonly width: number;
  /** 0, 1 (`-v`: how sure, TTLs, evidence) or more. */
  readonly verbose: number;
  /** The usual name of a port, shown with a question mark where no answer proved the service. */
  readonly portName?: (port: number, protocol: Verdict['protocol']) => string | null;
}

/** Hosts of which nothing answered are counted instead of listed beyond this many. */
export const SILENT_HOSTS_OVER = 4;

/** In the order in which they are counted at the end. */
const STATES: readonly State[] = [
  'open',
  'closed',
  'filtered',
  'open|filtered',
  'closed|filtered',
  'unknown',
];

/** The report for a person. Lines end in newlines; text from the network is made printable. */
export function renderText(source: Report | Summary, options: TextOptions): string {
  const summary = 'groups' in source ? source : summarize(source);
  if (summary.plan.discover === true) return renderHosts(summary, options);
  const paint = createPaint(options.color);
  const hosts = hostsOf(summary.groups);
  const areSeveral = hosts.length > 1 || hosts.some(({ titles }) => titles.length > 1);
  const silent = hosts.filter((host) => host.isSilent).flatMap(({ titles }) => titles);
  const isCounted = silent.length > SILENT_HOSTS_OVER;
  const shown = isCounted ? hosts.filter((host) => !host.isSilent) : hosts;
  // Concatenated, not spread into push: a host may have more lines than a call may have arguments.
  const tables = shown.flatMap((host) => ['', ...portLines(host, areSeveral, options, paint)]);
  const lines = [...headLines(summary, options, paint), ...tables];
  if (isCounted) lines.push('', ...silentLines(silent, options));
  lines.push(...explain(summary.groups, { ...options, recording: summary.recording }, paint));
  for (const path of summary.paths) {
    const { recording } = summary;
    const [title, ...rest] = pathLines(path, { ...options, recording }, paint);
    lines.push('', `Trace of ${title}`, ...rest);
  }
  lines.push(...noteLines(summary, options), '', ...footLines(summary, options));
  return `${lines.join('\n')}\n`;
}

function noteLines({ warnings }: Summary, { width }: TextOptions): string[] {
  const notes = warnings.flatMap((warning) => {
    const [first, ...rest] = wrap(`Note: ${printable(warning)}`, Math.max(MIN_WRAP, width));
    return [first!, ...rest.map((line) => `      ${line}`)];
  });
  return notes.length > 0 ? ['', ...notes] : [];
}

/** The report of a discovery. */
function renderHosts(summary: Summary, options: TextOptions): string {
  const lines = [
    ...headLines(summary, options, createPaint(options.color)),
    ...hostLines(summary, options),
    ...noteLines(summary, options),
    '',
    ...paragraph(hostFoot(summary), options.width, ''),
    ...endLines(summary, options),
  ];
  return `${lines.join('\n')}\n`;
}

/** Indent of reasons that stand below their ports. */
const BELOW_INDENT = 4;

/** A host, or many that say the same. */
interface Host {
  readonly titles: readonly string[];
  readonly listed: readonly Verdict[];
  readonly collapsed: readonly AlikePorts[];
  /** No packet of the host or about it came back. */
  readonly isSilent: boolean;
}

function hostsOf(groups: readonly AlikePorts[]): Host[] {
  const byTarget = new Map<string, AlikePorts[]>();
  for (const group of groups) {
    const known = byTarget.get(group.first.target);
    if (known === undefined) byTarget.set(group.first.target, [group]);
    else known.push(group);
  }
  return [...byTarget.values()].map((all) => {
    return {
      titles: all[0]!.hosts.map(titleOf),
      listed: all.flatMap(rowsOf).sort((a, b) => compareProtocol(a, b) || a.port - b.port),
      collapsed: all.filter(({ first, ports }) => !isListed(first, ports.length)),
      isSilent: all.every(({ first }) => isNoAnswer(first)),
    };
  });
}

/** The verdicts that are listed; of many hosts what holds for each of them. */
function rowsOf(alike: AlikePorts): readonly Verdict[] {
  const { first, ports, hosts, listed } = alike;
  if (hosts.length === 1 || !isListed(first, ports.length)) return listed ?? [];
  const { by } = first;
  const common: Verdict = {
    ...first,
    by: by?.role === 'target' ? { ...by, ip: null } : by,
    ttl: null,
    quotedTtl: null,
    rttMs: null,
    attempts: 0,
    whyArgs: commonArgs(alike),
    evidence: [],
  };
  return ports.map((port) => ({ ...common, port }));
}

function titleOf({ target, name }: Pick<Verdict, 'target' | 'name'>): string {
  return name === null ? target : `${printable(name)} (${target})`;
}

/** What was asked, whether anything was found or not. */
function askedOf(report: Summary): string {
  const { targets } = report.plan;
  const one = targets === 1 ? (report.groups[0]?.first ?? report.hosts[0]) : undefined;
  return one === undefined ? counted(targets, 'target') : titleOf(one);
}

function compareProtocol(a: Verdict, b: Verdict): number {
  return a.protocol < b.protocol ? -1 : a.protocol > b.protocol ? 1 : 0;
}

function isNoAnswer({ reason, detail }: Verdict): boolean {
  return (
    (reason === 'no-response' && detail !== 'other-source') ||
    reason === 'local-error' ||
    detail === 'no-neighbour'
  );
}

function* headLines(report: Summary, { width }: TextOptions, paint: Paint): Generator<string> {
  const { tool, wire, command } = report;
  const what = askedOf(report);
  const head = `${tool.name} ${tool.version}: ${command} of ${what}`;
  const note = wire.note === '' ? '' : `: ${printable(wire.note)}`;
  const wireText = `wire ${wire.kind}${note}`;
  if (head.length + wireText.length + 3 <= width) {
    yield `${paint.bold(head)} (${wireText})`;
    return;
  }
  yield paint.bold(head);
  yield* paragraph(`(${wireText})`, width, '');
}

function portLines(host: Host, withTitle: boolean, options: TextOptions, paint: Paint): string[] {
  const title = withTitle ? headingOf(host, options.width).map(paint.bold) : [];
  const counts: string[] = [];
  for (const group of host.collapsed) {
    const { state, protocol, whyId, whyArgs, reason } = group.first;
    const ports = `${formatCount(group.ports.length)} ${state} ${protocol} ports`;
    const words = [brief(whyId, whyArgs) ?? reason, sureness(group.first)].filter(
      (part) => part !== null,
    );
    counts.push(`Not shown: ${ports} (${words.join(', ')})`);
  }
  const table = host.listed.length > 0 ? tableLines(host.listed, options, paint) : [];
  return [...title, ...counts, ...table];
}

/** Hosts that are named where many say the same. */
const NAMED_HOSTS = 2;

function headingOf({ titles }: Host, width: number): string[] {
  if (titles.length === 1) return [titles[0]!];
  const named = titles.slice(0, NAMED_HOSTS).join(', ');
  return paragraph(
    `${named} and ${formatCount(titles.length - NAMED_HOSTS)} more hosts`,
    width,
    '',
  );
}

function tableLines(verdicts: readonly Verdict[], options: TextOptions, paint: Paint): string[] {
  const rows = verdicts.map((verdict) => ({
    verdict,
    port: `${verdict.port}/${verdict.protocol}`,
    service: serviceWords(verdict, options),
  }));
  const portWidth = widest('PORT', rows, (row) => row.port);
  const stateWidth = widest('STATE', rows, (row) => row.verdict.state);
  const serviceWidth = widest('SERVICE', rows, (row) => row.service);
  const beside = portWidth + stateWidth + serviceWidth + 6;
  // On a narrow terminal a column of reasons would be one word wide: they stand below.
  const areBelow = options.width - beside < MIN_WRAP;
  const indent = areBelow ? BELOW_INDENT : beside;
  const reasonWidth = Math.max(MIN_WRAP, options.width - indent);
  const title = `${'PORT'.padEnd(portWidth)}  ${'STATE'.padEnd(stateWidth)}  ${'SERVICE'.padEnd(serviceWidth)}  REASON`;
  const lines = [paint.bold(areBelow ? title.replace(/ +REASON$/, '') : title)];
  for (const { verdict, port, service } of rows) {
    const state = paint.state(verdict.state, verdict.state.padEnd(stateWidth));
    const cells = `${port.padEnd(portWidth)}  ${state}  ${service.padEnd(serviceWidth)}`;
    const [first, ...rest] = wrap(reasonWords(verdict), reasonWidth);
    if (areBelow) lines.push(cells.trimEnd(), ' '.repeat(indent) + first);
    else lines.push(`${cells}  ${first}`.trimEnd());
    const more = options.verbose > 0 ? wrap(facts(verdict), reasonWidth) : [];
    for (const line of rest) lines.push(' '.repeat(indent) + line);
    for (const line of more) lines.push(' '.repeat(indent) + paint.dim(line));
  }
  return lines;
}

function widest<Row>(title: string, rows: readonly Row[], cell: (row: Row) => string): number {
  return rows.reduce((width, row) => Math.max(width, cell(row).length), title.length);
}

function serviceWords(verdict: Verdict, { portName }: TextOptions): string {
  if (verdict.service !== null) return printable(verdict.service.protocol);
  const usual = portName?.(verdict.port, verdict.protocol) ?? null;
  return usual === null ? '-' : `${usual}?`;
}

function facts(verdict: Verdict): string {
  const { confidence, ttl, quotedTtl, attempts, wire, evidence, between } = verdict;
  const parts = [`confidence ${(Math.floor(confidence * 1e4 + 1e-9) / 1e4).toFixed(4)}`];
  if (ttl !== null) parts.push(`ttl ${ttl}`);
  if (quotedTtl !== null) parts.push(`quoted ttl ${quotedTtl}`);
  if (attempts > 0) parts.push(counted(attempts, 'attempt'));
  parts.push(`wire ${wire}`);
  if (between !== undefined) parts.push(`between ${betweenWords(between)}`);
  if (evidence.length > 0) parts.push(`evidence ${evidence.join(' ')}`);
  return parts.join(', ');
}

function silentLines(titles: readonly string[], { width }: TextOptions): string[] {
  const names = titles.slice(0, SILENT_HOSTS_OVER).join(', ');
  const text = `Not shown: ${counted(titles.length, 'host')} of which nothing came back (${names}, …)`;
  return paragraph(text, width, '');
}

function footLines(report: Summary, { width, verbose }: TextOptions): string[] {
  const countOf = (groups: readonly AlikePorts[]): number =>
    groups.reduce((sum, group) => sum + countPorts(group), 0);
  const states = STATES.flatMap((state) => {
    const all = report.groups.filter(({ first }) => first.state === state);
    const told = all.filter(({ first }) => isToldByOthers(first));
    const asked = countOf(all) - countOf(told);
    return [
      asked === 0 ? '' : `${formatCount(asked)} ${state}`,
      told.length === 0 ? '' : `${formatCount(countOf(told))} ${state} as inferred, not asked`,
    ];
  })
    .filter((words) => words !== '')
    .join(', ');
  const { targets, probes } = report.plan;
  const judged = countOf(report.groups);
  const done = judged < probes ? `${formatCount(judged)} of ` : '';
  const asked = `${done}${counted(probes, 'port')} of ${counted(targets, 'target')}`;
  const found = states === '' ? 'nothing found yet' : states;
  const text = `${asked} in ${formatMs(report.durationMs)}: ${found}.`;
  return [...paragraph(text, width, ''), ...endLines(report, { width, verbose })];
}

/** What was not finished, and under `-v` what was counted. */
function endLines(report: Summary, { width, verbose }: Pick<TextOptions, 'width' | 'verbose'>) {
  const lines: string[] = [];
  if (!report.complete) {
    const list = report.notDone.map(printable).join(', ');
    lines.push(...paragraph(`Not finished${list === '' ? '' : `: ${list}`}.`, width, ''));
  }
  lines.push(...recordedLines(report, width));
  if (verbose > 0) {
    const counters = Object.entries(report.counters).map(
      ([name, count]) => `${name} ${formatCount(count)}`,
    );
    lines.push(...paragraph(`seed ${report.seed}; ${counters.join(', ')}`, width, ''));
  }
  return lines;
}
