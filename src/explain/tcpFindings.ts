/** Connections that get no answer, half an answer, or stop in the middle. */
import type { Citing, Evidence } from './evidence.ts';
import { type Flow, FROM_ASKED, FROM_ASKER, type TcpFacts } from './flow.ts';
import type { FlowSign } from './flowSigns.ts';
import { othersOf, readLoop, readSilentProbe, someVariant } from './silence.ts';

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

function silent(evidence: Evidence, flow: Flow, tcp: TcpFacts): FlowSign | null {
  if (flow.errorCount > 0) return null;
  const special = readLoop(flow) ?? readSilentProbe(evidence, flow);
  if (special !== null) return special;
  const { counts, bothWays } = evidence;
  const isEarly = counts.lastMs - tcp.synLastMs < PATIENCE_MS && tcp.synCount === 1;
  const others = othersOf(evidence, flow);
  return {
    kind: 'silent',
    whyId: isEarly
      ? 'explain.tcp.silent-at-end'
      : others === null
        ? 'explain.tcp.silent'
        : 'explain.tcp.silent-some',
    rank: isEarly ? 150 : others === null ? 800 : 790,
    certainty: isEarly || !bothWays ? 'low' : 'medium',
    citing: {
      from: FROM_ASKER,
      also: SYN_ONLY,
      count: ({ sides }) => sides[FROM_ASKER].packets,
      frames: ({ sides }) => sides[FROM_ASKER].frames,
    },
    args: { attempts: tcp.synCount, ...waited(tcp.synLastMs - tcp.synFirstMs), ...others },
    variant: isEarly ? '' : someVariant(flow, others),
    by: null,
  };
}

/** Less than a millisecond is no wait that a sentence should tell. */
function waited(ms: number): Record<string, number> {
  return ms >= 1 ? { waitedMs: Math.round(ms) } : {};
}

/** The SYN-ACKs of a flow. */
export const SYN_ACKS: Citing = {
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
  const broke = opened === 0 && tcp.resetCount[FROM_ASKER] > 0 && !tcp.established ? 1 : 0;
  return {
    kind: 'syn-proxy',
    whyId: SYN_PROXY_WHY[opened ? 'opened' : broke ? 'broke' : 'closed'],
    rank: opened || broke ? 200 : 700,
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

const SYN_PROXY_WHY = {
  opened: 'explain.tcp.syn-proxy',
  closed: 'explain.tcp.syn-proxy-closed',
  broke: 'explain.tcp.syn-proxy-perhaps',
} as const;
