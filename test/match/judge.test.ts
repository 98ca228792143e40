/** The judging half of the matching engine, row by row of truth.md. */
import { describe, expect, it } from 'vitest';
import { ERRNO, type ErrnoName } from '../../src/errno.ts';
import {
  ANSWER,
  type PortFacts,
  RESET_CHECK,
  SILENCE,
  type TargetFacts,
} from '../../src/match/facts.ts';
import { judge } from '../../src/match/judge.ts';
import type { Family, Judgement, OwnSide, Protocol } from '../../src/model.ts';
import { WHY_IDS } from '../../src/report/sentences.ts';
import { CAN, OWN_IP, ownSide, portFacts, ROUTER_IP, TARGET_IP, targetFacts } from './facts.ts';

const CERTAIN = 0.999;

type Wire = keyof typeof CAN;

function judgeOn(
  wire: Wire,
  port: Partial<PortFacts>,
  target: Partial<TargetFacts> = {},
): Judgement {
  return judge(portFacts(port), targetFacts(target), { can: CAN[wire] });
}

/** `state reason detail role hop certain whyId`: one line a verdict. */
function line({ state, reason, detail, by, confidence, whyId }: Judgement): string {
  const who = by === null ? '-' : `${by.role}@${by.hop ?? '?'}`;
  return `${state} ${reason} ${detail ?? '-'} ${who} ${confidence >= CERTAIN ? 'certain' : 'unsure'} ${whyId}`;
}

const SERVICE = { protocol: 'dns', info: 'REFUSED' };
const fromTarget = { from: TARGET_IP[4], fromIsTarget: true };

