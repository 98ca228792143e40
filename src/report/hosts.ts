/** Hosts that were looked for (`-sn`): their records, and the text of their report. */
import type { HostVerdict, Plan, Report } from '../model.ts';
import { roundConfidence, roundMs } from './json.ts';
import { counted, createPaint, formatCount, paragraph } from './layout.ts';
import { printable } from './printable.ts';
import { formatMs, sureness } from './reasonWords.ts';
import type { TextOptions } from './text.ts';

/** What a discovery knows of a target. */
export interface HostRulings {
  rulingOf(
    target: number,
  ): Required<Pick<HostVerdict, 'state' | 'reason' | 'confidence' | 'by' | 'rttMs'>>;
}

/** The record of a host that was looked for. */
export function buildHost(
  { targets }: Plan,
  { rulingOf }: HostRulings,
  target: number,
): HostVerdict {
  const { state, reason, confidence, by, rttMs } = rulingOf(target);
  return {
    target: targets.ip(target),
    name: targets.name(target),
    state,
    reason,
    confidence: confidence === null ? null : roundConfidence(confidence),
    by,
    rttMs: rttMs === null ? null : roundMs(rttMs),
  };
}

/** Hosts that are not up are counted instead of listed beyond this many. */
const LISTED_OVER = 4;
const STATES: readonly HostVerdict['state'][] = ['up', 'down', 'unknown'];

/** The lines between head and notes: hosts that are up one by one, the others counted by what was said of them. */
export function hostLines({ hosts }: Pick<Report, 'hosts'>, options: TextOptions): string[] {
  const others = hosts.filter(({ state }) => state !== 'up');
  const isCounted = others.length > LISTED_OVER;
  const listed = isCounted ? hosts.filter(({ state }) => state === 'up') : hosts;
  const lines = listed.length > 0 ? ['', ...tableLines(listed, options)] : [];
  if (!isCounted) return lines;
  const groups = new Map<string, { readonly first: HostVerdict; count: number }>();
  for (const host of others) {
    const key = [host.state, host.reason, host.by].join();
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { first: host, count: 1 });
    else group.count += 1;
  }
  const texts = [...groups.values()].flatMap(({ first, count }) =>
    paragraph(
      `Not shown: ${formatCount(count)} ${first.state} (${hostWords(first)})`,
      options.width,
      '',
    ),
  );
  return [...lines, '', ...texts];
}

function tableLines(hosts: readonly HostVerdict[], { color, verbose }: TextOptions): string[] {
  const paint = createPaint(color);
  const rows = hosts.map((host) => ({ host, title: titleOf(host) }));
  const width = rows.reduce((most, { title }) => Math.max(most, title.length), 'HOST'.length);
  const title = paint.bold(`${'HOST'.padEnd(width)}  STATE    REASON`);
  return [
    title,
    ...rows.map(({ host, title }) => {
      const { state, confidence } = host;
      const sure = verbose > 0 && confidence != null ? `, confidence ${confidence.toFixed(4)}` : '';
      const painted = paint.state(PAINTED[state], state.padEnd('unknown'.length));
      return `${title.padEnd(width)}  ${painted}  ${hostWords(host)}${sure}`;
    }),
  ];
}

/** Up is dressed as an open port is. */
const PAINTED = { up: 'open', down: 'closed', unknown: 'unknown' } as const;

const titleOf = ({ target, name }: HostVerdict): string =>
  name === null ? target : `${printable(name)} (${target})`;

/** Reasons that say little by themselves, in words. */
const WORDS: Readonly<Record<string, string>> = {
  'localhost-response': 'this machine',
  'no-response': 'no-response: it is not there, or all of it is dropped',
  reset: 'reset: by the host, or by a box on the way in its name',
  'syn-ack': 'syn-ack without a window: by the host, or by a SYN proxy on the way',
  'conn-refused': 'conn-refused: by the host, or by a box on the way',
  'local-error': 'local-error: this machine could not ask',
};

/** Why, in the words of a line. */
function hostWords({ state, reason, by, rttMs, confidence }: HostVerdict): string {
  const sure = confidence != null && confidence < SURE ? sureness({ confidence, state }) : null;
  const time = state === 'up' && rttMs != null ? formatMs(rttMs) : null;
  return [whyOf(state, reason, by), time, sure].filter((part) => part !== null).join(', ');
}

function whyOf(state: HostVerdict['state'], reason: string, by: HostVerdict['by']): string {
  if (by != null) return `${reason}: ${by} says so`;
  if (state === 'down') return 'host-unreach: nobody answers for it on this link';
  return state === 'up' && reason !== 'localhost-response' ? reason : (WORDS[reason] ?? reason);
}

/** A host that is less sure is told with it. */
const SURE = 0.99;

/** The last line: how many were looked for, and what was found. */
export function hostFoot({ hosts, plan, durationMs }: Report | Omit<Report, 'verdicts'>): string {
  const states = STATES.map((state) => {
    const count = hosts.filter((host) => host.state === state).length;
    return count === 0 ? '' : `${formatCount(count)} ${state}`;
  }).filter((words) => words !== '');
  const done = hosts.length < plan.targets ? `${formatCount(hosts.length)} of ` : '';
  const found = states.length === 0 ? 'nothing found yet' : states.join(', ');
  return `${done}${counted(plan.targets, 'target')} in ${formatMs(durationMs)}: ${found}.`;
}
