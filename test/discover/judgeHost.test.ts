/** What is said of a host: never up by what somebody else may have sent, never down by silence alone. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type HostFacts, judgeHost } from '../../src/discover/judgeHost.ts';
import { ANSWER } from '../../src/match/facts.ts';
import type { Ip, OwnSide } from '../../src/model.ts';
import { CAN } from '../../src/wire/can.ts';

const own = (more: Partial<OwnSide>): OwnSide => ({
  target: 0,
  route: 'gateway',
  routeErrno: null,
  gateway: null,
  interface: 'eth0',
  carrier: true,
  neighbour: 'reachable',
  outDropped: 0,
  inDropped: 0,
  retransFailed: 0,
  unsent: 0,
  overflow: false,
  ...more,
});
const NOTHING: HostFacts = {
  family: 4,
  answer: ANSWER.NONE,
  hasNeighbour: false,
  icmp: null,
  errno: 0,
  first: own({}),
  last: own({}),
};
const ROUTER = '10.0.0.1' as Ip;
const icmp = (type: number, code: number, isOwn = false) => ({ type, code, from: ROUTER, isOwn });

describe('a host', () => {
  it.each<[string, Partial<HostFacts>, keyof typeof CAN, string]>([
    ['silent, routed', {}, 'packet', 'unknown no-response'],
    ['echo reply', { answer: ANSWER.ECHO_REPLY }, 'packet', 'up echo-reply'],
    [
      'its own port-unreachable',
      { answer: ANSWER.ICMP, icmp: { ...icmp(3, 3), from: null } },
      'packet',
      'up port-unreach',
    ],
    ['reset alone, routed', { answer: ANSWER.RESET }, 'packet', 'unknown reset'],
    [
      'reset, and a router says it is not there',
      { answer: ANSWER.RESET, icmp: icmp(3, 1) },
      'packet',
      'unknown reset',
    ],
    ['empty handshake', { answer: ANSWER.WINDOWLESS }, 'errqueue', 'unknown syn-ack'],
    ['a router says it is not there', { icmp: icmp(3, 1) }, 'packet', 'down host-unreach'],
    ['a router forbids it', { icmp: icmp(3, 13) }, 'packet', 'unknown admin-prohibited'],
    ['time exceeded', { icmp: icmp(11, 0) }, 'packet', 'unknown time-exceeded'],
    ['IPv6: address unreachable', { family: 6, icmp: icmp(1, 3) }, 'packet', 'down host-unreach'],
    [
      'refused on our link',
      { answer: ANSWER.RESET, last: own({ route: 'on-link' }) },
      'connect',
      'up conn-refused',
    ],
    [
      'reset on our link, and our firewall drops',
      { answer: ANSWER.RESET, last: own({ route: 'on-link', outDropped: 1 }) },
      'errqueue',
      'unknown local-error',
    ],
    ['the link has answered', { hasNeighbour: true }, 'packet', 'up arp-response'],
    [
      'the neighbour has come into the table',
      { first: own({ route: 'on-link', neighbour: 'none' }), last: own({ route: 'on-link' }) },
      'errqueue',
      'up arp-response',
    ],
    [
      'an old neighbour says nothing',
      { first: own({ route: 'on-link' }), last: own({ route: 'on-link' }) },
      'errqueue',
      'unknown no-response',
    ],
    [
      'the neighbour failed',
      { last: own({ route: 'on-link', neighbour: 'failed' }) },
      'errqueue',
      'down host-unreach',
    ],
    [
      'the gateway failed',
      { last: own({ neighbour: 'failed' }) },
      'errqueue',
      'unknown local-error',
    ],
    [
      'no carrier',
      { last: own({ route: 'on-link', neighbour: 'failed', carrier: false }) },
      'errqueue',
      'unknown local-error',
    ],
    [
      'our firewall drops, sockets',
      { last: own({ outDropped: 3 }) },
      'errqueue',
      'unknown local-error',
    ],
    [
      'our firewall drops, packets',
      { last: own({ outDropped: 3 }) },
      'packet',
      'unknown no-response',
    ],
    ['EPERM', { errno: 1 }, 'errqueue', 'unknown local-error'],
    ['EHOSTUNREACH, routed', { errno: 113 }, 'connect', 'unknown host-unreach'],
  ])('%s', (_, facts, wire, said) => {
    const { state, reason } = judgeHost({ ...NOTHING, ...facts }, CAN[wire]);
    expect(`${state} ${reason}`).toBe(said);
  });

  it('is never certainly up by a reset, and never certainly down', () => {
    const neighbour = fc.constantFrom<OwnSide['neighbour']>(
      'reachable',
      'incomplete',
      'failed',
      'none',
      'unknown',
    );
    const route = fc.constantFrom<OwnSide['route']>('on-link', 'gateway', 'none', 'unknown');
    const side = fc.record({ route, neighbour, outDropped: fc.nat(1) }).map(own);
    const error = fc.record({
      type: fc.constantFrom(3, 11),
      code: fc.nat(15),
      isOwn: fc.boolean(),
    });
    const facts = fc.record({
      answer: fc.constantFrom(ANSWER.NONE, ANSWER.RESET, ANSWER.WINDOWLESS),
      icmp: fc.option(error.map((one) => ({ ...one, from: ROUTER }))),
      errno: fc.constantFrom(0, 1, 13, 101, 111, 113),
      first: side,
      last: side,
    });
    const wire = fc.constantFrom<keyof typeof CAN>('packet', 'raw-socket', 'errqueue', 'connect');
    fc.assert(
      fc.property(facts, wire, (some, kind) => {
        const { confidence } = judgeHost({ ...NOTHING, ...some }, CAN[kind]);
        expect(confidence ?? 0).toBeLessThan(0.999);
      }),
    );
  });
});
