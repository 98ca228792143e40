import {
  captureThere,
  checkForward,
  checkOwnSide,
  checkPath,
  checkRoute,
  checkSize,
} from './explainSteps.ts';
import {
  away,
  client,
  type ExplainEntry,
  errorNotes,
  errorSaid,
  icmpWords,
  ports,
  portsOf,
  request,
  sender,
  target,
  times,
} from './explainWords.ts';

/** Findings about ICMP errors that are not about a port: size, hops, answers, the limiter. */
export type TransitExplainId =
  | 'explain.icmp.too-big'
  | 'explain.icmp.hops'
  | 'explain.icmp.hops-at-target'
  | 'explain.icmp.loop-seen'
  | 'explain.loop'
  | 'explain.icmp.traceroute'
  | 'explain.icmp.traceroute-end'
  | 'explain.icmp.reassembly'
  | 'explain.icmp.answer-refused'
  | 'explain.icmp.answer-lost'
  | 'explain.icmp.limited';

/** The words for these. */
export const TRANSIT_EXPLAIN: Readonly<Record<TransitExplainId, ExplainEntry>> = {
  'explain.icmp.too-big': {
    title: (args) =>
      `Packets to ${target(args)} are too large${args['mtu'] === undefined ? '' : `: ${args['mtu']} bytes pass`}`,
    sentence: errorSaid,
    meaning: (args) =>
      `${sender(args)} cannot hand on packets of that size without cutting them, which the sender forbids (IPv4) or which ` +
      'routers never do (IPv6). This is how the size of a path is found out and mends itself, if the sender gets the ' +
      'message and obeys it. If the same large packets follow again and again, the message is dropped before the sender: ' +
      'then small requests work and large transfers hang.' +
      errorNotes(args),
    steps: (args) => [checkSize(args), checkOwnSide(args)],
  },
  'explain.icmp.hops': {
    title: (args) => `Packets to ${target(args)} run out of hops at ${sender(args)}`,
    sentence: errorSaid,
    meaning: (args) =>
      `They were forwarded until their time to live was used up, and ${sender(args)} discarded them. Either they go round in a ` +
      'routing loop, or they were sent with a small TTL on purpose (traceroute).' +
      (args['lowestTtl'] === undefined
        ? ''
        : ` Here they passed the capture with a TTL of ${args['lowestTtl']} or more, which is no traceroute's: a loop is the likelier.`) +
      errorNotes(args),
    steps: (args) => [checkPath(args), checkRoute(args)],
  },
  'explain.icmp.hops-at-target': {
    title: (args) => `${target(args)} forwards the packets: a NAT stands in its place`,
    sentence: errorSaid,
    meaning: (args) =>
      'A host discards no packet to itself for its TTL. So the asked address is that of a device that translates and ' +
      'forwards (a port forward, a load balancer), and the real server stands behind it. Whoever counts hops to this ' +
      'address counts wrong.' +
      errorNotes(args),
    steps: (args) => [checkForward(args), checkPath(args)],
  },
  'explain.icmp.loop-seen': {
    title: (args) => `Packets to ${target(args)} go round in a routing loop`,
    sentence: (args) =>
      `The same packet passed the capture up to ${args['passes'] ?? 'several'} times with a falling TTL, until ` +
      `${sender(args)} discarded it (${icmpWords(args)}).`,
    meaning: (args) =>
      `Two routers send packets for ${target(args)} to each other: one of their routes is wrong. The host never sees them.` +
      errorNotes(args),
    steps: (args) => [checkPath(args), checkRoute(args)],
  },
  'explain.loop': {
    title: (args) => `Packets to ${portsOf(args)} pass here again and again: a routing loop`,
    sentence: (args) =>
      `The same packet passed the capture up to ${args['passes'] ?? 'several'} times with a falling TTL, and no answer came.`,
    meaning: (args) =>
      `Routers send packets for ${target(args)} to each other: one of their routes is wrong. Where several routers run on ` +
      'the capturing machine, each shows the packet once; then it need not be a loop.',
    steps: (args) => [checkPath(args), checkRoute(args)],
  },
  'explain.icmp.traceroute': {
    title: (args) => `${sender(args)} answers a traceroute to ${target(args)}`,
    sentence: errorSaid,
    meaning: (args) =>
      `The packets were sent with a small TTL (down to ${args['lowestTtl'] ?? 'a few hops'}) to make the routers on the way ` +
      'name themselves. These errors are their answers.' +
      errorNotes(args),
    steps: () => [],
  },
  'explain.icmp.traceroute-end': {
    title: (args) => `The end of a traceroute to ${target(args)}: it was reached`,
    sentence: errorSaid,
    meaning: (args) =>
      'Packets with small TTLs to ports without a listener are how traceroute by UDP works: "port unreachable" from the ' +
      'host itself is its good end. If a program of yours sent these, then nothing listens on that port.' +
      errorNotes(args),
    steps: () => [],
  },
  'explain.icmp.reassembly': {
    title: (args) => `Fragments to ${target(args)} do not all arrive`,
    sentence: errorSaid,
    meaning: (args) =>
      `${sender(args)} waited for the rest of a packet that came in pieces, and gave up. Somebody on the way drops fragments, ` +
      'often a firewall that knows ports only from the first piece.' +
      errorNotes(args),
    steps: (args) => [checkSize(args), captureThere(args)],
  },
  'explain.icmp.answer-refused': {
    title: (args) => `${client(args)} refuses the answer of ${portsOf(args)}`,
    sentence: (args) =>
      `${client(args)} sent "${icmpWords(args)}" ${times(args['count'])} to ${target(args)} about its ` +
      `answers from ${ports(args)}${request(args)}.`,
    meaning: (args) =>
      `The service of ${target(args)} is fine: it answered. The program on ${client(args)} had closed its port by then, as it had ` +
      'given up, taken another answer first, or ended; or the packets were sent by a raw tool without a socket. So not the ' +
      'service is unreachable, but the one who asked.' +
      errorNotes(args),
    steps: (args) => [
      {
        what: `On ${client(args)}: how long does the program wait, and how long does the answer take?`,
        linux: [`dig +tries=1 +time=10 @${target(args)} example.com`],
        windows: [`Measure-Command { nslookup example.com ${target(args)} }`],
      },
    ],
  },
  'explain.icmp.answer-lost': {
    title: (args) => `Answers of ${target(args)} do not get back to ${client(args)}`,
    sentence: (args) =>
      `${sender(args)}${away(args)}, sent "${icmpWords(args)}" ${times(args['count'])} about answers of ` +
      `${target(args)} from ${ports(args)} to ${client(args)}.`,
    meaning: (args) =>
      `The request arrived and was answered. What fails is the way back: a route or a rule for ${client(args)}.` +
      errorNotes(args),
    steps: (args) => [
      {
        what: `On ${target(args)} and on ${sender(args)}: the route and the rules back to ${client(args)}.`,
        linux: [
          `ip route get ${client(args).replace(/%.*/, '')}`,
          "nft list ruleset | grep -nE 'reject|drop'",
        ],
        windows: [`Find-NetRoute -RemoteIPAddress ${client(args).replace(/%.*/, '')}`],
      },
    ],
  },
  'explain.icmp.limited': {
    title: (args) => `${sender(args)} limits its ICMP errors: silence means little here`,
    sentence: (args) =>
      `${sender(args)} sent ${args['count'] ?? 'its'} errors to ${client(args)} in the rhythm of a limiter (6 at once, then one ` +
      `each ${Number(args['periodMs'] ?? 1000) / 1000} s), while ${args['silent'] ?? 'other'} packets to ${target(args)} got neither answer nor error.`,
    meaning: (args) =>
      'Linux sends no more errors than that to one receiver. The packets without answer may have been refused like the ' +
      'others, unheard: do not read their silence as "filtered" or "open".' +
      errorNotes(args),
    steps: (args) => [
      {
        what: `Ask ${target(args)} more slowly, a packet a second, or few ports at a time.`,
        linux: [`pu-probe scan ${target(args)} -sU -p ${args['port'] ?? 'PORTS'}`],
        windows: [],
      },
      {
        what: `On ${sender(args)}: how many errors did it hold back?`,
        linux: [
          'nstat -az | grep -i RateLimit',
          'sysctl net.ipv4.icmp_ratelimit net.ipv6.icmp.ratelimit',
        ],
        windows: [],
      },
    ],
  },
};
