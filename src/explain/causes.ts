/**
 * Known causes: what a finding looks like when this product or that habit is behind it. Each row's words are in the
 * catalogue under its id (report/explainCauses.ts); a capture that shows it is in test/explain/causes.test.ts.
 *
 * A cause is never more than a likely explanation: other products may do the same. `high` is given to none that the
 * packets do not prove.
 */
import type { Certainty, FindingDraft } from './finding.ts';

/** One row. */
export interface CauseRow {
  readonly id: string;
  /** The observable condition. Pure. */
  readonly when: (finding: FindingDraft) => boolean;
  readonly certainty: Certainty;
  /** Where the habit is documented. */
  readonly source: string;
}

const why =
  (...ids: readonly string[]) =>
  ({ whyId }: FindingDraft): boolean =>
    ids.includes(whyId);

const isIcmp = (finding: FindingDraft, ...codes: readonly string[]): boolean =>
  codes.includes(String(finding.whyArgs['icmp']));

const asks = (finding: FindingDraft, ...protocols: readonly string[]): boolean =>
  protocols.includes(String(finding.whyArgs['request'] ?? finding.whyArgs['protocolName'] ?? ''));

const isTcp = ({ facts }: FindingDraft): boolean => facts.isTcp;

/** An error that comes sooner than this was not preceded by unanswered ARP requests, ms. */
const NEIGHBOUR_MS = 900;
/** What a Linux host says to itself when its next hop does not answer. */
const NO_NEIGHBOUR = ['ICMP 3/1', 'ICMPv6 1/3'] as const;
/** TFTP answers from another port by design (RFC 1350 section 4). */
const TFTP_PORT = 69;
/** Windows starts its packets with this TTL, so hosts up to 63 hops away arrive between 65 and 128. */
const WINDOWS_TTL = 128;
const UNIX_TTL = 64;

