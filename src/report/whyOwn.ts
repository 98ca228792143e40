import type { WhyArgs, WhyEntry } from './why.ts';
import { askAgain, portOfTarget, showRules, targetName, theAttempt, towards, was } from './why.ts';

/** Reasons on our own side, on the last link, and of what was never asked. */
export type OwnWhyId =
  | 'own.output-drop'
  | 'own.egress-drop'
  | 'own.output-reject'
  | 'own.input-drop'
  | 'own.no-route'
  | 'own.gateway-silent'
  | 'own.link-down'
  | 'own.send-failed'
  | 'own.overflow'
  | 'own.no-descriptors'
  | 'own.port-range'
  | 'no-neighbour'
  | 'icmp.time-exceeded.path';

const notTheirs = 'This says nothing about the port: the fault is on this machine.';

/** The words for what our own side did and for the last link. */
export const OWN_WHY: Readonly<Record<OwnWhyId, WhyEntry>> = {
  'own.output-drop': {
    sentence: (args) =>
      `${theAttempt('probe', args)} did not leave this machine: its own firewall drops it on the way out` +
      `${errnoIn(args)}.`,
    meaning: () => `${notTheirs} A rule in its output (or postrouting) chain drops the packet.`,
    next: (args) => [showRules(args, 'drop', 'here')],
    brief: () => 'own firewall drops it on the way out',
  },
  'own.egress-drop': {
    sentence: (args) =>
      `${theAttempt('probe', args)} did not leave this machine: dropped between its IP layer and its interface` +
      `${errnoIn(args)}.`,
    meaning: () =>
      `${notTheirs} A netdev egress rule drops the packet, or the queue of the interface is full.`,
    next: (args) => [
      'nft list ruleset | grep -A9 "hook egress"  # here',
      `tc -s qdisc show${args['interface'] === undefined ? '' : ` dev ${args['interface']}`}  # here: dropped?`,
    ],
    brief: () => 'dropped between own IP layer and interface',
  },
  'own.output-reject': {
    sentence: (args) =>
      `${theAttempt('probe', args)} ${was(args)} rejected by this machine itself, on the way out.`,
    meaning: () => `${notTheirs} A rule in its output chain rejects the packet.`,
    next: (args) => [showRules(args, 'reject', 'here')],
    brief: () => 'own firewall rejects it on the way out',
  },
  'own.input-drop': {
    sentence: (args) =>
      `${portOfTarget(args)} did not answer, but this machine dropped packets on the way in, and the answer may be among ` +
      'them.',
    meaning: () =>
      'This says nothing about the port. A rule in the input or prerouting chain of this machine may drop what comes back.',
    next: (args) => [showRules(args, 'drop', 'here')],
    brief: () => 'own machine dropped packets on the way in',
  },
  'own.no-route': {
    sentence: (args) => `This machine does not send to ${towards(args)}: ${noRouteWords(args)}.`,
    meaning: () => `${notTheirs} Nothing was sent.`,
    next: (args) => {
      const family = targetName(args).includes(':') ? '-6 ' : '';
      return [
        `ip ${family}route get ${targetName(args).replace(/%.*/, '')}  # here`,
        `${routesOf(args, family)}  # here`,
      ];
    },
    brief: (args) => OWN_ROUTE[String(args['errno'])]?.brief ?? 'no route from this machine',
  },
  'own.gateway-silent': {
    sentence: (args) =>
      `The gateway ${args['gateway'] === undefined ? '' : `${args['gateway']} `}towards ${towards(args)} does not ` +
      `answer on the link${linkIn(args)}.`,
    meaning: () =>
      'This says nothing about the port: the probe got no further than the own link. The gateway is down, on another ' +
      'VLAN, or the wrong one.',
    next: (args) => neighbourCommands(args, args['gateway']),
    brief: () => 'the gateway does not answer on the link',
  },
  'own.link-down': {
    sentence: (args) =>
      `The interface ${args['interface'] === undefined ? '' : `${args['interface']} `}towards ${towards(args)} is down ` +
      'or has no carrier.',
    meaning: () => `${notTheirs} Nothing was sent.`,
    next: (args) => [
      `ip -s link show${args['interface'] === undefined ? '' : ` ${args['interface']}`}  # here`,
    ],
    brief: () => 'the link is down',
  },
  'own.send-failed': {
    sentence: (args) => `${theAttempt('probe', args)} could not be sent${errnoIn(args)}.`,
    meaning: () => `${notTheirs} The system call that sends failed.`,
    next: (args) => [`ip route get ${targetName(args).replace(/%.*/, '')}  # here`],
    brief: () => 'could not be sent',
  },
  'own.overflow': {
    sentence: (args) =>
      `${portOfTarget(args)} ${was(args)} not seen to answer, but this machine lost answers because its receive buffer was full.`,
    meaning: () => `${notTheirs} The run was faster than this machine could read.`,
    next: (args) => [askAgain(args, ' --rate 5000', 'slower')],
    brief: () => 'own receive buffer overflowed',
  },
  'own.no-descriptors': {
    sentence: (args) =>
      `${theAttempt('probe', args)} could not be sent: no file descriptor is left${errnoIn(args)}.`,
    meaning: () => notTheirs,
    next: () => ['ulimit -n 65536  # here, then scan again'],
    brief: () => 'no file descriptor left',
  },
  'own.port-range': {
    sentence: (args) =>
      `${theAttempt('probe', args)} could not be sent: every local port is in use${errnoIn(args)}.`,
    meaning: () => `${notTheirs} Its range of ephemeral ports is exhausted.`,
    next: () => ['sysctl net.ipv4.ip_local_port_range; ss -s  # here'],
    brief: () => 'local ports exhausted',
  },
  'no-neighbour': {
    sentence: (args) => `No host answers for ${towards(args)} on this link${linkIn(args)}.`,
    meaning: () =>
      'The address is on a directly attached network, and nobody there claims it (ARP or neighbour discovery ' +
      'failed): the host is down, on another VLAN, or the address is wrong.',
    next: (args) => neighbourCommands(args, args['target']),
    brief: () => 'no host answers for this address on this link',
  },
  'icmp.time-exceeded.path': {
    sentence: (args) => {
      const by = args['by'] ?? 'a device on the way';
      const hop = args['hop'] === undefined ? '' : `, hop ${args['hop']}`;
      const icmp = args['icmp'] === undefined ? '' : ` (${args['icmp']})`;
      return `${theAttempt('probe', args)} ran out of hops at ${by}${hop}${icmp}.`;
    },
    meaning: (args) =>
      /\/1$/.test(String(args['icmp'] ?? ''))
        ? 'A fragment of the probe was lost, so that the rest could not be put together. The port was not asked.'
        : 'Routers pass the packet round in a circle, or the path has more hops than the packet may travel. The host ' +
          'was not reached.',
    next: (args) => [`traceroute -n ${targetName(args)}  # the addresses that repeat are the loop`],
  },
};

