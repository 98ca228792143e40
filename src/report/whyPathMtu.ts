/** The words for traces that measured the sizes of packets (`--mtu`). */
import { atHop, by, machine, type PathEntry, place } from './pathWords.ts';
import { targetName } from './why.ts';

/** Their ids and words. */
export const MTU_PATH_WHY: Readonly<Record<string, PathEntry>> = {
  'path.mtu.hole': {
    sentence: (args) =>
      `Packets to ${targetName(args)} of more than ${args['mtu']} bytes are lost between ${place(args, 'after')} and ${place(args, 'before')}, and nobody says so; smaller ones pass.`,
    hypotheses: (args) => [
      `the link behind ${place(args, 'after')} takes ${args['mtu']} bytes, and its ICMP errors (too big) are dropped`,
      'a tunnel on the way leaves less room than its ends were told',
    ],
    next: (args) => [
      `ip link; ip route get ${targetName(args)}  # ${machine(args, 'after')}: which MTU?`,
      `nft list ruleset | grep -E 'icmp|policy'  # ${machine(args, 'after')}: are ICMP errors dropped?`,
      `ip route change … mtu ${args['mtu']}  # here, until it is mended`,
    ],
  },
  'path.mtu.said': {
    sentence: (args) =>
      `Packets to ${targetName(args)} of up to ${args['mtu']} bytes pass, larger ones are too big: ${by(args)} says so${atHop(args)}.`,
    hypotheses: () => ['a tunnel or a link with a smaller MTU; senders that listen to ICMP cope'],
    next: (args) => [`ip link  # on ${by(args)}: which MTU?`],
  },
};
