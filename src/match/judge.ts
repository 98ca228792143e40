/**
 * The judging half of the matching engine: what is known of a port -> state, reason, by whom, how sure, and which
 * sentence says so. Pure, one row of the table below for each kind of answer; truth.md is its specification.
 */
import { errnoName } from '../errno.ts';
import type { By, Judgement, Reason } from '../model.ts';
import { CONFIDENCE } from './confidence.ts';
import { distanceOf, provenHop } from './distance.ts';
import {
  ANSWER,
  type JudgeContext,
  type PortFacts,
  RESET_CHECK,
  type Ruling,
  type TargetFacts,
} from './facts.ts';
import { ERRNO_REASON, icmpLabel, icmpMeaning, isPortUnreachable } from './icmpMeaning.ts';
import { judgeOwnIcmp, judgeRoute, judgeSendFailure } from './judgeOwnSide.ts';
import { judgeSilence } from './judgeSilence.ts';

type Rule = (port: PortFacts, target: TargetFacts, context: JudgeContext) => Ruling;

const RULES: Readonly<Record<number, Rule>> = {
  [ANSWER.NONE]: judgeSilence,
  [ANSWER.SEND_FAILED]: judgeSendFailure,
  [ANSWER.STRANGER]: judgeStranger,
  [ANSWER.SOCKET_ERROR]: judgeSocketError,
  [ANSWER.ICMP]: judgeIcmp,
  [ANSWER.RESET]: judgeReset,
  [ANSWER.WINDOWLESS]: (port, target) => judgeSynProxy(port, target, 'tcp.syn-proxy'),
  [ANSWER.WINDOWLESS_RESET]: (port, target, { can }) =>
    judgeSynProxy(port, target, can.window ? 'tcp.syn-proxy.reset' : 'tcp.accepted-then-reset'),
  [ANSWER.SYN_ACK]: judgeSynAck,
  [ANSWER.ESTABLISHED]: judgeSynAck,
  [ANSWER.DATAGRAM]: judgeDatagram,
};

/** Judges one port. */
export function judge(port: PortFacts, target: TargetFacts, context: JudgeContext): Judgement {
  const rule = RULES[port.answer] ?? judgeSilence;
  const ruling = rule(port, target, context);
  const hasIcmp = port.answer === ANSWER.ICMP;
  return {
    state: ruling.state,
    reason: ruling.reason,
    detail: ruling.detail ?? null,
    service: port.service,
    by: ruling.by,
    icmp: hasIcmp ? { type: port.icmpType, code: port.icmpCode } : null,
    ttl: port.ttl > 0 ? port.ttl : null,
    quotedTtl: port.quotedTtl > 0 ? port.quotedTtl : null,
    rttMs: port.rttMs,
    attempts: port.attempts,
    confidence: ruling.confidence,
    whyId: ruling.whyId,
    whyArgs: { ...commonArgs(port, target, ruling.by), ...ruling.whyArgs },
    evidence: port.between?.evidence ?? evidenceIds(port),
  };
}

function commonArgs(
  port: PortFacts,
  target: TargetFacts,
  by: By | null,
): Record<string, string | number> {
  const args: Record<string, string | number> = {
    target: target.ip,
    port: port.port,
    protocol: port.protocol,
    attempts: port.attempts,
  };
  if (by?.ip != null) args['by'] = by.ip;
  if (by?.hop != null) args['hop'] = by.hop;
  if (port.rttMs !== null) args['rttMs'] = port.rttMs;
  if (port.answer === ANSWER.ICMP) {
    args['icmp'] = icmpLabel(target.family, port.icmpType, port.icmpCode);
  }
  if (port.errno > 0) args['errno'] = errnoName(port.errno);
  return args;
}

