/** The part below the tables: what each state that is not open means, and what to do next. */
import type { State, Verdict } from '../model.ts';
import type { Paint } from './layout.ts';
import { counted, formatCount, paragraph } from './layout.ts';
import { printable } from './printable.ts';
import { meaning, nextSteps } from './sentences.ts';

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
 * Explains verdicts; those that fail alike (same cause, same sender) share a paragraph.
 *
 * `collapsed` holds the verdicts that the tables only counted: closed ones among them are not explained.
 */
export function explain(
  verdicts: readonly Verdict[],
  collapsed: ReadonlySet<Verdict>,
  { width }: { readonly width: number },
  paint: Paint,
): string[] {
  const worth = verdicts.filter((verdict) => verdict.state !== 'closed' || !collapsed.has(verdict));
  const groups = groupAlike(worth);
  const lines: string[] = [];
  for (const group of groups.slice(0, MAX_PARAGRAPHS)) {
    lines.push('', ...explainGroup(group, width, paint));
  }
  if (groups.length > MAX_PARAGRAPHS) {
    const more = counted(groups.length - MAX_PARAGRAPHS, 'further cause');
    lines.push('', `${more} not explained here: --json has the sentence of every port.`);
  }
  return lines;
}

function groupAlike(verdicts: readonly Verdict[]): Verdict[][] {
  const groups = new Map<string, Verdict[]>();
  for (const verdict of verdicts) {
    const { state, whyId, by, icmp, whyArgs } = verdict;
    const sender = by?.role === 'path' ? `${by.ip}/${by.hop}` : '';
    const key = [state, whyId, sender, icmp?.type, icmp?.code, whyArgs['errno']].join('/');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [verdict]);
    else group.push(verdict);
  }
  const rank = ([first]: Verdict[]) => STATE_ORDER.indexOf(first!.state);
  return [...groups.values()].sort((a, b) => rank(a) - rank(b));
}

function explainGroup(group: readonly Verdict[], width: number, paint: Paint): string[] {
  const [first] = group as [Verdict];
  const { state, whyId } = first;
  const targets = new Set(group.map((verdict) => verdict.target));
  const protocols = new Set(group.map((verdict) => verdict.protocol));
  const isOne = group.length === 1;
  const args =
    targets.size === 1 && protocols.size === 1
      ? { ...first.whyArgs, ports: group.map((verdict) => verdict.port).join() }
      : first.whyArgs;
  const [head, ...rest] = paragraph(`${state}: ${named(group, targets.size > 1)}`, width, '');
  return [
    paint.state(state, head!),
    ...rest,
    ...(isOne ? paragraph(printable(first.why), width, '  ') : []),
    ...paragraph(meaning(whyId, args), width, '  '),
    ...nextSteps(whyId, args).map((command) => `    ${command}`),
  ];
}

function named(group: readonly Verdict[], withTarget: boolean): string {
  const names = group
    .slice(0, MAX_NAMED)
    .map(({ target, port, protocol }) =>
      withTarget ? `${target} ${port}/${protocol}` : `${port}/${protocol}`,
    );
  const more = group.length - names.length;
  return names.join(', ') + (more > 0 ? ` and ${formatCount(more)} more` : '');
}
