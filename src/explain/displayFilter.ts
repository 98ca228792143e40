/**
 * Wireshark display filters that select exactly the packets that a finding cites (Wireshark 4.0 and later).
 *
 * An ICMP error holds two IP headers, and a field of a filter stands for both: `#1` and `#2` tell the outer from the
 * quoted one, and filters about TCP and UDP shut ICMP out.
 */
import type { Family, Ip } from '../model.ts';

/** `ip` or `ipv6`. */
function layer(family: Family): string {
  return family === 4 ? 'ip' : 'ipv6';
}

function icmpField(family: Family): string {
  return family === 4 ? 'icmp' : 'icmpv6';
}

/** Protocols with ports, by number. */
const PORT_FIELDS: Readonly<Record<number, string>> = { 6: 'tcp', 17: 'udp' };

/** One direction between two addresses, by source and destination port. */
export interface DirectedPorts {
  readonly srcPort: number;
  readonly dstPort: number;
}

/** What a filter about packets of flows selects. */
export interface PacketsOf {
  readonly family: Family;
  readonly protocol: number;
  readonly src: Ip;
  readonly dst: Ip;
  readonly ports: readonly DirectedPorts[];
  /** A further condition; empty for none. */
  readonly also: string;
}

/** Packets of one or several flows between two addresses, one direction. */
export function packetsFilter({ family, protocol, src, dst, ports, also }: PacketsOf): string {
  const ip = layer(family);
  const noQuote = family === 4 ? '!icmp' : '!icmpv6';
  const isPing = PORT_FIELDS[protocol] === undefined;
  const kind = isPing ? pingFilter(family, ports) : portsFilter(protocol, ports);
  return [
    `${ip}.src == ${bare(src)}`,
    `${ip}.dst == ${bare(dst)}`,
    kind,
    also,
    isPing ? '' : noQuote,
  ]
    .filter((part) => part !== '')
    .join(' && ');
}

/** Zones are no part of the packet. */
function bare(ip: Ip): string {
  return ip.replace(/%.*/, '');
}

/** Echo requests with these ids. */
function pingFilter(family: Family, ports: readonly DirectedPorts[]): string {
  const field = icmpField(family);
  const ids = ports.map(({ srcPort }) => srcPort);
  const request = family === 4 ? 8 : 128;
  const ident = family === 4 ? 'icmp.ident' : 'icmpv6.echo.identifier';
  // An error that quotes such a request has its fields, too, as the second of their kind.
  return `${field}.type#1 == ${request} && ${oneOf(ident, ids)}`;
}

/** `udp.srcport == 40000 && udp.dstport == 53`, with sets where one side has several. */
export function portsFilter(protocol: number, ports: readonly DirectedPorts[]): string {
  const field = PORT_FIELDS[protocol];
  if (field === undefined) return '';
  const srcPorts = unique(ports.map(({ srcPort }) => srcPort));
  const dstPorts = unique(ports.map(({ dstPort }) => dstPort));
  if (srcPorts.length > 1 && dstPorts.length > 1) {
    const each = ports.map(
      ({ srcPort, dstPort }) =>
        `(${field}.srcport == ${srcPort} && ${field}.dstport == ${dstPort})`,
    );
    return `(${each.join(' || ')})`;
  }
  return `${oneOf(`${field}.srcport`, srcPorts)} && ${oneOf(`${field}.dstport`, dstPorts)}`;
}

/** `field == 1`, or `field in {1, 2}`. */
export function oneOf(field: string, values: readonly (number | string)[]): string {
  return values.length === 1 ? `${field} == ${values[0]}` : `${field} in {${values.join(', ')}}`;
}

/** These frames, and nothing else. */
export function framesFilter(frames: readonly number[]): string {
  return oneOf('frame.number', frames);
}

/** What a filter about ICMP errors selects. */
export interface ErrorsOf {
  readonly family: Family;
  readonly type: number;
  readonly code: number;
  readonly sender: Ip | readonly Ip[];
  readonly receiver: Ip;
  readonly quotedDst: Ip;
  readonly protocol: number;
  /** Null: whatever is quoted. */
  readonly ports: readonly DirectedPorts[] | null;
}

/** ICMP errors of one sender, or of several, about one destination. */
export function errorsFilter(errors: ErrorsOf): string {
  const { family, type, code, sender, receiver, quotedDst, protocol, ports } = errors;
  const field = icmpField(family);
  const ip = layer(family);
  const isPorted = PORT_FIELDS[protocol] !== undefined;
  const quotedKind =
    ports !== null && isPorted
      ? portsFilter(protocol, ports)
      : family === 6 && isPorted
        ? PORT_FIELDS[protocol]!
        : `${family === 4 ? 'ip.proto' : 'ipv6.nxt'}#2 == ${protocol}`;
  return [
    `${field}.type == ${type}`,
    `${field}.code == ${code}`,
    oneOf(`${ip}.src#1`, (typeof sender === 'string' ? [sender] : sender).map(bare)),
    `${ip}.dst#1 == ${bare(receiver)}`,
    `${ip}.dst#2 == ${bare(quotedDst)}`,
    quotedKind,
  ]
    .filter((part) => part !== '')
    .join(' && ');
}

/** Each value once, in the order of its first place. */
export function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}