describe('answers of TCP', () => {
  it.each<[string, Wire, Partial<PortFacts>, Partial<TargetFacts>, string]>([
    [
      'a listener, P',
      'P',
      { answer: ANSWER.ESTABLISHED, ttl: 62, ...fromTarget },
      {},
      'open syn-ack - target@3 certain tcp.open.window',
    ],
    [
      'a listener whose window opens, E',
      'E',
      { answer: ANSWER.ESTABLISHED },
      {},
      'open syn-ack - target@? certain tcp.open.window',
    ],
    [
      'accepted, window not seen, E',
      'E',
      { answer: ANSWER.SYN_ACK },
      {},
      'open syn-ack - target@? unsure tcp.open',
    ],
    [
      'accepted, C',
      'C',
      { answer: ANSWER.SYN_ACK },
      {},
      'open syn-ack - target@? unsure tcp.open.no-window-info',
    ],
    [
      'no listener, same distance, P',
      'P',
      { answer: ANSWER.RESET, ttl: 62, resetCheck: RESET_CHECK.SAME },
      { distance: 3 },
      'closed reset - target@3 certain tcp.reset.confirmed',
    ],
    [
      'no listener, nothing to compare, P',
      'P',
      { answer: ANSWER.RESET, ttl: 62 },
      {},
      'closed reset - target@3 unsure tcp.reset',
    ],
    [
      'no listener, the comparison fits neither',
      'E',
      { answer: ANSWER.RESET, resetCheck: RESET_CHECK.UNCLEAR },
      { distance: 3 },
      'closed reset - target@? unsure tcp.reset',
    ],
    [
      'no listener, MINTTL control, E',
      'E',
      { answer: ANSWER.RESET, resetCheck: RESET_CHECK.SAME },
      { distance: 3 },
      'closed reset - target@? certain tcp.reset.confirmed',
    ],
    [
      'refused, C',
      'C',
      { answer: ANSWER.RESET },
      {},
      'closed|filtered conn-refused - - certain tcp.refused.unattributed',
    ],
    [
      'a RST forged by a router, P',
      'P',
      { answer: ANSWER.RESET, ttl: 64, resetCheck: RESET_CHECK.NEARER },
      { distance: 3 },
      'filtered reset forged-reset path@1 unsure tcp.reset.forged',
    ],
    [
      'a RST forged by a router, E',
      'E',
      { answer: ANSWER.RESET, ttl: 63, resetCheck: RESET_CHECK.NEARER },
      { distance: 3 },
      'filtered reset forged-reset path@2 unsure tcp.reset.forged',
    ],
    [
      'a SYN proxy, nearer',
      'P',
      { answer: ANSWER.WINDOWLESS, ttl: 64 },
      { distance: 3 },
      'open|filtered syn-ack syn-proxy path@1 unsure tcp.syn-proxy',
    ],
    [
      'a SYN proxy at the distance of the target',
      'P',
      { answer: ANSWER.WINDOWLESS, ttl: 62 },
      { distance: 3 },
      'open|filtered syn-ack syn-proxy - unsure tcp.syn-proxy',
    ],
    [
      'a SYN proxy, no TTL seen',
      'E',
      { answer: ANSWER.WINDOWLESS },
      { distance: 3 },
      'open|filtered syn-ack syn-proxy - unsure tcp.syn-proxy',
    ],
    [
      'a SYN proxy whose backend refuses',
      'E',
      { answer: ANSWER.WINDOWLESS_RESET },
      {},
      'open|filtered syn-ack syn-proxy - unsure tcp.syn-proxy.reset',
    ],
    ['silence', 'P', { attempts: 3 }, {}, 'filtered no-response - - unsure tcp.silent'],
    ['silence, C', 'C', { attempts: 3 }, {}, 'filtered no-response - - unsure tcp.silent'],
  ])('%s', (_, wire, port, target, expected) => {
    expect(line(judgeOn(wire, port, target))).toBe(expected);
  });

  it('nobody is nearer than a neighbour, and several distances under one address prove nothing', () => {
    const reset = { answer: ANSWER.RESET, ttl: 64, ...fromTarget, resetCheck: RESET_CHECK.NEARER };
    const onLink = judgeOn('E', reset, { distance: 3, ownSide: ownSide({ route: 'on-link' }) });
    expect(line(onLink)).toBe('closed reset - target@1 unsure tcp.reset');
    const natted = judgeOn('P', reset, { distance: 3, severalDistances: true });
    expect(line(natted)).toBe('closed reset - target@1 unsure tcp.reset');
    const icmp = { answer: ANSWER.ICMP, icmpType: 3, icmpCode: 3, ttl: 63, ...fromTarget };
    const closed = judgeOn(
      'E',
      { ...icmp, protocol: 'udp' },
      { distance: 3, severalDistances: true },
    );
    expect(closed.state).toBe('closed');
  });

  it('our own firewall may have made a RST that came no way', () => {
    const dropped = { ownSide: ownSide({ outDropped: 2 }), distance: 3 };
    const near = judgeOn('E', { answer: ANSWER.RESET, resetCheck: RESET_CHECK.SAME }, dropped);
    expect(line(near)).toBe('closed reset - - unsure tcp.reset.own-doubt');
    const forged = judgeOn(
      'E',
      { answer: ANSWER.RESET, ttl: 64, resetCheck: RESET_CHECK.NEARER },
      dropped,
    );
    expect(line(forged)).toBe('closed reset - - unsure tcp.reset.own-doubt');
    const far = judgeOn(
      'P',
      { answer: ANSWER.RESET, ttl: 62, resetCheck: RESET_CHECK.SAME },
      dropped,
    );
    expect(line(far)).toBe('closed reset - target@3 certain tcp.reset.confirmed');
    expect(judgeOn('C', { answer: ANSWER.RESET }, dropped).confidence).toBeLessThan(CERTAIN);
  });
});

