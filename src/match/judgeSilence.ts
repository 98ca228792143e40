/** Judging a port that said nothing: first our own side, then what silence can mean. */
import { CONFIDENCE, silenceConfidence } from './confidence.ts';
import { provenHop } from './distance.ts';
import {
  type BetweenFacts,
  type JudgeContext,
  LIMITER_BURST,
  type PortFacts,
  type Ruling,
  SILENCE,
  type TargetFacts,
} from './facts.ts';
import { icmpLabel, icmpMeaning } from './icmpMeaning.ts';
import { judgeCounters, judgeOverflow, judgeRoute } from './judgeOwnSide.ts';

/** Judges a port that did not answer; never certain, as silence has several causes (truth.md). */
export function judgeSilence(port: PortFacts, target: TargetFacts, { can }: JudgeContext): Ruling {
  const { ownSide } = target;
  if (port.between?.isClosed) return betweenClosed(port.between);
  // It may have been handed out: what our own side did later does not change it.
  if (port.silence === SILENCE.CHECKED) return withPassage(port, certified(port));
  if (ownSide !== null) {
    // Where no hook of our own is passed, what they dropped says nothing about this port.
    const counted = can.passesHooks ? judgeCounters(ownSide, port) : judgeOverflow(ownSide);
    const hasSpoken = target.icmpAnswers > 0 || target.distance !== null;
    const said = judgeRoute(ownSide, { hasSpoken }) ?? counted;
    if (said !== null && (can.icmpSender || said.state === 'unknown')) return said;
  }
  const inferred = judgeCovered(port, target);
  if (inferred !== null) return inferred;
  const whyArgs = { waitedMs: Math.round(port.waitedMs) };
  if (port.protocol === 'tcp') {
    return {
      state: 'filtered',
      reason: 'no-response',
      by: null,
      confidence: silenceConfidence(port.attempts, port.waitedMs, target.loss),
      whyId: 'tcp.silent',
      whyArgs,
    };
  }
  if (port.silence === SILENCE.CERTIFIED) return withPassage(port, certified(port));
  const limited = port.silence === SILENCE.NO_TOKEN || target.icmpAnswers >= LIMITER_BURST;
  return withPassage(port, {
    state: 'open|filtered',
    reason: 'no-response',
    detail: 'silent-unverified',
    by: null,
    confidence: limited
      ? CONFIDENCE.silenceLimited
      : Math.min(CONFIDENCE.stranger, silenceConfidence(port.attempts, port.waitedMs, target.loss)),
    whyId: limited ? 'udp.silent.no-token' : 'udp.silent',
    whyArgs: { ...whyArgs, icmpAnswers: target.icmpAnswers },
  });
}

/** What is known of the way there besides; a closed port that could not say so passes as well. */
function withPassage({ passage, waitedMs }: PortFacts, ruling: Ruling): Ruling {
  const isLost = passage?.result === 'lost';
  const isSilent = passage?.result === 'passes' && ruling.detail === 'silent-certified';
  if (!isLost && !isSilent) return ruling;
  return {
    ...ruling,
    detail: isLost ? 'dropped' : 'open-silent',
    confidence: Math.min(ruling.confidence, CONFIDENCE.passage),
    whyId: isLost ? 'udp.silent.lost' : 'udp.silent.passes',
    whyArgs: { waitedMs: Math.round(waitedMs), asked: passage!.asked },
  };
}

/** A silence that is proven: its own, or that of the ports on both sides. */
const certified = ({ waitedMs, between }: PortFacts): Ruling =>
  between === null
    ? {
        state: 'open|filtered',
        reason: 'no-response',
        detail: 'silent-certified',
        by: null,
        confidence: CONFIDENCE.silenceMost,
        whyId: 'udp.silent.certified',
        whyArgs: { waitedMs: Math.round(waitedMs) },
      }
    : {
        state: 'open|filtered',
        reason: 'no-response',
        detail: 'inferred',
        by: null,
        confidence: CONFIDENCE.betweenSilent,
        whyId: 'udp.between.silent',
        whyArgs: { low: between.low, high: between.high },
      };

/** Nobody has spoken of this port: the reason is that of its neighbours. */
const betweenClosed = ({ low, high }: BetweenFacts): Ruling => ({
  state: 'closed',
  reason: 'port-unreach',
  detail: 'inferred',
  by: null,
  confidence: CONFIDENCE.betweenClosed,
  whyId: 'udp.between.closed',
  whyArgs: { low, high },
});

/** A silent port of a target that nobody answered for but one router, which spoke of the way to it. */
function judgeCovered(port: PortFacts, { cover, family }: TargetFacts): Ruling | null {
  if (cover === null) return null;
  const { from, icmpType, icmpCode, ttl, quotedTtl, sentTtl } = cover;
  const meaning = icmpMeaning(family, icmpType, icmpCode);
  if (meaning.kind !== 'state') return null;
  const hop = provenHop(ttl, quotedTtl, sentTtl);
  // A route is looked up before the TTL is counted down, a rule of FORWARD speaks after it: that may be about ports.
  const isRule = hop !== null && quotedTtl > 0 && sentTtl - quotedTtl === hop;
  if (isRule) return null;
  return {
    state: 'filtered',
    reason: meaning.reason,
    detail: 'inferred',
    by: { ip: from, role: 'path', hop },
    confidence: CONFIDENCE.inferred,
    whyId: `${port.protocol}.silent.inferred`,
    whyArgs: { icmp: icmpLabel(family, icmpType, icmpCode) },
  };
}
