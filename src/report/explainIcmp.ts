import {
  captureThere,
  checkCloud,
  checkDevice,
  checkForward,
  checkFromClient,
  checkHostFirewall,
  checkOwnSide,
  checkPath,
  checkRoute,
  checkService,
} from './explainSteps.ts';
import {
  client,
  type ExplainEntry,
  errorNotes,
  errorSaid,
  icmpWords,
  kindOf,
  ports,
  portsOf,
  sender,
  target,
} from './explainWords.ts';
import type { WhyArgs } from './why.ts';

/** Findings about ICMP errors. */
export type IcmpExplainId =
  | 'explain.icmp.port.target'
  | 'explain.icmp.port.target-tcp'
  | 'explain.icmp.port.path'
  | 'explain.icmp.prohibited.target'
  | 'explain.icmp.prohibited.path'
  | 'explain.icmp.route.target'
  | 'explain.icmp.route.path'
  | 'explain.icmp.protocol'
  | 'explain.icmp.parameter'
  | 'explain.icmp.other'
  | 'explain.icmp.own-side'
  | 'explain.icmp.nearer';

/** A sentence for the case that the TTLs do not fit the address. */
function farther(args: WhyArgs): string {
  const { distance, targetDistance } = args;
  if (typeof distance !== 'number' || typeof targetDistance !== 'number') return '';
  if (distance === targetDistance) return '';
  return ` Its other packets come from another distance (${targetDistance} instead of ${distance}), so this is not sure.`;
}

/** What the refusal means to either protocol. */
function forProtocol(args: WhyArgs): string {
  return args['protocol'] === 'tcp'
    ? ' To TCP this is a hard sign: the connection attempt ends ("connection refused", "no route to host"), at once or after some tries.'
    : ' To UDP, which has no handshake, this message is the only refusal there is: the program sees "connection refused" if it asked by a connected socket, and otherwise only a time-out.';
}

