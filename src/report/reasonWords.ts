import type { By, Reason, SilentOdds, Verdict } from '../model.ts';
import { printable } from './printable.ts';
import { brief } from './sentences.ts';

/** Each reason in words that need no RFC. */
const WORDS: Readonly<Record<Reason, string>> = {
  'udp-response': 'answered',
  'echo-reply': 'answered (echo)',
  'syn-ack': 'accepted (SYN-ACK)',
  reset: 'refused (RST)',
  'conn-refused': 'refused',
  'port-unreach': 'port unreachable',
  'host-unreach': 'host unreachable',
  'net-unreach': 'network unreachable',
  'proto-unreach': 'protocol unreachable',
  'admin-prohibited': 'administratively prohibited',
  'host-prohibited': 'host prohibited',
  'net-prohibited': 'network prohibited',
  'time-exceeded': 'ran out of hops',
  'no-response': 'no answer',
  'no-route': 'no route',
  'beyond-scope': 'beyond scope',
  'reject-route': 'reject route',
  'param-problem': 'parameter problem',
  'local-error': 'could not be checked',
};

/** Reasons that are an answer of the port itself; naming the sender would say nothing. */
const OWN_ANSWER: ReadonlySet<Reason> = new Set(['udp-response', 'syn-ack']);

/** The reason of a verdict in words, with its sender and round trip: `port unreachable from 10.0.0.5 (the target), 0.12 ms`. */
export function reasonWords(verdict: Verdict): string {
  const { reason, whyId, whyArgs, by, rttMs } = verdict;
  const parts = [brief(whyId, whyArgs) ?? mainWords(verdict)];
  if (rttMs !== null && reason !== 'no-response' && by?.role !== 'local')
    parts.push(formatMs(rttMs));
  if (reason === 'no-response' && verdict.attempts > 1) parts.push(`${verdict.attempts} attempts`);
  const sure = sureness(verdict);
  if (sure !== null) parts.push(sure);
  return parts.join(', ');
}

/** `99 % sure` where a verdict is not certain; "open|filtered" says so by itself. */
export function sureness({
  confidence,
  state,
}: {
  readonly confidence: number;
  readonly state: string;
}): string | null {
  return confidence < 0.999 && !state.includes('|') ? `${sureWords(confidence)} sure` : null;
}

/** A duration in ms with about three digits: `0.12 ms`, `12.3 ms`, `1.2 s`. */
export function formatMs(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms >= 10) return `${ms.toFixed(1)} ms`;
  if (ms < 0.005) return '< 0.01 ms';
  return `${ms.toFixed(2)} ms`;
}

function mainWords(verdict: Verdict): string {
  const { reason, detail, service, by } = verdict;
  if (detail === 'syn-proxy') return `accepted, but window closed${fromWords(by)}`;
  if (detail === 'other-source') {
    const { by: other, fromPort } = verdict.whyArgs;
    const text = `${other ?? 'somebody else'}${fromPort ? ` port ${fromPort}` : ''}`;
    return `only ${printable(text)} answered`;
  }
  if (service !== null && OWN_ANSWER.has(reason)) {
    const info = printable(service.info);
    return info === '' ? 'answered' : `answered: ${info}`;
  }
  if (OWN_ANSWER.has(reason) || reason === 'no-response') return WORDS[reason];
  const forged = detail === 'forged-reset' ? 'forged RST' : WORDS[reason];
  if (by === null) return `${forged}, sender not visible`;
  return forged + fromWords(by, reason === 'time-exceeded' ? 'at' : 'from');
}

function fromWords(by: By | null, from: 'from' | 'at' = 'from'): string {
  if (by === null) return '';
  if (by.role === 'local') return ' by this machine';
  if (by.role === 'target')
    return ` ${from} ${by.ip === null ? 'the target' : `${by.ip} (the target)`}`;
  const hop = by.hop === null ? 'on the way' : `hop ${by.hop}`;
  return by.ip === null
    ? ` ${from} a device ${by.hop === null ? '' : 'at '}${hop}`
    : ` ${from} ${by.ip} (${hop})`;
}

/** Downwards, so that nothing reads surer than it is. */
function sureWords(confidence: number): string {
  return `${Math.floor(confidence * 100 + 1e-9)} %`;
}

/** `dropped 0.95 / open 0.05`, the likeliest first; what is told as 0.00 is left out. */
export function betweenWords(between: SilentOdds): string {
  return Object.entries(between)
    .map(([what, chance]) => ({ what, chance: Math.round(100 * chance) / 100 }))
    .filter(({ chance }) => chance > 0)
    .sort((a, b) => b.chance - a.chance)
    .map(({ what, chance }) => `${what} ${chance.toFixed(2)}`)
    .join(' / ');
}
