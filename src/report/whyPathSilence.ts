/** The words for traces whose asked flow fell silent, or was kept back at home. */
import {
  errnoIn,
  flow,
  hostSuspects,
  isIpv6,
  lastSuspects,
  listeners,
  machine,
  none,
  type PathEntry,
  place,
  route,
  rules,
  trace,
  watch,
} from './pathWords.ts';
import { targetName, type WhyArgs } from './why.ts';

/** ` (32 hops asked)`, where it is known. */
const hopsAsked = ({ maxTtl }: WhyArgs): string =>
  maxTtl === undefined ? '' : ` (${maxTtl} hops asked)`;

/** SYNs to the routers would tell whether an answer is lost on its way back; of datagrams routers tell by ICMP alone. */
const askHops = (args: WhyArgs): readonly string[] =>
  args['protocol'] === 'tcp'
    ? [trace(args, '--ask-hops', 'asks each router: lost on the way back?')]
    : [];

/** What would say which direction it is, where it can be asked and was not. */
const passage = (args: WhyArgs): readonly string[] =>
  args['passage'] === undefined
    ? [
        isIpv6(args)
          ? trace(args, '--passage', 'does the host get it?')
          : trace(args, '--fragment', 'does the host get it? half a minute'),
      ]
    : [];

/** Their ids and words. */
export const SILENT_PATH_WHY: Readonly<Record<string, PathEntry>> = {
  'path.drop': {
    sentence: (args) =>
      `${flow(args)} is dropped between ${place(args, 'after')} and ${place(args, 'before')}; ${args['control']} passes there.`,
    hypotheses: (args) => [
      !args['afterHop']
        ? 'a rule in the output chain of this machine, or on the link'
        : `a rule in the forward chain of ${place(args, 'after')} (the likeliest)`,
      `a rule where ${place(args, 'before')} takes packets in`,
      'a filter on the link between the two',
    ],
    next: (args) => [
      rules('drop', machine(args, 'after')),
      rules('drop', machine(args, 'before')),
      watch(args, machine(args, 'before')),
    ],
  },
  'path.drop.differs': {
    sentence: (args) =>
      `${flow(args)} is lost after ${place(args, 'after')}; the control flows went another way, so where it should have gone is not known.`,
    hypotheses: () => ['one of several ways drops it', 'a rule on the way drops this port'],
    next: (args) => [rules('drop', machine(args, 'after'))],
  },
  'path.drop.nat': {
    sentence: (args) =>
      `${flow(args)} is lost after hop ${args['afterHop']}; before hop ${args['natHop']} its address is translated, so it is not the way of the control flows.`,
    hypotheses: () => [
      'the host behind the NAT drops it or says nothing',
      'a rule behind the NAT drops it',
    ],
    next: () => ["nft list ruleset | grep -E 'dnat|redirect'  # on the device that translates"],
  },
  'path.drop.silent-hops': {
    sentence: (args) =>
      `${flow(args)} is lost between ${place(args, 'after')} and ${targetName(args)} at hop ${args['targetHop']}; the hops between answer nobody.`,
    hypotheses: lastSuspects,
    next: (args) => [
      ...passage(args),
      watch(args, `on ${targetName(args)}`),
      rules('drop', `on ${targetName(args)}`),
    ],
  },
  'path.variant': {
    sentence: (args) =>
      `${flow(args)} passes from ${args['passing']} of ${args['tried']} source ports, and from the others is lost after ${place(args, 'after')}${args['otherIp'] === undefined ? '' : `; those that pass go by ${args['otherIp']}`}.`,
    hypotheses: () => ['routers share the load over several ways, and one of them drops it'],
    next: (args) => [trace(args, '--flows 16', 'which way'), rules('drop', machine(args, 'after'))],
  },
  'path.variant.way': {
    sentence: (args) =>
      `${flow(args)} is lost on one of several ways: from ${args['lost']} of ${args['tried']} source ports it goes by ${args['lostBy']} at hop ${args['wayHop']} and is lost after ${place(args, 'after')}; from ${args['passing']} it goes by ${args['passingBy']} and passes.`,
    hypotheses: (args) => [
      `a rule of ${place(args, 'after')}, or of the next hop on that way`,
      'a link of that way is down, and the routers do not know it',
    ],
    next: (args) => [rules('drop', machine(args, 'after')), watch(args, machine(args, 'after'))],
  },
  'path.drop.last': {
    sentence: (args) =>
      `${flow(args)} comes to ${place(args, 'after')}, right before ${targetName(args)}, and no answer comes back.`,
    hypotheses: lastSuspects,
    next: (args) => [
      ...askHops(args),
      ...passage(args),
      watch(args, `on ${targetName(args)}`),
      rules('drop', `on ${targetName(args)}`),
      rules('drop', machine(args, 'after')),
    ],
  },
  'path.drop.link': {
    sentence: (args) =>
      `${flow(args)} gets no answer; the host is on the link of this machine and answers other packets.`,
    hypotheses: (args) => [
      ...hostSuspects(args),
      'a rule in the output chain of this machine, or a filter of a switch between',
    ],
    next: (args) => [
      ...passage(args),
      watch(args, `on ${targetName(args)}`),
      rules('drop', `on ${targetName(args)}`),
      rules('drop', 'here'),
    ],
  },
  'path.drop.self': {
    sentence: (args) =>
      `${flow(args)}, which is this machine itself, gets no answer; other packets to it are answered.`,
    hypotheses: (args) => hostSuspects(args),
    next: (args) => [rules('drop', 'here'), listeners(args, 'here')],
  },
  'path.broken': {
    sentence: (args) =>
      `Nothing is heard from beyond ${place(args, 'after')}, whatever is sent to ${targetName(args)}.`,
    hypotheses: (args) => [
      `${place(args, 'after')} or the next hop drops all of it`,
      `a route of ${place(args, 'after')} is missing (blackhole), or its link is down`,
      `${targetName(args)} is down, or it and the hops before it answer nobody`,
    ],
    next: (args) => [
      `ping ${targetName(args)}  # ${machine(args, 'after')}: does it answer there?`,
      route(args, machine(args, 'after')),
      rules('drop', machine(args, 'after')),
    ],
  },
  'path.nothing': {
    sentence: (args) =>
      `Nothing is heard from ${targetName(args)}, nor from any router on the way${hopsAsked(args)}: where the packets are lost is not known.`,
    hypotheses: (args) => [
      'this machine or its first router drops all of it',
      `the routers answer nobody, and ${targetName(args)} is down or drops all of it`,
      'answers (ICMP time exceeded) are dropped on the way back',
    ],
    next: (args) => [
      route(args, 'here'),
      rules('drop', 'here'),
      `pu-probe scan ${targetName(args)}  # does any other port answer?`,
    ],
  },
  'path.silent': {
    sentence: (args) =>
      `${flow(args)} is not answered beyond ${place(args, 'after')}; without control flows it is not known whether anything else is.`,
    hypotheses: () => ['it is dropped there or beyond', 'the hops beyond answer nobody'],
    next: (args) => [trace(args, '', 'with control flows')],
  },
  'path.own.no-route': {
    sentence: (args) =>
      `${flow(args)} was not sent: this machine has no route to ${targetName(args)}${errnoIn(args)}.`,
    hypotheses: none,
    next: (args) => [route(args, 'here')],
  },
  'path.own.send-failed': {
    sentence: (args) => `${flow(args)} was not sent: this machine keeps it back${errnoIn(args)}.`,
    hypotheses: () => ['a rule in its own output chain'],
    next: () => [rules('drop|reject', 'here')],
  },
  'path.own.link-down': {
    sentence: (args) => `${flow(args)} was not sent: the link of this machine is down.`,
    hypotheses: none,
    next: () => ['ip -br link  # here'],
  },
  'path.own.gateway-silent': {
    sentence: (args) =>
      `${flow(args)} was not sent: the gateway ${args['gateway']} does not answer on the link.`,
    hypotheses: none,
    next: (args) => [`ip neigh show ${args['gateway']}  # here`],
  },
  'path.own.no-neighbour': {
    sentence: (args) => `No host answers for ${targetName(args)} on the link of this machine.`,
    hypotheses: () => [
      'the host is down or has another address',
      'the cable or the switch between',
    ],
    next: (args) => [`ip neigh show ${targetName(args)}  # here`],
  },
};