describe('answers of UDP', () => {
  const udp = { protocol: 'udp', port: 53 } as const;

  it.each<[string, Wire, Partial<PortFacts>, Partial<TargetFacts>, string]>([
    [
      'a parsed answer',
      'P',
      { answer: ANSWER.DATAGRAM, ttl: 63, service: SERVICE },
      {},
      'open udp-response - target@2 certain udp.answered.parsed',
    ],
    [
      'any answer',
      'E',
      { answer: ANSWER.DATAGRAM },
      {},
      'open udp-response - target@? certain udp.answered',
    ],
    [
      'any answer, C',
      'C',
      { answer: ANSWER.DATAGRAM },
      {},
      'open udp-response - target@? certain udp.answered',
    ],
    [
      "a stranger's answer",
      'E',
      { answer: ANSWER.STRANGER, from: ROUTER_IP[4], fromPort: 99 },
      {},
      'open|filtered no-response other-source - unsure udp.stranger',
    ],
    [
      'silence',
      'P',
      { attempts: 3 },
      {},
      'open|filtered no-response silent-unverified - unsure udp.silent',
    ],
    [
      'silence after as many port-unreachables as a bucket holds',
      'P',
      { attempts: 3 },
      { icmpAnswers: 5 },
      'open|filtered no-response silent-unverified - unsure udp.silent.no-token',
    ],
  ])('%s', (_, wire, port, target, expected) => {
    expect(line(judgeOn(wire, { ...udp, ...port }, target))).toBe(expected);
  });

  it('no number of silences is certain', () => {
    for (const protocol of ['tcp', 'udp'] as const) {
      for (let attempts = 0; attempts < 256; attempts++) {
        const { confidence } = judgeOn('P', { protocol, attempts }, { loss: 1e-6 });
        expect(confidence).toBeLessThan(CERTAIN);
      }
    }
  });
});

/** Reason of every code that decides; the same list as the matching engine's must come out (icmpMeaning.test.ts). */
const CODES: Readonly<Record<Family, readonly (readonly [number, number, string])[]>> = {
  4: [
    [3, 0, 'net-unreach'],
    [3, 1, 'host-unreach'],
    [3, 2, 'proto-unreach'],
    [3, 3, 'port-unreach'],
    [3, 5, 'host-unreach'],
    [3, 6, 'net-unreach'],
    [3, 7, 'host-unreach'],
    [3, 8, 'host-unreach'],
    [3, 9, 'net-prohibited'],
    [3, 10, 'host-prohibited'],
    [3, 11, 'net-unreach'],
    [3, 12, 'host-unreach'],
    [3, 13, 'admin-prohibited'],
    [3, 14, 'admin-prohibited'],
    [3, 15, 'admin-prohibited'],
    [11, 0, 'time-exceeded'],
    [11, 1, 'time-exceeded'],
    [12, 0, 'param-problem'],
    [12, 1, 'param-problem'],
    [12, 2, 'param-problem'],
  ],
  6: [
    [1, 0, 'no-route'],
    [1, 1, 'admin-prohibited'],
    [1, 2, 'beyond-scope'],
    [1, 3, 'host-unreach'],
    [1, 4, 'port-unreach'],
    [1, 5, 'admin-prohibited'],
    [1, 6, 'reject-route'],
    [1, 7, 'no-route'],
    [3, 0, 'time-exceeded'],
    [3, 1, 'time-exceeded'],
    [4, 0, 'param-problem'],
    [4, 1, 'param-problem'],
    [4, 2, 'param-problem'],
    [4, 3, 'param-problem'],
  ],
};

const cases = ([4, 6] as const).flatMap((family) =>
  (['tcp', 'udp'] as const).flatMap((protocol) =>
    CODES[family].map(([type, code, reason]) => [family, protocol, type, code, reason] as const),
  ),
);

