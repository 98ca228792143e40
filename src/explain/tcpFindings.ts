/** Connections that get no answer, half an answer, or stop in the middle. */
import type { By } from '../model.ts';
import type { Evidence } from './evidence.ts';
import {
  type Citing,
  citeFlows,
  endsOf,
  flowArgs,
  MAX_CITED_FLOWS,
  plainFacts,
} from './evidence.ts';
import type { Certainty, FindingDraft, FindingKind } from './finding.ts';
import {
  type Flow,
  FROM_ASKED,
  FROM_ASKER,
  LOOP_PASSES,
  type Side,
  SURE_LOOP_PASSES,
  type TcpFacts,
} from './flow.ts';

/** What one flow shows; flows of the same two hosts that show the same are one finding. */
export interface FlowSign {
  readonly kind: FindingKind;
  readonly whyId: string;
  readonly rank: number;
  readonly certainty: Certainty;
  readonly citing: Citing;
  readonly args: Readonly<Record<string, string | number>>;
  /** What else must be equal for flows to share a finding. */
  readonly variant: string;
  readonly by: By | null;
}

const SYN_ONLY = 'tcp.flags.syn == 1 && tcp.flags.ack == 0';
const SYN_ACK = 'tcp.flags.syn == 1 && tcp.flags.ack == 1';

/** How long the end of a capture must be away before silence counts, ms: a first SYN is repeated after 1 s (RFC 6298). */
const PATIENCE_MS = 1000;

/** Retransmissions of one segment from which on it is stuck and not merely lost. */
const STUCK_COUNT = 3;
/** Every path carries packets up to this size: smaller segments do not stick for their size (RFC 8200 section 5, RFC 791). */
const LARGE_BYTES = 1000;

/** What a TCP flow without RSTs shows; null for a flow in order. */
export function readTcpFlow(evidence: Evidence, flow: Flow, tcp: TcpFacts): FlowSign | null {
  if (tcp.synCount > 0 && tcp.synAckCount === 0 && !tcp.established && !tcp.oneSided) {
    return flow.sides[FROM_ASKED].packets === 0 ? silent(evidence, flow, tcp) : null;
  }
  if (tcp.synAckCount > 0 && !tcp.established) return halfOpen(evidence, flow, tcp);
  if (tcp.firstFin === FROM_ASKED && tcp.streams[FROM_ASKED].payloadBytes === 0) {
    const closed = closedAtOnce(tcp);
    if (closed !== null) return closed;
  }
  const stuck = [FROM_ASKER, FROM_ASKED].find(
    (side) => tcp.streams[side as 0 | 1].stuckCount >= STUCK_COUNT,
  ) as 0 | 1 | undefined;
  if (stuck !== undefined) return stalled(flow, tcp, stuck);
  return null;
}

function silent({ counts, bothWays }: Evidence, flow: Flow, tcp: TcpFacts): FlowSign | null {
  if (flow.errorCount > 0) return null;
  const loop = readLoop(flow);
  if (loop !== null) return loop;
  const isEarly = counts.lastMs - tcp.synLastMs < PATIENCE_MS && tcp.synCount === 1;
  return {
    kind: 'silent',
    whyId: isEarly ? 'explain.tcp.silent-at-end' : 'explain.tcp.silent',
    rank: isEarly ? 150 : 800,
    certainty: isEarly || !bothWays ? 'low' : 'medium',
    citing: {
      from: FROM_ASKER,
      also: SYN_ONLY,
      count: ({ sides }) => sides[FROM_ASKER].packets,
      frames: ({ sides }) => sides[FROM_ASKER].frames,
    },
    args: { attempts: tcp.synCount, ...waited(tcp.synLastMs - tcp.synFirstMs) },
    variant: '',
    by: null,
  };
}

/** Less than a millisecond is no wait that a sentence should tell. */
function waited(ms: number): Record<string, number> {
  return ms >= 1 ? { waitedMs: Math.round(ms) } : {};
}