/** The table of known causes, the likelier first where several fit. */
export const CAUSES: readonly CauseRow[] = [
  {
    id: 'cause.kube-proxy-no-endpoints',
    when: (finding) =>
      isTcp(finding) && why('explain.icmp.port.target-tcp', 'explain.icmp.port.path')(finding),
    certainty: 'medium',
    source: 'kubernetes/kubernetes#17359, #97360: kube-proxy rejects services "has no endpoints"',
  },
  {
    id: 'cause.iptables-reject-default',
    when: (finding) =>
      isTcp(finding) && why('explain.icmp.port.target-tcp', 'explain.icmp.port.path')(finding),
    certainty: 'medium',
    source: 'iptables-extensions(8), REJECT: the default is icmp-port-unreachable',
  },
  {
    id: 'cause.firewalld-prohibited',
    when: (finding) =>
      why('explain.icmp.prohibited.target')(finding) &&
      isIcmp(finding, 'ICMP 3/10', 'ICMP 3/13', 'ICMPv6 1/1'),
    certainty: 'medium',
    source:
      'firewalld zones: the default target rejects with icmp(v6) admin-prohibited (host-prohibited before 0.9)',
  },
  {
    id: 'cause.router-acl',
    when: why('explain.icmp.prohibited.path'),
    certainty: 'medium',
    source: 'RFC 1812 section 5.2.7.1: code 13 is for filters of routers',
  },
  {
    id: 'cause.service-not-running',
    when: why('explain.icmp.port.target', 'explain.tcp.refused', 'explain.tcp.refused.confirmed'),
    certainty: 'medium',
    source:
      'RFC 1122 section 4.1.3.1: port unreachable for a datagram without receiver; RFC 9293 section 3.5.2: RST',
  },
  {
    id: 'cause.ufw-reject',
    when: (finding) =>
      why('explain.icmp.port.target')(finding) ||
      (why('explain.tcp.refused', 'explain.tcp.refused.confirmed')(finding) && isTcp(finding)),
    certainty: 'low',
    source: 'ufw(8), reject: TCP by reset, all else by port unreachable',
  },
  {
    id: 'cause.dnat-dead-backend',
    when: (finding) =>
      why('explain.icmp.route.target')(finding) ||
      (why('explain.icmp.nearer')(finding) && isIcmp(finding, 'ICMP 3/1', 'ICMPv6 1/3')),
    certainty: 'medium',
    source:
      'RFC 5508 section 4.2: a NAT sends the error of a host behind it on under its own address',
  },
  {
    id: 'cause.host-down',
    when: (finding) =>
      why('explain.icmp.route.path')(finding) &&
      isIcmp(finding, 'ICMP 3/1', 'ICMP 3/7', 'ICMPv6 1/3') &&
      finding.facts.tookMs >= NEIGHBOUR_MS &&
      finding.facts.answeredPorts === 0,
    certainty: 'medium',
    source: 'RFC 1812 section 5.2.7.1; Linux gives up after three ARP requests, a second apart',
  },
  {
    id: 'cause.unreachable-rule',
    when: (finding) =>
      why('explain.icmp.route.path')(finding) &&
      isIcmp(finding, 'ICMP 3/1', 'ICMPv6 1/3') &&
      finding.facts.tookMs >= 0 &&
      finding.facts.tookMs < NEIGHBOUR_MS,
    certainty: 'low',
    source: 'ip-route(8), type unreachable; nft(8), reject with host-unreachable',
  },
  {
    id: 'cause.no-route',
    when: (finding) =>
      why('explain.icmp.route.path')(finding) &&
      isIcmp(finding, 'ICMP 3/0', 'ICMP 3/6', 'ICMPv6 1/0', 'ICMPv6 1/6'),
    certainty: 'medium',
    source: 'RFC 1812 section 5.2.7.1, RFC 4443 section 3.1',
  },
  {
    id: 'cause.own-firewall',
    when: (finding) => why('explain.icmp.own-side')(finding) && !isIcmp(finding, ...NO_NEIGHBOUR),
    certainty: 'medium',
    source: 'ip-route(8): unreachable and prohibit routes; nft(8), reject in the output hook',
  },
  {
    id: 'cause.own-next-hop',
    when: (finding) => why('explain.icmp.own-side')(finding) && isIcmp(finding, ...NO_NEIGHBOUR),
    certainty: 'medium',
    source:
      'Linux net/ipv4/arp.c, net/ipv6/ndisc.c: host unreachable after three unanswered requests',
  },
  {
    id: 'cause.docker-proxy-no-backend',
    when: why('explain.tcp.accepted-then-reset', 'explain.tcp.accepted-then-closed'),
    certainty: 'low',
    source:
      'moby/moby#18189, #16976: docker-proxy accepts first and connects to the container then',
  },
  {
    id: 'cause.load-balancer-no-target',
    when: why('explain.tcp.accepted-then-reset', 'explain.tcp.accepted-then-closed'),
    certainty: 'low',
    source: 'HAProxy configuration manual: a TCP frontend accepts before a server is chosen',
  },
  {
    id: 'cause.syn-cookie-wall',
    when: why(
      'explain.tcp.syn-proxy',
      'explain.tcp.syn-proxy-closed',
      'explain.tcp.syn-proxy-perhaps',
    ),
    certainty: 'medium',
    source: 'nft(8), synproxy: answers with window 0 until the server has accepted',
  },
  {
    id: 'cause.middlebox-reset',
    when: why('explain.tcp.refused.forged', 'explain.tcp.reset.forged'),
    certainty: 'medium',
    source: 'Weaver, Sommer, Paxson: Detecting Forged TCP Reset Packets, NDSS 2009',
  },
  {
    id: 'cause.windows-stealth',
    when: (finding) =>
      why('explain.tcp.silent', 'explain.udp.silent')(finding) &&
      finding.facts.targetTtl > UNIX_TTL &&
      finding.facts.targetTtl <= WINDOWS_TTL,
    certainty: 'medium',
    source: 'Microsoft KB 2586744: the stealth filter drops what no listener waits for',
  },
  {
    id: 'cause.security-group',
    when: why('explain.tcp.silent', 'explain.udp.silent'),
    certainty: 'low',
    source:
      'Amazon VPC user guide, Azure NSG overview: traffic without an allowing rule is dropped',
  },
  {
    id: 'cause.snmp-community',
    when: (finding) => why('explain.udp.silent')(finding) && asks(finding, 'snmp'),
    certainty: 'medium',
    source: 'RFC 1157 section 4.1.6: an agent discards a message of the wrong community',
  },
  {
    id: 'cause.silent-by-design',
    when: (finding) =>
      why('explain.udp.silent', 'explain.udp.stream')(finding) &&
      asks(finding, 'wireguard', 'radius', 'openvpn'),
    certainty: 'medium',
    source: 'WireGuard whitepaper section 5.1; RFC 2865 section 3: unknown askers get no answer',
  },
  {
    id: 'cause.return-path',
    when: why('explain.tcp.half-open', 'explain.tcp.answer-ignored'),
    certainty: 'low',
    source: 'RFC 9293 section 3.5: a SYN-ACK that is not acknowledged is sent again',
  },
  {
    id: 'cause.icmp-limiter',
    when: why('explain.icmp.limited'),
    certainty: 'medium',
    source: 'Linux icmp(7), icmp_ratelimit; net/ipv4/inetpeer.c: a burst of 6',
  },
  {
    id: 'cause.tunnel-mtu',
    when: (finding) =>
      why('explain.icmp.too-big', 'explain.tcp.black-hole')(finding) ||
      (why('explain.tcp.stalled')(finding) && finding.whyArgs['large'] === 1),
    certainty: 'medium',
    source: 'RFC 2923 section 2.1; RFC 4459: tunnels make packets larger than the path',
  },
  {
    id: 'cause.asker-gone',
    when: why('explain.icmp.answer-refused'),
    certainty: 'medium',
    source: 'RFC 1122 section 4.1.3.1; resolvers close the port when they give up',
  },
  {
    id: 'cause.routing-loop',
    when: why(
      'explain.icmp.loop-seen',
      'explain.loop',
      'explain.icmp.hops',
      'explain.traceroute.loop',
    ),
    certainty: 'medium',
    source: 'RFC 1812 section 5.2.7.3: time exceeded in transit',
  },
  {
    id: 'cause.port-forward',
    when: why('explain.icmp.hops-at-target', 'explain.icmp.nearer'),
    certainty: 'medium',
    source:
      'RFC 5508 section 4.2; measured: DNAT with connection tracking restores addresses in quotes',
  },
  {
    id: 'cause.traceroute',
    when: why(
      'explain.icmp.traceroute',
      'explain.icmp.traceroute-end',
      'explain.traceroute.reached',
      'explain.traceroute.answered',
      'explain.traceroute.rejected',
    ),
    certainty: 'medium',
    source: 'traceroute(8): packets with a small TTL on purpose',
  },
  {
    id: 'cause.tftp-port',
    when: (finding) =>
      why('explain.udp.other-source', 'explain.udp.other-source-perhaps')(finding) &&
      finding.facts.askedPorts.includes(TFTP_PORT),
    certainty: 'high',
    source: 'RFC 1350 section 4: the server chooses a new port for each transfer',
  },
  {
    id: 'cause.multihomed-server',
    when: (finding) =>
      why('explain.udp.other-source', 'explain.udp.other-source-perhaps')(finding) &&
      finding.whyArgs['otherIp'] !== finding.whyArgs['target'],
    certainty: 'medium',
    source: 'RFC 1122 section 4.1.3.5: an answer should come from the address that was asked',
  },
];

/** Causes that one finding names: more would be a list, not an explanation. */
const MAX_CAUSES = 3;

/** The ids of the rows that fit, the likelier first. */
export function fittingCauses(finding: FindingDraft): string[] {
  return CAUSES.filter(({ when }) => when(finding))
    .slice(0, MAX_CAUSES)
    .map(({ id }) => id);
}
