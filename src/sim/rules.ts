/**
 * Filter rules of a world: the records, their parser, and which ICMP a reject sends.
 *
 * The names follow nftables, whose rules the namespace lab makes from the same records.
 */
import type { Family } from '../model.ts';
import { type PerFamily, type Prefix, parsePrefix } from './prefix.ts';
import { CHANGE_KEYS, parseChange, type RuleChange } from './ruleChanges.ts';
import {
  failAt,
  type JsonPlace,
  openArray,
  openObject,
  readNumber,
  readText,
  readWord,
} from './strictJson.ts';

/**
 * Where a packet meets the filter, in the order of netfilter; the first and the last stand at the device (netdev), `raw`
 * before connections and NAT are looked at.
 */
export const HOOKS = [
  'ingress',
  'raw',
  'prerouting',
  'input',
  'forward',
  'output',
  'postrouting',
  'egress',
] as const;
/** One of {@link HOOKS}. */
export type Hook = (typeof HOOKS)[number];

/** Whether the hook stands at the device, where there is neither a connection nor an answer. */
export function isDeviceHook(hook: Hook): boolean {
  return hook === 'ingress' || hook === 'egress';
}

/** ICMP messages that a rule can name. */
export type IcmpMessage =
  | 'unreachable'
  | 'too-big'
  | 'time-exceeded'
  | 'param-problem'
  | 'echo-request'
  | 'echo-reply';
/** Type and code of each message per family; code -1 = any. */
export const ICMP_MESSAGES: Readonly<
  Record<IcmpMessage, Readonly<Record<Family, readonly [number, number]>>>
> = {
  unreachable: { 4: [3, -1], 6: [1, -1] },
  'too-big': { 4: [3, 4], 6: [2, -1] },
  'time-exceeded': { 4: [11, -1], 6: [3, -1] },
  'param-problem': { 4: [12, -1], 6: [4, -1] },
  'echo-request': { 4: [8, -1], 6: [128, -1] },
  'echo-reply': { 4: [0, -1], 6: [129, -1] },
};

/** ICMP errors that a rule can answer with. */
export type IcmpReject =
  | 'port-unreach'
  | 'host-unreach'
  | 'net-unreach'
  | 'admin-prohibited'
  | 'proto-unreach'
  | 'net-prohibited'
  | 'host-prohibited'
  | 'policy-fail'
  | 'reject-route';
/**
 * What a reject answers, as ICMP type and code per family; null where the family has no such answer.
 * RFC 792, RFC 1812 section 5.2.7.1, RFC 4443 section 3.1; the IPv6 set is that of nftables.
 */
export const REJECTS: Readonly<
  Record<IcmpReject, Readonly<Record<Family, readonly [number, number] | null>>>
> = {
  'port-unreach': { 4: [3, 3], 6: [1, 4] },
  'host-unreach': { 4: [3, 1], 6: [1, 3] },
  'net-unreach': { 4: [3, 0], 6: [1, 0] },
  'admin-prohibited': { 4: [3, 13], 6: [1, 1] },
  'proto-unreach': { 4: [3, 2], 6: null },
  'net-prohibited': { 4: [3, 9], 6: null },
  'host-prohibited': { 4: [3, 10], 6: null },
  'policy-fail': { 4: null, 6: [1, 5] },
  'reject-route': { 4: null, 6: [1, 6] },
};
/** What a rule may answer with. */
export type RejectName = IcmpReject | 'tcp-reset';
const REJECT_NAMES: readonly RejectName[] = [
  ...(Object.keys(REJECTS) as IcmpReject[]),
  'tcp-reset',
];

/** What a rule can match; `icmp` is ICMPv6 over IPv6. */
export const RULE_PROTOCOLS = ['tcp', 'udp', 'icmp'] as const;
/** One of {@link RULE_PROTOCOLS}. */
export type RuleProtocol = (typeof RULE_PROTOCOLS)[number];
/**
 * What a rule does; `synproxy` answers handshakes in the service's stead, the last four (of routers alone) change the
 * packet or its way and let it go on (ruleChanges.ts).
 */