describe.each(cases)('ICMP, IPv%i, %s, %i/%i', (family, protocol, icmpType, icmpCode, reason) => {
  const icmp = { answer: ANSWER.ICMP, protocol, icmpType, icmpCode };
  const target = { family, distance: 3 };
  const isPortUnreach = reason === 'port-unreach';

  it.each(['P', 'E'] as const)('from the target, %s', (wire) => {
    const found = judgeOn(
      wire,
      { ...icmp, from: TARGET_IP[family], fromIsTarget: true, ttl: 62 },
      target,
    );
    const closes = protocol === 'udp' && isPortUnreach;
    expect(found).toMatchObject({
      state: closes ? 'closed' : 'filtered',
      reason,
      detail: closes ? null : 'rejected',
      by: { ip: TARGET_IP[family], role: 'target', hop: 3 },
      icmp: { type: icmpType, code: icmpCode },
      whyId: closes ? 'udp.port-unreach.target' : `${protocol}.reject.target`,
    });
    expect(found.confidence).toBeGreaterThanOrEqual(CERTAIN);
  });

  it.each(['P', 'E'] as const)('from the path, %s', (wire) => {
    const found = judgeOn(wire, { ...icmp, from: ROUTER_IP[family], ttl: 63 }, target);
    const isOverTime = reason === 'time-exceeded';
    expect(found).toMatchObject({
      state: 'filtered',
      reason,
      detail: isOverTime ? null : 'rejected',
      by: { ip: ROUTER_IP[family], role: 'path', hop: 2 },
      whyId: isOverTime ? 'icmp.time-exceeded.path' : `${protocol}.reject.path`,
    });
    expect(found.confidence).toBeGreaterThanOrEqual(CERTAIN);
  });

  it('from the path, at the distance of the target: it may be its second address', () => {
    const found = judgeOn('E', { ...icmp, from: ROUTER_IP[family], ttl: 62 }, target);
    expect(found.state).toBe('filtered');
    expect(found.confidence).toBeLessThan(CERTAIN);
  });

  it("wearing the target's address, from nearer: nobody is named for certain, and nothing is closed", () => {
    const found = judgeOn(
      'P',
      { ...icmp, from: TARGET_IP[family], fromIsTarget: true, ttl: 64 },
      target,
    );
    expect(found).toMatchObject({ state: 'filtered', by: { ip: null, role: 'path', hop: 1 } });
    expect(found.confidence).toBeLessThan(CERTAIN);
  });

  it('from an address of our own: we could not check', () => {
    const own = { ...icmp, from: OWN_IP[family], fromIsOwn: true, ttl: 64 };
    const found = judgeOn('E', own, { ...target, ownSide: ownSide() });
    expect(found).toMatchObject({ state: 'unknown', reason: 'local-error', by: { role: 'local' } });
    expect(found.whyId).toBe('own.output-reject');
  });

  it('from an address of our own that is the target: the true state', () => {
    const self = { ...icmp, from: TARGET_IP[family], fromIsTarget: true, fromIsOwn: true, ttl: 64 };
    const found = judgeOn('E', self, { family, distance: 1, ownSide: ownSide({ route: 'local' }) });
    const closes = protocol === 'udp' && isPortUnreach;
    expect(found.state).toBe(closes ? 'closed' : 'filtered');
  });

  it('quoted TTLs that fit no sender on the path leave the hop open', () => {
    const found = judgeOn(
      'P',
      { ...icmp, from: ROUTER_IP[family], ttl: 63, sentTtl: 64, quotedTtl: 60 },
      target,
    );
    expect(found.by?.hop).toBeNull();
    for (const quotedTtl of [62, 63]) {
      const proven = judgeOn(
        'P',
        { ...icmp, from: ROUTER_IP[family], ttl: 63, sentTtl: 64, quotedTtl },
        target,
      );
      expect(proven.by?.hop).toBe(2);
    }
  });
});

