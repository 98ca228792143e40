/** Traces for a person: the finding on top, the flows side by side with the edge marked, hypotheses and next steps below. */
import type { Hop, HopNotes, Path, PathFlow, Reason, Report, Translated } from '../model.ts';
import { askedHopLines } from './askedHopsText.ts';
import {
  commandLines,
  counted,
  createPaint,
  MIN_WRAP,
  type Paint,
  paragraph,
  wrap,
} from './layout.ts';
import { mtuLines } from './mtuText.ts';
import { evidenceCommand, recordedLines } from './packetsCommand.ts';
import { passageLines } from './passageText.ts';
import { printable } from './printable.ts';
import { formatMs } from './reasonWords.ts';
import { sourceLines } from './sourcesText.ts';

/** How traces are laid out as text. */
export interface PathTextOptions {
  readonly color: boolean;
  /** Columns of the terminal. */
  readonly width: number;
  /** 0, or 1 and more: rule, evidence, counters. */
  readonly verbose: number;
}

/** The report of a `trace`. Lines end in newlines; text from the network is made printable. */
export function renderPaths(report: Omit<Report, 'verdicts'>, options: PathTextOptions): string {
  const paint = createPaint(options.color);
  const { tool, wire } = report;
  const note = wire.note === '' ? '' : `: ${printable(wire.note)}`;
  const lines = [
    paint.bold(`${tool.name} ${tool.version}: trace`),
    ...paragraph(`(wire ${wire.kind}${note})`, options.width, ''),
  ];
  const { recording } = report;
  for (const path of report.paths) {
    lines.push('', ...pathLines(path, { ...options, recording }, paint));
  }
  if (report.warnings.length > 0) lines.push('');
  for (const warning of report.warnings) {
    const [first, ...rest] = wrap(`Note: ${printable(warning)}`, Math.max(MIN_WRAP, options.width));
    lines.push(first!, ...rest.map((line) => `      ${line}`));
  }
  lines.push('', ...footLines(report, options));
  return `${lines.join('\n')}\n`;
}

function footLines(
  report: Omit<Report, 'verdicts'>,
  { width, verbose }: PathTextOptions,
): string[] {
  const count = counted(report.paths.length, 'port');
  const lines = paragraph(`${count} traced in ${formatMs(report.durationMs)}.`, width, '');
  if (!report.complete) {
    const list = report.notDone.map(printable).join(', ');
    lines.push(...paragraph(`Not finished${list === '' ? '' : `: ${list}`}.`, width, ''));
  }
  lines.push(...recordedLines(report, width));
  if (verbose > 0) {
    const counters = Object.entries(report.counters).map(([name, value]) => `${name} ${value}`);
    lines.push(...paragraph(`seed ${report.seed}; ${counters.join(', ')}`, width, ''));
  }
  return lines;
}

/** One path: the finding, the table, what it may be and what to do. */
export function pathLines(
  path: Path,
  options: PathTextOptions & { readonly recording: string | null },
  paint: Paint,
): string[] {
  const { target, name, port, protocol, finding, why } = path;
  const { width, verbose, recording } = options;
  const title = `${port}/${protocol} of ${name === null ? target : `${printable(name)} (${target})`}`;
  const sure = finding === null ? '' : ` (certainty ${finding.certainty})`;
  const lines = [paint.bold(title), ...paragraph(`${printable(why)}${sure}`, width, '  ')];
  if (path.flows.some(({ hops }) => hops.length > 0)) {
    lines.push('', ...tableLines(path, options, paint));
  }
  lines.push(...sourceLines(path, width), ...mtuLines(path, width));
  lines.push(...passageLines(path, width), ...askedHopLines(path, width));
  if (finding === null) return lines;
  if (finding.hypotheses.length > 0) {
    lines.push('', '  It may be:');
    for (const text of finding.hypotheses) {
      const [first, ...rest] = paragraph(text, width - 2, '    ');
      lines.push(`  - ${first!.trimStart()}`, ...rest);
    }
  }
  if (finding.next.length > 0) lines.push('', '  Next:', ...commandLines(finding.next, width));
  const packets = recording === null ? null : evidenceCommand(recording, finding.evidence);
  if (packets !== null) lines.push('', ...commandLines([`${packets}  # the packets`], width));
  if (verbose > 0) {
    const facts = `rule ${finding.rule}, direction ${finding.direction}, evidence ${finding.evidence.join(' ')}`;
    lines.push('', ...paragraph(facts, width, '  ').map(paint.dim));
  }
  return lines;
}