/** Packets of an unanswered flow that came by again and again; null where they did not. */
export function readLoop({ sides: [side] }: Flow): FlowSign | null {
  if (side.loopMost < LOOP_PASSES) return null;
  return {
    kind: 'silent',
    whyId: 'explain.loop',
    rank: 990,
    certainty: side.loopMost >= SURE_LOOP_PASSES ? 'high' : 'medium',
    citing: {
      from: FROM_ASKER,
      also: '',
      count: ({ sides }) => sides[FROM_ASKER].packets,
      frames: ({ sides }) => sides[FROM_ASKER].frames,
    },
    args: { passes: side.loopMost + 1, attempts: side.packets - side.copies },
    variant: '',
    by: null,
  };
}

const SYN_ACKS: Citing = {
  from: FROM_ASKED,
  also: SYN_ACK,
  count: ({ tcp }) => tcp?.synAckCount ?? 0,
  frames: ({ tcp, sides }) =>
    tcp === null ? [] : sides[FROM_ASKED].frames.slice(0, tcp.synAckCount),
};

function halfOpen({ counts }: Evidence, flow: Flow, tcp: TcpFacts): FlowSign | null {
  const isRepeated = tcp.synsAfterSynAck > 0 || tcp.synAckCount > 1;
  const isEarly = counts.lastMs - tcp.synAckAtMs < PATIENCE_MS;
  if (!isRepeated && isEarly) return null;
  if (flow.errorCount > 0) return null;
  const isAskerDeaf = tcp.synsAfterSynAck > 0;
  return {
    kind: 'half-open',
    whyId: isAskerDeaf ? 'explain.tcp.answer-ignored' : 'explain.tcp.half-open',
    rank: 780,
    certainty: 'medium',
    citing: SYN_ACKS,
    args: { attempts: tcp.synCount, synAcks: tcp.synAckCount },
    variant: '',
    by: null,
  };
}

/** A server that reads a request first keeps the connection at least this long, ms; a proxy without backend does not. */
export const ACCEPTED_MS = 1000;

function closedAtOnce(tcp: TcpFacts): FlowSign | null {
  const acceptedForMs = tcp.firstFinMs - tcp.synAckAtMs;
  if (tcp.synAckCount === 0 || acceptedForMs >= ACCEPTED_MS) return null;
  return {
    kind: 'reset',
    whyId: 'explain.tcp.accepted-then-closed',
    rank: 450,
    certainty: 'medium',
    citing: {
      from: FROM_ASKED,
      also: 'tcp.flags.fin == 1',
      count: ({ tcp: facts }) => facts?.streams[FROM_ASKED].finFrames.length ?? 0,
      frames: ({ tcp: facts }) => facts?.streams[FROM_ASKED].finFrames ?? [],
    },
    args: { acceptedForMs: Math.round(acceptedForMs) },
    variant: '',
    by: null,
  };
}

function stalled(flow: Flow, tcp: TcpFacts, from: 0 | 1): FlowSign {
  const stream = tcp.streams[from];
  const isLarge = stream.stuckLength >= LARGE_BYTES;
  const isAlive = stream.aliveSince > 0;
  const isBlackHole = isLarge && isAlive;
  const sender = from === FROM_ASKER ? 'client' : 'target';
  const whyId = isBlackHole ? 'explain.tcp.black-hole' : 'explain.tcp.stalled';
  return {
    kind: 'stalled',
    whyId,
    rank: isBlackHole ? 760 : 600,
    certainty: isBlackHole ? 'medium' : 'low',
    // One segment among many with the same ports: only its frames name it.
    citing: {
      from,
      also: null,
      count: () => stream.stuckFrames.length,
      frames: () => stream.stuckFrames,
    },
    args: {
      stuckBytes: stream.stuckLength,
      repeats: stream.stuckCount,
      from: sender,
      ports: String(flow.askedPort),
      ...(isLarge ? { large: 1 } : {}),
    },
    variant: `${from}/${flow.number}`,
    by: null,
  };
}

