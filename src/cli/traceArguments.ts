/** The arguments of `trace`: argv -> what to trace and how to show it. */
import type { TraceRequest } from '../index.ts';
import { UsageError } from '../index.ts';
import { TRACE_OPTIONS } from './options.ts';
import {
  checkExclusive,
  flag,
  formatOf,
  parseOptions,
  parseWhole,
  type Raw,
  type ScanArguments,
  text,
} from './scanArguments.ts';
import { checkOneSource } from './sourcesOption.ts';

/** What a `trace` command line asks for, checked. */
export interface TraceArguments extends Pick<ScanArguments, 'format' | 'verbose' | 'noColor'> {
  readonly trace: TraceRequest;
  /** The file to record into. */
  readonly pcap: string | undefined;
}

/** Largest TTL of a packet; the library bounds paths further. */
const MOST_HOPS = 255;

/** Parses the arguments after `trace`. Throws a UsageError, one line that names the offending text. */
export function parseTraceArguments(argv: readonly string[]): TraceArguments {
  const { raw, operands } = parseOptions('trace', TRACE_OPTIONS, argv);
  if (operands.length === 0) {
    throw new UsageError(
      'trace needs a target: an address, a name or host:port (pu-probe trace --help says more)',
    );
  }
  return {
    trace: traceRequest(raw, operands),
    format: formatOf(raw, []),
    verbose: Number(raw['verbose']),
    noColor: raw['color'] === false,
    pcap: text(raw, 'pcap'),
  };
}

function traceRequest(raw: Raw, targets: readonly string[]): TraceRequest {
  checkExclusive(raw);
  const request: { -readonly [Key in keyof TraceRequest]: TraceRequest[Key] } = { targets };
  const ports = text(raw, 'ports');
  if (ports !== undefined) request.ports = ports;
  if (flag(raw, 'udp')) request.udp = true;
  if (flag(raw, 'tcp')) request.tcp = true;
  if (flag(raw, 'ipv4')) request.family = 4;
  if (flag(raw, 'ipv6')) request.family = 6;
  if (flag(raw, 'allAddresses')) request.allAddresses = true;
  if (raw['control'] === false) request.control = false;
  if (raw['names'] === false) request.names = false;
  for (const key of ['seed', 'wire', 'interface', 'source'] as const) {
    const value = text(raw, key);
    if (value !== undefined) request[key] = value;
  }
  checkOneSource(request.source);
  const sourcePort = text(raw, 'localPort');
  if (sourcePort !== undefined) request.sourcePort = parseWhole('-g', sourcePort, 65_535);
  const maxHops = text(raw, 'maxHops');
  if (maxHops !== undefined) request.maxHops = parseWhole('--max-hops', maxHops, MOST_HOPS);
  const flows = text(raw, 'flows');
  if (flows !== undefined) request.flows = parseWhole('--flows', flows, MOST_HOPS);
  if (flag(raw, 'mtu')) request.mtu = true;
  if (flag(raw, 'askHops')) request.askHops = true;
  if (flag(raw, 'passage')) request.passage = true;
  if (flag(raw, 'fragment')) request.fragment = true;
  return request;
}