describe('a socket error without its ICMP message (C)', () => {
  it.each<[ErrnoName, string, string]>([
    ['ECONNREFUSED', 'closed|filtered conn-refused - -', 'closed|filtered port-unreach - -'],
    ['EHOSTUNREACH', 'filtered host-unreach - -', 'filtered host-unreach - -'],
    ['ENETUNREACH', 'filtered net-unreach - -', 'filtered net-unreach - -'],
    ['ENOPROTOOPT', 'filtered proto-unreach - -', 'filtered proto-unreach - -'],
    ['EACCES', 'filtered admin-prohibited - -', 'filtered admin-prohibited - -'],
    ['EPROTO', 'filtered param-problem - -', 'filtered param-problem - -'],
    ['EHOSTDOWN', 'filtered host-unreach - -', 'filtered host-unreach - -'],
    ['ENONET', 'filtered host-unreach - -', 'filtered host-unreach - -'],
  ])('%s', (name, tcp, udp) => {
    const error = { answer: ANSWER.SOCKET_ERROR, errno: ERRNO[name] };
    const start = (protocol: Protocol) => {
      const text = line(judgeOn('C', { ...error, protocol }, { ownSide: ownSide() }));
      return text.split(' ').slice(0, 4).join(' ');
    };
    expect(start('tcp')).toBe(tcp);
    expect(start('udp')).toBe(udp);
  });

  it('a class that may be our own doing is not certain', () => {
    for (const name of ['EHOSTUNREACH', 'ENETUNREACH', 'EACCES'] as const) {
      const found = judgeOn('C', { answer: ANSWER.SOCKET_ERROR, errno: ERRNO[name] });
      expect(found.confidence).toBeLessThan(CERTAIN);
    }
  });

  it('our own missing route overrules it', () => {
    const own = ownSide({ route: 'none', routeErrno: 'EHOSTUNREACH' });
    const found = judgeOn(
      'C',
      { answer: ANSWER.SOCKET_ERROR, errno: ERRNO.EHOSTUNREACH },
      { ownSide: own },
    );
    expect(line(found)).toBe('unknown local-error - local@? certain own.no-route');
  });
});

describe('a send that failed at home', () => {
  it.each<[ErrnoName, Partial<OwnSide>, string]>([
    ['EPERM', {}, 'own.output-drop'],
    ['EPERM', { route: 'none', routeErrno: 'EACCES' }, 'own.output-drop'],
    ['ENETUNREACH', {}, 'own.no-route'],
    ['EHOSTUNREACH', { route: 'none', routeErrno: 'EHOSTUNREACH' }, 'own.no-route'],
    ['EACCES', {}, 'own.no-route'],
    ['EINVAL', {}, 'own.no-route'],
    ['ENETDOWN', {}, 'own.link-down'],
    ['ENETUNREACH', { carrier: false }, 'own.link-down'],
    ['EHOSTUNREACH', { neighbour: 'failed' }, 'own.gateway-silent'],
    ['EMFILE', {}, 'own.no-descriptors'],
    ['ENFILE', {}, 'own.no-descriptors'],
    ['EADDRNOTAVAIL', {}, 'own.port-range'],
    ['ENOBUFS', {}, 'own.egress-drop'],
    ['EMSGSIZE', {}, 'own.send-failed'],
    ['EMSGSIZE', {}, 'own.send-failed'],
  ])('%s %o', (name, own, whyId) => {
    for (const protocol of ['tcp', 'udp'] as const) {
      for (const wire of ['P', 'E', 'C'] as const) {
        const port = { answer: ANSWER.SEND_FAILED, errno: ERRNO[name], protocol };
        const found = judgeOn(wire, port, { ownSide: ownSide(own) });
        expect(found).toMatchObject({
          state: 'unknown',
          reason: 'local-error',
          by: { role: 'local' },
        });
        expect(found.whyId).toBe(whyId);
      }
    }
  });
});

