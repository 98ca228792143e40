/**
 * What a person who knows the rules of a small world would say about its ports: written from truth.md alone, on the
 * description of the world, without packets. The product must come to the same by sending.
 */
import type { Reason, State } from '../../src/model.ts';

export const HOOKS = ['prerouting', 'input', 'forward', 'output', 'postrouting'] as const;

/** A rule of node 1..N (routers) or N + 1 (the target). */
export interface SmallRule {
  readonly node: number;
  readonly hook: (typeof HOOKS)[number];
  readonly protocol: 'tcp' | 'udp';
  /** Matches the question by its destination port, or the answer by its source port. */
  readonly way: 'dport' | 'sport';
  readonly port: number;
  readonly verdict: 'drop' | 'tcp-reset' | 'port-unreach' | 'admin-prohibited' | 'host-unreach';
}

export interface SmallWorld {
  readonly family: 4 | 6;
  readonly routerCount: number;
  readonly rules: readonly SmallRule[];
}

/** What the target has; every other port is closed. */
export const SERVICES = { tcp: { 22: 'accept' }, udp: { 53: 'dns', 123: 'silent' } } as const;
const CLOSED = 9;
export const ASKED = { tcp: [22, 80], udp: [53, 9, 123] } as const;

export interface Expected {
  readonly state: State;
  readonly reason: Reason;
  readonly detail: string | null;
  readonly role: 'target' | 'path' | null;
  readonly hop: number | null;
}

const ON_THE_WAY = ['prerouting', 'forward', 'postrouting'];

export function expectedOf(world: SmallWorld, protocol: 'tcp' | 'udp', port: number): Expected {
  const answered = answeredOf(world, protocol, port);
  if (answered !== null) return answered;
  // Where the target itself refuses another port, its ICMP errors reach us, and prove a silence.
  const isRefusing = ASKED.udp.some((other) => {
    const found = answeredOf(world, 'udp', other);
    return found?.role === 'target' && found.state !== 'open';
  });
  if (protocol === 'udp' && isRefusing) return { ...SILENCE.udp, detail: 'silent-certified' };
  return SILENCE[protocol];
}

/** The same where `--passage` is asked for, over IPv6: what a silent UDP port is told to be. */
export function passageOf(world: SmallWorld, port: number): string | null {
  const { detail } = expectedOf(world, 'udp', port);
  const dropsOf = (asked: number) =>
    world.rules.filter(
      ({ protocol, way, ...rule }) => protocol === 'udp' && way === 'dport' && rule.port === asked,
    );
  // A port that nobody stands before refuses what its stack has to; none other here is closed.
  const hasControl = dropsOf(CLOSED).length === 0;
  if (detail !== 'silent-certified' || !hasControl) return detail;
  return dropsOf(port).length === 0 ? 'open-silent' : 'dropped';
}

/** Null: silence. */
function answeredOf(world: SmallWorld, protocol: 'tcp' | 'udp', port: number): Expected | null {
  const { rules, routerCount } = world;
  const target = routerCount + 1;
  const firstRule = (node: number, hooks: readonly string[], way: 'dport' | 'sport') => {
    const ofNode = rules.filter(
      (rule) =>
        rule.node === node && rule.protocol === protocol && rule.port === port && rule.way === way,
    );
    const first = hooks.find((hook) => ofNode.some((rule) => rule.hook === hook));
    return ofNode.find((rule) => rule.hook === first);
  };
  /** Whether a TCP or UDP answer of a node comes home; ICMP is matched by no rule of these worlds. */
  const comesHome = (from: number): boolean =>
    firstRule(from, ['output', 'postrouting'], 'sport') === undefined &&
    nodes(1, from - 1).every((node) => firstRule(node, ON_THE_WAY, 'sport') === undefined);
  const rejecter = nodes(1, target).find((node) => {
    const hooks = node === target ? ['prerouting', 'input'] : ON_THE_WAY;
    return firstRule(node, hooks, 'dport') !== undefined;
  });
  const at = rejecter ?? target;
  const hooks = at === target ? ['prerouting', 'input'] : ON_THE_WAY;
  const answer = firstRule(at, hooks, 'dport')?.verdict ?? answerOfTarget(protocol, port);
  const isCarriedByIt = answer === 'tcp-reset' || answer === 'syn-ack' || answer === 'datagram';
  if (answer === 'drop' || (isCarriedByIt && !comesHome(at))) return null;
  return { ...meaningOf(answer, protocol, at === target), hop: at };
}

type Answer = SmallRule['verdict'] | 'syn-ack' | 'datagram';

/** A target without rules: a service, or how a port without one refuses. */
function answerOfTarget(protocol: 'tcp' | 'udp', port: number): Answer {
  const service = (SERVICES[protocol] as Readonly<Record<number, string>>)[port];
  if (service === 'silent') return 'drop';
  if (protocol === 'udp') return service === undefined ? 'port-unreach' : 'datagram';
  return service === undefined ? 'tcp-reset' : 'syn-ack';
}

function meaningOf(
  answer: Exclude<Answer, 'drop'>,
  protocol: 'tcp' | 'udp',
  isTarget: boolean,
): Omit<Expected, 'hop'> {
  const role = isTarget ? 'target' : 'path';
  if (answer === 'syn-ack') return { state: 'open', reason: 'syn-ack', detail: null, role };
  if (answer === 'datagram') return { state: 'open', reason: 'udp-response', detail: null, role };
  if (answer === 'tcp-reset') {
    return isTarget
      ? { state: 'closed', reason: 'reset', detail: null, role }
      : { state: 'filtered', reason: 'reset', detail: 'forged-reset', role };
  }
  return protocol === 'udp' && answer === 'port-unreach' && isTarget
    ? { state: 'closed', reason: answer, detail: null, role }
    : { state: 'filtered', reason: answer, detail: 'rejected', role };
}

const nodes = (from: number, to: number): readonly number[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);

const nobody = { reason: 'no-response', role: null, hop: null } as const;
const SILENCE: Readonly<Record<'tcp' | 'udp', Expected>> = {
  tcp: { ...nobody, state: 'filtered', detail: null },
  udp: { ...nobody, state: 'open|filtered', detail: 'silent-unverified' },
};
