/**
 * The stack of a node for packets that are for itself: services, closed ports, echo. Pure answers; rules are the
 * network's business.
 */
import type { Family } from '../model.ts';
import { read32 } from '../packet/bytes.ts';
import { ICMP_HEADER_BYTES, ICMP4_TYPE, ICMP6_TYPE } from '../packet/icmp.ts';
import { IP_PROTOCOL } from '../packet/ip.ts';
import { TCP_FLAG, TCP_HEADER_BYTES } from '../packet/tcp.ts';
import { checkTransport } from '../packet/transport.ts';
import { UDP_HEADER_BYTES } from '../packet/udp.ts';
import {
  type IcmpError,
  payloadPlace,
  type Sender,
  writeDatagram,
  writeEchoReply,
  writeReset,
  writeSynAck,
} from './answers.ts';
import { extensionError } from './extensionError.ts';
import type { Flight } from './flight.ts';
import type { PerFamily, Prefix } from './prefix.ts';
import { hashBytes, mix32 } from './random.ts';
import { answerUdp, otherPort, type Service } from './services.ts';
import type { Host, WorldNode } from './world.ts';

/** What the stack does with a packet: an answer of this length in `out`, an ICMP error, or nothing (0). */
export type StackAnswer = number | IcmpError;

/** The stack of one node; it keeps no connections. */
export interface HostStack {
  /** Answers the packet into `out`; `sender` is the address that was asked. */
  answer(flight: Flight, sender: Sender, out: Flight): StackAnswer;
  /** The sequence number of this stack's SYN-ACK to the packet's sender: a hash, so that no connection is kept. */
  isn(flight: Flight): number;
}

const ERRORS: PerFamily<Readonly<Record<'port' | 'protocol', IcmpError>>> = {
  4: { port: { type: 3, code: 3 }, protocol: { type: 3, code: 2 } },
  6: { port: { type: 1, code: 4 }, protocol: { type: 4, code: 1 } },
};

/** Creates the stack of one node; `second` is where `other-address` services answer from. */
export function createHostStack(
  node: WorldNode,
  second: PerFamily<Prefix> | null,
  seed: number,
): HostStack {
  const tcp = portTable(node.tcp);
  const udp = portTable(node.udp);
  const ttl = node.ttl;

  function isn(flight: Flight): number {
    const { bytes, ip } = flight;
    const length = ip.family === 4 ? 8 : 32;
    const addresses = hashBytes(bytes, ip.srcAt, ip.srcAt + length, seed);
    return mix32(addresses ^ hashBytes(bytes, ip.payloadAt, ip.payloadAt + 4, seed));
  }

  function answerTcp(flight: Flight, sender: Sender, out: Flight): StackAnswer {
    const { bytes, ip } = flight;
    if (ip.payloadEnd - ip.payloadAt < TCP_HEADER_BYTES) return 0;
    const flags = bytes[ip.payloadAt + 13]! & 0x3f;
    const service = serviceAt(node.tcp, tcp, flight);
    if (service === null) return writeReset(flight, sender, out);
    if ((flags & (TCP_FLAG.SYN | TCP_FLAG.ACK | TCP_FLAG.RST | TCP_FLAG.FIN)) === TCP_FLAG.SYN) {
      if (service.kind === 'silent') return 0;
      const window = service.kind === 'accept' ? 'open' : 'none';
      return writeSynAck(flight, sender, { isn: isn(flight), window }, out);
    }
    const isOurs =
      (flags & TCP_FLAG.ACK) !== 0 && read32(bytes, ip.payloadAt + 8) === (isn(flight) + 1) >>> 0;
    const wantsReset = (flags & TCP_FLAG.ACK) !== 0 && !isOurs;
    return wantsReset ? writeReset(flight, sender, out) : 0;
  }

  function answerDatagram(flight: Flight, sender: Sender, out: Flight): StackAnswer {
    const { bytes, ip } = flight;
    const at = ip.payloadAt + UDP_HEADER_BYTES;
    if (ip.payloadEnd < at) return 0;
    const service = serviceAt(node.udp, udp, flight);
    if (service === null) return ERRORS[ip.family].port;
    const request = { bytes, at, end: ip.payloadEnd };
    const payloadLength = answerUdp(service.kind, request, out.bytes, payloadPlace(flight));
    if (payloadLength < 0) return 0;
    const srcPort = service.from === 'other-port' ? otherPort(flight.dstPort) : flight.dstPort;
    const from =
      service.from === 'other-address' && second !== null
        ? { bytes: second[ip.family].bytes, at: 0, ttl }
        : sender;
    return writeDatagram(flight, from, { srcPort, payloadLength }, out);
  }

  function answerIcmp(flight: Flight, sender: Sender, out: Flight): StackAnswer {
    const { bytes, ip } = flight;
    if (ip.payloadEnd - ip.payloadAt < ICMP_HEADER_BYTES) return 0;
    const request = ip.family === 4 ? ICMP4_TYPE.ECHO_REQUEST : ICMP6_TYPE.ECHO_REQUEST;
    const isAnswered = node.echo && bytes[ip.payloadAt] === request;
    return isAnswered ? writeEchoReply(flight, sender, out) : 0;
  }

  return {
    isn,
    answer(flight, sender, out) {
      const { ip, bytes } = flight;
      const refused = extensionError(flight);
      if (refused !== null) return refused;
      // Its rest never comes (reassembly.ts).
      if (ip.fragmentOffset > 0 || ip.moreFragments) return 0;
      if (checkTransport(bytes, ip) === 'bad') return 0;
      if (flight.isIcmp) return answerIcmp(flight, sender, out);
      switch (ip.protocol) {
        case IP_PROTOCOL.TCP:
          return answerTcp(flight, sender, out);
        case IP_PROTOCOL.UDP:
          return answerDatagram(flight, sender, out);
        default:
          return ERRORS[ip.family].protocol;
      }
    },
  };
}

/** Number of the service of each port, plus one. The first that names a port has it. */
function portTable(services: readonly Service<string>[]): Uint8Array | null {
  if (services.length === 0) return null;
  const table = new Uint8Array(65_536);
  for (let index = Math.min(services.length, 255) - 1; index >= 0; index--) {
    const [from, to] = services[index]!.ports;
    table.fill(index + 1, from, to + 1);
  }
  return table;
}

function serviceAt<Kind extends string>(
  services: readonly Service<Kind>[],
  table: Uint8Array | null,
  flight: Flight,
): Service<Kind> | null {
  const service = services[(table?.[flight.dstPort] ?? 0) - 1];
  if (service === undefined) return null;
  return service.share >= 1 || isWithinShare(flight, service.share) ? service : null;
}

/** Which addresses of a prefix have a service (or exist) is a matter of their bytes alone. */
function isWithinShare(flight: Flight, share: number): boolean {
  return addressShare(flight.bytes, flight.ip.dstAt, flight.ip.family, flight.dstPort) < share;
}

/** A number in [0, 1) that belongs to an address and a salt. */
function addressShare(bytes: Uint8Array, at: number, family: Family, salt: number): number {
  return hashBytes(bytes, at, at + (family === 4 ? 4 : 16), salt + 1) / 0x1_0000_0000;
}

/** Which addresses of a host's prefix somebody has. */
export function isThere(host: Host, bytes: Uint8Array, at: number, family: Family): boolean {
  return host.present >= 1 || addressShare(bytes, at, family, PRESENCE_SALT) < host.present;
}

/** No port number: presence and services are different draws. */
const PRESENCE_SALT = 0x10000;
