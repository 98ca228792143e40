/**
 * What a UDP probe carries, and how its answer proves the protocol.
 *
 * One file in payloads/ for each protocol, one row here. A kind is a pure pair: `write` makes the request from a
 * 64-bit token, `read` takes an answer for genuine only when it parses whole and gives back as much of the token as
 * the protocol has room for. Adding a protocol: its file, a row in {@link PAYLOAD_KINDS}, a case in
 * test/probe/payloads/.
 */
import type { Plan, Service } from '../model.ts';
import { a2s } from './payloads/a2s.ts';
import { bacnet } from './payloads/bacnet.ts';
import { cldap } from './payloads/cldap.ts';
import { coap } from './payloads/coap.ts';
import { dns } from './payloads/dns.ts';
import { dtls } from './payloads/dtls.ts';
import { generic } from './payloads/generic.ts';
import { gtp, gtpPrime } from './payloads/gtp.ts';
import { ike, ikeNatT } from './payloads/ike.ts';
import { ipmi } from './payloads/ipmi.ts';
import { kerberos } from './payloads/kerberos.ts';
import { l2tp } from './payloads/l2tp.ts';
import { mdns } from './payloads/mdns.ts';
import { memcached } from './payloads/memcached.ts';
import { mssqlBrowser } from './payloads/mssqlBrowser.ts';
import { natPmp } from './payloads/natPmp.ts';
import { netbiosNs } from './payloads/netbiosNs.ts';
import { ntp } from './payloads/ntp.ts';
import { openvpn } from './payloads/openvpn.ts';
import { quic } from './payloads/quic.ts';
import { rip } from './payloads/rip.ts';
import { rpcbind } from './payloads/rpcbind.ts';
import { sip } from './payloads/sip.ts';
import { slp } from './payloads/slp.ts';
import { snmp } from './payloads/snmp.ts';
import { snmpWithCommunity } from './payloads/snmpCommunity.ts';
import { ssdp } from './payloads/ssdp.ts';
import { stun } from './payloads/stun.ts';
import { syslog } from './payloads/syslog.ts';
import { tftp } from './payloads/tftp.ts';
import { wsDiscovery } from './payloads/wsDiscovery.ts';
import { xdmcp } from './payloads/xdmcp.ts';

/** One protocol that a UDP port may speak. */
export interface PayloadKind {
  /** Name as reports print it: `dns`, `ntp`, … */
  readonly protocol: string;
  /** Ports that get this request by default. */
  readonly ports: readonly number[];
  /** Specification and section that the bytes follow. */
  readonly source: string;
  /** Bytes that `write` may need, at most. */
  readonly maxLength: number;
  /** Set where the answer comes from another port than the asked one (TFTP). */
  readonly answersFromOtherPort?: true;
  /**
   * Writes the request into `out` from `at` and returns its length in bytes. Pure.
   * Carries the 64-bit token (two unsigned 32-bit words) as far as the protocol has room for an identity.
   */
  write(out: Uint8Array, at: number, tokenHi: number, tokenLo: number): number;
  /**
   * Parses the answer to the request with this token, strictly. Never throws.
   * Null: these bytes are not this protocol's answer to that request (wrong identity, cut, or not parseable).
   */
  read(reply: Uint8Array, tokenHi: number, tokenLo: number): Service | null;
}

/** All kinds; a port belongs to one of them at most, and `generic`, which takes the rest, has none. */
export const PAYLOAD_KINDS: readonly PayloadKind[] = [
  dns,
  tftp,
  ntp,
  netbiosNs,
  snmp,
  quic,
  syslog,
  ssdp,
  stun,
  sip,
  mdns,
  coap,
  memcached,
  rpcbind,
  cldap,
  kerberos,
  ike,
  ikeNatT,
  openvpn,
  l2tp,
  dtls,
  ipmi,
  bacnet,
  gtp,
  gtpPrime,
  natPmp,
  slp,
  xdmcp,
  wsDiscovery,
  rip,
  mssqlBrowser,
  a2s,
  generic,
];

const KIND_BY_PORT: ReadonlyMap<number, PayloadKind> = new Map(
  PAYLOAD_KINDS.flatMap((kind) => kind.ports.map((port) => [port, kind] as const)),
);

/** The kind for a port; `generic` where none is registered. */
export function payloadFor(port: number): PayloadKind {
  return KIND_BY_PORT.get(port) ?? generic;
}

/** The kinds of one run: those that every run has, and what its user has given a password for. */
export interface Payloads {
  of(port: number): PayloadKind;
  /** Most bytes that any of them writes. */
  readonly longest: number;
}

/** Chooses the kinds of a run; with a community SNMP is asked by it, and not by the discovery of version 3. */
export function createPayloads(community: Plan['snmpCommunity']): Payloads {
  const chosen = community === null ? null : snmpWithCommunity(community.name, community.version);
  const kinds = chosen === null ? PAYLOAD_KINDS : [...PAYLOAD_KINDS, chosen];
  return {
    of: (port) => (chosen?.ports.includes(port) === true ? chosen : payloadFor(port)),
    longest: Math.max(...kinds.map(({ maxLength }) => maxLength)),
  };
}