/** The words for ICMP errors that reject. */
export const ICMP_EXPLAIN: Readonly<Record<IcmpExplainId, ExplainEntry>> = {
  'explain.icmp.port.target': {
    title: (args) => `${target(args)} refuses ${ports(args)}: port unreachable`,
    sentence: errorSaid,
    meaning: (args) =>
      `The packets reached ${target(args)}, and the host itself answered, so the way works in both directions. In most ` +
      'cases nothing there listens on this port: the service is stopped, or listens on another port, or only on another ' +
      'address such as 127.0.0.1. A firewall on the host that rejects by "port unreachable" looks exactly the same from ' +
      'outside.' +
      forProtocol(args) +
      farther(args) +
      errorNotes(args),
    steps: (args) => [
      checkService(args),
      checkHostFirewall(args, 'reject'),
      checkForward(args),
      checkFromClient(args),
      captureThere(args),
    ],
  },
  'explain.icmp.port.target-tcp': {
    title: (args) => `${target(args)} rejects ${ports(args)} by ICMP: a rule, not a closed port`,
    sentence: errorSaid,
    meaning: (args) =>
      'A TCP port without a listener answers by RST, never by ICMP. So a rule says this: the firewall of the host, or ' +
      'a load balancer in its place that has no server to hand the connection to.' +
      farther(args) +
      errorNotes(args),
    steps: (args) => [
      checkHostFirewall(args, 'reject'),
      checkForward(args),
      checkService(args),
      captureThere(args),
    ],
  },
  'explain.icmp.port.path': {
    title: (args) => `${sender(args)} rejects ${ports(args)} of ${target(args)}: port unreachable`,
    sentence: errorSaid,
    meaning: (args) =>
      `Not the asked host says so, but ${sender(args)}: a firewall or NAT on the way, or another address of the host ` +
      'itself. If a device on the way rejects it, the packets did not reach the host, and whether anything listens there is ' +
      'not known.' +
      forProtocol(args) +
      errorNotes(args),
    steps: (args) => [checkDevice(args), checkForward(args), checkPath(args), captureThere(args)],
  },
  'explain.icmp.prohibited.target': {
    title: (args) => `The firewall of ${target(args)} rejects ${ports(args)}`,
    sentence: errorSaid,
    meaning: (args) =>
      'No host says "prohibited" on its own: a firewall rule on it does. The way works in both directions; whether a ' +
      'service listens behind the rule is not known.' +
      forProtocol(args) +
      farther(args) +
      errorNotes(args),
    steps: (args) => [
      checkHostFirewall(args, 'reject'),
      checkCloud(args),
      checkService(args),
      captureThere(args),
    ],
  },
  'explain.icmp.prohibited.path': {
    title: (args) => `${sender(args)} on the way prohibits ${ports(args)} of ${target(args)}`,
    sentence: errorSaid,
    meaning: (args) =>
      `A firewall or access list on ${sender(args)} rejects the packets by a rule. They did not reach ${target(args)}; what ` +
      'listens there is not known.' +
      forProtocol(args) +
      errorNotes(args),
    steps: (args) => [checkDevice(args), checkCloud(args), checkPath(args), captureThere(args)],
  },
  'explain.icmp.route.target': {
    title: (args) => `${target(args)} itself says that it cannot be reached`,
    sentence: errorSaid,
    meaning: (args) =>
      'The asked address answers, and says that what it should hand the packets to is not there. So it forwards them: a ' +
      'port forward (DNAT), a load balancer or a container host whose backend is down. A reject rule of its firewall may ' +
      'say the same.' +
      forProtocol(args) +
      farther(args) +
      errorNotes(args),
    steps: (args) => [
      checkForward(args),
      checkHostFirewall(args, 'reject'),
      checkService(args),
      captureThere(args),
    ],
  },
  'explain.icmp.route.path': {
    title: (args) => `${sender(args)} says that it cannot reach ${target(args)}`,
    sentence: errorSaid,
    meaning: (args) =>
      (args['answeredPorts'] === undefined
        ? `${sender(args)} has no way to hand the packets on: no route, or the host does not answer on its last link (it is off, ` +
          'or has another address). Some filters say so too; then other ports of the same host fare differently.'
        : `Yet other packets to ${target(args)} were answered in this capture. So a rule about this port that says "unreachable" is the ` +
          'likelier cause; a host or a route that comes and goes would look the same.') +
      ` The port itself was not reached.${errorNotes(args)}`,
    steps: (args) =>
      args['answeredPorts'] === undefined
        ? [checkRoute(args), checkDevice(args), checkPath(args), captureThere(args)]
        : [checkDevice(args), checkRoute(args), checkPath(args), captureThere(args)],
  },
  'explain.icmp.protocol': {
    title: (args) => `${sender(args)} does not take ${kindOf(args)}: protocol unreachable`,
    sentence: errorSaid,
    meaning: (args) =>
      'Every host speaks TCP and UDP, so for these a rule says so: a firewall that rejects by "protocol unreachable". For ' +
      'other protocols the host has no program or module for them.' +
      errorNotes(args),
    steps: (args) => [checkHostFirewall(args, 'reject'), checkDevice(args), checkPath(args)],
  },
  'explain.icmp.parameter': {
    title: (args) => `${sender(args)} complains of a header field`,
    sentence: errorSaid,
    meaning: (args) =>
      'A field or an option of the IP header cannot be used there: an unknown option, an extension header, a damaged packet.' +
      errorNotes(args),
    steps: (args) => [captureThere(args)],
  },
  'explain.icmp.other': {
    title: (args) => `${sender(args)} sent an ICMP error that no standard names`,
    sentence: errorSaid,
    meaning: (args) => `It decides nothing by itself.${errorNotes(args)}`,
    steps: (args) => [captureThere(args)],
  },
  'explain.icmp.own-side': {
    title: (args) => `${client(args)} itself refuses to send to ${portsOf(args)}`,
    sentence: errorSaid,
    meaning: (args) =>
      'The error comes from the very host that asked: its own firewall, its own route (unreachable, prohibit), or its link ' +
      'where nobody answers for the next hop. Nothing is said about the asked host; these packets never reached it.' +
      errorNotes(args),
    steps: (args) => [checkOwnSide(args)],
  },
  'explain.icmp.nearer': {
    title: (args) => `Somebody before ${target(args)} answers in its name: ${icmpWords(args)}`,
    sentence: errorSaid,
    meaning: (args) => {
      const { distance, targetDistance } = args;
      const far =
        typeof distance === 'number' && typeof targetDistance === 'number'
          ? `Other packets of ${target(args)} come from distance ${targetDistance}, this error from ${distance}. `
          : 'By the TTL in its quote, the sender was forwarding the packet. ';
      return (
        `${far}So it is likely not the host but a device before it that wears its address: a NAT with a port forward, or ` +
        `a firewall. A host that answers over several ways could look like this too.${errorNotes(args)}`
      );
    },
    steps: (args) => [checkForward(args), checkPath(args), captureThere(args)],
  },
};
