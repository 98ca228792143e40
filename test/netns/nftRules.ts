/**
 * The rules of a world as an nftables ruleset: the same records that the simulator matches.
 */
import type { Family } from '../../src/model.ts';
import { formatIp } from '../../src/packet/address.ts';
import type { RuleRoute } from '../../src/sim/ruleChanges.ts';
import {
  HOOKS,
  type Hook,
  type IcmpMessage,
  isDeviceHook,
  type RejectName,
  type Rule,
  type RuleVerdict,
} from '../../src/sim/rules.ts';

/** Makes the ruleset for `nft -f -`, or null when there are no rules. */
export function toNftRuleset(rules: readonly Rule[]): string | null {
  if (rules.length === 0) return null;
  const chains = HOOKS.filter((hook) => !isDeviceHook(hook)).flatMap((hook) =>
    toChain(
      hook,
      rules.filter((rule) => rule.hook === hook),
    ),
  );
  chains.push(...natChain('prerouting', 'dnat', rules), ...natChain('postrouting', 'snat', rules));
  const proxies = rules.filter((rule) => rule.verdict === 'synproxy');
  if (proxies.length > 0) chains.push(...untrackedSyns(proxies));
  const devices = (['ingress', 'egress'] as const).flatMap((hook) => toDeviceChain(hook, rules));
  const tables = ['table inet pp {', ...chains, '}', 'table netdev pp {', ...devices, '}', ''];
  return tables.join('\n');
}

/** Links are joined by the device `out` of the node nearer to the scanner (labTopology.ts). */
function toDeviceChain(hook: 'ingress' | 'egress', rules: readonly Rule[]): readonly string[] {
  const own = rules.filter((rule) => rule.hook === hook);
  if (own.length === 0) return [];
  const head = `type filter hook ${hook} device "out" priority 0; policy accept;`;
  return [`chain ${hook} {`, head, NEIGHBOUR_DISCOVERY, ...own.flatMap(toDeviceLines), '}'];
}

/** Packets of a link that are lost by chance, both ways: dropped at the device `in` of the node further from the scanner. */
export function toNftLoss(loss: number): string {
  const chains = ['ingress', 'egress'].flatMap((hook) => [
    `chain ${hook} {`,
    `type filter hook ${hook} device "in" priority 0; policy accept;`,
    NEIGHBOUR_DISCOVERY,
    `meta protocol { ip, ip6 } numgen random mod 10000 < ${Math.round(10_000 * loss)} drop`,
    '}',
  ]);
  return ['table netdev loss {', ...chains, '}', ''].join('\n');
}

function toDeviceLines(rule: Rule): readonly string[] {
  const families: readonly Family[] = rule.family === null ? [4, 6] : [rule.family];
  return families.map(
    (family) =>
      `meta protocol ip${family === 4 ? '' : '6'} ${toMatch(rule, family)}${rule.verdict}`,
  );
}

// Without neighbour discovery IPv6 has no link at all; the simulator's links need none.
const NEIGHBOUR_DISCOVERY =
  'icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit, nd-router-advert } accept';

function toChain(hook: Hook, rules: readonly Rule[]): readonly string[] {
  const own = rules.filter(({ verdict }) => verdict !== 'dnat' && verdict !== 'snat');
  if (own.length === 0) return [];
  const place = hook === 'raw' ? 'prerouting priority raw' : `${hook} priority 0`;
  return [
    `chain ${hook} {`,
    `type filter hook ${place}; policy accept;`,
    NEIGHBOUR_DISCOVERY,
    ...own.flatMap(toLines),
    '}',
  ];
}

function natChain(hook: Hook, verdict: 'dnat' | 'snat', rules: readonly Rule[]): readonly string[] {
  const own = rules.filter((rule) => rule.verdict === verdict);
  if (own.length === 0) return [];
  const place = `type nat hook ${hook} priority ${verdict === 'dnat' ? 'dstnat' : 'srcnat'}`;
  return [`chain nat_${verdict} {`, `${place}; policy accept;`, ...own.flatMap(toLines), '}'];
}

/** How the routes that rules choose are marked; table and mark of a route have the same number (labTopology.ts). */
export const ROUTE_MARKS: Readonly<Record<RuleRoute, number>> = {
  blackhole: 101,
  unreachable: 102,
  prohibit: 103,
};

function toLines(rule: Rule): readonly string[] {
  const families: readonly Family[] = rule.family === null ? [4, 6] : [rule.family];
  const isFamilyBound =
    rule.family !== null ||
    rule.icmp !== null ||
    rule.daddr !== null ||
    FAMILY_BOUND.includes(rule.verdict);
  const lines = isFamilyBound
    ? families.map(
        (family) => `meta nfproto ipv${family} ${toMatch(rule, family)}${toVerdict(rule, family)}`,
      )
    : [`${toMatch(rule, 4)}${toVerdict(rule, 4)}`];
  if (rule.verdict !== 'synproxy') return lines;
  return [...lines, `${toMatch(rule, 4)}ct state invalid drop`].map(
    (line) => `meta nfproto ipv4 ${line}`,
  );
}

/** Verdicts whose words differ between the families. */
const FAMILY_BOUND: readonly RuleVerdict[] = ['reject', 'dnat', 'snat', 'set'];

const ICMP_4: Readonly<Record<IcmpMessage, string>> = {
  unreachable: 'icmp type destination-unreachable ',
  'too-big': 'icmp type destination-unreachable icmp code frag-needed ',
  'time-exceeded': 'icmp type time-exceeded ',
  'param-problem': 'icmp type parameter-problem ',
  'echo-request': 'icmp type echo-request ',
  'echo-reply': 'icmp type echo-reply ',
};
const ICMP_6: Readonly<Record<IcmpMessage, string>> = {
  unreachable: 'icmpv6 type destination-unreachable ',
  'too-big': 'icmpv6 type packet-too-big ',
  'time-exceeded': 'icmpv6 type time-exceeded ',
  'param-problem': 'icmpv6 type parameter-problem ',
  'echo-request': 'icmpv6 type echo-request ',
  'echo-reply': 'icmpv6 type echo-reply ',
};

