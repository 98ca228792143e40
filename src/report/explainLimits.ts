/** What a capture cannot show, in sentences (explain/limits.ts). */
import { counted } from './layout.ts';
import type { WhyArgs } from './why.ts';

const packets = ({ packets: count }: WhyArgs): string => counted(Number(count ?? 0), 'packet');

const flows = ({ flows: count }: WhyArgs): string => counted(Number(count ?? 0), 'flow');

const were = (args: WhyArgs): string => (args['packets'] === 1 ? 'was' : 'were');

/** By key. */
export const LIMIT_WORDS: Readonly<Record<string, (args: WhyArgs) => string>> = {
  'limit.empty': () => 'The capture holds no IP packet.',
  'limit.none-wanted': (args) =>
    `Nothing matches --host, --port and --flow: ${packets(args)} ${were(args)} left out.`,
  'limit.one-sided': (args) =>
    `One-sided: ${flows(args)} acknowledge${args['flows'] === 1 ? 's' : ''} packets that are not in the capture. Answers may have taken another way, and silence says little.`,
  'limit.one-direction': () =>
    'No flow has packets in both directions. The capture may hold one direction only; then the answers were there, unseen.',
  'limit.began-late': (args) =>
    `${flows(args)} began before the capture: what was asked there is not known.`,
  'limit.cut': (args) =>
    `${packets(args)} ${were(args)} cut by the snap length: payloads and quotes are judged as far as they reach (tcpdump -s 0 keeps all).`,
  'limit.not-followed': (args) =>
    `${packets(args)} belong${args['packets'] === 1 ? 's' : ''} to flows beyond the limit of ${flows(args)}, which are only counted. Narrow with --host, --port or --flow.`,
  'limit.ungrouped': (args) =>
    `${packets(args)} with ICMP errors beyond the limit of groups are only counted.`,
  'limit.unreadable': (args) =>
    `${packets(args)} could not be read: damaged, or cut within the headers.`,
  'limit.fragments': (args) =>
    `Later fragments name no port and are not tied to their flows: ${packets(args)}.`,
  'limit.near': (args) =>
    `Taken on, or on the link of, ${args['hosts'] ?? 'a host'}: packets from there still have their first TTL. What is lost further away looks like silence from here; a second capture at the other end tells more.`,
  'limit.between': () =>
    'Taken somewhere between the hosts, by the TTLs. Distances are counted from there. What is lost elsewhere looks like silence from here.',
};