describe('silence, and what our own side says', () => {
  it.each<[string, Partial<OwnSide>, Record<Wire, string>]>([
    [
      'no route',
      { route: 'none', routeErrno: 'ENETUNREACH' },
      { P: 'own.no-route', E: 'own.no-route', C: 'own.no-route' },
    ],
    [
      'the link is down',
      { carrier: false },
      { P: 'own.link-down', E: 'own.link-down', C: 'own.link-down' },
    ],
    [
      'the gateway is silent',
      { neighbour: 'failed' },
      { P: 'own.gateway-silent', E: 'own.gateway-silent', C: 'own.gateway-silent' },
    ],
    [
      'the gateway is still asked for',
      { neighbour: 'incomplete' },
      { P: 'own.gateway-silent', E: 'own.gateway-silent', C: 'own.gateway-silent' },
    ],
    [
      'nobody has the address',
      { route: 'on-link', neighbour: 'failed' },
      { P: 'no-neighbour', E: 'no-neighbour', C: 'silent' },
    ],
    [
      'packets dropped on the way out',
      { outDropped: 1 },
      { P: 'silent', E: 'own.output-drop', C: 'own.output-drop' },
    ],
    [
      'not countable, retransmissions fail',
      { outDropped: null, retransFailed: 1 },
      { P: 'silent', E: 'own.output-drop', C: 'own.output-drop' },
    ],
    [
      'countable, none dropped, retransmissions fail',
      { outDropped: 0, retransFailed: 1 },
      { P: 'silent', E: 'silent', C: 'silent' },
    ],
    [
      'some did not reach an interface, and could not be sent again',
      { unsent: 2, retransFailed: 1 },
      { P: 'silent', E: 'own.egress-drop tcp', C: 'own.egress-drop tcp' },
    ],
    [
      'some were not counted by an interface yet',
      { unsent: 2 },
      { P: 'silent', E: 'silent', C: 'silent' },
    ],
    [
      'packets dropped on the way in',
      { inDropped: 1 },
      { P: 'silent', E: 'own.input-drop', C: 'own.input-drop' },
    ],
    ['a healthy machine', {}, { P: 'silent', E: 'silent', C: 'silent' }],
    [
      'nothing countable',
      {
        outDropped: null,
        inDropped: null,
        retransFailed: null,
        carrier: null,
        neighbour: 'unknown',
      },
      { P: 'silent', E: 'silent', C: 'silent' },
    ],
  ])('%s', (_, own, expected) => {
    for (const wire of ['P', 'E', 'C'] as const) {
      for (const protocol of ['tcp', 'udp'] as const) {
        const found = judgeOn(wire, { protocol, attempts: 3 }, { ownSide: ownSide(own) });
        const [wanted, only] = expected[wire].split(' ');
        const whyId = only === undefined || only === protocol ? wanted! : 'silent';
        expect(found.whyId, wire).toBe(whyId.replace(/^silent/, `${protocol}.silent`));
        if (whyId.startsWith('own.')) {
          expect(found).toMatchObject({
            state: 'unknown',
            reason: 'local-error',
            by: { role: 'local' },
          });
        }
        if (expected[wire] === 'no-neighbour') {
          expect(found).toMatchObject({
            state: 'filtered',
            reason: 'host-unreach',
            detail: 'no-neighbour',
            by: { role: 'local' },
          });
        }
      }
    }
  });

  it('a few drops do not shake a silence that was certified; as many as attempts may be all its answers', () => {
    const whyOf = (silence: number, inDropped: number) =>
      judgeOn('E', { protocol: 'udp', attempts: 12, silence }, { ownSide: ownSide({ inDropped }) })
        .whyId;
    expect(whyOf(SILENCE.CERTIFIED, 3)).toBe('udp.silent.certified');
    expect(whyOf(SILENCE.CERTIFIED, 12)).toBe('own.input-drop');
    expect(whyOf(SILENCE.NO_TOKEN, 3)).toBe('own.input-drop');
  });

  it.each(['P', 'E', 'C'] as const)('answers lost by us are never "filtered", %s', (wire) => {
    const found = judgeOn(wire, { attempts: 3 }, { ownSide: ownSide({ overflow: true }) });
    expect(found).toMatchObject({ state: 'unknown', whyId: 'own.overflow' });
  });
});

