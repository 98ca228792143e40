/** What an entry of the sentence catalogue is, and the words that its entries share. */

/** Facts that fill a sentence (model.ts, Judgement.whyArgs). Any may be missing. */
export type WhyArgs = Readonly<Record<string, string | number>>;

/** The words for one `whyId`. All text is plain; the facts in it have been made printable. */
export interface WhyEntry {
  /** One English sentence: what was seen. */
  readonly sentence: (args: WhyArgs) => string;
  /** What it means, and what it could be instead. */
  readonly meaning: (args: WhyArgs) => string;
  /** Shell commands to copy; what follows `#` says where and why. */
  readonly next: (args: WhyArgs) => readonly string[];
  /** A few words for the table, where the reason alone would say too little. */
  readonly brief?: (args: WhyArgs) => string;
}

/** Whether the entry is about several ports, of one target (`ports` lists them) or of several; a heading above names them. */
function areSeveral(args: WhyArgs): boolean {
  return args['targets'] !== undefined || String(args['ports'] ?? '').includes(',');
}

/** `is`, or `are` of several ports. */
export function is(args: WhyArgs): string {
  return areSeveral(args) ? 'are' : 'is';
}

/** `was`, or `were` of several ports. */
export function was(args: WhyArgs): string {
  return areSeveral(args) ? 'were' : 'was';
}

/** `the probe to UDP port 53 of 10.0.0.5`, `the connections to these ports`. */
export function theAttempt(what: 'probe' | 'connection', args: WhyArgs): string {
  return `the ${what}${areSeveral(args) ? 's' : ''} to ${portOfTarget(args)}`;
}

/** `UDP port 53`, or as much of it as is known; `these ports` of several. */
export function portName(args: WhyArgs): string {
  if (areSeveral(args)) return 'these ports';
  const protocol =
    args['protocol'] === undefined ? '' : `${String(args['protocol']).toUpperCase()} `;
  return args['port'] === undefined ? `the ${protocol}port` : `${protocol}port ${args['port']}`;
}

/** `UDP port 53 of 10.0.0.5`. */
export function portOfTarget(args: WhyArgs): string {
  const port = portName(args);
  return args['target'] === undefined || areSeveral(args) ? port : `${port} of ${args['target']}`;
}

/** The target's address, or `the target`; `each target` of several (`targets` is their count). */
export function targetName(args: WhyArgs): string {
  return String(args['target'] ?? (args['targets'] === undefined ? 'the target' : 'each target'));
}

/** The same as an object: `these targets` of several. */
export function towards(args: WhyArgs): string {
  return String(args['target'] ?? (args['targets'] === undefined ? 'the target' : 'these targets'));
}

/** `10.0.0.1 at hop 2`; words where the address or the hop is not known. */
export function sender(args: WhyArgs): string {
  const by = args['by'] === undefined ? 'a device on the way' : String(args['by']);
  return args['hop'] === undefined ? by : `${by} at hop ${args['hop']}`;
}

/** ` any of 3 attempts`, the object of `did not answer`, or nothing. */
export function anyAttempt(args: WhyArgs): string {
  const attempts = args['attempts'];
  if (attempts === undefined) return '';
  return attempts === 1 ? ' the one attempt' : ` any of ${attempts} attempts`;
}

/** `: administratively prohibited (ICMP 3/13)`, as far as it is known. */
export function icmpSaid(args: WhyArgs): string {
  const label = args['icmp'];
  if (label === undefined) return '';
  const words = ICMP_WORDS[String(label)];
  return words === undefined ? ` (${label})` : `: ${words} (${label})`;
}

/**
 * A further sentence for silence where `icmpBy` has sent ICMP errors about other ports of the run (RFC 1812 section
 * 4.3.2.8: a router limits them); empty where nobody has.
 */
export function limitedIcmp(args: WhyArgs): string {
  const by = args['icmpBy'];
  if (by === undefined) return '';
  const ports = areSeveral(args) ? 'some of these' : 'this one';
  return (
    ` ${by} sent ICMP errors about other ports in this run; as such errors are limited in number, it may reject ${ports} ` +
    'too, unheard.'
  );
}

/** Whether an ICMP error can be a router's plain statement about a route or a host, and need not be a rule. */
export function isAboutRoute(args: WhyArgs): boolean {
  return ABOUT_ROUTE.has(String(args['icmp']));
}

