import {
  captureThere,
  checkFromClient,
  checkHostFirewall,
  checkPath,
  checkRoute,
} from './explainSteps.ts';
import {
  client,
  type ExplainEntry,
  icmpWords,
  portsOf,
  request,
  SILENCE_CAVEAT,
  sender,
  target,
  times,
} from './explainWords.ts';
import type { WhyArgs } from './why.ts';

/** Findings about packets with small TTLs, and about ports of which only some packets were answered. */
export type ProbeExplainId =
  | 'explain.traceroute.reached'
  | 'explain.traceroute.answered'
  | 'explain.traceroute.rejected'
  | 'explain.traceroute.short'
  | 'explain.traceroute.loop'
  | 'explain.probe.silent'
  | 'explain.tcp.silent-some'
  | 'explain.udp.silent-some'
  | 'explain.two-distances';

/** `3 routers named themselves (TTL and address: 1 10.0.0.1, 2 10.0.1.1)`. */
function routers(args: WhyArgs): string {
  const count = args['routerCount'] ?? 'Some';
  const named = args['routers'] === undefined ? '' : ` (by TTL: ${args['routers']})`;
  return `${count} router${count === 1 ? '' : 's'} named ${count === 1 ? 'itself' : 'themselves'}${named}`;
}

const asked = (args: WhyArgs): string =>
  `${client(args)} sent packets with small TTLs (up to ${args['highestTtl'] ?? 'a few hops'}) to ${portsOf(args)}. ${routers(args)}`;

const HARMLESS =
  'This is what traceroute, tracert, mtr and our own trace do: "time exceeded" is the answer that they ask for, and no fault.';

/** Where the last router stands before the host, as far as the TTLs tell. */
function lastNote(args: WhyArgs): string {
  const { lastTtl, targetDistance, last } = args;
  if (typeof lastTtl !== 'number' || typeof targetDistance !== 'number') return '';
  return lastTtl + 1 === targetDistance
    ? ` By the TTL of the host's other packets, ${last} is the last router before it: then the host, its firewall or the way back is left.`
    : ` By the TTL of the host's other packets, there ${targetDistance - lastTtl - 1 === 1 ? 'is one more router' : `are ${targetDistance - lastTtl - 1} more routers`} between ${last} and it.`;
}

function comparedNote(args: WhyArgs): string {
  return args['answeredPorts'] === undefined
    ? ''
    : ' Other packets to this host were answered, so the host is there: a rule about this port or protocol is likelier than a broken way.';
}

