import type { WhyEntry } from './why.ts';
import {
  anyAttempt,
  askAgain,
  askPassage,
  findHostRule,
  findSender,
  icmpSaid,
  is,
  isAboutRoute,
  limitedIcmp,
  portName,
  portOfTarget,
  sender,
  showListeners,
  showRules,
  targetName,
  theAttempt,
  was,
  watchArrival,
} from './why.ts';

/** Reasons of verdicts about UDP ports. */
export type UdpWhyId =
  | 'udp.silent.inferred'
  | 'udp.answered'
  | 'udp.answered.parsed'
  | 'udp.stranger'
  | 'udp.port-unreach.target'
  | 'udp.port-unreach.unattributed'
  | 'udp.reject.target'
  | 'udp.reject.path'
  | 'udp.errno'
  | 'udp.silent'
  | 'udp.silent.certified'
  | 'udp.silent.no-token'
  | 'udp.silent.passes'
  | 'udp.silent.lost'
  | 'udp.between.closed'
  | 'udp.between.silent';

/** What tells more of a port that stayed silent. */
const afterSilence: WhyEntry['next'] = (args) => [
  watchArrival(args),
  showListeners(args),
  showRules(args, 'drop'),
  ...askPassage(args),
];

/** The words for UDP ports. */
export const UDP_WHY: Readonly<Record<UdpWhyId, WhyEntry>> = {
  'udp.silent.inferred': {
    sentence: (args) =>
      `${portOfTarget(args)} did not answer${anyAttempt(args)}; ${sender(args)} rejects what goes to the target as a ` +
      `whole${icmpSaid(args)}, and the target has answered nothing.`,
    meaning: () =>
      'Other ports of the target got this answer. It is about the way to the target, and routers limit how many they ' +
      'send, so that this port has most likely stayed silent for the same cause.',
    next: pathNext,
  },
  'udp.answered': {
    sentence: (args) => `${portOfTarget(args)} answered, in a protocol that was not recognized.`,
    meaning: () => 'Something listens there and answers. Which service it is was not proven.',
    next: () => [],
  },
  'udp.answered.parsed': {
    sentence: (args) => {
      const info = args['info'] ? `: ${args['info']}` : '';
      return `${portOfTarget(args)} answered in valid ${args['service'] ?? 'protocol'}${info}.`;
    },
    meaning: () => 'The service is up and answers this machine.',
    next: () => [],
  },
  'udp.stranger': {
    sentence: (args) => {
      const port = args['fromPort'] === undefined ? '' : ` port ${args['fromPort']}`;
      const by = args['by'] ? String(args['by']) : 'somebody else';
      return `The answer to ${portOfTarget(args)} came from ${by}${port}, which was not asked.`;
    },
    meaning: () =>
      'A host with several addresses, a load balancer or a NAT answers from another address or port. A client that ' +
      'checks the sender throws such an answer away, and sees a timeout.',
    next: (args) => [showListeners(args), watchArrival(args)],
  },
  'udp.port-unreach.target': {
    sentence: (args) =>
      `${targetName(args)} itself says that ${portName(args)} ${is(args)} unreachable` +
      `${args['icmp'] === undefined ? '' : ` (${args['icmp']})`}: nothing listens there, or its host firewall rejects in ` +
      'the same words.',
    meaning: () =>
      'The probe reached the host and came back with its own refusal. Most often the service is down, or bound to ' +
      'another address such as 127.0.0.1. A host firewall that rejects with port-unreachable cannot be told apart ' +
      'from outside.',
    next: (args) => [showListeners(args), showRules(args, 'reject')],
  },
  'udp.port-unreach.unattributed': {
    sentence: (args) =>
      `${portOfTarget(args)} ${was(args)} refused as unreachable, by a sender that this wire cannot see.`,
    meaning: () =>
      'Either nothing listens there, or a firewall on the host or on the way rejects it. Who refused is visible with ' +
      'the native addon.',
    next: findSender,
  },
  'udp.reject.target': {
    sentence: (args) =>
      `${targetName(args)} itself rejects what is sent to ${portName(args)}${icmpSaid(args)}.`,
    meaning: () =>
      'This is not how a closed UDP port answers. A firewall rule on the host rejects it, or the host forwards the ' +
      'port (NAT, container) to a place that it cannot reach.',
    next: findHostRule,
  },
  'udp.reject.path': {
    sentence: (args) =>
      `${sender(args)}, not the target, rejects ${theAttempt('probe', args)}${icmpSaid(args)}.`,
    meaning: pathMeaning,
    next: pathNext,
  },
  'udp.errno': {
    sentence: (args) =>
      `${theAttempt('probe', args)} ${was(args)} rejected (${args['errno'] ?? 'error unknown'}), by a sender that this ` +
      'wire cannot see.',
    meaning: () =>
      'Something between here and the service rejects it, or no host has the address. The error class is all that an ' +
      'ordinary socket keeps: the sender may be a router, a firewall or the host.',
    next: (args) => [
      askAgain(args, ' --wire errqueue', 'names the sender; needs the native addon'),
    ],
  },
  'udp.silent': {
    sentence: (args) =>
      `${portOfTarget(args)} did not answer${anyAttempt(args)}${waited(args['waitedMs'])}.`,
    meaning: (args) =>
      'Either something listens and does not answer this probe, or a filter drops the probe or its answer. Silence ' +
      'alone cannot tell which.' +
      limitedIcmp(args),
    next: afterSilence,
  },
  'udp.silent.certified': {
    sentence: (args) =>
      `${portOfTarget(args)} did not answer${anyAttempt(args)}, while the target answered for closed ports that were ` +
      'asked right after: it is not closed.',
    meaning: () =>
      'Either something listens and does not answer this probe, or a filter drops the probe or its answer. The target ' +
      'had an ICMP error to send each time, so that its limit on them does not explain the silence.',
    next: afterSilence,
  },
  'udp.silent.passes': {
    sentence: (args) =>
      `${portOfTarget(args)} did not answer${anyAttempt(args)}, and what is sent there comes to the stack of ` +
      `${targetName(args)} where an IPv6 extension header stands before it: a service that says nothing, or answers that are lost.`,
    meaning: () =>
      'Most likely something listens and does not answer this probe. A filter on the way there that looks behind no ' +
      'extension header, or one on the way back, looks the same.',
    next: (args) => [showListeners(args), watchArrival(args), showRules(args, 'drop')],
    brief: () => 'no answer; packets come through',
  },
  'udp.silent.lost': {
    sentence: (args) =>
      `${portOfTarget(args)} did not answer${anyAttempt(args)}, and what is sent there behind an IPv6 extension header ` +
      `does not come to the stack of ${targetName(args)}, where that for other ports comes through: dropped on the way there.`,
    meaning: () =>
      'Most likely a filter drops the port, on the host or on the way. A device that drops only what has extension ' +
      'headers, for this port and not for others, looks the same.',
    next: (args) => [showRules(args, 'drop'), watchArrival(args), showListeners(args)],
    brief: () => 'dropped on the way there',
  },
  'udp.between.closed': {
    sentence: (args) => notAsked(args, 'closed'),
    meaning: () =>
      'Most likely it is closed too. This is no proof: a service that is alone between closed ports is not seen so.',
    next: (args) => [askAgain(args, '', 'asks each of them')],
    brief: () => 'not asked: closed on both sides',
  },
  'udp.between.silent': {
    sentence: (args) => notAsked(args, 'silent, which no limit on ICMP errors explains'),
    meaning: () =>
      'Most likely a filter drops the whole range. This is no proof: a closed port in it, or one that answers, is not seen so.',
    next: (args) => [askAgain(args, '', 'asks each of them')],
    brief: () => 'not asked: silent on both sides',
  },
  'udp.silent.no-token': {
    sentence: (args) => {
      const count = args['icmpAnswers'] === undefined ? '' : `${args['icmpAnswers']} `;
      return (
        `${portOfTarget(args)} did not answer${anyAttempt(args)}, and the target, having sent ${count}ICMP errors in ` +
        'this run, may have no token left to answer with.'
      );
    },
    meaning: () =>
      'Hosts limit how many ICMP errors they send (Linux: about 1 a second after a burst). The port may be closed and ' +
      'its refusal held back, or open and silent, or filtered.',
    next: (args) => [
      askAgain(args, ' --retries 6', 'few ports at a time leave tokens for all'),
      showListeners(args),
    ],
  },
};

