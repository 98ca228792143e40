/** What `explain` found, for a person. */

import { formatEndpoint } from '../explain/endpoint.ts';
import type { CaptureFinding, Certainty, ExplainReport, Step } from '../explain/finding.ts';
import { counted, createPaint, formatCount, type Paint, paragraph } from './layout.ts';
import { printable } from './printable.ts';
import { formatMs } from './reasonWords.ts';

/** How it is laid out. */
export interface ExplainTextOptions {
  readonly color: boolean;
  /** Columns of the terminal. */
  readonly width: number;
}

/** Findings explained in full; all are in the JSON. */
const MAX_FINDINGS = 10;
/** Flows named under a finding. */
const MAX_FLOWS = 3;
const INDENT = '  ';

/** The report for a person; lines end in newlines. */
export function renderExplainText(report: ExplainReport, options: ExplainTextOptions): string {
  const paint = createPaint(options.color);
  const { findings, limits, warnings } = report;
  const shown = findings.slice(0, MAX_FINDINGS);
  let before = '';
  const lines = headLines(report, options.width);
  shown.forEach((finding, index) => {
    const advice = JSON.stringify(finding.next);
    lines.push(
      '',
      ...findingLines(finding, index, { ...options, isSame: advice === before }, paint),
    );
    before = finding.next.length > 0 ? advice : before;
  });
  const more = findings.length - shown.length + report.furtherFindings;
  if (more > 0) {
    const text = `${counted(more, 'further finding')}: narrow with --host, --port or --flow, or read --json.`;
    lines.push('', ...paragraph(text, options.width, ''));
  }
  if (limits.length > 0) lines.push('', 'What this capture cannot show:');
  for (const limit of limits) lines.push(...bullet(limit, options.width));
  for (const warning of warnings)
    lines.push('', ...paragraph(`Note: ${printable(warning)}`, options.width, ''));
  return `${lines.join('\n')}\n`;
}

function headLines({ capture, findings, furtherFindings }: ExplainReport, width: number): string[] {
  const count = findings.length + furtherFindings;
  const head =
    `${counted(capture.packets, 'packet')} in ${formatMs(capture.durationMs)}, ${counted(capture.flows, 'flow')}: ` +
    (count === 0 ? 'nothing failed in what this capture shows' : counted(count, 'finding'));
  return paragraph(head, width, '');
}

const SURE: Readonly<Record<Certainty, string>> = {
  high: 'certain',
  medium: 'likely',
  low: 'uncertain',
};

function findingLines(
  finding: CaptureFinding,
  index: number,
  { width, isSame }: ExplainTextOptions & { readonly isSame: boolean },
  paint: Paint,
): string[] {
  const heading = paragraph(
    `${index + 1}. ${finding.title} (${SURE[finding.certainty]})`,
    width,
    '',
  );
  const lines = heading.map(paint.bold);
  lines.push(...paragraph(finding.why, width, INDENT));
  lines.push(...flowLines(finding, width));
  if (finding.meaning !== '') lines.push(...paragraph(finding.meaning, width, INDENT));
  for (const { what, certainty, fix } of finding.causes) {
    lines.push(...paragraph(`Perhaps (${SURE[certainty]}): ${what}`, width, INDENT));
    lines.push(...paragraph(`mend: ${fix}`, width, `${INDENT}  `));
  }
  if (isSame && finding.next.length > 0) lines.push(`${INDENT}What to check: as above.`);
  else if (finding.next.length > 0) {
    lines.push(`${INDENT}What to check, in this order:`);
    for (const [number, step] of finding.next.entries()) {
      lines.push(...stepLines(step, number + 1, width));
    }
  }
  lines.push(
    ...paragraph(`Wireshark: ${counted(finding.packets, 'packet')}, by the filter`, width, INDENT),
  );
  lines.push(`${INDENT}  ${finding.filter}`);
  return lines;
}

function flowLines({ flows, flowCount, firstS, lastS }: CaptureFinding, width: number): string[] {
  const when =
    firstS === lastS
      ? `at ${firstS.toFixed(3)} s`
      : `${firstS.toFixed(3)} to ${lastS.toFixed(3)} s`;
  const named = flows
    .slice(0, MAX_FLOWS)
    .map(
      ({ protocol, from, fromPort, to, toPort }) =>
        `${protocol} ${formatEndpoint(from, fromPort)} -> ${formatEndpoint(to, toPort)}`,
    );
  const more = flowCount - named.length;
  const rest = more > 0 && named.length > 0 ? ` and ${formatCount(more)} more` : '';
  const text = named.length === 0 ? when : `${named.join(', ')}${rest}; ${when}`;
  return paragraph(text, width, `${INDENT}  `);
}

function stepLines({ what, linux, windows }: Step, number: number, width: number): string[] {
  const [first, ...rest] = paragraph(`${number}. ${what}`, width - 3, INDENT);
  const lines = [first!, ...rest.map((line) => `   ${line}`)];
  for (const command of linux) lines.push(`${INDENT}     Linux    ${command}`);
  for (const command of windows) lines.push(`${INDENT}     Windows  ${command}`);
  return lines;
}

function bullet(text: string, width: number): string[] {
  const [first, ...rest] = paragraph(`- ${text}`, width - 2, INDENT);
  return [first!, ...rest.map((line) => `  ${line}`)];
}
