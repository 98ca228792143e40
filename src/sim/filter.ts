/**
 * Rules made ready for packets: one list for each hook and family, and a match without allocation.
 */
import type { Family } from '../model.ts';
import { IP_PROTOCOL } from '../packet/ip.ts';
import type { Flight } from './flight.ts';
import { prefixHolds } from './prefix.ts';
import { HOOKS, type Hook, ICMP_MESSAGES, type Rule } from './rules.ts';

/** The rules of one node, ready. */
export interface Filter {
  /** The first rule with `dnat` or `snat` that matches the first packet of a flow, or null. */
  matchNat(verdict: 'dnat' | 'snat', flight: Flight): Rule | null;
  /** The first other rule that matches the packet at this hook, or null; null means accept. */
  match(hook: Hook, flight: Flight): Rule | null;
}

interface Matcher {
  readonly rule: Rule;
  /** -1 = any. */
  readonly protocol: number;
  readonly icmpType: number;
  readonly icmpCode: number;
}

/** Makes the rules of a node ready. */
export function compileFilter(rules: readonly Rule[]): Filter {
  const lists: Record<Hook, Record<Family, readonly Matcher[]>> = Object.fromEntries(
    HOOKS.map((hook) => {
      const ofHook = rules.filter((rule) => rule.hook === hook && !isNat(rule));
      return [hook, { 4: compileList(ofHook, 4), 6: compileList(ofHook, 6) }];
    }),
  ) as Record<Hook, Record<Family, readonly Matcher[]>>;
  const natLists = { dnat: natList(rules, 'dnat'), snat: natList(rules, 'snat') };
  return {
    match: (hook, flight) => first(lists[hook][flight.ip.family], flight),
    matchNat: (verdict, flight) => first(natLists[verdict][flight.ip.family], flight),
  };
}

function natList(
  rules: readonly Rule[],
  verdict: 'dnat' | 'snat',
): Record<Family, readonly Matcher[]> {
  const own = rules.filter((rule) => rule.verdict === verdict);
  return { 4: compileList(own, 4), 6: compileList(own, 6) };
}

function isNat({ verdict }: Rule): boolean {
  return verdict === 'dnat' || verdict === 'snat';
}

function first(list: readonly Matcher[], flight: Flight): Rule | null {
  for (const matcher of list) {
    if (isMatch(matcher, flight)) return matcher.rule;
  }
  return null;
}

function compileList(rules: readonly Rule[], family: Family): readonly Matcher[] {
  return rules
    .filter((rule) => rule.family === null || rule.family === family)
    .map((rule) => {
      const [icmpType, icmpCode] = rule.icmp === null ? [-1, -1] : ICMP_MESSAGES[rule.icmp][family];
      return { rule, protocol: protocolOf(rule, family), icmpType, icmpCode };
    });
}

function protocolOf(rule: Rule, family: Family): number {
  switch (rule.protocol) {
    case null:
      return -1;
    case 'tcp':
      return IP_PROTOCOL.TCP;
    case 'udp':
      return IP_PROTOCOL.UDP;
    case 'icmp':
      return family === 4 ? IP_PROTOCOL.ICMP : IP_PROTOCOL.ICMPV6;
  }
}

function isMatch(matcher: Matcher, flight: Flight): boolean {
  const { rule, protocol, icmpType, icmpCode } = matcher;
  const { ip, bytes } = flight;
  if (protocol >= 0 && protocol !== ip.protocol) return false;
  if (rule.nextHeader !== undefined && bytes[ip.headerAt + 6] !== rule.nextHeader) return false;
  if (rule.dport !== null && !isWithin(rule.dport, flight.dstPort)) return false;
  if (rule.sport !== null && !isWithin(rule.sport, flight.srcPort)) return false;
  if (rule.daddr !== null) {
    const prefix = rule.daddr[ip.family];
    if (prefix === null || !prefixHolds(prefix, bytes, ip.dstAt)) return false;
  }
  if (icmpType < 0) return true;
  if (ip.payloadEnd - ip.payloadAt < 2 || bytes[ip.payloadAt] !== icmpType) return false;
  return icmpCode < 0 || bytes[ip.payloadAt + 1] === icmpCode;
}

function isWithin(range: readonly [number, number], port: number): boolean {
  return port >= range[0] && port <= range[1];
}
