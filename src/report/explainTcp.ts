import {
  captureThere,
  checkCloud,
  checkForward,
  checkFromClient,
  checkHostFirewall,
  checkLogs,
  checkOwnSide,
  checkPath,
  checkService,
  checkSize,
} from './explainSteps.ts';
import {
  away,
  client,
  duration,
  type ExplainEntry,
  ports,
  portsOf,
  SILENCE_CAVEAT,
  target,
  times,
} from './explainWords.ts';
import type { WhyArgs } from './why.ts';

/** Findings about TCP connections. */
export type TcpExplainId =
  | 'explain.tcp.refused'
  | 'explain.tcp.refused.confirmed'
  | 'explain.tcp.refused.forged'
  | 'explain.tcp.refused.odd'
  | 'explain.tcp.silent'
  | 'explain.tcp.silent-at-end'
  | 'explain.tcp.answer-ignored'
  | 'explain.tcp.half-open'
  | 'explain.tcp.syn-proxy'
  | 'explain.tcp.syn-proxy-closed'
  | 'explain.tcp.syn-proxy-perhaps'
  | 'explain.tcp.accepted-then-closed'
  | 'explain.tcp.accepted-then-reset'
  | 'explain.tcp.reset.midway'
  | 'explain.tcp.reset.forged'
  | 'explain.tcp.reset.alone'
  | 'explain.tcp.broken-off'
  | 'explain.tcp.black-hole'
  | 'explain.tcp.stalled';

const REFUSAL =
  'In most cases nothing listens on this port, or only on another address such as 127.0.0.1. A host firewall that rejects by ' +
  'TCP reset looks exactly the same from outside.';

function refusedSentence(args: WhyArgs): string {
  return `${portsOf(args)} refused ${client(args)}'s connection (RST)${away(args).replace(' it ', ' the sender ')}.`;
}

function refusedSteps(args: WhyArgs): ReturnType<ExplainEntry['steps']> {
  return [
    checkService(args),
    checkHostFirewall(args, 'reject'),
    checkForward(args),
    checkFromClient(args),
    captureThere(args),
  ];
}

function distances(args: WhyArgs): string {
  const { distance, targetDistance } = args;
  if (typeof distance !== 'number' || typeof targetDistance !== 'number') return '';
  return ` The RST comes from distance ${distance}, other packets of ${target(args)} from ${targetDistance}.`;
}

const resetTitle = (args: WhyArgs): string =>
  `Somebody before ${target(args)} resets ${ports(args)}`;

/** Who broke off, by the RST's own claim. */
function breaker(args: WhyArgs): string {
  return args['from'] === 'client' ? client(args) : target(args);
}

function acceptedSentence(args: WhyArgs, by: string): string {
  return (
    `${portsOf(args)} accepted ${client(args)}'s connection and ended it ${duration(args['acceptedForMs'])} later by ${by}, ` +
    'without having sent a byte.'
  );
}

const ACCEPTED_MEANING =
  'Something accepts in the place of the service and finds nobody behind it: a proxy, a load balancer or a container ' +
  'host without a running backend. A service that turns this client away (an allow list, too many clients, TLS expected) ' +
  'looks the same.';

