/** The arguments of `explain`: argv -> which file, which flows, which form. */
import type { FlowEnd, Narrowing, ParsedIp } from '../index.ts';
import { parseIp, UsageError } from '../index.ts';
import { show, translateArgv } from './argv.ts';
import { EXPLAIN_OPTIONS } from './options.ts';

/** What an `explain` command line asks for, checked. */
export interface ExplainArguments {
  /** `-` is standard input. */
  readonly file: string;
  readonly narrowing: Narrowing | null;
  readonly format: 'text' | 'json';
  readonly noColor: boolean;
}

/** Parses the arguments after `explain`; throws a UsageError, one line that names the offending text. */
export function parseExplainArguments(argv: readonly string[]): ExplainArguments {
  const words = translateArgv(argv, EXPLAIN_OPTIONS);
  const border = words.indexOf('--');
  const options = words.slice(0, border);
  const [file, ...more] = words.slice(border + 1);
  if (file === undefined) {
    throw new UsageError('explain needs a capture: a pcap or pcapng file, or - for standard input');
  }
  if (more.length > 0)
    throw new UsageError(`explain takes one file, and also got ${show(more[0]!)}`);
  const hosts = valuesOf(options, 'host').map(parseHost);
  const ports = valuesOf(options, 'port').map((text) => parsePort(text, text));
  const flows = valuesOf(options, 'flow').map(parseFlow);
  const isNarrowed = hosts.length + ports.length + flows.length > 0;
  return {
    file,
    narrowing: isNarrowed ? { hosts, ports, flows } : null,
    format: options.includes('--json') ? 'json' : 'text',
    noColor: options.includes('--no-color'),
  };
}

function valuesOf(options: readonly string[], long: string): string[] {
  const start = `--${long}=`;
  return options.filter((word) => word.startsWith(start)).map((word) => word.slice(start.length));
}

function parseHost(text: string): ParsedIp {
  const ip = parseIp(text);
  if (ip === null) throw new UsageError(`--host takes an address: ${show(text)}`);
  return ip;
}

function parsePort(digits: string, shown: string): number {
  const port = Number(digits);
  if (!/^\d{1,5}$/.test(digits) || port > 65_535) {
    throw new UsageError(`not a port from 0 to 65535: ${show(shown)}`);
  }
  return port;
}

const FLOW = /^(\[[^\]]+\]|[^[\]-]+?):(\d+)-(\[[^\]]+\]|[^[\]-]+?):(\d+)$/;

function parseFlow(text: string): readonly [FlowEnd, FlowEnd] {
  const match = FLOW.exec(text);
  if (match === null) {
    throw new UsageError(
      `--flow takes two ends, as in 10.0.0.1:40000-10.0.0.5:53 or [fd00::1]:40000-[fd00::5]:53: ${show(text)}`,
    );
  }
  const [, a, aPort, b, bPort] = match as unknown as [string, string, string, string, string];
  return [endOf(a, aPort, text), endOf(b, bPort, text)];
}

function endOf(address: string, port: string, shown: string): FlowEnd {
  const ip = parseIp(address.replace(/^\[|\]$/g, ''));
  if (ip === null) throw new UsageError(`no address in --flow: ${show(shown)}`);
  return { ip, port: parsePort(port, shown) };
}
