/**
 * Traces in words, for tests of the rules. A flow is one word a TTL:
 *
 *     *        silence                       r3       router 3 lets it run out
 *     r3:3/13  router 3 rejects (FORWARD)    r3=3/13  router 3 rejects by its route (before the TTL is counted down)
 *     T:rst    T:syn  T:answer  T:3/3        the target answers
 *     x:rst@3  somebody at hop 3 answers in the target's name; x:te runs out at the target's address
 *
 * Everybody sends with TTL 64, and the way back is as long as the way out.
 */
import type { Ip } from '../../src/model.ts';
import type { Answer, FlowFacts, Observation, TraceFacts } from '../../src/trace/facts.ts';
import { type Located, locate } from '../../src/trace/locate.ts';

export const TARGET = '10.0.9.9' as Ip;

/** Address of router `n`. */
export const router = (n: number): Ip => `10.0.${n}.2` as Ip;

const ANSWERS: Readonly<Record<string, Answer>> = {
  rst: 'reset',
  syn: 'syn-ack',
  answer: 'udp-response',
  te: 'time-exceeded',
};

const ICMP_WORD = /^(\d+)\/(\d+)$/;

export interface PathWords {
  readonly protocol?: 'tcp' | 'udp';
  readonly asked: string;
  /** The control of the same protocol, and the other one. */
  readonly same?: string;
  readonly other?: string;
  /** The asked port from other source ports, one text each. */
  readonly variants?: readonly string[];
  /** Rounds in which the asked flow was sent where it is silent; 3 unless given. */
  readonly rounds?: number;
  /** An error-queue wire: no TTLs of RSTs, no quotes. */
  readonly isSocket?: boolean;
  readonly facts?: Partial<TraceFacts>;
}

/** The facts that the words stand for. */
export function factsOf(words: PathWords): TraceFacts {
  const { protocol = 'tcp', asked, same, other, rounds = 3, isSocket = false } = words;
  const second = protocol === 'tcp' ? 'udp' : 'tcp';
  const flows: FlowFacts[] = [flow('asked', protocol, asked, 0)];
  if (same !== undefined) flows.push(flow(protocol, protocol, same, flows.length));
  if (other !== undefined) flows.push(flow(second, second, other, flows.length));

  function flow(
    kind: FlowFacts['kind'],
    flowProtocol: 'tcp' | 'udp',
    text: string,
    index: number,
  ): FlowFacts {
    const hops = text
      .trim()
      .split(/\s+/)
      .map((word, at) => hopOf(word, at + 1, index));
    return {
      index,
      kind,
      protocol: flowProtocol,
      port: index === 0 ? 443 : 80,
      isEstimated: false,
      isConstant: !isSocket || flowProtocol === 'udp',
      hops: [{ rounds: 0, answers: [] }, ...hops],
      unplaced: [],
      sendErrno: 0,
    };
  }

  function hopOf(word: string, ttl: number, index: number) {
    if (word === '*') return { rounds, answers: [] };
    // What is answered in one round is answered in all that were sent.
    const one = observationOf(word, ttl, index);
    return {
      rounds,
      answers: Array.from({ length: rounds }, (_, i) => ({
        ...one,
        round: i + 1,
        id: `r${256 * index + ttl}.${i + 1}.1`,
      })),
    };
  }

  function observationOf(word: string, ttl: number, index: number): Observation {
    const [, who, how, what = 'te', at] = /^([rTx]\d*)([:=])?([^@]+)?(?:@(\d+))?$/.exec(word)!;
    const isRouter = who!.startsWith('r');
    const hop = isRouter ? Number(who!.slice(1)) : Number(at ?? ttl);
    const icmp = ICMP_WORD.exec(what === 'te' ? '11/0' : what);
    const [type, code] = [icmp?.[1], icmp?.[2]].map((number) => Number(number ?? 0)) as [
      number,
      number,
    ];
    const answer = ANSWERS[what] ?? (what === '3/4' ? 'too-big' : 'unreachable');
    // A route, a stack and what is too big quote the packet as it came in.
    const isWhole = [how === '=', what === '3/4', !isRouter && what !== 'te'].includes(true);
    return {
      id: `r${256 * index + ttl}.1.1`,
      flow: index,
      ttl,
      round: 1,
      answer,
      icmpType: type,
      icmpCode: code,
      ip: isRouter ? router(hop) : TARGET,
      isTarget: !isRouter,
      outerTtl: isSocket && icmp === null ? 0 : 64 - hop + 1,
      quotedTtl: isSocket || icmp === null ? null : ttl - hop + Number(isWhole),
      mtu: answer === 'too-big' ? 1280 : 0,
      rttMs: 1,
      notes: null,
    };
  }

  return {
    family: 4,
    target: TARGET,
    isSelf: false,
    flows,
    variants: (words.variants ?? []).map((text, i) => flow('asked', protocol, text, 3 + i)),
    sources: [],
    mtu: null,
    passage: null,
    passageFlows: [],
    seesTtl: true,
    seesQuote: !isSocket,
    ownSide: null,
    maxTtl: 8,
    ...words.facts,
  };
}

/** What the rules say of it. */
export const located = (words: PathWords): Located => locate(factsOf(words));
