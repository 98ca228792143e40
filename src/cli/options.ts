/** One option, as users type it. */
export interface OptionRow {
  /** The readable form without dashes; with `no-` for one that switches something off. */
  readonly long: string;
  /** nmap's spellings and other short forms, with their dashes. */
  readonly short: readonly string[];
  /** What follows it, in capitals; null for a switch. */
  readonly argument: string | null;
  readonly help: string;
  readonly group: OptionGroup;
  /** May be given several times. */
  readonly repeats?: true;
  /** Accepted and without effect, because it is so anyway. */
  readonly isAlways?: true;
  /** Refused with one line. */
  readonly isLater?: true;
}

/** Heading under which `--help` lists an option. */
export type OptionGroup = 'What is asked' | 'Targets' | 'Speed and certainty' | 'Output' | 'Other';

const row = (
  group: OptionGroup,
  short: string,
  long: string,
  argument: string | null,
  help: string,
  more: Pick<OptionRow, 'repeats' | 'isAlways' | 'isLater'> = {},
): OptionRow => ({
  group,
  short: short === '' ? [] : short.split(' '),
  long,
  argument,
  help,
  ...more,
});

const later = { isLater: true } as const;
const always = { isAlways: true } as const;
const repeats = { repeats: true } as const;

/** The options of `scan`: the one table from which parsing, help and suggestions are made. */
export const OPTIONS: readonly OptionRow[] = [
  row('What is asked', '-p', 'ports', 'PORTS', '53,123  1-1024  -  (all)  https  U:53,T:21-25'),
  row('What is asked', '-F', 'fast', null, 'the short port list; without -p and -F the long one'),
  row('What is asked', '-sU', 'udp', null, 'ask UDP ports; with -sT both'),
  row('What is asked', '-sT', 'tcp', null, 'ask TCP ports (the default)'),
  row('What is asked', '-sS', 'syn', null, 'ask TCP ports by SYN where raw packets are allowed'),
  row('What is asked', '', 'trace', null, 'trace filtered ports, one of those that fail alike'),
  row('What is asked', '', 'passage', null, 'IPv6: do silent UDP ports get their packets?'),
  row('What is asked', '', 'snmp-community', 'NAME', 'ask SNMP v2c by it; v1:NAME for v1'),
  row('What is asked', '-sn', 'discover', null, 'find hosts, and ask no ports'),
  row(
    'Targets',
    '-iL',
    'targets-from',
    'FILE',
    'read targets from a file; - is standard input',
    repeats,
  ),
  row(
    'Targets',
    '',
    'exclude',
    'TARGETS',
    'leave out: addresses, prefixes, ranges, names',
    repeats,
  ),
  row('Targets', '-6', 'ipv6', null, 'IPv6 addresses of names only'),
  row('Targets', '-4', 'ipv4', null, 'IPv4 addresses of names only'),
  row('Targets', '', 'all-addresses', null, 'probe every address of a name, not only the first'),
  row('Targets', '-e', 'interface', 'NAME', 'send from this interface (raw packets)'),
  row('Targets', '-S', 'source', 'ADDRESS', 'send from this own address (raw packets)'),
  row('Targets', '', 'sources', 'LIST|auto', 'UDP: from several own addresses (raw packets)'),
  row('Targets', '-g --source-port', 'local-port', 'PORT', 'send from this port (raw packets)'),
  row('Targets', '', 'ttl', 'N', 'time to live of the probes, 1 to 255'),
  row('Speed and certainty', '-T', 'timing', '0-5', 'timing template, 3 unless given'),
  row('Speed and certainty', '--max-rate', 'rate', 'N|max', 'packets per second at most'),
  row(
    'Speed and certainty',
    '--max-retries',
    'retries',
    'N',
    'how often a silent port is asked again',
  ),
  row(
    'Speed and certainty',
    '',
    'host-timeout',
    'TIME',
    'give a host up after 90s, 5m, 1h, 1500ms',
  ),
  row('Speed and certainty', '', 'certainty', 'P', 'chance that a whole run is right, 0.999'),
  row(
    'Speed and certainty',
    '',
    'infer-ranges',
    null,
    'UDP: ask each tenth port, and between unlike ones',
  ),
  row('Speed and certainty', '', 'no-control', null, 'ask no control ports of its own choice'),
  row('Speed and certainty', '', 'seed', 'HEX', 'repeat the order and tokens of an earlier run'),
  row(
    'Speed and certainty',
    '',
    'wire',
    'KIND',
    'auto packet raw-socket errqueue connect sim:FILE',
  ),
  row('Output', '', 'json', null, 'one JSON document on standard output'),
  row('Output', '', 'jsonl', null, 'one JSON record a line, as they come'),
  row('Output', '-oN', 'text-file', 'FILE', 'write the text report to a file too', repeats),
  row('Output', '-oJ', 'json-file', 'FILE', 'write the JSON document to a file too', repeats),
  row('Output', '-oX', 'xml-file', 'FILE', 'write nmap XML', later),
  row('Output', '-oG', 'grep-file', 'FILE', 'write grepable lines', later),
  row('Output', '', 'pcap', 'FILE', 'record packets and run, for Wireshark and replay'),
  row('Output', '-v', 'verbose', null, 'how sure, TTLs, attempts, evidence', repeats),
  row('Output', '', 'no-color', null, 'no colours (also NO_COLOR, TERM=dumb)'),
  row(
    'Output',
    '',
    'expect',
    'STATE',
    'exit 1 unless all ports are so; 53/udp=open for one',
    repeats,
  ),
  row('Output', '', 'expect-certain', null, 'an expectation holds only when it is certain'),
  row('Other', '', 'dry-run', null, 'print the plan, send nothing'),
  row('Other', '', 'debug', null, 'print stack traces of errors'),
  row('Other', '-h', 'help', null, 'this text'),
  row('Other', '-V', 'version', null, 'the version'),
  row('Other', '-Pn', 'no-discovery', null, 'no host discovery (always so)', always),
  row('Other', '-n', 'no-names', null, 'no reverse names (always so for scan)', always),
  row('Other', '', 'reason', null, 'show reasons (always so)', always),
];