export const RULE_VERDICTS = [
  'accept',
  'drop',
  'reject',
  'synproxy',
  'dnat',
  'snat',
  'set',
  'route',
] as const;
/** One of {@link RULE_VERDICTS}. */
export type RuleVerdict = (typeof RULE_VERDICTS)[number];

/** First and last port. */
export type PortRange = readonly [number, number];

/** Whether the verdict changes the packet or its way. */
function isChange(verdict: RuleVerdict): boolean {
  return RULE_VERDICTS.indexOf(verdict) >= RULE_VERDICTS.indexOf('dnat');
}

/** One rule; null matches everything. */
export interface Rule extends RuleChange {
  readonly hook: Hook;
  readonly family: Family | null;
  readonly protocol: RuleProtocol | null;
  readonly dport: PortRange | null;
  readonly sport: PortRange | null;
  /** Address or prefix that the packet is for, one for each family. */
  readonly daddr: PerFamily<Prefix | null> | null;
  readonly icmp: IcmpMessage | null;
  /** What the IPv6 header itself names next, whatever stands behind it: 60 are destination options. IPv6 alone. */
  readonly nextHeader?: number;
  readonly verdict: RuleVerdict;
  /** What a reject answers, per family; null in the family that the rule does not match. */
  readonly with: Readonly<Record<Family, RejectName | null>>;
}

const RULE_KEYS = [
  'hook',
  'family',
  'protocol',
  'dport',
  'sport',
  'daddr',
  'icmp',
  'nextHeader',
  'verdict',
  'with',
  ...CHANGE_KEYS,
] as const;

/**
 * Parses the rules of a node; the order is the order of matching, the first match decides. NAT rules are a list of their
 * own, as in netfilter.
 */
export function parseRules(place: JsonPlace | undefined, hooks: readonly Hook[]): readonly Rule[] {
  return openArray(place).map((item) => parseRule(item, hooks));
}

function parseRule(place: JsonPlace, hooks: readonly Hook[]): Rule {
  const at = openObject(place, RULE_KEYS);
  const hook = at('hook');
  const verdict = at('verdict');
  if (hook === undefined || verdict === undefined)
    failAt(place, 'a rule needs "hook" and "verdict"');
  const family = at('family');
  const icmp = at('icmp');
  const protocol = at('protocol');
  const nextHeader = at('nextHeader');
  const rule: Rule = {
    hook: readWord(hook, hooks),
    family: family === undefined ? null : readFamily(family),
    protocol:
      protocol === undefined ? ((icmp && 'icmp') ?? null) : readWord(protocol, RULE_PROTOCOLS),
    dport: parsePortRange(at('dport')),
    sport: parsePortRange(at('sport')),
    daddr: parseDestination(at('daddr')),
    icmp: icmp === undefined ? null : readWord(icmp, Object.keys(ICMP_MESSAGES) as IcmpMessage[]),
    ...(nextHeader && {
      nextHeader: readNumber(nextHeader, { min: 0, max: 255, whole: true }, 0),
    }),
    verdict: readWord(verdict, RULE_VERDICTS),
    with: { 4: null, 6: null },
    ...parseChange(place, at, readWord(verdict, RULE_VERDICTS)),
  };
  const hasPort = rule.dport !== null || rule.sport !== null;
  if (hasPort && rule.protocol !== 'tcp' && rule.protocol !== 'udp') {
    failAt(place, 'a rule with ports needs "protocol": "tcp" or "udp"');
  }
  if (rule.nextHeader !== undefined && rule.family !== 6) {
    failAt(place, 'a rule with "nextHeader" needs "family": 6');
  }
  if (rule.icmp !== null && rule.protocol !== 'icmp') {
    failAt(place, 'a rule with "icmp" needs "protocol": "icmp" or none');
  }
  if (rule.verdict === 'synproxy' && (rule.protocol !== 'tcp' || !isProxyHook(rule.hook))) {
    failAt(place, '"synproxy" needs "protocol": "tcp" and the hook forward or input');
  }
  refuseHook(rule, verdict, hooks);
  const answer = at('with');
  if ((rule.verdict === 'reject') !== (answer !== undefined)) {
    failAt(place, '"with" and the verdict "reject" belong together');
  }
  return answer === undefined ? rule : { ...rule, with: parseReject(answer, rule) };
}