function toMatch(rule: Rule, family: Family): string {
  return `${toDestination(rule, family)}${toTransport(rule, family)}`;
}

function toDestination({ daddr }: Rule, family: Family): string {
  if (daddr === null) return '';
  const prefix = daddr[family];
  // A rule without a prefix for the family matches nothing there.
  if (prefix === null) return 'meta length 0 ';
  const header = family === 4 ? 'ip' : 'ip6';
  return `${header} daddr ${formatIp(prefix.bytes, 0, family)}/${prefix.bits} `;
}

function toTransport(rule: Rule, family: Family): string {
  const { protocol, dport, sport, icmp, nextHeader } = rule;
  const first = nextHeader === undefined ? '' : `ip6 nexthdr ${nextHeader} `;
  if (icmp !== null) return family === 4 ? ICMP_4[icmp] : ICMP_6[icmp];
  if (protocol === 'icmp') return 'meta l4proto { icmp, icmpv6 } ';
  if (protocol === null) return first;
  let text = `${first}meta l4proto ${protocol} `;
  if (dport !== null) text += `${protocol} dport ${dport[0]}-${dport[1]} `;
  if (sport !== null) text += `${protocol} sport ${sport[0]}-${sport[1]} `;
  return text.replace(/\b(\d+)-\1\b/g, '$1');
}

const REJECT_4: Readonly<Partial<Record<RejectName, string>>> = {
  'port-unreach': 'port-unreachable',
  'host-unreach': 'host-unreachable',
  'net-unreach': 'net-unreachable',
  'proto-unreach': 'prot-unreachable',
  'net-prohibited': 'net-prohibited',
  'host-prohibited': 'host-prohibited',
  'admin-prohibited': 'admin-prohibited',
};
const REJECT_6: Readonly<Partial<Record<RejectName, string>>> = {
  'port-unreach': 'port-unreachable',
  'host-unreach': 'addr-unreachable',
  'net-unreach': 'no-route',
  'admin-prohibited': 'admin-prohibited',
  'policy-fail': 'policy-fail',
  'reject-route': 'reject-route',
};

function toVerdict(rule: Rule, family: Family): string {
  switch (rule.verdict) {
    case 'accept':
    case 'drop':
      return rule.verdict;
    case 'synproxy':
      return 'ct state invalid,untracked synproxy mss 1460 wscale 7 timestamp sack-perm';
    case 'dnat':
    case 'snat':
      return toNat(rule, family);
    case 'set':
      return toSet(rule, family);
    case 'route':
      return `meta mark set ${ROUTE_MARKS[rule.route!]} accept`;
    case 'reject': {
      const name = rule.with[family];
      if (name === 'tcp-reset') return 'reject with tcp reset';
      const names = family === 4 ? REJECT_4 : REJECT_6;
      return `reject with ${family === 4 ? 'icmp' : 'icmpv6'} type ${names[name!]!}`;
    }
  }
}

function toNat({ verdict, to, toPort }: Rule, family: Family): string {
  const address = to![family];
  const port = toPort === undefined ? '' : `:${toPort}`;
  if (address === null)
    return `${verdict === 'dnat' ? 'redirect' : 'masquerade'}${port && ` to ${port}`}`;
  const text = formatIp(address, 0, family);
  const host = family === 6 && port !== '' ? `[${text}]` : text;
  return `${verdict} ip${family === 4 ? '' : '6'} to ${host}${port}`;
}

/** Accepts: what a rule has changed meets no further rule of its hook, in the simulator either. */
function toSet({ ttl, dscp }: Rule, family: Family): string {
  const header = family === 4 ? 'ip' : 'ip6';
  const ofTtl =
    ttl === undefined ? '' : `${header} ${family === 4 ? 'ttl' : 'hoplimit'} set ${ttl} `;
  return `${ofTtl}${dscp === undefined ? '' : `${header} dscp set ${dscp} `}accept`;
}

/**
 * The SYN proxies of a world for IPv6, as arguments of `ip6tables`: that of nftables checks IPv6 segments with the IPv4
 * pseudo-header and drops those that carry a finished checksum, as packet and raw sockets send them (Linux 6.18).
 */
export function toIp6Proxies(rules: readonly Rule[]): readonly (readonly string[])[] {
  return rules
    .filter(({ verdict, family }) => verdict === 'synproxy' && family !== 4)
    .flatMap(({ hook, protocol, dport }) => {
      const ports = dport === null ? [] : ['--dport', `${dport[0]}:${dport[1]}`];
      const match = ['-A', hook.toUpperCase(), '-p', protocol ?? 'tcp', ...ports];
      const proxy = 'SYNPROXY --mss 1460 --wscale 7 --timestamp --sack-perm'.split(' ');
      return [
        [...match, '-m', 'state', '--state', 'INVALID,UNTRACKED', '-j', ...proxy],
        [...match, '-m', 'state', '--state', 'INVALID', '-j', 'DROP'],
      ];
    });
}

/** A SYN proxy must see the handshake before connection tracking does. */
function untrackedSyns(proxies: readonly Rule[]): readonly string[] {
  return [
    'chain untracked {',
    'type filter hook prerouting priority raw; policy accept;',
    ...proxies.map((rule) => `${toMatch(rule, 4)}tcp flags syn notrack`),
    '}',
  ];
}