/** Options of `scan` that `trace` takes as well, by their long form. */
const SHARED: ReadonlySet<string> = new Set([
  'ports',
  'udp',
  'tcp',
  'ipv6',
  'ipv4',
  'all-addresses',
  'interface',
  'source',
  'local-port',
  'no-control',
  'seed',
  'wire',
  'json',
  'jsonl',
  'pcap',
  'verbose',
  'no-color',
  'debug',
  'help',
  'version',
  'no-discovery',
]);

/** The options of `trace`. */
export const TRACE_OPTIONS: readonly OptionRow[] = [
  ...OPTIONS.filter(({ long }) => SHARED.has(long)),
  row('What is asked', '-m', 'max-hops', 'N', 'longest path that is walked, 32 unless given'),
  row('What is asked', '', 'flows', 'N', 'walk it from N source ports, 2 to 32: shared ways'),
  row('What is asked', '', 'ask-hops', null, 'SYNs to each router: is a TCP answer lost?'),
  row('What is asked', '', 'mtu', null, 'measure how large a packet may be, and where not'),
  row('What is asked', '', 'passage', null, 'IPv6: does a silent port get its packets?'),
  row('What is asked', '', 'fragment', null, 'a minute: does a silent port get its packets?'),
  row('Other', '-n', 'no-names', null, 'look up no names of hops'),
];

/** The options of `explain`. */
export const EXPLAIN_OPTIONS: readonly OptionRow[] = [
  row('What is asked', '', 'flow', 'A:P-B:Q', 'only this flow, either way; [v6]:port', repeats),
  row('What is asked', '', 'host', 'ADDRESS', 'only flows of this host', repeats),
  row('What is asked', '-p', 'port', 'PORT', 'only flows with this port', repeats),
  row('Output', '', 'json', null, 'one JSON document on standard output'),
  row('Output', '', 'no-color', null, 'no colours (also NO_COLOR, TERM=dumb)'),
  row('Other', '', 'debug', null, 'print stack traces of errors'),
  row('Other', '-h', 'help', null, 'this text'),
  row('Other', '-V', 'version', null, 'the version'),
];

/** Commands that are planned and refused with one line. */
export const LATER_COMMANDS: readonly string[] = ['check', 'diagnose', 'inspect', 'diff', 'serve'];

/** Commands that work. */
export const COMMANDS: readonly string[] = ['scan', 'trace', 'explain', 'replay', 'ports', 'help'];
