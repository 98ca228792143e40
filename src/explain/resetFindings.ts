/** RSTs: whose they are, and what they end. */
import { distanceOf } from '../match/distance.ts';
import type { By } from '../model.ts';
import { TTL_OF } from './addressTable.ts';
import type { Evidence } from './evidence.ts';
import type { Certainty } from './finding.ts';
import { type Flow, FROM_ASKED, FROM_ASKER, type Reset, type TcpFacts } from './flow.ts';
import type { FlowSign } from './flowSigns.ts';
import { hostDistance } from './sender.ts';
import { ACCEPTED_MS } from './tcpFindings.ts';

/** What the first RST of a flow means; null for one that only ends a connection that was closed in order. */
export function readReset(evidence: Evidence, flow: Flow, tcp: TcpFacts): FlowSign | null {
  const [reset] = tcp.resets as [Reset];
  if (reset.answersSyn) return refused(evidence, flow, reset);
  const others =
    flow.sides[0].packets + flow.sides[1].packets - tcp.resetCount[0] - tcp.resetCount[1];
  if (others === 0) return alone(reset);
  if (tcp.synAckCount > 0 && reset.from === FROM_ASKER && saidNothing(tcp)) {
    return brokenOff(tcp.established);
  }
  // A SYN proxy accepted: its SYN-ACK and the server's RST are of two senders, and neither is forged (readSynProxy tells).
  if (tcp.synAckCount > 0 && tcp.synAckWindow === 0 && !tcp.windowOpened) return null;
  if (tcp.firstFin >= 0 && tcp.firstFinMs <= reset.atMs) return null;
  return midway(evidence, flow, tcp, reset);
}

/** RSTs of one side. */
function resetsFrom(from: 0 | 1): FlowSign['citing'] {
  return {
    from,
    also: 'tcp.flags.reset == 1',
    count: ({ tcp }) => tcp?.resetCount[from] ?? 0,
    frames: ({ tcp }) =>
      (tcp?.resets ?? []).filter((reset) => reset.from === from).map(({ frame }) => frame),
  };
}

/** A distance of the host that a RST can be compared with: of its answers, else of its ICMP errors. */
function distanceBeside({ addresses }: Evidence, host: number): number | null {
  const distance = hostDistance(addresses, host);
  if (distance !== null) return distance;
  const ttl = addresses.ttlOf(host, TTL_OF.ICMP_ERROR);
  return ttl > 0 ? distanceOf(ttl) : null;
}

function refused(evidence: Evidence, flow: Flow, reset: Reset): FlowSign {
  const distance = distanceOf(reset.ttl);
  const target = distanceBeside(evidence, flow.asked);
  const { whyId, certainty } = refusedBy(distance, target);
  return {
    kind: whyId.endsWith('forged') ? 'reset' : 'refused',
    whyId,
    rank: whyId.endsWith('forged') ? 950 : 850,
    certainty,
    citing: resetsFrom(FROM_ASKED),
    args: { ttl: reset.ttl, ...distanceArgs(distance, target) },
    variant: String(reset.ttl),
    by: byOf(evidence, flow, whyId, distance),
  };
}

function byOf(
  { addresses }: Evidence,
  flow: Flow,
  whyId: string,
  distance: number | null,
): By | null {
  if (whyId === 'explain.tcp.refused.forged') return { ip: null, role: 'path', hop: distance };
  if (whyId === 'explain.tcp.refused.odd') return null;
  return { ip: addresses.ip(flow.asked), role: 'target', hop: distance };
}

function refusedBy(
  distance: number | null,
  target: number | null,
): { readonly whyId: string; readonly certainty: Certainty } {
  if (distance === null || target === null) {
    return { whyId: 'explain.tcp.refused', certainty: 'medium' };
  }
  if (distance === target) return { whyId: 'explain.tcp.refused.confirmed', certainty: 'high' };
  const whyId = distance < target ? 'explain.tcp.refused.forged' : 'explain.tcp.refused.odd';
  return { whyId, certainty: 'medium' };
}