function errnoIn(args: WhyArgs): string {
  return args['errno'] === undefined ? '' : ` (${args['errno']})`;
}

function linkIn(args: WhyArgs): string {
  return args['interface'] === undefined ? '' : ` (${args['interface']})`;
}

/** What the errno of a route look-up means, by the type of the route (Linux `fib_props`, net/ipv4/fib_semantics.c). */
const OWN_ROUTE: Readonly<
  Record<string, { readonly words: string; readonly brief: string; readonly type: string | null }>
> = {
  ENETUNREACH: { words: 'it has no route', brief: 'no route from this machine', type: null },
  EHOSTUNREACH: {
    words: 'its route says unreachable',
    brief: 'an unreachable route of this machine',
    type: 'unreachable',
  },
  EACCES: {
    words: 'its route says prohibit',
    brief: 'a prohibit route of this machine',
    type: 'prohibit',
  },
  EINVAL: {
    words: 'its route is a blackhole',
    brief: 'a blackhole route of this machine',
    type: 'blackhole',
  },
};

function noRouteWords(args: WhyArgs): string {
  const errno = args['errno'];
  if (errno === undefined) return 'it has no usable route';
  return `${OWN_ROUTE[String(errno)]?.words ?? 'the route look-up failed'} (${errno})`;
}

/** Where such a route is seen; without one, what is there instead. */
function routesOf(args: WhyArgs, family: string): string {
  const type = OWN_ROUTE[String(args['errno'])]?.type ?? null;
  return type === null
    ? `ip ${family}route; ip -br link`
    : `ip ${family}route show type ${type}; ip ${family}rule`;
}

function neighbourCommands(args: WhyArgs, address: string | number | undefined): readonly string[] {
  if (address === undefined) return ['ip neigh  # here'];
  const bare = String(address).replace(/%.*/, '');
  const device = args['interface'] === undefined ? '' : ` dev ${args['interface']}`;
  return [
    `ip neigh show ${bare}${device}  # here`,
    `ip route get ${bare}  # here: is it really on this link?`,
  ];
}
