/** Who sent an ICMP error or a RST, as far as addresses and TTLs of the capture tell. All distances are from the capture point. */
import { distanceOf, provenHop } from '../match/distance.ts';
import type { By, Ip } from '../model.ts';
import { type AddressTable, TTL_OF } from './addressTable.ts';
import type { Certainty } from './finding.ts';

/** What is known of a sender. */
export interface Sender {
  /**
   * `asker`: the quoted packet's own source; `asked`: its destination; `nearer`: it wears the destination's address and
   * stands nearer than it; `farther`: the same from further away; `between`: another address.
   */
  readonly place: 'asker' | 'asked' | 'nearer' | 'farther' | 'between';
  readonly certainty: Certainty;
  readonly by: By;
  /** 1 = no router between; null when the TTL says nothing. */
  readonly distance: number | null;
  /** Of the asked host's other packets. */
  readonly targetDistance: number | null;
  /** Routers that the quoted packet had passed since the capture point. */
  readonly travelled: number | null;
}

/** An ICMP error's ends and TTLs. */
export interface ErrorEnds {
  readonly sender: number;
  readonly quotedSrc: number;
  readonly quotedDst: number;
  readonly ttl: number;
  readonly quotedTtl: number;
  /** The TTL with which the quoted packet passed the capture; 0 when it did not, or with several. */
  readonly seenTtl: number;
}

/** The TTL of the host's answers, RSTs and ICMP errors left out; -1 when none or several are known. */
export function hostTtl(addresses: AddressTable, host: number): number {
  const ttls = [TTL_OF.TCP, TTL_OF.UDP, TTL_OF.ECHO]
    .map((kind) => addresses.ttlOf(host, kind))
    .filter((ttl) => ttl !== 0);
  const [first = -1] = ttls;
  // Answers from several distances: a NAT, or somebody who answers in its place. None of them is known to be its own.
  return ttls.every((ttl) => distanceOf(ttl) === distanceOf(first)) ? first : -1;
}

/** How far the host is by its answers; null when that is not known. */
export function hostDistance(addresses: AddressTable, host: number): number | null {
  return distanceOf(hostTtl(addresses, host));
}

/** Judges who sent an error. */
export function senderOf(addresses: AddressTable, ends: ErrorEnds): Sender {
  const { sender, quotedSrc, quotedDst, ttl, quotedTtl, seenTtl } = ends;
  const distance = distanceOf(ttl);
  const targetDistance = hostDistance(addresses, quotedDst);
  const known = seenTtl > 0 && seenTtl >= quotedTtl;
  const travelled = known ? seenTtl - quotedTtl : null;
  const hop = provenHop(ttl, quotedTtl, known ? seenTtl : 0);
  const ip = addresses.ip(sender);
  const shared = { distance, targetDistance, travelled };
  if (sender === quotedSrc && sender !== quotedDst) {
    return { place: 'asker', certainty: 'high', by: { ip, role: 'local', hop: null }, ...shared };
  }
  if (sender !== quotedDst) {
    const by: By = { ip, role: 'path', hop };
    return { place: 'between', certainty: betweenCertainty(shared), by, ...shared };
  }
  return { ...wearing(ip, hop, shared), ...shared };
}

type Distances = Pick<Sender, 'distance' | 'targetDistance' | 'travelled'>;

/** A host may answer from another of its addresses: then sender and host are equally far, and nothing was forwarded. */
function betweenCertainty({ distance, targetDistance, travelled }: Distances): Certainty {
  if (travelled === null) return 'medium';
  const wasForwarding = travelled === distance;
  if (wasForwarding) return 'high';
  return targetDistance === distance ? 'medium' : 'high';
}

function wearing(
  ip: Ip,
  hop: number | null,
  { distance, targetDistance, travelled }: Distances,
): Pick<Sender, 'place' | 'certainty' | 'by'> {
  const target: By = { ip, role: 'target', hop };
  if (distance !== null && targetDistance !== null && distance !== targetDistance) {
    const isNearer = distance < targetDistance;
    const by: By = isNearer ? { ip: null, role: 'path', hop: distance } : target;
    return { place: isNearer ? 'nearer' : 'farther', certainty: 'medium', by };
  }
  // Who rejects while forwarding has decremented the TTL that he quotes; a host's own kernel has not.
  if (travelled !== null && distance !== null && travelled >= distance) {
    return { place: 'nearer', certainty: 'low', by: { ip: null, role: 'path', hop } };
  }
  const isConfirmed = targetDistance !== null || (travelled !== null && hop !== null);
  return { place: 'asked', certainty: isConfirmed ? 'high' : 'medium', by: target };
}