/** `s<probe>.<attempt>` of what was sent, `r<probe>.<attempt>.<n>` of the deciding answer or refusal (contract.md, "Evidence ids"). */
export function evidenceIds(port: PortFacts): readonly string[] {
  const number = port.probe + 1;
  const answered = port.answer !== ANSWER.NONE && port.answer !== ANSWER.SEND_FAILED;
  const answer = `r${number}.${port.idAttempt}.${port.idNumber}`;
  if (answered && port.answeredAttempt > 0) return [`s${number}.${port.answeredAttempt}`, answer];
  const { passage } = port;
  const asked = answered || passage === null ? 0 : passage.asked;
  const sent = Array.from(
    { length: port.attempts + asked },
    (_, index) => `s${number}.${index + 1}`,
  );
  if (answered) return [...sent, answer];
  return passage === null || passage.idAttempt === 0
    ? sent
    : [...sent, `r${number}.${passage.idAttempt}.${passage.idNumber}`];
}

/** The target, at its distance; without an address where somebody else may wear it. */
const byTarget = (port: PortFacts, target: TargetFacts): By => ({
  ip: target.ip,
  role: 'target',
  hop: distanceOf(port.ttl),
});

function judgeDatagram(port: PortFacts, target: TargetFacts): Ruling {
  const { service } = port;
  return {
    state: 'open',
    reason: 'udp-response',
    by: byTarget(port, target),
    confidence: service === null ? CONFIDENCE.udpAnswer : CONFIDENCE.parsedAnswer,
    whyId: service === null ? 'udp.answered' : 'udp.answered.parsed',
    ...(service === null ? {} : { whyArgs: { service: service.protocol, info: service.info } }),
  };
}

function judgeStranger(port: PortFacts): Ruling {
  return {
    state: 'open|filtered',
    reason: 'no-response',
    detail: 'other-source',
    by: null,
    confidence: CONFIDENCE.stranger,
    whyId: 'udp.stranger',
    whyArgs: { by: port.from ?? '', fromPort: port.fromPort },
  };
}

function judgeSynAck(port: PortFacts, target: TargetFacts, { can }: JudgeContext): Ruling {
  const established = port.answer === ANSWER.ESTABLISHED;
  return {
    state: 'open',
    reason: 'syn-ack',
    by: byTarget(port, target),
    confidence: established ? CONFIDENCE.windowOpen : CONFIDENCE.synAckOnly,
    whyId: established ? 'tcp.open.window' : can.window ? 'tcp.open' : 'tcp.open.no-window-info',
  };
}

function judgeSynProxy(port: PortFacts, target: TargetFacts, whyId: string): Ruling {
  const hop = distanceOf(port.ttl);
  const nearer = hop !== null && target.distance !== null && hop < target.distance;
  return {
    state: 'open|filtered',
    reason: 'syn-ack',
    detail: 'syn-proxy',
    by: nearer ? { ip: null, role: 'path', hop } : null,
    confidence: CONFIDENCE.synProxy,
    whyId,
  };
}

function judgeReset(port: PortFacts, target: TargetFacts, { can }: JudgeContext): Ruling {
  const ownDoubt = mayBeOwnReset(port, target);
  if (!can.resetKnown) {
    return {
      state: 'closed|filtered',
      reason: 'conn-refused',
      by: null,
      confidence: ownDoubt ? CONFIDENCE.resetOwnDoubt : CONFIDENCE.errnoClass,
      whyId: 'tcp.refused.unattributed',
    };
  }
  const isNearer = port.resetCheck === RESET_CHECK.NEARER && mayBeNearer(target);
  if (!ownDoubt && isNearer) {
    return {
      state: 'filtered',
      reason: 'reset',
      detail: 'forged-reset',
      by: { ip: null, role: 'path', hop: distanceOf(port.ttl) },
      confidence: CONFIDENCE.resetForged,
      whyId: 'tcp.reset.forged',
      ...(target.distance === null ? {} : { whyArgs: { targetHop: target.distance } }),
    };
  }
  const closed = (confidence: number, whyId: string): Ruling => ({
    state: 'closed',
    reason: 'reset',
    by: byTarget(port, target),
    confidence,
    whyId,
  });
  if (ownDoubt) {
    return { ...closed(CONFIDENCE.resetOwnDoubt, 'tcp.reset.own-doubt'), by: null };
  }
  if (port.resetCheck === RESET_CHECK.SAME) {
    return closed(CONFIDENCE.resetConfirmed, 'tcp.reset.confirmed');
  }
  const unclear = port.resetCheck !== RESET_CHECK.NONE;
  return closed(unclear ? CONFIDENCE.resetUnclear : CONFIDENCE.resetAlone, 'tcp.reset');
}

