import type { OptionGroup, OptionRow } from './options.ts';
import { EXPLAIN_OPTIONS, OPTIONS, TRACE_OPTIONS } from './options.ts';

const EXAMPLES = `Examples:
  pu-probe scan 10.0.0.5 -p 53,123 -sU             are DNS and NTP up?
  pu-probe scan db1 -p 5432 --expect open          for scripts: exit code
  pu-probe scan 10.0.0.0/24 -p U:53,T:22,443       many hosts, both protocols
  pu-probe scan fe80::1%eth0 -F                    IPv6, the short port list
  pu-probe scan 10.0.0.5 -p- --json > report.json  all TCP ports, as JSON
`;

const EXIT_CODES = `Exit codes:
  0  done, every expectation held      3    something could not be checked
  1  an expectation failed             4    internal error
  2  usage error, nothing was sent     130  interrupted, findings printed
`;

const TARGETS = `Targets: names, addresses, 10.0.0.0/24, 10.0.0-1.1-254, host:port, [v6]:port,
  https://host, udp://host:53; several at once. A target that names its port is
  asked for that one alone; -p and -F are for the others.
`;

/** The text of `pu-probe --help`. */
const OVERVIEW: string = `pu-probe: the state of a port, who says so, and why

  pu-probe scan TARGET… [-p PORTS] [-sU] [-sT]  classify ports
  pu-probe trace TARGET -p PORT [-sU]           where on the way a port is lost
  pu-probe explain FILE                         what failed in a capture, why
  pu-probe replay FILE                          the report of a recorded run
  pu-probe ports                                print the ports asked without -p
  pu-probe scan|trace|explain --help            all options
  pu-probe --version

${TARGETS}
${EXAMPLES}`;

/** The options of a table under their headings. */
function optionSections(table: readonly OptionRow[]): string {
  const groups = new Map<OptionGroup, OptionRow[]>();
  for (const row of table.filter(({ isLater }) => !isLater)) {
    groups.set(row.group, [...(groups.get(row.group) ?? []), row]);
  }
  const sections = [...groups].map(
    ([group, rows]) => `${group}:\n${rows.map(optionLine).join('')}`,
  );
  return sections.join('\n');
}

/** The help that a command line asks for: of the command that it names, else the overview. */
export function helpOf(argv: readonly string[]): string {
  if (argv.includes('scan')) return scanHelp();
  if (argv.includes('trace')) return traceHelp();
  return argv.includes('explain') ? explainHelp() : OVERVIEW;
}

/** The text of `pu-probe trace --help`. */
function traceHelp(): string {
  return `pu-probe trace TARGET -p PORT [-sU]: where on the way is it dropped or rejected?

The port itself is walked, beside control flows to the same host: all hops at once.

${optionSections(TRACE_OPTIONS)}
Examples:
  pu-probe trace 10.0.0.5 -p 443             the TCP port that does not answer
  pu-probe trace 10.0.0.5 -p 53 -sU -n       UDP, without names of hops

${EXIT_CODES}`;
}

/** The text of `pu-probe explain --help`. */
function explainHelp(): string {
  return `pu-probe explain FILE|-: what failed in a capture, who says so, what to do

FILE is a pcap or pcapng file of tcpdump, Wireshark or dumpcap; - is standard input.

${optionSections(EXPLAIN_OPTIONS)}
Examples:
  pu-probe explain trouble.pcapng
  tcpdump -ni any -w - -c 1000 | pu-probe explain -
  pu-probe explain big.pcap --host 10.0.0.5 --port 53 --json

Exit codes:
  0  explained          3  the file ended early or could not be read to its end
  2  usage error        4  internal error
`;
}

/** The text of `pu-probe scan --help`, made from the table of options. */
function scanHelp(): string {
  return `pu-probe scan TARGET… [options]: classify ports

${TARGETS}
${optionSections(OPTIONS)}
${EXAMPLES}
${EXIT_CODES}`;
}

/** Width of the column of spellings; the longest is as long. */
const SPELLING_WIDTH = 24;

function optionLine({ short, long, argument, help }: OptionRow): string {
  const spellings = [...short.filter((spelling) => !spelling.startsWith('--')), `--${long}`];
  const spelled = spellings.join(', ') + (argument === null ? '' : ` ${argument}`);
  return `  ${spelled.padEnd(SPELLING_WIDTH)}  ${help}\n`;
}
