/** The words that sentences about captures share. */
import type { Step } from '../explain/finding.ts';
import { formatMs } from './reasonWords.ts';
import { icmpSaid, type WhyArgs } from './why.ts';

/** The words for one `whyId` of a capture. Any argument may be missing. */
export interface ExplainEntry {
  /** A few words: the heading. */
  readonly title: (args: WhyArgs) => string;
  /** What was seen, one sentence. */
  readonly sentence: (args: WhyArgs) => string;
  /** What it means, for TCP or for UDP, and what else it could be. */
  readonly meaning: (args: WhyArgs) => string;
  /** What to check, in order. */
  readonly steps: (args: WhyArgs) => readonly Step[];
}

/** `TCP`, `UDP`, `ping`. */
export function kindOf(args: WhyArgs): string {
  const protocol = String(args['protocol'] ?? '');
  return protocol === 'icmp' ? 'ping' : protocol.toUpperCase();
}

/** `UDP port 53`, `TCP ports 80, 443`; `ping` where there are no ports. */
export function ports(args: WhyArgs): string {
  if (args['ports'] === undefined) return args['protocol'] === 'icmp' ? 'ping' : kindOf(args);
  return `${kindOf(args)} port${args['portCount'] === 1 || args['portCount'] === undefined ? '' : 's'} ${args['ports']}`;
}

/** `UDP port 53 of 10.0.0.5`. */
export function portsOf(args: WhyArgs): string {
  return args['protocol'] === 'icmp' ? target(args) : `${ports(args)} of ${target(args)}`;
}

/** The asked host. */
export function target(args: WhyArgs): string {
  return String(args['target'] ?? 'the asked host');
}

/** The asking host. */
export function client(args: WhyArgs): string {
  return String(args['client'] ?? 'the client');
}

/** The sender of the error. */
export function sender(args: WhyArgs): string {
  return String(args['sender'] ?? 'somebody on the way');
}

/** `once`, `3 times`. */
export function times(value: string | number | undefined): string {
  if (value === undefined) return '';
  return value === 1 ? 'once' : value === 2 ? 'twice' : `${value} times`;
}

/** `, no router between it and the capture`; empty where the distance is not known. */
export function away(args: WhyArgs): string {
  const { distance } = args;
  if (typeof distance !== 'number') return '';
  if (distance === 1) return ', with no router between it and the capture';
  return `, with ${distance - 1} router${distance === 2 ? '' : 's'} between it and the capture`;
}

/** ` (a DNS query: A example.com)`; empty where the request was not recognised. */
export function request(args: WhyArgs): string {
  const name = args['request'];
  if (name === undefined) return '';
  const asks = args['asks'];
  const known = String(name).toUpperCase();
  return asks === undefined || asks === ''
    ? ` (${known} by its port)`
    : ` (a ${known} request: ${asks})`;
}

/** A sentence about address translation that the quote gives away; empty without signs. */
function natNote(args: WhyArgs): string {
  return args['nat'] === undefined
    ? ''
    : ` The packet was translated on its way (NAT): ${args['nat']}.`;
}

/** A sentence where the quoted packets are not in the capture. */
function unseenNote(args: WhyArgs): string {
  const { unseen, flows } = args;
  if (typeof unseen !== 'number' || unseen === 0) return '';
  const which =
    unseen === flows ? 'The rejected packets' : `The packets of ${unseen} of these flows`;
  return ` ${which} are not in the capture: only the quotes speak for them.`;
}

/** A sentence where some flows got answers all the same. */
function answeredNote(args: WhyArgs): string {
  const { answered, flows } = args;
  if (typeof answered !== 'number') return '';
  return answered === flows
    ? ' The same flow also got real answers, so that the error did not end it.'
    : ` ${answered} of ${flows} flows also got real answers.`;
}

/** `1.2 s`. */
export function duration(ms: string | number | undefined): string {
  return typeof ms === 'number' ? formatMs(ms) : 'some time';
}

/** A caveat of every silence. */
export const SILENCE_CAVEAT: string =
  'Silence alone does not tell where a packet was lost: the request, or the answer, may have been dropped on the way or ' +
  'on the host, or the answer took a way that this capture does not see.';

/** `port unreachable (ICMP 3/3)`. */
export function icmpWords(args: WhyArgs): string {
  return icmpSaid(args).replace(/^:? /, '');
}

/** `10.0.0.5, with 2 routers between it and the capture, sent "…" 3 times about 10.0.1.2's packets to UDP port 53 …`. */
export function errorSaid(args: WhyArgs): string {
  return (
    `${sender(args)}${away(args)}, sent "${icmpWords(args)}" ${times(args['count'])} about ` +
    `${client(args)}'s packets to ${portsOf(args)}${request(args)}.`
  );
}

/** What else is to be said of errors: flows that live on, translation, packets that were not captured. */
export function errorNotes(args: WhyArgs): string {
  return answeredNote(args) + natNote(args) + unseenNote(args);
}