/**
 * Whether somebody nearer than the target can have answered: nobody is nearer than a neighbour, and where answers under
 * one address come from several distances, none of them is known to be the target's own.
 */
function mayBeNearer({ ownSide, severalDistances }: TargetFacts): boolean {
  return ownSide?.route !== 'on-link' && !severalDistances;
}

/**
 * Whether `reject with tcp reset` in our own OUTPUT chain may have made this RST: it dropped what we sent, and its RST has
 * come no way at all, so a RST that has is not from here.
 */
function mayBeOwnReset(port: PortFacts, { ownSide }: TargetFacts): boolean {
  if (ownSide === null || (ownSide.outDropped ?? 0) === 0) return false;
  return port.ttl === 0 || distanceOf(port.ttl) === 1;
}

function judgeIcmp(port: PortFacts, target: TargetFacts): Ruling {
  if (port.fromIsOwn && target.ownSide?.route !== 'local') return judgeOwnIcmp(port, target);
  const meaning = icmpMeaning(target.family, port.icmpType, port.icmpCode);
  const reason: Reason = meaning.kind === 'state' ? meaning.reason : 'no-response';
  const hop = provenHop(port.ttl, port.quotedTtl, port.sentTtl);
  const known = target.distance;
  const isShort = hop !== null && known !== null && hop < known;
  const nearer = port.fromIsTarget && isShort && mayBeNearer(target);
  if (port.fromIsTarget && !nearer) return judgeTargetIcmp(port, target, reason, hop);

  const by: By = { ip: nearer ? null : port.from, role: 'path', hop };
  const overTime = reason === 'time-exceeded';
  // Another address at the target's own distance may be the target's second address.
  const doubtful = nearer || (hop !== null && known !== null && hop >= known);
  return {
    state: 'filtered',
    reason,
    ...(overTime ? {} : { detail: 'rejected' as const }),
    by,
    confidence: doubtful ? CONFIDENCE.icmpOddDistance : CONFIDENCE.icmpAttributed,
    whyId: overTime ? 'icmp.time-exceeded.path' : `${port.protocol}.reject.path`,
  };
}

function judgeTargetIcmp(
  port: PortFacts,
  target: TargetFacts,
  reason: Reason,
  hop: number | null,
): Ruling {
  const by: By = { ip: target.ip, role: 'target', hop };
  const confidence = CONFIDENCE.icmpAttributed;
  const closes = isPortUnreachable(target.family, port.icmpType, port.icmpCode);
  if (port.protocol === 'udp' && closes) {
    return { state: 'closed', reason, by, confidence, whyId: 'udp.port-unreach.target' };
  }
  return {
    state: 'filtered',
    reason,
    detail: 'rejected',
    by,
    confidence,
    whyId: `${port.protocol}.reject.target`,
  };
}

/** Wires without error queue: the errno keeps a class, nobody is named. */
function judgeSocketError(port: PortFacts, { ownSide }: TargetFacts): Ruling {
  const own = ownSide === null ? null : judgeRoute(ownSide);
  if (own?.state === 'unknown') return own;
  const name = errnoName(port.errno);
  const reason = ERRNO_REASON[name] ?? 'no-response';
  if (reason === 'port-unreach') {
    const udp = port.protocol === 'udp';
    return {
      state: 'closed|filtered',
      reason: udp ? 'port-unreach' : 'conn-refused',
      by: null,
      confidence: CONFIDENCE.errnoClass,
      whyId: udp ? 'udp.port-unreach.unattributed' : 'tcp.refused.unattributed',
    };
  }
  return {
    state: 'filtered',
    reason,
    by: null,
    confidence: CONFIDENCE.errnoDoubt,
    whyId: `${port.protocol}.errno`,
  };
}