/** SYN-ACKs with a closed window: what a SYN proxy sends until its own connection stands. */
export function readSynProxy(flow: Flow, tcp: TcpFacts): FlowSign | null {
  if (tcp.synAckCount === 0 || tcp.synAckWindow !== 0) return null;
  const later = flow.sides[FROM_ASKED];
  const ttlDiffers = later.otherTtl > 0 ? 1 : 0;
  const opened = tcp.windowOpened ? 1 : 0;
  return {
    kind: 'syn-proxy',
    whyId: opened ? 'explain.tcp.syn-proxy' : 'explain.tcp.syn-proxy-closed',
    rank: opened ? 200 : 700,
    certainty: 'medium',
    citing: SYN_ACKS,
    args: {
      ttl: tcp.synAckTtl,
      opened,
      ttlDiffers,
      ...(tcp.resetCount[FROM_ASKED] > 0 ? { reset: 1 } : {}),
    },
    variant: `${opened}${ttlDiffers}${tcp.resetCount[FROM_ASKED] > 0}`,
    by: null,
  };
}

/** Findings, and how many more there would be. */
export interface JoinedSigns {
  readonly drafts: readonly FindingDraft[];
  readonly further: number;
}

/** Joins flows of the same two hosts that show the same; of a flood only the `most` most telling are worked out. */
export function joinSigns(
  evidence: Evidence,
  signs: readonly (readonly [Flow, FlowSign])[],
  most: number,
): JoinedSigns {
  const groups = new Map<string, [Flow, FlowSign][]>();
  for (const [flow, sign] of signs) {
    const key = [sign.whyId, sign.variant, flow.asker, flow.asked, flow.protocol].join();
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [[flow, sign]]);
    else group.push([flow, sign]);
  }
  const rankOf = (group: readonly [Flow, FlowSign][]): number => rank(group[0]![1], group.length);
  const sorted = [...groups.values()].sort((a, b) => rankOf(b) - rankOf(a));
  return {
    drafts: sorted.slice(0, most).map((group) => toDraft(evidence, group)),
    further: Math.max(0, sorted.length - most),
  };
}

/** More flows make a finding more telling, but never another kind of finding. */
function rank(sign: FlowSign, flows: number): number {
  return sign.rank + Math.min(90, flows) / 100;
}

function toDraft(evidence: Evidence, group: readonly (readonly [Flow, FlowSign])[]): FindingDraft {
  const flows = group.map(([flow]) => flow);
  const [[, sign]] = group as [readonly [Flow, FlowSign]];
  const cited = citeFlows(evidence, flows, sign.citing);
  const attempts = group.reduce((sum, [, { args }]) => sum + Number(args['attempts'] ?? 0), 0);
  const waitedMs = Math.max(...group.map(([, { args }]) => Number(args['waitedMs'] ?? 0)));
  const facts = {
    ...plainFacts(evidence, flows, attempts),
    acceptedForMs: Number(sign.args['acceptedForMs'] ?? -1),
    ...(sign.args['ttl'] === undefined ? {} : { ttl: Number(sign.args['ttl']) }),
    distance: sign.by?.hop ?? null,
  };
  return {
    kind: sign.kind,
    rank: rank(sign, flows.length),
    whyId: sign.whyId,
    whyArgs: {
      ...flowArgs(evidence, flows),
      ...sign.args,
      ...(attempts > 0 ? { attempts } : {}),
      ...(waitedMs > 0 ? { waitedMs } : {}),
    },
    certainty: sign.certainty,
    by: sign.by,
    icmp: null,
    flows: flows.slice(0, MAX_CITED_FLOWS).map((flow) => endsOf(evidence, flow)),
    flowCount: flows.length,
    firstMs: Math.min(...flows.map((flow) => firstMs(flow))),
    lastMs: Math.max(...flows.flatMap(({ sides }) => sides.map(({ lastMs }) => lastMs))),
    cited,
    facts,
  };
}

function firstMs({ sides }: Flow): number {
  const times = sides.filter(({ packets }: Side) => packets > 0).map((side) => side.firstMs);
  return Math.min(...times);
}
