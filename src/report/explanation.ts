/** The part below the tables: what each state that is not open means, and what to do next. */
import type { State } from '../model.ts';
import type { Paint } from './layout.ts';
import { counted, formatCount, paragraph } from './layout.ts';
import { printable } from './printable.ts';
import { meaning, nextSteps } from './sentences.ts';
import type { AlikePorts } from './summary.ts';

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
  { width }: { readonly width: number },
  paint: Paint,
): string[] {
  const groups = groupCauses(
    all.filter(({ first: { state }, listed }) =>
      state === 'closed' ? listed !== null : state !== 'open',
    ),
  );
  const severalTargets = new Set(all.map(({ first }) => first.target)).size > 1;
  const lines: string[] = [];
  for (const group of groups.slice(0, MAX_PARAGRAPHS)) {
    lines.push('', ...explainGroup(group, severalTargets, width, paint));
  }
  if (groups.length > MAX_PARAGRAPHS) {
    const more = counted(groups.length - MAX_PARAGRAPHS, 'further cause');
    lines.push('', `${more} not explained here: --json has the sentence of every port.`);
  }
  return lines;
}

/** Ports of any targets and protocols that fail for the same reason. */
type Cause = readonly AlikePorts[];

function groupCauses(all: readonly AlikePorts[]): Cause[] {
  const causes = new Map<string, AlikePorts[]>();
  for (const alike of all) {
    const { state, whyId, by, icmp, whyArgs } = alike.first;
    const sender = by?.role === 'path' ? `${by.ip}/${by.hop}` : '';
    const key = [state, whyId, sender, icmp?.type, icmp?.code, whyArgs['errno']].join('/');
    const cause = causes.get(key);
    if (cause === undefined) causes.set(key, [alike]);
    else cause.push(alike);
  }
  const rank = (cause: Cause) => STATE_ORDER.indexOf(cause[0]!.first.state);
  return [...causes.values()].sort((a, b) => rank(a) - rank(b));
}

function explainGroup(cause: Cause, withTarget: boolean, width: number, paint: Paint): string[] {
  const { first } = cause[0]!;
  const { state, whyId } = first;
  const targets = new Set(cause.map((alike) => alike.first.target));
  const protocols = new Set(cause.map((alike) => alike.first.protocol));
  const portCount = cause.reduce((sum, { ports }) => sum + ports.length, 0);
  const args =
    targets.size === 1 && protocols.size === 1
      ? { ...first.whyArgs, ports: cause.flatMap(({ ports }) => ports).join() }
      : first.whyArgs;
  const names = named(cause, portCount, withTarget);
  const [head, ...rest] = paragraph(`${state}: ${names}`, width, '');
  return [
    paint.state(state, head!),
    ...rest,
    ...(portCount === 1 ? paragraph(printable(first.why), width, '  ') : []),
    ...paragraph(meaning(whyId, args), width, '  '),
    ...nextSteps(whyId, args).map((command) => `    ${command}`),
  ];
}

function named(cause: Cause, portCount: number, withTarget: boolean): string {
  const names = cause
    .flatMap(({ first: { target, protocol }, ports }) =>
      ports
        .slice(0, MAX_NAMED)
        .map((port) => (withTarget ? `${target} ${port}/${protocol}` : `${port}/${protocol}`)),
    )
    .slice(0, MAX_NAMED);
  const more = portCount - names.length;
  return names.join(', ') + (more > 0 ? ` and ${formatCount(more)} more` : '');
}