/** Widths of a column of times, and of that of addresses at least. */
const CELL_WIDTH = 12;
const ADDRESS_WIDTH = 15;

/** One line of the table: an address at a TTL, with what each flow heard from it. */
interface Row {
  readonly ttl: number;
  readonly address: string;
  readonly cells: readonly string[];
  /** What it says besides, below it. */
  readonly notes: readonly string[];
}

function tableLines(path: Path, { width }: PathTextOptions, paint: Paint): string[] {
  const { flows, finding } = path;
  const heads = flows.map(headOf);
  const rows = rowsOf(path);
  const cellWidth = Math.max(CELL_WIDTH, ...heads.map((head) => head.length + 2));
  const room = width - 6 - cellWidth * flows.length;
  const widest = rows.reduce(
    (most, { address }) => Math.max(most, address.length + 2),
    ADDRESS_WIDTH,
  );
  const addressWidth = Math.max(ADDRESS_WIDTH, Math.min(widest, room));
  const line = (hop: string, address: string, cells: readonly string[]): string =>
    `${hop.padStart(4)}  ${address.padEnd(addressWidth)}${cells.map((cell) => cell.padEnd(cellWidth)).join('')}`.trimEnd();
  const lines = [paint.bold(line('HOP', 'ADDRESS', heads))];
  let before = 0;
  for (const { ttl, address, cells, notes } of rows) {
    if (isEdge(path, before, ttl)) lines.push(edgeLine(path, width));
    const hop = ttl === before ? '' : String(ttl);
    // A long address would push the times out of their columns: they stand below it.
    if (address.length + 1 > addressWidth) {
      lines.push(line(hop, address, []), line('', '', cells));
    } else lines.push(line(hop, address, cells));
    for (const note of notes) lines.push(...paragraph(note, width, ' '.repeat(8)));
    before = ttl;
  }
  if (finding !== null && isEdge(path, before, before + 1)) lines.push(edgeLine(path, width));
  return lines;
}

const headOf = ({ kind, port }: PathFlow, index: number, flows: readonly PathFlow[]): string => {
  void flows;
  return index === 0 ? 'asked' : port === null ? kind : `${kind}/${port}`;
};

/** Whether the edge lies between two rows. */
function isEdge({ finding }: Path, before: number, ttl: number): boolean {
  if (finding === null || ttl === before) return false;
  const [after, next] = [finding.after?.ttl ?? 0, finding.before?.ttl ?? 0];
  // The answer of the target goes the other way; where it is lost is not known if all of the way is left.
  const nearer = finding.direction === 'return' ? next : after;
  if (finding.direction === 'return' && next === 0 && after > 1) return false;
  return before <= nearer && ttl > nearer;
}

const EDGE_WORDS: Readonly<Record<string, string>> = {
  drop: 'lost here',
  'return-drop': 'answers are lost here',
  route: 'no way on',
  reject: 'rejected here',
  'forged-reset': 'RST forged here',
  loop: 'the circle begins',
  mtu: 'too big from here on',
  'path-variant': 'lost here on one way',
};

function edgeLine({ finding }: Path, width: number): string {
  const { kind, direction } = finding!;
  // Where the answer may be what is lost, or nobody speaks, no more than the silence is known.
  const words = direction === 'either' ? 'no answer from here on' : (EDGE_WORDS[kind] ?? kind);
  return `  -- ${words} ${'-'.repeat(Math.max(3, Math.min(width, 60) - words.length - 6))}`;
}