/** `UDP port 104 of 10.0.0.5 was not asked: ports 100 and 110, which were, are closed.` */
function notAsked(args: Parameters<WhyEntry['sentence']>[0], state: string): string {
  const { low, high } = args;
  const beside =
    low === undefined || high === undefined
      ? 'the asked ports on both sides'
      : `ports ${low} and ${high}, which were,`;
  return `${portOfTarget(args)} ${was(args)} not asked: ${beside} are ${state}.`;
}

/** What a rejection by a device on the way means, for either protocol. */
export function pathMeaning(args: Parameters<WhyEntry['meaning']>[0]): string {
  if (isAboutRoute(args)) {
    return (
      'That device cannot reach the host: it has no route, or the host does not answer on its last link. A filter may ' +
      'also say so; then other ports of the same host fare differently. The port itself was not seen.'
    );
  }
  return (
    'A firewall or access list on that device rejects it. The probe did not reach the host, so whether anything ' +
    'listens there is not known.'
  );
}

/** What to do about a rejection by a device on the way. */
export function pathNext(args: Parameters<WhyEntry['next']>[0]): readonly string[] {
  const where = args['by'] === undefined ? 'on the device' : `on ${args['by']}`;
  const rules = showRules(args, 'reject', where);
  return isAboutRoute(args)
    ? [
        `ip route get ${targetName(args).replace(/%.*/, '')}  # ${where}: its route to the host`,
        rules,
      ]
    : [rules];
}

/** ` in 1.2 s`, or nothing. */
export function waited(waitedMs: string | number | undefined): string {
  return typeof waitedMs === 'number' ? ` in ${(waitedMs / 1000).toFixed(1)} s` : '';
}
