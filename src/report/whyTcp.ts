import type { WhyArgs, WhyEntry } from './why.ts';
import {
  anyAttempt,
  askAgain,
  findHostRule,
  findSender,
  icmpSaid,
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
import { pathMeaning, pathNext, waited } from './whyUdp.ts';

/** Reasons of verdicts about TCP ports. */
export type TcpWhyId =
  | 'tcp.silent.inferred'
  | 'tcp.open'
  | 'tcp.open.window'
  | 'tcp.open.no-window-info'
  | 'tcp.syn-proxy'
  | 'tcp.syn-proxy.reset'
  | 'tcp.accepted-then-reset'
  | 'tcp.reset'
  | 'tcp.reset.confirmed'
  | 'tcp.reset.own-doubt'
  | 'tcp.reset.forged'
  | 'tcp.refused.unattributed'
  | 'tcp.reject.target'
  | 'tcp.reject.path'
  | 'tcp.errno'
  | 'tcp.silent';

const nothingNext = (): readonly string[] => [];
const openMeaning = (): string => 'Something listens there and can be reached from this machine.';
const acceptedMeaning = (): string =>
  'Something accepts connections there. A proxy on the way could accept in its place: no data were seen.';
const closedNext = (args: WhyArgs): readonly string[] => [
  showListeners(args),
  showRules(args, 'reject'),
];

/** The words for TCP ports. */
export const TCP_WHY: Readonly<Record<TcpWhyId, WhyEntry>> = {
  'tcp.silent.inferred': {
    sentence: (args) =>
      `${portOfTarget(args)} did not answer${anyAttempt(args)}; ${sender(args)} rejects what goes to the target as a ` +
      `whole${icmpSaid(args)}, and the target has answered nothing.`,
    meaning: () =>
      'Other ports of the target got this answer. It is about the way to the target, and routers limit how many they ' +
      'send, so that this port has most likely stayed silent for the same cause.',
    next: pathNext,
  },
  'tcp.open': {
    sentence: (args) => `${portOfTarget(args)} accepted the connection (SYN-ACK).`,
    meaning: acceptedMeaning,
    next: nothingNext,
  },
  'tcp.open.window': {
    sentence: (args) =>
      `${portOfTarget(args)} accepted the connection and is ready to receive data.`,
    meaning: openMeaning,
    next: nothingNext,
  },
  'tcp.open.no-window-info': {
    sentence: (args) =>
      `${portOfTarget(args)} accepted the connection; whether a proxy on the way accepted in its place is not visible on ` +
      'this wire.',
    meaning: acceptedMeaning,
    next: nothingNext,
  },
  'tcp.syn-proxy': {
    sentence: (args) =>
      `${theAttempt('connection', args)} ${was(args)} accepted with a closed window that never opened.`,
    meaning: () =>
      'A SYN proxy on the way answers before it has asked the host, and the host behind it has said nothing. An ' +
      'overloaded service could look alike.',
    next: (args) => [showListeners(args), watchArrival(args)],
  },
  'tcp.syn-proxy.reset': {
    sentence: (args) =>
      `${theAttempt('connection', args)} ${was(args)} accepted with a closed window and then reset.`,
    meaning: () =>
      'A SYN proxy on the way answers before it has asked the host. The reset that follows fits a closed port behind ' +
      'it, and also a filter there.',
    next: (args) => [showListeners(args), watchArrival(args)],
  },
  'tcp.accepted-then-reset': {
    sentence: (args) => `${portOfTarget(args)} accepted the connection and reset it at once.`,
    meaning: () =>
      'A proxy on the way may have accepted and found no service behind it, or the service itself closes connections from here.',
    next: (args) => [showListeners(args), watchArrival(args)],
    brief: () => 'accepted, then reset',
  },
  'tcp.reset': {
    sentence: (args) =>
      `${portOfTarget(args)} ${was(args)} refused with a RST, and no other kind of answer of the target shows whether it is ` +
      "the target's own.",
    meaning: () =>
      'Most likely nothing listens there, or the service is bound to another address such as 127.0.0.1. A firewall on ' +
      'the host or on the way can send the same RST.',
    next: closedNext,
  },
  'tcp.reset.confirmed': {
    sentence: (args) =>
      `${targetName(args)} refused ${portName(args)} with a RST that came from ` +
      'its own distance: nothing listens there, or its host firewall rejects with tcp reset.',
    meaning: () =>
      'The host was reached and refused. Most often the service is down, or bound to another address such as ' +
      '127.0.0.1. A host firewall that rejects with tcp reset cannot be told apart from outside.',
    next: closedNext,
  },
  'tcp.reset.own-doubt': {
    sentence: (args) =>
      `${portOfTarget(args)} ${was(args)} refused with a RST, but this machine dropped packets of its own meanwhile, so that the ` +
      'RST may be of its own firewall.',
    meaning: () =>
      'A rule in the output chain of this machine that rejects with tcp reset looks like a closed port. Look at the ' +
      'own rules before the target.',
    next: (args) => [showRules(args, 'reject', 'here'), showListeners(args)],
  },
  'tcp.reset.forged': {
    sentence: (args) => {
      const hop = args['hop'] === undefined ? 'nearer than the target' : `hop ${args['hop']}`;
      const known =
        args['targetHop'] === undefined ? '' : ` (the target is at hop ${args['targetHop']})`;
      return `The RST for ${portOfTarget(args)} came from ${hop}${known}: a device on the way sent it in the target's name.`;
    },
    meaning: () =>
      'A firewall or an inspection device on the way rejects the connection with a RST that wears the address of the ' +
      'target. The host was not asked. Or that device owns the address, and passes only some ports on to a host behind it.',
    next: (args) => {
      const hop =
        args['hop'] === undefined ? 'on the device' : `on the device at hop ${args['hop']}`;
      return [showRules(args, 'reject', hop), watchArrival(args)];
    },
  },
  'tcp.refused.unattributed': {
    sentence: (args) =>
      `${theAttempt('connection', args)} ${was(args)} refused, and this wire cannot see by whom or how.`,
    meaning: () =>
      'Either nothing listens there (a RST of the host), or a firewall on the host or on the way rejects it. Who ' +
      'refused is visible with the native addon.',
    next: findSender,
  },
  'tcp.reject.target': {
    sentence: (args) =>
      `${targetName(args)} itself rejects connections to ${portName(args)}${icmpSaid(args)}.`,
    meaning: () =>
      'A closed TCP port answers with a RST, so this ICMP error is a filter: a firewall rule on the host, or a port ' +
      'that the host forwards (NAT, container, service without endpoints).',
    next: findHostRule,
  },
  'tcp.reject.path': {
    sentence: (args) =>
      `${sender(args)}, not the target, rejects ${theAttempt('connection', args)}${icmpSaid(args)}.`,
    meaning: pathMeaning,
    next: pathNext,
  },
  'tcp.errno': {
    sentence: (args) =>
      `${theAttempt('connection', args)} failed (${args['errno'] ?? 'error unknown'}), and this wire cannot see who ` +
      'rejected it.',
    meaning: () =>
      'Something between here and the service rejects it, or no host has the address. The error class is all that an ' +
      'ordinary socket keeps: the sender may be a router, a firewall or the host.',
    next: (args) => [
      askAgain(args, ' --wire errqueue', 'names the sender; needs the native addon'),
    ],
  },
  'tcp.silent': {
    sentence: (args) =>
      `${portOfTarget(args)} did not answer${anyAttempt(args)}${waited(args['waitedMs'])}.`,
    meaning: (args) =>
      'A host that is up answers a TCP port, open or closed. Something drops the probe or its answer: a firewall on the ' +
      'way, a security group, the firewall of the host, or the host is down. Or a service hangs and its queue of ' +
      'connections is full (Recv-Q above Send-Q).' +
      limitedIcmp(args),
    next: (args) => [watchArrival(args), showRules(args, 'drop'), showListeners(args)],
  },
};