function rowsOf({ flows }: Path): readonly Row[] {
  const last = Math.max(0, ...flows.map(({ hops }) => hops.length));
  return Array.from({ length: last }, (_, index) => index + 1).flatMap((ttl) => rowsAt(flows, ttl));
}

/** The rows of a hop: one for each address that answered, the asked flow's first; one of stars where none did. */
function rowsAt(flows: readonly PathFlow[], ttl: number): readonly Row[] {
  const hops = flows.map((flow) => flow.hops[ttl - 1]);
  const addresses = new Map<string, string | null>();
  for (const hop of hops) if (hop?.ip != null) addresses.set(hop.ip, hop.name);
  const silent = hops.map((hop, index) => cellOf(flows[index]!, hop, ttl));
  if (addresses.size === 0) return [{ ttl, address: '*', cells: silent, notes: [] }];
  return [...addresses].map(([ip, name], row) => ({
    ttl,
    address: name === null ? ip : `${printable(name)} (${ip})`,
    cells: hops.map((hop, index) => {
      if (hop?.ip === ip) return silent[index]!;
      return row === 0 && hop?.ip == null ? silent[index]! : '';
    }),
    notes: notesOf(hops.find((hop) => hop?.ip === ip && hop.notes !== undefined)?.notes),
  }));
}

/** Each thing once, in words. */
function notesOf(notes: HopNotes | undefined): readonly string[] {
  if (notes === undefined) return [];
  const { mpls, interfaces, dscp, translated } = notes;
  const words = [
    ...(mpls.length > 0 ? [`MPLS ${mpls.join('/')}`] : []),
    ...(interfaces.length > 0 ? [`interface ${interfaces.map(printable).join(', ')}`] : []),
    ...(dscp === null ? [] : [`DSCP ${dscp} as it came here, sent with 0`]),
    ...(translated === undefined ? [] : translatedWords(translated)),
  ];
  return words.length > 0 ? [words.join('; ')] : [];
}

/** What the quote has that was not sent. */
function translatedWords(translated: Translated): readonly string[] {
  const { source, sourcePort, destination, destinationPort, isChecksumOff } = translated;
  return [
    ...(source === null ? [] : [`from ${source} as it came here`]),
    ...(sourcePort === null ? [] : [`from port ${sourcePort} as it came here`]),
    ...(destination === null ? [] : [`to ${destination} as it came here`]),
    ...(destinationPort === null ? [] : [`to port ${destinationPort} as it came here`]),
    ...(isChecksumOff ? ['quoted with a checksum that fits other addresses or ports'] : []),
  ];
}

/** Answers that end a flow, in few letters. */
const ENDS: Readonly<Partial<Record<Reason, string>>> = {
  'syn-ack': 'SYN-ACK',
  reset: 'RST',
  'udp-response': 'answer',
  'echo-reply': 'echo',
  'port-unreach': 'port-unr',
  'host-unreach': 'host-unr',
  'net-unreach': 'net-unr',
  'admin-prohibited': 'prohibited',
  'host-prohibited': 'prohibited',
  'net-prohibited': 'prohibited',
  'no-route': 'no route',
  'reject-route': 'no route',
};

/** A time, what ended the flow there, a star for silence, or nothing behind the end of a flow. */
function cellOf(flow: PathFlow, hop: Hop | undefined, ttl: number): string {
  if (hop === undefined) return isOver(flow, ttl) ? '' : '*';
  if (hop.ip === null) return '*';
  if (hop.reason === 'time-exceeded') return hop.rttMs === null ? '+' : formatMs(hop.rttMs);
  return (hop.reason === null ? undefined : ENDS[hop.reason]) ?? hop.reason ?? '';
}

const isOver = ({ hops }: PathFlow, ttl: number): boolean =>
  ttl > hops.length && hops.at(-1)?.reason != null && hops.at(-1)!.reason !== 'time-exceeded';