/** Verdicts have their hooks, and only a router (which forwards) changes packets. */
function refuseHook(rule: Rule, verdict: JsonPlace, hooks: readonly Hook[]): void {
  const { hook } = rule;
  const isPlain = rule.verdict === 'accept' || rule.verdict === 'drop';
  if (isDeviceHook(hook) && !isPlain) failAt(verdict, 'accept or drop is wanted at a device');
  if (hook === 'raw' && !isPlain) failAt(verdict, 'accept or drop is wanted in raw');
  if (isChange(rule.verdict) && !hooks.includes('forward')) {
    failAt(verdict, 'this is a verdict for a router');
  }
  if ((rule.verdict === 'dnat' || rule.verdict === 'route') && hook !== 'prerouting') {
    failAt(verdict, 'this verdict needs the hook prerouting');
  }
  if (rule.verdict === 'snat' && hook !== 'postrouting') {
    failAt(verdict, '"snat" needs the hook postrouting');
  }
  if (rule.toPort !== undefined && rule.dport === null && rule.sport === null) {
    failAt(verdict, '"toPort" needs a "dport" or "sport" to match');
  }
}

function isProxyHook(hook: Hook): boolean {
  return hook === 'forward' || hook === 'input';
}

function parseReject(place: JsonPlace, rule: Rule): Rule['with'] {
  if (rule.hook === 'postrouting') failAt(place, 'nothing can be rejected in postrouting');
  const isPair = typeof place.value === 'object';
  const at = isPair ? openObject(place, ['4', '6']) : () => place;
  const read = (family: Family): RejectName | null => {
    if (rule.family !== null && rule.family !== family) return null;
    const item = at(family === 4 ? '4' : '6');
    if (item === undefined) failAt(place, `what is answered over IPv${family} is missing`);
    const name = readWord(item, REJECT_NAMES);
    if (name === 'tcp-reset') {
      if (rule.protocol !== 'tcp') failAt(item, '"tcp-reset" needs "protocol": "tcp"');
    } else if (REJECTS[name][family] === null) {
      failAt(item, `IPv${family} has no such answer; {"4": …, "6": …} names one for each`);
    }
    return name;
  };
  return { 4: read(4), 6: read(6) };
}

function readFamily(place: JsonPlace): Family {
  if (place.value !== 4 && place.value !== 6) failAt(place, '4 or 6 is wanted here');
  return place.value;
}

/** `{"4": "10.0.0.0/8", "6": "fd00::/8"}`: in a family that is left out the rule matches nothing. */
function parseDestination(place: JsonPlace | undefined): Rule['daddr'] {
  if (place === undefined) return null;
  const at = openObject(place, ['4', '6']);
  return { 4: parsePrefix(at('4'), 4), 6: parsePrefix(at('6'), 6) };
}

/** Reads a port (53) or a range ("6000-6009"); nothing there is null. */
export function parsePortRange(place: JsonPlace | undefined): PortRange | null {
  if (place === undefined) return null;
  if (typeof place.value === 'number') {
    const port = readNumber(place, { min: 0, max: 65_535, whole: true }, 0);
    return [port, port];
  }
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(readText(place));
  const from = Number(match?.[1] ?? -1);
  const to = Number(match?.[2] ?? from);
  if (match === null || from > to || to > 65_535) {
    failAt(place, 'a port (53) or a range of ports ("6000-6009") is wanted here');
  }
  return [from, to];
}
