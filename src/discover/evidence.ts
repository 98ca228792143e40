/** Writing an answer into the state of its host, and collecting what is known when it is judged. */
import { ANSWER } from '../match/facts.ts';
import { icmpMeaning } from '../match/icmpMeaning.ts';
import type { Match } from '../match/match.ts';
import { type DiscoveryContext, familyOf } from './context.ts';
import { type HostRuling, isProof, judgeHost } from './judgeHost.ts';

/** RTT of a matched answer in ms, or NaN when it is not known which round was answered. */
function rttOf({ hosts }: DiscoveryContext, match: Match): number {
  if (match.sentMs > 0) return match.atMs - match.sentMs;
  const rounds = hosts.rounds[match.target]!;
  const isLatest = rounds === 1 || match.attempt === rounds;
  return isLatest ? match.atMs - hosts.roundMs[match.target]! : Number.NaN;
}

/** Of errors by others that which says most stays: a host that is not there. */
function noteIcmp(context: DiscoveryContext, { target, icmpType, icmpCode, from }: Match): void {
  const { hosts, plan } = context;
  const meaning = icmpMeaning(familyOf(context, target), icmpType, icmpCode);
  const isHostUnreach = meaning.kind === 'state' && meaning.reason === 'host-unreach';
  if (hosts.icmpFrom.has(target) && !isHostUnreach) return;
  hosts.icmpType[target] = icmpType;
  hosts.icmpCode[target] = icmpCode;
  hosts.icmpFrom.set(target, from ?? plan.targets.ip(target));
}

/** Creates what gives each answer its id, as scan/evidence.ts does: the how manieth it is to its attempt. */
export function createAnswerIds({ hosts }: DiscoveryContext): (match: Match) => void {
  const counts = new Map<number, number>();
  return (match) => {
    const { probe, target, attempt } = match;
    match.idAttempt = attempt > 0 ? attempt : Math.max(1, hosts.rounds[target]!);
    const key = probe * 256 + match.idAttempt;
    match.idNumber = (counts.get(key) ?? 0) + 1;
    counts.set(key, match.idNumber);
  };
}

/** Notes an answer; true when it proves that the host is there. */
export function noteAnswer(context: DiscoveryContext, match: Match): boolean {
  const { hosts } = context;
  const { target, answer, fromIsTarget } = match;
  if (answer === ANSWER.SEND_FAILED || answer === ANSWER.SOCKET_ERROR) {
    hosts.errno[target] = match.errno;
    return false;
  }
  const isIcmp = answer === ANSWER.ICMP;
  if (!fromIsTarget) {
    if (isIcmp) noteIcmp(context, match);
    return false;
  }
  if (isIcmp) {
    hosts.icmpType[target] = match.icmpType;
    hosts.icmpCode[target] = match.icmpCode;
  } else if (answer <= hosts.answer[target]!) return false;
  hosts.answer[target] = answer;
  hosts.rttMs[target] = rttOf(context, match);
  return isIcmp || isProof(answer);
}

/** What is known of a target by now. */
export function rulingOf(
  context: DiscoveryContext,
  target: number,
): HostRuling & { readonly rttMs: number | null } {
  const { hosts, can, ownAddresses } = context;
  const from = hosts.icmpFrom.get(target) ?? null;
  const [type, code] = [hosts.icmpType[target]!, hosts.icmpCode[target]!];
  const hasIcmp = type !== 0 || code !== 0;
  const ruling = judgeHost(
    {
      family: familyOf(context, target),
      answer: hosts.answer[target]!,
      hasNeighbour: hosts.hasNeighbour[target] === 1,
      icmp: hasIcmp ? { type, code, from, isOwn: from !== null && ownAddresses.has(from) } : null,
      errno: hosts.errno[target]!,
      first: hosts.first.get(target) ?? null,
      last: hosts.last.get(target) ?? null,
    },
    can,
  );
  const rttMs = hosts.rttMs[target]!;
  return { ...ruling, rttMs: ruling.state === 'up' && rttMs >= 0 ? rttMs : null };
}