/** What each unreachable says (RFC 792, RFC 1812 section 5.2.7.1, RFC 4443 section 3.1). */
const ICMP_WORDS: Readonly<Record<string, string>> = {
  'ICMP 3/0': 'network unreachable',
  'ICMP 3/1': 'host unreachable',
  'ICMP 3/2': 'protocol unreachable',
  'ICMP 3/3': 'port unreachable',
  'ICMP 3/4': 'fragmentation needed',
  'ICMP 3/5': 'source route failed',
  'ICMP 3/6': 'destination network unknown',
  'ICMP 3/7': 'destination host unknown',
  'ICMP 3/8': 'source host isolated',
  'ICMP 3/9': 'network administratively prohibited',
  'ICMP 3/10': 'host administratively prohibited',
  'ICMP 3/11': 'network unreachable for this type of service',
  'ICMP 3/12': 'host unreachable for this type of service',
  'ICMP 3/13': 'administratively prohibited',
  'ICMP 3/14': 'host precedence violation',
  'ICMP 3/15': 'precedence cut-off',
  'ICMP 11/0': 'time exceeded in transit',
  'ICMP 11/1': 'fragment reassembly time exceeded',
  'ICMP 12/0': 'parameter problem',
  'ICMPv6 1/0': 'no route to destination',
  'ICMPv6 1/1': 'administratively prohibited',
  'ICMPv6 1/2': 'beyond the scope of the source address',
  'ICMPv6 1/3': 'address unreachable',
  'ICMPv6 1/4': 'port unreachable',
  'ICMPv6 1/5': 'source address failed a policy',
  'ICMPv6 1/6': 'reject route to destination',
  'ICMPv6 1/7': 'error in the source routing header',
  'ICMPv6 2/0': 'packet too big',
  'ICMPv6 3/0': 'hop limit exceeded in transit',
  'ICMPv6 3/1': 'fragment reassembly time exceeded',
  'ICMPv6 4/0': 'erroneous header field',
  'ICMPv6 4/1': 'unrecognized next header',
  'ICMPv6 4/2': 'unrecognized option',
};

const ABOUT_ROUTE: ReadonlySet<string> = new Set([
  'ICMP 3/0',
  'ICMP 3/1',
  'ICMP 3/6',
  'ICMP 3/7',
  'ICMP 3/11',
  'ICMP 3/12',
  'ICMPv6 1/0',
  'ICMPv6 1/3',
  'ICMPv6 1/6',
]);

/** More ports than this are not written out in one command, nor told apart by `args.ports`. */
export const MAX_COMMAND_PORTS = 4;

/** The ports of an entry: `ports` (comma-separated) where several share it, else `port`. */
function portsOf(args: WhyArgs): string[] {
  const text = String(args['ports'] ?? args['port'] ?? '');
  return text === '' ? [] : text.split(',');
}

function place(args: WhyArgs): string {
  return `on ${targetName(args)}`;
}

/** `ss` on the target, for listeners of these ports. */
export function showListeners(args: WhyArgs): string {
  const flags = args['protocol'] === 'tcp' ? '-ltnp' : '-lunp';
  const ports = portsOf(args);
  const filter =
    ports.length > 0 && ports.length <= MAX_COMMAND_PORTS
      ? ` '${ports.map((port) => `sport = :${port}`).join(' or ')}'`
      : '';
  return `ss ${flags}${filter}  # ${place(args)}: what is bound, and where`;
}

/** The reject or drop rules of a machine; the target where no other is named. */
export function showRules(args: WhyArgs, verb: 'reject' | 'drop', where?: string): string {
  return `nft list ruleset | grep -E '${verb}|policy'  # ${where ?? place(args)} (or iptables -S)`;
}

/** A capture on the target that shows whether the probe arrives. */
export function watchArrival(args: WhyArgs): string {
  const protocol = args['protocol'] === 'tcp' ? 'tcp' : 'udp';
  const ports = portsOf(args);
  const list = ports.map((port) => `port ${port}`).join(' or ');
  const filter =
    ports.length === 1
      ? `${protocol} ${list}`
      : ports.length > 0 && ports.length <= MAX_COMMAND_PORTS
        ? `'${protocol} and (${list})'`
        : protocol;
  return `tcpdump -ni any ${filter}  # ${place(args)}, then scan: does it arrive?`;
}

/** The same question asked again, with other options. */
export function askAgain(args: WhyArgs, options: string, why: string): string {
  const ports = portsOf(args);
  const type = args['protocol'] === 'tcp' ? '-sT' : '-sU';
  const list = ports.length > 0 ? ` -p ${ports.slice(0, MAX_COMMAND_PORTS).join(',')}` : '';
  return `pu-probe scan ${targetName(args)}${list} ${type}${options}  # ${why}`;
}

/** Whether packets come to an IPv6 target, asked by what it has to refuse; nothing for one of IPv4. */
export function askPassage(args: WhyArgs): readonly string[] {
  const ports = portsOf(args).slice(0, MAX_COMMAND_PORTS).join(',');
  if (!String(args['target']).includes(':') || ports === '') return [];
  const what = `pu-probe trace ${targetName(args)} -p ${ports} -sU --passage`;
  return [`${what}  # as root: do packets come through?`];
}

/** Where a refusal has no sender: what listens there, and how to learn who refused. */
export function findSender(args: WhyArgs): readonly string[] {
  return [
    showListeners(args),
    askAgain(args, ' --wire errqueue', 'names the sender; needs the native addon'),
  ];
}

/** Where the host itself rejects: its rules, and whether it forwards the port. */
export function findHostRule(args: WhyArgs): readonly string[] {
  return [
    showRules(args, 'reject'),
    `nft list ruleset | grep -E 'dnat|redirect'  # on ${targetName(args)}: is the port forwarded?`,
  ];
}
