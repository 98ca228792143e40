/** Words that the results of traces share: facts in phrases, suspects, commands. */
import { targetName, type WhyArgs } from './why.ts';

/** The words for one result of a trace. */
export interface PathEntry {
  /** One English sentence: what was found. */
  readonly sentence: (args: WhyArgs) => string;
  /** What it may be, the likeliest first. */
  readonly hypotheses: (args: WhyArgs) => readonly string[];
  /** Commands and experiments; what follows `#` says where and why. */
  readonly next: (args: WhyArgs) => readonly string[];
}

/** Nothing to suspect, nothing to do. */
export const none = (): readonly string[] => [];

/** Whether the target was asked over IPv6. */
export const isIpv6 = (args: WhyArgs): boolean => String(args['target']).includes(':');

/** `hop 3 (10.0.3.1)`, `this machine`, or `hop 4`. */
export function place(args: WhyArgs, name: 'after' | 'before'): string {
  const hop = args[`${name}Hop`];
  const ip = args[`${name}Ip`];
  if (hop === undefined || hop === 0) return 'this machine';
  return ip === undefined ? `hop ${hop}` : `hop ${hop} (${ip})`;
}

/** Where a command is to be run: the address, else the hop. */
export function machine(args: WhyArgs, name: 'after' | 'before'): string {
  const ip = args[`${name}Ip`];
  if (!args[`${name}Hop`]) return 'here';
  return `on ${ip ?? `the device at hop ${args[`${name}Hop`]}`}`;
}

/** Who it was: the address, else the hop. */
export function by(args: WhyArgs): string {
  return String(args['by'] ?? `the device at hop ${args['hop']}`);
}

/** `TCP to port 443 of 10.0.0.5`. */
export function flow(args: WhyArgs): string {
  return `${String(args['protocol']).toUpperCase()} to port ${args['port']} of ${targetName(args)}`;
}

/** ` at hop 7`, where it is known. */
export function atHop({ hop }: WhyArgs): string {
  return hop === undefined ? '' : ` at hop ${hop}`;
}

/** ` (ENETUNREACH)`, where there is an errno. */
export function errnoIn({ errno }: WhyArgs): string {
  return errno === undefined || errno === '' ? '' : ` (${errno})`;
}

/** A further sentence where the flow is translated on the way. */
export function nat({ natHop, quotedHop, quotedAs }: WhyArgs): string {
  const behind =
    natHop === undefined
      ? ''
      : ` Before hop ${natHop} its address is translated: what answered may stand behind a NAT.`;
  return quotedHop === undefined
    ? behind
    : `${behind} It comes to hop ${quotedHop} with ${quotedAs}: it is translated on the way.`;
}

/** The rules of a machine. */
export function rules(verb: string, where: string): string {
  return `nft list ruleset | grep -E '${verb}|policy'  # ${where} (or iptables -S)`;
}

/** A capture that shows whether the port's packets arrive somewhere. */
export function watch(args: WhyArgs, where: string): string {
  return `tcpdump -ni any '${args['protocol']} port ${args['port']}'  # ${where}, then trace: does it arrive?`;
}

/** Another trace of the same port, with what it takes more. */
export function trace(args: WhyArgs, options: string, why: string): string {
  const udp = args['protocol'] === 'udp' ? ' -sU' : '';
  const more = options === '' ? '' : ` ${options}`;
  return `pu-probe trace ${targetName(args)} -p ${args['port']}${udp}${more}  # ${why}`;
}

/** The route of a machine to the target. */
export function route(args: WhyArgs, where: string): string {
  return `ip route get ${targetName(args)}  # ${where}`;
}

/** The listeners of the target on the port. */
export function listeners(args: WhyArgs, where = `on ${targetName(args)}`): string {
  const flags = args['protocol'] === 'tcp' ? '-ltnp' : '-lunp';
  return `ss ${flags} 'sport = :${args['port']}'  # ${where}: what is bound, and where`;
}

/** What keeps the target itself from answering. */
export function hostSuspects(args: WhyArgs): readonly string[] {
  return [
    `a rule of the host's own firewall (${targetName(args)})`,
    args['protocol'] === 'udp'
      ? 'the service takes the datagram and says nothing'
      : 'a service whose queue of connections is full',
  ];
}

/** What keeps an answer from coming, at the end of a path that was walked whole. */
export function lastSuspects(args: WhyArgs): readonly string[] {
  return [
    ...hostSuspects(args),
    'the last router drops it on its way out to the host',
    'the answer is dropped on its way back',
  ];
}
