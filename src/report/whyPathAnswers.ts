/** The words for traces whose asked flow was answered. */
import {
  atHop,
  by,
  flow,
  listeners,
  machine,
  nat,
  none,
  type PathEntry,
  place,
  route,
  rules,
  trace,
} from './pathWords.ts';
import { targetName } from './why.ts';

/** Their ids and words. */
export const ANSWERED_PATH_WHY: Readonly<Record<string, PathEntry>> = {
  'path.open': {
    sentence: (args) => `${flow(args)} arrives and is answered${atHop(args)}.${nat(args)}`,
    hypotheses: none,
    next: none,
  },
  'path.closed.tcp': {
    sentence: (args) =>
      `${flow(args)} arrives${atHop(args)}, and is refused there with a RST.${nat(args)}`,
    hypotheses: none,
    next: (args) => [listeners(args)],
  },
  'path.closed.udp': {
    sentence: (args) =>
      `${flow(args)} arrives${atHop(args)}, and is refused there as unreachable (${args['icmp']}).${nat(args)}`,
    hypotheses: none,
    next: (args) => [listeners(args)],
  },
  'path.reject.target': {
    sentence: (args) =>
      `${flow(args)} arrives${atHop(args)}, and ${targetName(args)} itself rejects it (${args['icmp']}).`,
    hypotheses: (args) => [`a rule of the host's own firewall (${targetName(args)})`],
    next: (args) => [rules('reject', `on ${targetName(args)}`)],
  },
  'path.reject.forged': {
    sentence: (args) =>
      `${flow(args)} is rejected at hop ${args['hop']} in the name of ${targetName(args)}, which is at hop ${args['targetHop']} (${args['icmp']}).`,
    hypotheses: () => [
      'a firewall that wears the address of the host',
      'a NAT that passes only some ports on',
    ],
    next: (args) => [rules('reject', `on the device at hop ${args['hop']}`)],
  },
  'path.reject.forward': {
    sentence: (args) =>
      `${flow(args)} is rejected by ${by(args)} at hop ${args['hop']} (${args['icmp']}).`,
    hypotheses: () => ['a rule in its forward chain or an access list towards the target'],
    next: (args) => [rules('reject', `on ${by(args)}`)],
  },
  'path.reject.ingress': {
    sentence: (args) =>
      `${flow(args)} is rejected by ${by(args)} at hop ${args['hop']} as it comes in (${args['icmp']}).`,
    hypotheses: () => [
      'a route of that device that says prohibit',
      'an access list on the interface where it comes in',
    ],
    next: (args) => [route(args, `on ${by(args)}`), rules('reject', `on ${by(args)}`)],
  },
  'path.route': {
    sentence: (args) =>
      `${by(args)} at hop ${args['hop']} has no way to ${targetName(args)} (${args['icmp']}).`,
    hypotheses: () => ['a route is missing or says unreachable', 'the link behind it is down'],
    next: (args) => [route(args, `on ${by(args)}`)],
  },
  'path.no-neighbour': {
    sentence: (args) =>
      `${by(args)} at hop ${args['hop']} finds nobody with the address ${targetName(args)} on its link (${args['icmp']}).`,
    hypotheses: () => ['the host is down or has another address', 'a link between the two is down'],
    next: (args) => [`ip neigh show ${targetName(args)}  # on ${by(args)}`],
  },
  'path.mtu': {
    sentence: (args) =>
      `${by(args)} at hop ${args['hop']} cannot pass on packets of this size: its next link takes ${args['mtu']} bytes.`,
    hypotheses: () => ['a tunnel or a link with a smaller MTU'],
    next: (args) => [trace(args, '--mtu', 'the largest size that passes')],
  },
  'path.forged-reset': {
    sentence: (args) =>
      `${flow(args)} is refused with a RST at hop ${args['hop']}${args['by'] === undefined ? '' : ` (${args['by']})`} in the name of ${targetName(args)}, which is at hop ${args['targetHop']}.`,
    hypotheses: () => [
      'a firewall or an inspection device rejects with tcp reset',
      'a NAT that passes only some ports on',
    ],
    next: (args) => [rules('reject', `on ${by(args)}`)],
  },
  'path.ttl-rewrite.open': {
    sentence: (args) =>
      `${flow(args)} is answered by ${targetName(args)} although it should have run out at hop ${args['hop']}: its TTL is set anew on the way.`,
    hypotheses: () => ['a rule that sets the TTL (mangle TTL), or a load balancer'],
    next: none,
  },
  'path.ttl-rewrite.closed': {
    sentence: (args) =>
      `${flow(args)} is refused by ${targetName(args)} itself although it should have run out at hop ${args['hop']}: its TTL is set anew on the way.`,
    hypotheses: () => ['a rule that sets the TTL (mangle TTL), or a load balancer'],
    next: none,
  },
  'path.proxy': {
    sentence: (args) =>
      `${flow(args)} is answered at hop ${args['hop']} in the name of ${targetName(args)}, which is at hop ${args['targetHop']}.`,
    hypotheses: () => [
      'a transparent proxy or SYN proxy',
      'a NAT that passes this port to another host',
      'the host itself, where a device sets the TTL anew on the way',
    ],
    next: none,
  },
  'path.loop': {
    sentence: (args) =>
      `${flow(args)} runs in a circle: ${place(args, 'after')} passes it on to ${place(args, 'before')}, and gets it back.`,
    hypotheses: () => ['the routes of the two routers point at each other'],
    next: (args) => [route(args, machine(args, 'after')), route(args, machine(args, 'before'))],
  },
};
