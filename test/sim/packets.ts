/** Packets for tests of the simulator, and what came back as short texts. */
import type { Family } from '../../src/model.ts';
import { formatIp, parseIp } from '../../src/packet/address.ts';
import { sumIp } from '../../src/packet/checksum.ts';
import { createIcmpView, emitIcmpEcho, readIcmp } from '../../src/packet/icmp.ts';
import { createIpView, emitIp, IP_PROTOCOL, readIp } from '../../src/packet/ip.ts';
import {
  EXTENSION_BYTES,
  emitFirstFragment,
  emitUnknownOption,
} from '../../src/packet/ipv6Headers.ts';
import { createQuoteView, readQuote } from '../../src/packet/quote.ts';
import { createTcpView, emitTcp, readTcp, TCP_FLAG } from '../../src/packet/tcp.ts';
import { emitUdp } from '../../src/packet/udp.ts';
import { createNetwork, type Network } from '../../src/sim/network.ts';
import { parseWorld } from '../../src/sim/world.ts';

export const SCANNER = { 4: '10.90.0.1', 6: 'fd90::1' } as const;

/** Address `host` of link `link` in a default world. */
export function addressOf(link: number, host: number, family: Family): string {
  const network = link === 0 ? 'fd90::' : `fd90:0:0:${link.toString(16)}::`;
  return family === 4 ? `10.90.${link}.${host}` : `${network}${host.toString(16)}`;
}

export interface PacketOptions {
  readonly family: Family;
  readonly to: string;
  readonly protocol: 'tcp' | 'udp' | 'echo';
  readonly port?: number;
  readonly srcPort?: number;
  readonly ttl?: number;
  readonly payload?: Uint8Array;
  readonly flags?: number;
  readonly ack?: number;
  /** The IPv6 extension header before the transport header. */
  readonly extension?: 'option' | 'fragment';
}

/** Makes a packet from the scanner of a default world. */
export function makePacket(options: PacketOptions): Uint8Array {
  const { family, protocol, port = 0, srcPort = 40_000, ttl = 64, flags = TCP_FLAG.SYN } = options;
  const src = parseIp(SCANNER[family])!.bytes;
  const dst = parseIp(options.to)!.bytes;
  const payload = options.payload ?? new Uint8Array(0);
  const addressSum = sumIp(src, 0, family) + sumIp(dst, 0, family);
  const common = { addressSum, payload, payloadAt: 0, payloadLength: payload.length };
  const out = new Uint8Array(70_000);
  const { extension } = options;
  const ipBytes = family === 4 ? 20 : 40;
  const at = ipBytes + (extension === undefined ? 0 : EXTENSION_BYTES);
  const ports = { srcPort, dstPort: port };
  const number = { tcp: 6, udp: 17, echo: family === 4 ? 1 : 58 }[protocol];
  let length: number;
  if (protocol === 'tcp') {
    const rest = { seq: 1000, ack: options.ack ?? 0, flags, window: 1024 };
    length = emitTcp(out, at, { ...common, ...ports, ...rest, options: new Uint8Array(0) });
  } else if (protocol === 'udp') {
    length = emitUdp(out, at, { ...common, ...ports });
  } else {
    const type = family === 4 ? 8 : 128;
    length = emitIcmpEcho(out, at, family, { ...common, type, id: 7, seq: 9 });
  }
  if (extension === 'option') emitUnknownOption(out, ipBytes, number);
  if (extension === 'fragment') emitFirstFragment(out, ipBytes, number, 4711);
  const first = { option: IP_PROTOCOL.DESTINATION_OPTIONS, fragment: IP_PROTOCOL.FRAGMENT };
  const protocolOrHeader = extension === undefined ? number : first[extension];
  const head = {
    ...{ tos: 0, id: 4711, dontFragment: true, flowLabel: 0, ttl },
    ...{ protocol: protocolOrHeader, payloadLength: at - ipBytes + length },
  };
  emitIp(out, 0, family, { ...head, src, srcAt: 0, dst, dstAt: 0 });
  return out.slice(0, at + length);
}

export function openNetwork(world: unknown, seed = 1): Network {
  return createNetwork(parseWorld(world, 'test'), seed);
}

/** Sends one packet and tells all that comes back within ten seconds, e.g. `10.90.0.2 63 icmp 3/13 quoted 64`. */
export function ask(network: Network, packet: Uint8Array, atMs = 0): readonly string[] {
  network.send(packet, atMs);
  return receiveAll(network, atMs + 10_000);
}

export function receiveAll(network: Network, untilMs: number): readonly string[] {
  const texts: string[] = [];
  for (;;) {
    const arrival = network.receive(untilMs);
    if (arrival === null) return texts;
    texts.push(describePacket(arrival.bytes));
  }
}

export function describePacket(bytes: Uint8Array): string {
  const ip = createIpView();
  if (!readIp(bytes, 0, bytes.length, ip)) return 'garbage';
  const head = `${formatIp(bytes, ip.srcAt, ip.family)} ${ip.ttl}`;
  if (ip.protocol === IP_PROTOCOL.TCP) {
    const tcp = createTcpView();
    readTcp(bytes, ip.payloadAt, ip.payloadEnd, tcp);
    const flags = Object.entries(TCP_FLAG).filter(([, bit]) => (tcp.flags & bit) !== 0);
    const names = flags.map(([name]) => name).join('+');
    return `${head} tcp ${tcp.srcPort} ${names} window ${tcp.window}`;
  }
  if (ip.protocol === IP_PROTOCOL.UDP) {
    const port = (bytes[ip.payloadAt]! << 8) | bytes[ip.payloadAt + 1]!;
    return `${head} udp ${port} ${ip.payloadEnd - ip.payloadAt - 8}`;
  }
  const icmp = createIcmpView();
  readIcmp(bytes, ip.payloadAt, ip.payloadEnd, ip.family, icmp);
  if (!icmp.isError) return `${head} icmp ${icmp.type}/${icmp.code}`;
  const quote = createQuoteView();
  readQuote(bytes, icmp.quoteAt, icmp.quoteEnd, quote);
  const mtu = icmp.mtu >= 0 ? ` mtu ${icmp.mtu}` : '';
  return `${head} icmp ${icmp.type}/${icmp.code}${mtu} quoted ${quote.ttl}`;
}