/** The words for these. */
export const PROBE_EXPLAIN: Readonly<Record<ProbeExplainId, ExplainEntry>> = {
  'explain.traceroute.reached': {
    title: (args) => `A traceroute to ${portsOf(args)}: it was reached`,
    sentence: (args) => `${asked(args)}, and ${target(args)} answered.`,
    meaning: (args) =>
      `${HARMLESS}${args['protocol'] === 'udp' ? ' "Port unreachable" from the host itself is the good end of one by UDP; if a program of yours sent these, nothing listens there.' : ''}`,
    steps: () => [],
  },
  'explain.traceroute.answered': {
    title: (args) => `A traceroute to ${portsOf(args)}: answered in the name of ${target(args)}`,
    sentence: (args) => `${asked(args)}, and an answer came in the name of ${target(args)}.`,
    meaning: () =>
      `${HARMLESS} Whether the host itself answered, or a device before it, this does not tell; other findings may.`,
    steps: () => [],
  },
  'explain.traceroute.rejected': {
    title: (args) => `A traceroute to ${portsOf(args)} ends at ${sender(args)}, which rejects it`,
    sentence: (args) => `${asked(args)}, then ${sender(args)} sent "${icmpWords(args)}".`,
    meaning: () => `${HARMLESS} What the rejection means stands under its own finding.`,
    steps: () => [],
  },
  'explain.traceroute.short': {
    title: (args) =>
      `A traceroute to ${portsOf(args)} gets no answer behind ${args['last'] ?? 'a router'}`,
    sentence: (args) => `${asked(args)}; nobody else answered.`,
    meaning: (args) =>
      `Packets of this kind got as far as ${args['last'] ?? 'the last of them'}. Behind it they are dropped (there, on its next ` +
      'link or by the next router), or pass routers that send no errors, or the answers are lost on the way back: silence ' +
      `does not tell which.${lastNote(args)}${comparedNote(args)}`,
    steps: (args) => [
      checkPath(args),
      {
        what: `On ${args['last'] ?? 'the last router'} and behind it: do the packets arrive and leave?`,
        linux: [
          `tcpdump -ni any host ${target(args).replace(/%.*/, '')}`,
          "nft list ruleset | grep -nE 'drop|policy'",
        ],
        windows: [],
      },
      captureThere(args),
    ],
  },
  'explain.traceroute.loop': {
    title: (args) => `Packets to ${target(args)} go round in a routing loop`,
    sentence: (args) =>
      `${asked(args)}; ${args['again'] ?? 'one of them'} answered both for smaller and for larger TTLs than ${args['between'] ?? 'another'}.`,
    meaning: () =>
      'The packets come back to routers where they were before, so routers send them to each other: one of their routes is wrong. ' +
      'A way that changed during the measurement would look similar.',
    steps: (args) => [checkRoute(args), checkPath(args)],
  },
  'explain.probe.silent': {
    title: (args) => `Packets with small TTLs to ${portsOf(args)}, unanswered`,
    sentence: (args) =>
      `${client(args)} sent ${args['attempts'] ?? 'some'} packets to ${portsOf(args)} that had at most ${args['highestTtl'] ?? 'a few'} hops left here.`,
    meaning: () =>
      'So small TTLs are set on purpose, by a traceroute. A host further away never got them, and routers that send no errors ' +
      'answer none: this silence says nothing about the host.',
    steps: () => [],
  },
  'explain.tcp.silent-some': {
    title: (args) => `Some connections to ${portsOf(args)} get no answer`,
    sentence: (args) =>
      `${client(args)} asked ${times(args['attempts'])} (SYN) in ${args['flows'] ?? 'some'} connections without an answer; ${others(args, 'connections')}`,
    meaning: someMeaning,
    steps: someSteps,
  },
  'explain.udp.silent-some': {
    title: (args) => `Some requests to ${portsOf(args)} get no answer`,
    sentence: (args) =>
      `${client(args)} asked${request(args)} ${times(args['attempts'])} from ${args['flows'] ?? 'some'} ports without an answer; ${others(args, 'requests')}`,
    meaning: someMeaning,
    steps: someSteps,
  },
  'explain.two-distances': {
    title: (args) => `${target(args)} answers from two places, by the TTL`,
    sentence: (args) =>
      `Its answers from TCP port ${args['nearPort'] ?? '?'} come from distance ${args['nearDistance'] ?? '?'}, those from TCP port ${args['farPort'] ?? '?'} ` +
      `from distance ${args['farDistance'] ?? '?'} (counted from the capture).`,
    meaning: (args) =>
      `So one address most likely stands for two machines: a proxy or firewall on the way that answers in the name of ${target(args)}, or a NAT ` +
      'that forwards some ports to another host. Ways back of different length, or a program that sets a TTL of its own, would look the same. Nothing failed here.',
    steps: (args) => [checkPath(args)],
  },
};

function others({ answered, refused, portCount }: WhyArgs, what: string): string {
  const same = `to the same port${portCount === 1 ? '' : 's'}`;
  if (answered === undefined) return `other ${what} of it ${same} were refused.`;
  const too = refused === undefined ? '' : `, ${refused} refused`;
  return `of its other ${what} ${same} ${answered} ${answered === 1 ? 'was' : 'were'} answered${too}.`;
}

function someMeaning(args: WhyArgs): string {
  const cause =
    args['answered'] === undefined
      ? 'The refusals tell how things stand. Hosts and routers limit their ICMP errors, so these silences are most likely refusals held back, or lost packets.'
      : 'So the port is served, and no rule about the port alone explains the rest. One of several ways drops them (routers share out ' +
        'connections by their source ports), one of several servers behind the address does not answer, packets are lost at ' +
        'random, or the server is too busy.';
  return `${cause} ${SILENCE_CAVEAT}`;
}

function someSteps(args: WhyArgs): ReturnType<ExplainEntry['steps']> {
  const { port } = args;
  const address = target(args).replace(/%.*/, '');
  const ask: ReturnType<ExplainEntry['steps']>[number] = {
    what: 'From the client: ask again from several source ports, and see which way each goes.',
    linux: [
      `for p in $(seq 40000 40007); do nc -zvw 2 ${args['protocol'] === 'udp' ? '-u ' : ''}-p $p ${address} ${port ?? 'PORT'}; done`,
      `pu-probe trace ${address} -p ${port ?? 'PORT'}${args['protocol'] === 'udp' ? ' -sU' : ''}`,
    ],
    windows: [],
  };
  return args['answered'] === undefined
    ? [checkFromClient(args), checkHostFirewall(args, 'reject')]
    : [ask, captureThere(args), checkPath(args)];
}
