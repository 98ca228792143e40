/** Judging what our own side did: "could not check" is its own outcome and never looks like `filtered`. */
import { ERRNO, errnoName } from '../errno.ts';
import type { OwnSide } from '../model.ts';
import { CONFIDENCE } from './confidence.ts';
import { type PortFacts, type Ruling, SILENCE, type TargetFacts } from './facts.ts';
import { icmpMeaning } from './icmpMeaning.ts';

function unknown(
  whyId: string,
  confidence: number,
  ownSide: OwnSide | null,
  whyArgs: Readonly<Record<string, string | number>> = {},
): Ruling {
  return {
    state: 'unknown',
    reason: 'local-error',
    by: { ip: null, role: 'local', hop: null },
    confidence,
    whyId,
    whyArgs: {
      ...(ownSide?.interface == null ? {} : { interface: ownSide.interface }),
      ...(ownSide?.gateway == null ? {} : { gateway: ownSide.gateway }),
      ...whyArgs,
    },
  };
}

const noNeighbour = (ownSide: OwnSide): Ruling => ({
  state: 'filtered',
  reason: 'host-unreach',
  detail: 'no-neighbour',
  by: { ip: null, role: 'local', hop: null },
  confidence: CONFIDENCE.noNeighbour,
  whyId: 'no-neighbour',
  ...(ownSide.interface === null ? {} : { whyArgs: { interface: ownSide.interface } }),
});

/**
 * What our own side says about a target that does not answer, or null when it says nothing. Gateway, host and carrier
 * are told apart by route, neighbour table and link flag, not by the error. `hasSpoken`: the target itself answered in this
 * run, so the next hop was there, and an entry without an answer is one that is being looked up anew.
 */
export function judgeRoute(
  ownSide: OwnSide,
  { hasSpoken }: { readonly hasSpoken: boolean } = { hasSpoken: false },
): Ruling | null {
  if (ownSide.route === 'none') {
    return unknown('own.no-route', CONFIDENCE.ownSideSaid, ownSide, {
      errno: ownSide.routeErrno ?? 'ENETUNREACH',
    });
  }
  if (ownSide.carrier === false) {
    return unknown('own.link-down', CONFIDENCE.ownSideSaid, ownSide);
  }
  if (hasSpoken) return null;
  if (ownSide.neighbour === 'failed' || ownSide.neighbour === 'incomplete') {
    if (ownSide.route === 'gateway') {
      return unknown('own.gateway-silent', CONFIDENCE.ownSideSaid, ownSide);
    }
    if (ownSide.route === 'on-link') return noNeighbour(ownSide);
  }
  return null;
}

/** Our firewall answers at once, a neighbour that is missing after seconds (net.ipv4.neigh.*.retrans_time_ms), ms. */
export const LATE_MS = 1000;

/** An ICMP error whose sender is one of our own addresses: a neighbour that does not answer, or our own firewall. */
export function judgeOwnIcmp(port: PortFacts, target: TargetFacts): Ruling {
  const { ownSide } = target;
  const said = ownSide === null ? null : judgeRoute(ownSide);
  if (said !== null) return said;
  const meaning = icmpMeaning(target.family, port.icmpType, port.icmpCode);
  // An answer to a retransmission cannot be dated: then it may be late.
  const isLate = port.rttMs === null || port.rttMs >= LATE_MS;
  const isHostUnreach = meaning.kind === 'state' && meaning.reason === 'host-unreach';
  if (isHostUnreach && isLate && ownSide !== null && ownSide.neighbour !== 'reachable') {
    // The entry may have expired from the neighbour table between the record and the look-up.
    return ownSide.route === 'gateway'
      ? unknown('own.gateway-silent', CONFIDENCE.ownSideCounted, ownSide)
      : noNeighbour(ownSide);
  }
  return unknown('own.output-reject', CONFIDENCE.ownSideSaid, ownSide);
}

const SEND_ERRNO_WHY: Readonly<Record<number, string>> = {
  [ERRNO.EPERM]: 'own.output-drop',
  [ERRNO.ENOBUFS]: 'own.egress-drop',
  [ERRNO.ENETUNREACH]: 'own.no-route',
  [ERRNO.EHOSTUNREACH]: 'own.no-route',
  [ERRNO.EACCES]: 'own.no-route',
  [ERRNO.EINVAL]: 'own.no-route',
  [ERRNO.ENETDOWN]: 'own.link-down',
  [ERRNO.EMFILE]: 'own.no-descriptors',
  [ERRNO.ENFILE]: 'own.no-descriptors',
  [ERRNO.EADDRNOTAVAIL]: 'own.port-range',
};

/** A probe that never left: the errno of the system call, explained by what the route says. */
export function judgeSendFailure(port: PortFacts, target: TargetFacts): Ruling {
  const { ownSide } = target;
  const said = ownSide === null || port.errno === ERRNO.EPERM ? null : judgeRoute(ownSide);
  if (said !== null && said.state === 'unknown') return said;
  return unknown(SEND_ERRNO_WHY[port.errno] ?? 'own.send-failed', CONFIDENCE.ownSideSaid, ownSide, {
    errno: errnoName(port.errno),
  });
}

/** What our own counters say about a silence, or null. */
export function judgeCounters(
  ownSide: OwnSide,
  { protocol, attempts, silence }: Pick<PortFacts, 'protocol' | 'attempts' | 'silence'>,
): Ruling | null {
  const counted = CONFIDENCE.ownSideCounted;
  if ((ownSide.outDropped ?? 0) > 0) {
    return unknown('own.output-drop', counted, ownSide, { count: ownSide.outDropped ?? 0 });
  }
  const retransFailed = ownSide.retransFailed ?? 0;
  if (ownSide.outDropped === null && retransFailed > 0) {
    return unknown('own.output-drop', counted, ownSide, { count: retransFailed });
  }
  // Only a connect is told nothing by its own kernel: a datagram that goes no further fails with ENOBUFS.
  if (protocol === 'tcp' && (ownSide.unsent ?? 0) > 0 && retransFailed > 0) {
    return unknown('own.egress-drop', counted, ownSide, { count: retransFailed });
  }
  // A walk has measured how many answers are lost, here or elsewhere. What it cannot know is that all answers of one port are
  // dropped here, and then there are as many drops as attempts. Multicast looks like a few drops (wire/kernelCounters.ts).
  const inDropped = ownSide.inDropped ?? 0;
  if (inDropped > 0 && (silence !== SILENCE.CERTIFIED || inDropped >= attempts)) {
    return unknown('own.input-drop', counted, ownSide, { count: inDropped });
  }
  return judgeOverflow(ownSide);
}

/** What a full receive buffer or ring says about a silence, or null. */
export function judgeOverflow(ownSide: OwnSide): Ruling | null {
  return ownSide.overflow ? unknown('own.overflow', CONFIDENCE.ownSideCounted, ownSide) : null;
}
