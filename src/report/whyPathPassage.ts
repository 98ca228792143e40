/** The words for traces that asked whether packets come to the target's own stack (`--passage`, `--fragment`). */
import {
  flow,
  hostSuspects,
  isIpv6,
  listeners,
  machine,
  type PathEntry,
  place,
  rules,
  trace,
  watch,
} from './pathWords.ts';
import { targetName } from './why.ts';

const NAIVE =
  'a filter on the way there that drops the port and looks behind no IPv6 extension header';

/** Their ids and words. */
export const PASSAGE_PATH_WHY: Readonly<Record<string, PathEntry>> = {
  'path.passage.lost': {
    sentence: (args) =>
      `${flow(args)} is dropped on its way there, behind ${place(args, 'after')} and before the stack of ${targetName(args)}; probes of another port come through.`,
    hypotheses: (args) => [
      `a rule of the host's own firewall (${targetName(args)})`,
      `${place(args, 'after')} drops it on its way out`,
      'a filter between the two, which may drop only what has IPv6 extension headers',
    ],
    next: (args) => [
      watch(args, `on ${targetName(args)}`),
      rules('drop', `on ${targetName(args)}`),
      rules('drop', machine(args, 'after')),
    ],
  },
  'path.passage.return': {
    sentence: (args) =>
      `${flow(args)} comes to the stack of ${targetName(args)} where an IPv6 extension header stands before it; the answer of the port is lost on its way back.`,
    hypotheses: (args) => [
      'a filter on the way back drops answers of this port',
      `a rule in the output chain of ${targetName(args)}`,
      'a service whose queue of connections is full',
      NAIVE,
    ],
    next: (args) => [
      trace(args, '--ask-hops', 'asks each router: where on the way back?'),
      watch(args, `on ${targetName(args)}`),
      rules('sport|drop', `on ${targetName(args)}, and on the routers of the way back`),
      listeners(args),
    ],
  },
  'path.passage.silent': {
    sentence: (args) =>
      `${flow(args)} comes to the stack of ${targetName(args)} where an IPv6 extension header stands before it: the port is open and silent, or its answer is lost on its way back.`,
    hypotheses: () => [
      'the service takes the datagram and says nothing',
      'a filter on the way back drops answers of this port',
      NAIVE,
    ],
    next: (args) => [listeners(args), watch(args, `on ${targetName(args)}`)],
  },
  'path.fragment.lost': {
    sentence: (args) =>
      `${flow(args)} is dropped on its way there, behind ${place(args, 'after')} and before ${targetName(args)} puts fragments together; those of another port come through.`,
    hypotheses: (args) => [
      `${place(args, 'after')} drops it on its way out`,
      'a filter between the two, which may drop only fragments',
      isIpv6(args)
        ? `a rule of the host's own firewall (${targetName(args)}): Linux asks it before it puts fragments together`
        : `a rule in the raw or prerouting chain of ${targetName(args)}`,
    ],
    next: (args) => [
      rules('drop', machine(args, 'after')),
      watch(args, `on ${targetName(args)}`),
      rules('drop', `on ${targetName(args)}`),
    ],
  },
  'path.fragment.passes': {
    sentence: (args) =>
      `${flow(args)} comes to ${targetName(args)}, which waits for the rest of its fragments; it is lost there or behind, and no answer comes back.`,
    hypotheses: (args) => [
      ...hostSuspects(args),
      'a filter on the way back drops answers of this port',
      'a device in front of the host that has its address and puts fragments together',
    ],
    next: (args) => [
      ...(args['protocol'] === 'tcp'
        ? [trace(args, '--ask-hops', 'asks each router: lost on the way back?')]
        : []),
      rules('drop', `on ${targetName(args)}`),
      listeners(args),
      watch(args, `on ${targetName(args)}`),
    ],
  },
};