describe('an ICMP error of our own kernel', () => {
  const hostUnreach = {
    answer: ANSWER.ICMP,
    icmpType: 3,
    icmpCode: 1,
    from: OWN_IP[4],
    fromIsOwn: true,
    rttMs: 3060,
  };

  it.each<[string, Partial<OwnSide>, string]>([
    [
      'the entry says failed',
      { route: 'on-link', neighbour: 'failed' },
      'filtered host-unreach no-neighbour local@? unsure no-neighbour',
    ],
    [
      'the entry is gone already',
      { route: 'on-link', neighbour: 'none' },
      'filtered host-unreach no-neighbour local@? unsure no-neighbour',
    ],
    [
      'it was the gateway',
      { neighbour: 'failed' },
      'unknown local-error - local@? certain own.gateway-silent',
    ],
    [
      'it was the gateway, whose entry is gone',
      { neighbour: 'none' },
      'unknown local-error - local@? unsure own.gateway-silent',
    ],
  ])('late, %s', (_, own, expected) => {
    expect(line(judgeOn('E', hostUnreach, { ownSide: ownSide(own) }))).toBe(expected);
  });

  it('at once is our own firewall', () => {
    const atOnce = judgeOn(
      'E',
      { ...hostUnreach, rttMs: 0.05 },
      { ownSide: ownSide({ route: 'on-link', neighbour: 'none' }) },
    );
    expect(atOnce).toMatchObject({ state: 'unknown', whyId: 'own.output-reject' });
  });

  it('of unknown age is not surely our own firewall', () => {
    // After a retransmission a UDP record cannot be dated: a dead host on the link and a reject of our own look alike.
    const undated = { ...hostUnreach, rttMs: null, attempts: 3, answeredAttempt: 0 };
    const found = judgeOn('E', undated, {
      ownSide: ownSide({ route: 'on-link', neighbour: 'none' }),
    });
    const isOneOfBoth = found.state === 'unknown' || found.detail === 'no-neighbour';
    expect(isOneOfBoth).toBe(true);
    expect(found.confidence).toBeLessThan(CERTAIN);
  });
});

const combinations = Object.values(ANSWER).flatMap((answer) =>
  Object.values(RESET_CHECK).flatMap((resetCheck) =>
    (['tcp', 'udp'] as const).flatMap((protocol) =>
      [true, false].map((fromIsTarget) => ({ answer, resetCheck, protocol, fromIsTarget })),
    ),
  ),
);
const ownSides = [
  null,
  ownSide(),
  ownSide({ route: 'none', routeErrno: 'EINVAL' }),
  ownSide({ neighbour: 'failed' }),
];

it.each(['P', 'E', 'C'] as const)(
  'every combination of facts has a sentence and evidence, %s',
  (wire) => {
    for (const facts of combinations) {
      const port = { ...facts, icmpType: 3, icmpCode: 3, attempts: 2, answeredAttempt: 2 };
      for (const own of ownSides) {
        const found = judgeOn(wire, port, { distance: 2, ownSide: own });
        const { state, reason, confidence, evidence } = found;
        expect(WHY_IDS).toContain(found.whyId);
        expect(confidence > 0 && confidence < 1).toBe(true);
        expect(evidence.length).toBeGreaterThan(0);
        expect(state === 'unknown').toBe(reason === 'local-error');
      }
    }
  },
);

describe('evidence', () => {
  it.each<[string, Partial<PortFacts>, readonly string[]]>([
    [
      'the answered attempt',
      { answer: ANSWER.SYN_ACK, attempts: 3, answeredAttempt: 2, idAttempt: 2 },
      ['s8.2', 'r8.2.1'],
    ],
    [
      'an answer to an attempt that is not known',
      { answer: ANSWER.DATAGRAM, attempts: 2, answeredAttempt: 0, idAttempt: 2, idNumber: 3 },
      ['s8.1', 's8.2', 'r8.2.3'],
    ],
    ['silences', { attempts: 3, answeredAttempt: 0 }, ['s8.1', 's8.2', 's8.3']],
    ['what never left', { answer: ANSWER.SEND_FAILED, attempts: 1, answeredAttempt: 1 }, ['s8.1']],
  ])('%s', (_, port, ids) => {
    expect(judgeOn('E', { probe: 7, ...port }).evidence).toEqual(ids);
  });
});

describe('a neighbour entry that is being looked up anew', () => {
  const side = ownSide({ route: 'on-link', gateway: null, neighbour: 'incomplete' });

  it('is no missing host where the target itself has answered in this run', () => {
    for (const spoken of [{ icmpAnswers: 3 }, { distance: 1 }]) {
      for (const protocol of ['tcp', 'udp'] as const) {
        const found = judgeOn('P', { protocol }, { ownSide: side, ...spoken });
        expect(found).toMatchObject({ reason: 'no-response', by: null });
      }
    }
    expect(judgeOn('P', {}, { ownSide: side })).toMatchObject({ detail: 'no-neighbour' });
  });
});
