/** Requests by UDP and echo that stay unanswered, are answered late, or by somebody else. */

import { LATE_MS } from './datagramFlow.ts';
import { formatEndpoint } from './endpoint.ts';
import type { Evidence } from './evidence.ts';
import { type Flow, FROM_ASKED, FROM_ASKER } from './flow.ts';
import type { FlowSign } from './flowSigns.ts';
import { hasPorts } from './protocols.ts';
import { isOneWay } from './request.ts';
import { othersOf, readLoop, readSilentProbe, someVariant } from './silence.ts';
import { oneWayEnds, type StrangerAnswer } from './strangers.ts';

/** A request is waited for at least this long before the end of a capture, ms. */
const PATIENCE_MS = 1000;
/** So many datagrams without any answer are a stream, not a question asked again. */
const STREAM_COUNT = 20;

const REQUESTS: FlowSign['citing'] = {
  from: FROM_ASKER,
  also: '',
  count: ({ sides }) => sides[FROM_ASKER].packets,
  frames: ({ sides }) => sides[FROM_ASKER].frames,
};

/** What a flow of datagrams shows; null for one in order. */
export function readDatagramFlow(evidence: Evidence, flow: Flow): FlowSign | null {
  const facts = flow.datagrams!;
  const stranger = evidence.strangers.get(flow);
  if (stranger !== undefined) return fromElsewhere(evidence, stranger);
  if (facts.lateCount > 0) return late(flow);
  if (facts.pending === 0 || flow.errorCount > 0) return null;
  if (flow.sides[FROM_ASKED].packets > 0) return null;
  return readLoop(flow) ?? readSilentProbe(evidence, flow) ?? silent(evidence, flow);
}

function silent(evidence: Evidence, flow: Flow): FlowSign | null {
  const { counts, bothWays } = evidence;
  const [side] = flow.sides;
  const { request, pendingSinceMs } = flow.datagrams!;
  const protocol = request?.protocol ?? '';
  const waitedMs = counts.lastMs - pendingSinceMs;
  const isEarly = waitedMs < PATIENCE_MS;
  const isStream = side.packets >= STREAM_COUNT;
  const isPing = !hasPorts(flow.protocol);
  const others = othersOf(evidence, flow);
  const { whyId, rank, certainty } = isOneWay(protocol)
    ? ({ whyId: 'explain.udp.one-way', rank: 100, certainty: 'medium' } as const)
    : isEarly
      ? ({ whyId: 'explain.udp.silent-at-end', rank: 140, certainty: 'low' } as const)
      : isPing
        ? ({ whyId: 'explain.ping.silent', rank: 550, certainty: 'medium' } as const)
        : isStream
          ? ({ whyId: 'explain.udp.stream', rank: 250, certainty: 'low' } as const)
          : others !== null
            ? ({ whyId: 'explain.udp.silent-some', rank: 690, certainty: 'medium' } as const)
            : ({ whyId: 'explain.udp.silent', rank: 700, certainty: 'medium' } as const);
  // Where no flow shows both directions, the capture may hold one alone.
  const sure = bothWays ? certainty : 'low';
  return {
    kind: isOneWay(protocol) ? 'note' : 'silent',
    whyId,
    rank,
    certainty: sure,
    citing: REQUESTS,
    args: { attempts: side.packets - side.copies, protocolName: protocol, ...others },
    variant: `${protocol}/${whyId === 'explain.udp.silent-some' ? someVariant(flow, others) : ''}`,
    by: null,
  };
}

function late(flow: Flow): FlowSign {
  const facts = flow.datagrams!;
  return {
    kind: 'late',
    whyId: 'explain.udp.late',
    rank: 350,
    certainty: 'high',
    citing: {
      from: FROM_ASKED,
      also: null,
      count: () => 1,
      frames: ({ datagrams }) => [datagrams!.slowestFrame],
    },
    args: {
      slowestMs: Math.round(facts.slowestMs),
      lateMs: LATE_MS,
      lateCount: facts.lateCount,
    },
    variant: String(flow.number),
    by: null,
  };
}

function fromElsewhere({ addresses }: Evidence, { answer, isProven }: StrangerAnswer): FlowSign {
  const ends = oneWayEnds(answer)!;
  const ip = addresses.ip(ends.from);
  const frames = [...answer.sides[0].frames, ...answer.sides[1].frames];
  return {
    kind: 'other-source',
    whyId: isProven ? 'explain.udp.other-source' : 'explain.udp.other-source-perhaps',
    rank: 820,
    certainty: isProven ? 'high' : 'low',
    citing: { from: FROM_ASKED, also: null, count: () => frames.length, frames: () => frames },
    args: {
      other: formatEndpoint(ip, ends.fromPort),
      otherIp: ip,
      otherPort: ends.fromPort,
    },
    variant: `${ends.from}/${ends.fromPort}`,
    by: { ip, role: 'path', hop: null },
  };
}
