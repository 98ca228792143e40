/** The words for traces whose routers were asked themselves (`--ask-hops`). */
import {
  flow,
  hostSuspects,
  machine,
  type PathEntry,
  place,
  rules,
  trace,
  watch,
} from './pathWords.ts';
import { targetName, type WhyArgs } from './why.ts';

/** `1 router`, `3 routers`. */
const routers = (count: unknown): string => `${count} ${count === 1 ? 'router' : 'routers'}`;

/** Who answered a SYN to the port furthest away. */
const heard = ({ heardHop, heardIp }: WhyArgs): string =>
  heardIp === undefined ? `hop ${heardHop}` : `hop ${heardHop} (${heardIp})`;

/** Their ids and words. */
export const HOPS_PATH_WHY: Readonly<Record<string, PathEntry>> = {
  'path.return-drop': {
    sentence: (args) =>
      `${flow(args)} comes to hop ${args['lastHop']}; answers from that port seem to be lost on their way back, between ${place(args, 'after')} and ${place(args, 'before')}: asked themselves, ${routers(args['heard'])} up to there answer it, and ${routers(args['lost'])} beyond answer port ${args['controlPort']} alone.`,
    hypotheses: (args) => [
      args['beforeHop'] === 0
        ? 'a filter on the link of this machine drops what comes from that port'
        : `a rule in the forward chain of ${place(args, 'before')} drops what comes from that port (the likeliest)`,
      `a rule where ${place(args, 'after')} sends packets out`,
      `those routers filter the port for themselves, and ${targetName(args)} drops it too or says nothing`,
    ],
    next: (args) => [
      rules('drop', machine(args, 'before')),
      rules('drop', machine(args, 'after')),
      `tcpdump -ni any 'tcp src port ${args['port']}'  # ${machine(args, 'before')}, then trace: does the answer come back to it?`,
    ],
  },
  'path.drop.answers-pass': {
    sentence: (args) =>
      `${flow(args)} gets no answer from beyond ${place(args, 'after')}; asked itself, ${heard(args)} answers that port, so that no rule for the port alone keeps answers back from there on.`,
    hypotheses: (args) => [
      ...hostSuspects(args),
      args['heardHop'] === args['afterHop']
        ? 'the last router drops it on its way out to the host, or its answer where it comes in'
        : `it is dropped behind ${heard(args)}, on its way out or back`,
      `a rule on the way back names ${targetName(args)}`,
    ],
    next: (args) => [
      watch(args, `on ${targetName(args)}`),
      rules('drop', `on ${targetName(args)}`),
      rules('drop', machine(args, 'after')),
    ],
  },
  'path.drop.port': {
    sentence: (args) =>
      `${flow(args)} is dropped between ${place(args, 'after')} and ${place(args, 'before')}, whatever its destination as it seems: asked themselves, ${routers(args['beyond'])} beyond answer port ${args['controlPort']} and not this one.`,
    hypotheses: (args) => [
      `a rule for the port alone in the forward chain of ${place(args, 'after')} (the likeliest)`,
      `a rule for the port alone where ${place(args, 'before')} takes packets in`,
      `a rule for ${targetName(args)} alone, and those routers filter the port for themselves`,
    ],
    next: (args) => [
      rules(`drop|dport ${args['port']}`, machine(args, 'after')),
      rules(`drop|dport ${args['port']}`, machine(args, 'before')),
      watch(args, machine(args, 'before')),
    ],
  },
  'path.drop.destination': {
    sentence: (args) =>
      `${flow(args)} is dropped between ${place(args, 'after')} and ${place(args, 'before')}, and not for its port alone: asked themselves, ${routers(args['beyond'])} beyond answer the same port, the first of them hop ${args['beyondHop']} (${args['beyondIp']}).`,
    hypotheses: (args) => [
      `a rule for ${targetName(args)}, or for its network, in the forward chain of ${place(args, 'after')} (the likeliest)`,
      'packets to the routers themselves go another way, or are let through by a rule of their own',
    ],
    next: (args) => [
      rules(`drop|${targetName(args)}`, machine(args, 'after')),
      rules(`drop|${targetName(args)}`, machine(args, 'before')),
      trace(args, '--flows 16', 'does it pass from other source ports?'),
    ],
  },
};