function distanceArgs(distance: number | null, target: number | null): Record<string, number> {
  return {
    ...(distance === null ? {} : { distance }),
    ...(target === null ? {} : { targetDistance: target }),
  };
}

/** Of the connection nothing else was captured: what the RST ended is not known. */
function alone(reset: Reset): FlowSign {
  return {
    kind: 'reset',
    whyId: 'explain.tcp.reset.alone',
    rank: 310,
    certainty: 'low',
    citing: resetsFrom(reset.from),
    args: { ttl: reset.ttl, from: reset.from === FROM_ASKED ? 'target' : 'client' },
    variant: `${reset.from}/${reset.ttl}`,
    by: null,
  };
}

/** No byte of payload went either way. */
function saidNothing({ streams }: TcpFacts): boolean {
  return streams.every(({ payloadBytes }) => payloadBytes === 0);
}

/** After the SYN-ACK, or after the whole handshake. */
function brokenOff(isConnected: boolean): FlowSign {
  return {
    kind: 'note',
    whyId: 'explain.tcp.broken-off',
    rank: 60,
    certainty: 'medium',
    citing: resetsFrom(FROM_ASKER),
    args: isConnected ? { connected: 1 } : {},
    variant: isConnected ? 'connected' : '',
    by: null,
  };
}

/** Packets of a side after a RST in its name from which on the RST was not its own: one may have been overtaken. */
const GOES_ON = 2;

function midway(evidence: Evidence, flow: Flow, tcp: TcpFacts, reset: Reset): FlowSign {
  const { from } = reset;
  const ownTtl = ttlBeside(flow, reset);
  const goesOn = tcp.afterReset[from] >= GOES_ON;
  const isForged = goesOn || (ownTtl !== null && ownTtl !== reset.ttl);
  const acceptedForMs = tcp.synAckCount > 0 ? reset.atMs - tcp.synAckAtMs : -1;
  const { whyId, rank } = isForged
    ? { whyId: 'explain.tcp.reset.forged', rank: 940 }
    : midwayWhy(tcp, from, acceptedForMs);
  return {
    kind: 'reset',
    whyId,
    rank,
    certainty: 'medium',
    citing: resetsFrom(from),
    args: {
      ttl: reset.ttl,
      from: from === FROM_ASKED ? 'target' : 'client',
      ...(ownTtl === null ? {} : { ownTtl }),
      ...(goesOn ? { goesOn: tcp.afterReset[from] } : {}),
      ...(acceptedForMs >= 0 ? { acceptedForMs: Math.round(acceptedForMs) } : {}),
    },
    variant: `${from}/${ownTtl}/${reset.ttl}/${goesOn}`,
    by: isForged ? { ip: null, role: 'path', hop: null } : ownerOf(evidence, flow, from),
  };
}

/** The one TTL of the other packets of the side that a RST names; null where there are none, or several. */
function ttlBeside({ sides }: Flow, { from }: Reset): number | null {
  const { ttl, otherTtl } = sides[from];
  return ttl > 0 && otherTtl === 0 ? ttl : null;
}

function midwayWhy(
  tcp: TcpFacts,
  from: 0 | 1,
  acceptedForMs: number,
): { readonly whyId: string; readonly rank: number } {
  if (from === FROM_ASKER) return { whyId: 'explain.tcp.reset.midway', rank: 300 };
  const isAtOnce = acceptedForMs >= 0 && acceptedForMs < ACCEPTED_MS;
  return isAtOnce && tcp.streams[FROM_ASKED].payloadBytes === 0
    ? { whyId: 'explain.tcp.accepted-then-reset', rank: 460 }
    : { whyId: 'explain.tcp.reset.midway', rank: 420 };
}

function ownerOf({ addresses }: Evidence, flow: Flow, from: 0 | 1): By {
  return from === FROM_ASKED
    ? { ip: addresses.ip(flow.asked), role: 'target', hop: null }
    : { ip: addresses.ip(flow.asker), role: 'local', hop: null };
}