/** The words for connections. */
export const TCP_EXPLAIN: Readonly<Record<TcpExplainId, ExplainEntry>> = {
  'explain.tcp.refused': {
    title: (args) => `${target(args)} refuses ${ports(args)}: connection refused`,
    sentence: refusedSentence,
    meaning: () =>
      `${REFUSAL} A device on the way could forge the RST: this capture has no other packet of the host to compare its ` +
      'distance with.',
    steps: refusedSteps,
  },
  'explain.tcp.refused.confirmed': {
    title: (args) => `${target(args)} refuses ${ports(args)}: connection refused`,
    sentence: refusedSentence,
    meaning: () =>
      `The RST comes from the same distance as other packets of the host, so the host itself says so. ${REFUSAL}`,
    steps: refusedSteps,
  },
  'explain.tcp.refused.forged': {
    title: resetTitle,
    sentence: (args) =>
      `A RST in the name of ${target(args)} ended ${client(args)}'s connection to ${ports(args)}, from nearer than the host is.`,
    meaning: (args) =>
      `${distances(args).trim()} So a device on the way most likely sent it (a firewall, an intrusion prevention system); ` +
      'whether anything listens on the port is not known. Behind a NAT that passes on only some ports it could be the host.',
    steps: (args) => [checkPath(args), captureThere(args), checkForward(args)],
  },
  'explain.tcp.refused.odd': {
    title: (args) => `${ports(args)} of ${target(args)} is refused, by whom is not clear`,
    sentence: refusedSentence,
    meaning: (args) =>
      `${distances(args).trim()} The two do not come from one place: a NAT, several ways back, or a device on the way.`,
    steps: (args) => [checkService(args), checkPath(args), captureThere(args)],
  },
  'explain.tcp.silent': {
    title: (args) => `No answer to connections to ${portsOf(args)}`,
    sentence: (args) =>
      `${client(args)} asked ${portsOf(args)} ${times(args['attempts'])} (SYN)` +
      `${args['waitedMs'] === undefined ? '' : ` over ${duration(args['waitedMs'])}`}, and nothing came back.`,
    meaning: (args) =>
      'To a TCP port without listener a host answers at once by RST. So something drops in silence: a firewall of the host, a ' +
      `security group, a filter on the way, or the host is off. ${SILENCE_CAVEAT}${limitedNote(args)}`,
    steps: (args) => [
      captureThere(args),
      checkHostFirewall(args, 'drop'),
      checkCloud(args),
      checkPath(args),
      checkOwnSide(args),
    ],
  },
  'explain.tcp.silent-at-end': {
    title: (args) => `A connection to ${portsOf(args)} had no answer when the capture ended`,
    sentence: (args) => `${client(args)} sent one SYN in the last second of the capture.`,
    meaning: () => 'The answer may have come after the end: nothing can be said.',
    steps: () => [],
  },
  'explain.tcp.answer-ignored': {
    title: (args) => `${client(args)} does not take the answer of ${portsOf(args)}`,
    sentence: (args) =>
      `${portsOf(args)} answered (SYN-ACK), yet ${client(args)} went on asking (${args['attempts'] ?? 'several'} SYNs in all).`,
    meaning: (args) =>
      `The service is there. Its answer passes this capture and is lost behind it: on the way back to ${client(args)}, or ` +
      'dropped by its own firewall.',
    steps: (args) => [checkOwnSide(args), checkPath(args)],
  },
  'explain.tcp.half-open': {
    title: (args) => `Handshakes with ${portsOf(args)} are not finished`,
    sentence: (args) =>
      `${portsOf(args)} answered (SYN-ACK, ${times(args['synAcks'])}), and ${client(args)} never acknowledged it.`,
    meaning: (args) =>
      `The service is there and got the SYN. Either its answer is lost before ${client(args)} (the way back, a stateful ` +
      'firewall that saw only one direction), or the acknowledgement is lost, or the sender of the SYN does not exist (a ' +
      'spoofed source, a SYN flood).',
    steps: (args) => [checkPath(args), checkOwnSide(args)],
  },
  'explain.tcp.syn-proxy': {
    title: (args) => `A SYN proxy answers for ${portsOf(args)}, and a server behind it`,
    sentence: (args) =>
      `${portsOf(args)} accepted with a closed window (0) and opened it later, as a SYN proxy does.`,
    meaning: (args) =>
      'A device on the way finishes the handshake first and then connects to the server. It works here; the first answer ' +
      `says nothing about the server.${args['ttlDiffers'] === 1 ? ' The TTL of the first answer differs from that of the later packets.' : ''}`,
    steps: () => [],
  },
  'explain.tcp.syn-proxy-closed': {
    title: (args) => `Accepted, but nobody is behind: ${portsOf(args)}`,
    sentence: (args) =>
      `${portsOf(args)} accepted with a closed window (0), which did not open in this capture${args['reset'] === 1 ? '; a RST followed' : ''}.`,
    meaning: () =>
      'A device on the way answers every SYN (a SYN proxy, protection against floods) and reaches no server for this one. ' +
      'Whether the port is open behind it is not known; a capture that lost packets or ended early looks the same. A server without room for data would look similar, but none ' +
      'starts so.',
    steps: (args) => [checkService(args), checkPath(args), captureThere(args)],
  },
  'explain.tcp.syn-proxy-perhaps': {
    title: (args) => `${portsOf(args)} accepted as a SYN proxy does`,
    sentence: (args) =>
      `${portsOf(args)} accepted with a closed window (0), and ${client(args)} broke off by RST before it could open.`,
    meaning: () =>
      'A device on the way seems to finish handshakes before it connects to the server. So the SYN-ACK says nothing about the server; ' +
      'as the client broke off, nothing else does here.',
    steps: () => [],
  },
  'explain.tcp.accepted-then-closed': {
    title: (args) => `${portsOf(args)} accepts and hangs up at once`,
    sentence: (args) => acceptedSentence(args, 'FIN'),
    meaning: () => ACCEPTED_MEANING,
    steps: (args) => [checkLogs(args), checkForward(args), checkService(args)],
  },
  'explain.tcp.accepted-then-reset': {
    title: (args) => `${portsOf(args)} accepts and resets at once`,
    sentence: (args) => acceptedSentence(args, 'RST'),
    meaning: () => ACCEPTED_MEANING,
    steps: (args) => [checkLogs(args), checkForward(args), checkService(args)],
  },
  'explain.tcp.reset.midway': {
    title: (args) => `${breaker(args)} breaks off connections to ${portsOf(args)}`,
    sentence: (args) =>
      `A RST of ${breaker(args)} ended a standing connection between ${client(args)} and ${portsOf(args)}.`,
    meaning: (args) =>
      'A program ended without closing, or closed with data unread; or a firewall or load balancer had forgotten the ' +
      `connection (idle too long).${args['ownTtl'] === undefined ? '' : ' Its TTL is that of the other packets of the same host, so nothing speaks for a forgery.'}`,
    steps: (args) => [checkLogs(args), checkPath(args)],
  },
  'explain.tcp.reset.forged': {
    title: (args) => `A standing connection to ${portsOf(args)} is reset by somebody between`,
    sentence: (args) =>
      `A RST in the name of ${breaker(args)} ended a connection between ${client(args)} and ${portsOf(args)}.`,
    meaning: (args) => {
      const ttl =
        args['ownTtl'] !== undefined && args['ownTtl'] !== args['ttl']
          ? ` It has TTL ${args['ttl']}, the host's other packets of this connection ${args['ownTtl']}.`
          : '';
      const on =
        args['goesOn'] === undefined
          ? ''
          : ` The host went on sending after it (${args['goesOn']} packets), as one that knows of no RST.`;
      return `${ttl}${on} So most likely a device on the way sent it: a firewall, an intrusion prevention system, a censor.`.trim();
    },
    steps: (args) => [checkPath(args), captureThere(args)],
  },
  'explain.tcp.reset.alone': {
    title: (args) => `A RST about ${portsOf(args)}, and nothing else of its connection`,
    sentence: (args) =>
      `A RST in the name of ${breaker(args)} is in the capture; what it answers or ends is not.`,
    meaning: () =>
      'It may refuse a connection attempt that this capture did not see (one direction only, or a capture on the asking ' +
      'host, whose own firewall rejects by reset before anything is sent), end an old connection, or be forged.',
    steps: (args) => [checkOwnSide(args), checkService(args), captureThere(args)],
  },
  'explain.tcp.broken-off': {
    title: (args) => `${client(args)} itself broke off after the answer of ${portsOf(args)}`,
    sentence: (args) =>
      args['connected'] === 1
        ? `${client(args)} connected to ${portsOf(args)}, sent nothing, and ended by RST.`
        : `${portsOf(args)} accepted (SYN-ACK), and ${client(args)} answered by RST.`,
    meaning: (args) =>
      `So port scanners ${args['connected'] === 1 ? 'and health checks do' : '(SYN scan) and raw tools do'}: the port is open, nothing is wrong. ` +
      'A program that gave up in that moment looks the same.',
    steps: () => [],
  },
  'explain.tcp.black-hole': {
    title: (args) => `Large packets from ${breaker(args)} do not get through`,
    sentence: (args) =>
      `${breaker(args)} sent one segment of ${args['stuckBytes'] ?? 'many'} bytes again ${times(args['repeats'])} and it was never ` +
      'acknowledged, while small packets came back.',
    meaning: () =>
      'A link on the way takes only smaller packets, and the message that says so (ICMP fragmentation needed, packet too ' +
      'big) does not arrive: a PMTU black hole. Handshakes and small requests work, large transfers hang. Loss of just this ' +
      'segment each time, or a receiver without room, is the less likely explanation.',
    steps: (args) => [checkSize(args), checkOwnSide(args)],
  },
  'explain.tcp.stalled': {
    title: (args) => `A connection to ${portsOf(args)} stands still`,
    sentence: (args) =>
      `${breaker(args)} sent one segment of ${args['stuckBytes'] ?? 'some'} bytes again ${times(args['repeats'])}, and it was never acknowledged.`,
    meaning: (args) =>
      'The other side is gone, or packets are lost in one direction.' +
      (args['large'] === 1
        ? ' As the segment is large, a link that takes only smaller packets may be the cause (a PMTU black hole).'
        : ''),
    steps: (args) => [checkPath(args), checkSize(args)],
  },
};

/** Where the way sent ICMP errors to the same client, silence may be one that was held back. */
export function limitedNote(args: WhyArgs): string {
  const { icmpErrors } = args;
  return icmpErrors === undefined
    ? ''
    : ` The capture also has ICMP errors about this host (${icmpErrors}); hosts limit these, so this silence may be a refusal held back.`;
}
