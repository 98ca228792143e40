import {
  captureThere,
  checkCloud,
  checkFromClient,
  checkHostFirewall,
  checkOwnSide,
  checkPath,
  checkService,
} from './explainSteps.ts';
import { limitedNote } from './explainTcp.ts';
import {
  client,
  duration,
  type ExplainEntry,
  portsOf,
  request,
  SILENCE_CAVEAT,
  target,
  times,
} from './explainWords.ts';
import type { WhyArgs } from './why.ts';

/** Findings about datagrams and pings. */
export type UdpExplainId =
  | 'explain.udp.silent'
  | 'explain.udp.silent-at-end'
  | 'explain.udp.stream'
  | 'explain.udp.one-way'
  | 'explain.udp.late'
  | 'explain.udp.other-source'
  | 'explain.udp.other-source-perhaps'
  | 'explain.ping.silent';

const answeredElsewhere = (args: WhyArgs): string =>
  `${client(args)} asked ${portsOf(args)}${request(args)}; the answer came from ${args['other'] ?? 'somebody else'}.`;

/** The words for datagrams. */
export const UDP_EXPLAIN: Readonly<Record<UdpExplainId, ExplainEntry>> = {
  'explain.udp.silent': {
    title: (args) => `No answer from ${portsOf(args)}`,
    sentence: (args) =>
      `${client(args)} asked ${portsOf(args)}${request(args)} ${times(args['attempts'])}, and neither an answer nor an error came back.`,
    meaning: (args) =>
      'A closed UDP port usually says "port unreachable". So either something listens and does not answer this request, or a ' +
      `firewall drops request or answer. ${SILENCE_CAVEAT}${limitedNote(args)}`,
    steps: (args) => [
      captureThere(args),
      checkService(args),
      checkHostFirewall(args, 'drop'),
      checkCloud(args),
      checkPath(args),
      checkFromClient(args),
    ],
  },
  'explain.udp.silent-at-end': {
    title: (args) => `A request to ${portsOf(args)} had no answer when the capture ended`,
    sentence: (args) => `${client(args)} asked in the last second of the capture.`,
    meaning: () => 'The answer may have come after the end: nothing can be said.',
    steps: () => [],
  },
  'explain.udp.one-way': {
    title: (args) => `${portsOf(args)} gets datagrams that nobody answers, by design`,
    sentence: (args) =>
      `${client(args)} sent ${args['attempts'] ?? 'some'} datagrams to ${portsOf(args)}${request(args)}.`,
    meaning: () =>
      'This protocol has no answers, so silence is as it should be. Nor would a closed port stay silent, usually: no "port ' +
      'unreachable" is a weak sign that somebody takes them.',
    steps: (args) => [captureThere(args)],
  },
  'explain.udp.stream': {
    title: (args) => `Datagrams to ${portsOf(args)} in one direction only`,
    sentence: (args) =>
      `${client(args)} sent ${args['attempts'] ?? 'many'} datagrams to ${portsOf(args)}; none came back.`,
    meaning: () =>
      'Many uses of UDP need no answer (media, logs, measurements). Whether somebody takes them this capture cannot show.',
    steps: (args) => [captureThere(args)],
  },
  'explain.udp.late': {
    title: (args) => `${portsOf(args)} answers late`,
    sentence: (args) =>
      `${portsOf(args)}${request(args)} answered ${client(args)} up to ${duration(args['slowestMs'])} after the first request ` +
      `(${times(args['lateCount'])} later than ${duration(args['lateMs'])}).`,
    meaning: () =>
      'Programs give up or ask again by then. The server is slow or waits for another one, or first requests were lost.',
    steps: (args) => [checkFromClient(args), checkPath(args)],
  },
  'explain.udp.other-source': {
    title: (args) => `The answer to ${portsOf(args)} comes from ${args['other'] ?? 'elsewhere'}`,
    sentence: answeredElsewhere,
    meaning: () =>
      'Its identity fits the request, so it is the answer. But the asking program waits for the asked address and port, and ' +
      'a firewall or NAT lets nothing else in: for them there was no answer.',
    steps: (args) => [checkService(args), captureThere(args)],
  },
  'explain.udp.other-source-perhaps': {
    title: (args) =>
      `${portsOf(args)} does not answer, but ${args['other'] ?? 'somebody else'} does, perhaps`,
    sentence: answeredElsewhere,
    meaning: () =>
      'By address and port of the asker it looks like the answer; nothing in it proves that. The asking program would not ' +
      'take it: it waits for the asked address and port.',
    steps: (args) => [checkService(args), captureThere(args)],
  },
  'explain.ping.silent': {
    title: (args) => `No answer to ping from ${target(args)}`,
    sentence: (args) =>
      `${client(args)} sent ${args['attempts'] ?? 'some'} echo requests to ${target(args)}, and none was answered.`,
    meaning: () =>
      'The host is off, does not answer ping (Windows does not by default), or a filter drops request or answer. Ports may ' +
      'be reached all the same.',
    steps: (args) => [checkPath(args), checkOwnSide(args), captureThere(args)],
  },
};
