/** Facts of a port and its target for tests of the judging half, with defaults that say nothing. */
import {
  ANSWER,
  type PortFacts,
  RESET_CHECK,
  SILENCE,
  type TargetFacts,
} from '../../src/match/facts.ts';
import type { Ip, OwnSide, WireCan } from '../../src/model.ts';
import { CAN as WIRE_CAN } from '../../src/wire/can.ts';

export const TARGET_IP: Readonly<Record<4 | 6, Ip>> = { 4: '10.2.0.5' as Ip, 6: 'fd02::5' as Ip };
export const ROUTER_IP: Readonly<Record<4 | 6, Ip>> = { 4: '10.1.0.1' as Ip, 6: 'fd01::1' as Ip };
export const OWN_IP: Readonly<Record<4 | 6, Ip>> = { 4: '10.0.0.2' as Ip, 6: 'fd00::2' as Ip };

/** What each wire can tell (the columns of truth.md). */
export const CAN: Readonly<Record<'P' | 'E' | 'C', WireCan>> = {
  P: WIRE_CAN.packet,
  E: WIRE_CAN.errqueue,
  C: WIRE_CAN.connect,
};

export function portFacts(facts: Partial<PortFacts> = {}): PortFacts {
  return {
    probe: 0,
    protocol: 'tcp',
    port: 80,
    answer: ANSWER.NONE,
    icmpType: 0,
    icmpCode: 0,
    from: null,
    fromIsTarget: false,
    fromIsOwn: false,
    fromPort: 0,
    ttl: 0,
    quotedTtl: 0,
    sentTtl: 0,
    rttMs: null,
    attempts: 1,
    answeredAttempt: 1,
    idAttempt: 1,
    idNumber: 1,
    waitedMs: 0,
    errno: 0,
    service: null,
    resetCheck: RESET_CHECK.NONE,
    silence: SILENCE.PLAIN,
    between: null,
    passage: null,
    ...facts,
  };
}

export function targetFacts(facts: Partial<TargetFacts> = {}): TargetFacts {
  return {
    ip: TARGET_IP[facts.family ?? 4],
    family: 4,
    distance: null,
    severalDistances: false,
    cover: null,
    icmpAnswers: 0,
    loss: 0.02,
    ownSide: null,
    ...facts,
  };
}

export function ownSide(facts: Partial<OwnSide> = {}): OwnSide {
  return {
    target: 0,
    route: 'gateway',
    routeErrno: null,
    gateway: ROUTER_IP[4],
    interface: 'eth0',
    carrier: true,
    neighbour: 'reachable',
    outDropped: 0,
    inDropped: 0,
    retransFailed: 0,
    unsent: 0,
    overflow: false,
    ...facts,
  };
}
