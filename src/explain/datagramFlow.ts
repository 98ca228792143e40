/** Follows a flow of datagrams: what was asked, what stayed unanswered, what was late. */
import { IP_PROTOCOL } from '../packet/ip.ts';
import { payloadFor } from '../probe/payload.ts';
import { createDatagramFacts, type Flow, FROM_ASKER } from './flow.ts';
import { readRequest } from './request.ts';
import type { Moment } from './tcpFlow.ts';

/** A program that still waits after this long has asked again or given up: resolvers wait 5 s at most, most ask sooner. */
export const LATE_MS = 2000;

/** The transport payload of a datagram, in `bytes[at, end)`. */
export interface Payload {
  bytes: Uint8Array;
  at: number;
  end: number;
}

/** Takes a datagram into its flow's facts. */
export function takeDatagram(
  flow: Flow,
  from: 0 | 1,
  payload: Payload,
  { atMs, frame }: Moment,
): void {
  flow.datagrams ??= createDatagramFacts(from !== FROM_ASKER);
  const facts = flow.datagrams;
  if (from === FROM_ASKER) {
    if (facts.request === null && flow.protocol === IP_PROTOCOL.UDP) {
      facts.request = readRequest(flow.askedPort, payload);
    }
    if (facts.pending === 0) facts.pendingSinceMs = atMs;
    facts.pending++;
    return;
  }
  if (facts.pending === 0) return;
  const tookMs = atMs - facts.pendingSinceMs;
  if (tookMs > facts.slowestMs) {
    facts.slowestMs = tookMs;
    facts.slowestFrame = frame;
  }
  if (tookMs >= LATE_MS) facts.lateCount++;
  facts.pending = 0;
}

/** Ports under this are given out by IANA to services, and only the system may bind them. */
const FIRST_USER_PORT = 1024;

/**
 * Whether the first datagram of a flow looks like an answer: it comes from the port of a known service and goes to a port
 * that is none. Then the request was sent before the capture began, or is not in it.
 */
export function looksLikeAnswer(srcPort: number, dstPort: number): boolean {
  return isServicePort(srcPort) && !isServicePort(dstPort);
}

function isServicePort(port: number): boolean {
  return port < FIRST_USER_PORT || payloadFor(port).protocol !== GENERIC;
}

const GENERIC = payloadFor(0).protocol;
