/**
 * Which scene has captures at which place: every scenario (a row of the table of verdicts) and every trace scene (a row of
 * the table of paths) has them at client, router and target, for both families, or a reason why not.
 */
import { describe, expect, it } from 'vitest';
import { loadScenarios } from '../scenarios/scenario.ts';
import { loadTraceScenarios } from '../scenarios/traceScenario.ts';
import { CAPTURES } from './captures.ts';

const OURS = 'what is short lies in the scanner itself, and no packet shows it';
const KERNEL = 'the kernel of the lab cannot build it';
const CHANCE = 'packets are lost by chance: each capture of it is another one';
const ON_LINK =
  'one hop and nothing between: the pictures of the same scene behind a router, without the router';
const NOTHING_SENT = 'nothing is sent: a capture of it is empty';

/** Scenarios without captures. */
const WITHOUT: Readonly<Record<string, string>> = {
  lossyPath: CHANCE,
  ownCarrierLost: NOTHING_SENT,
  ownCarrierLostOnLink: NOTHING_SENT,
  ownDescriptorsFew: OURS,
  ownDescriptorsNone: OURS,
  ownFlowsFew: OURS,
  ownFlowsNone: OURS,
  ownInterfaceDown: NOTHING_SENT,
  ownPortsFew: OURS,
  ownPortsHeld: OURS,
  ownPortsLadder: OURS,
  ownReceiveOverflow: OURS,
  ownReceiveOverflowSending: OURS,
  ownRouteNone: NOTHING_SENT,
  ownSelf: 'loopback only: no place to capture but one',
  ownSelfUdp: 'loopback only: no place to capture but one',
  tcpNoListenerOnLink: ON_LINK,
  udpAnswersOnLink: ON_LINK,
};

/** Trace scenes without captures; those whose picture another capture has, by its name. */
const TRACES_WITHOUT: Readonly<Record<string, string>> = {
  dnatDrop: 'to a client the picture of pathDropForward, to a trace that of traceDnat',
  dropDestination: 'the picture of pathDropForward: no other destination is asked',
  dropFirstHop: 'the picture of pathDropForward, one router nearer',
  dropFirstHopPrerouting: 'the picture of pathDropPrerouting, one router nearer',
  dropForwardNextSilent: 'to a client the picture of pathDropForward',
  dropInputGuardedRouters: 'the picture of pathDropInput: only routers that are asked differ',
  dropReturnMuteRouters: 'the picture of pathDropReturn: only routers that are asked differ',
  dropReturnOneGuard: 'the picture of pathDropReturn: only routers that are asked differ',
  dropReturnQuietRouters: 'the picture of pathDropReturn: only routers that are asked differ',
  dscpRewrite: 'no port is touched: only the DSCP of quotes shows it, which explain does not read',
  ecmpOpen: 'nothing fails',
  labels: KERNEL,
  limited: KERNEL,
  limitedEdge: KERNEL,
  lossyDrop: CHANCE,
  lossyOpen: CHANCE,
  nothingAnswers: 'to a client the picture of pathBlackholeRoute',
  onLink: ON_LINK,
  onLinkOpen: ON_LINK,
  open: 'nothing fails; tcpListener, udpAnswers',
  openSilentRouters: 'nothing fails',
  otherTtls: 'the picture of pathDropForward; windowsStealth has another TTL',
  otherTtlsReset: 'the picture of pathResetForward; windowsStealth has another TTL',
  passageFiltered: 'the picture of pathDropInput: only extension headers meet another rule',
  passageOtherForm: 'the picture of pathDropReturn: only extension headers meet another rule',
  passageOtherFormDrop: 'the picture of pathDropInput: only extension headers meet another rule',
  passageShortFilter: 'over IPv6 the picture of pathDropInput; over IPv4 nothing fails',
  passageSilentService: 'the picture of udpSilent, behind more routers',
  shortQuotes: KERNEL,
  targetSilent: 'to a client the picture of pathDropInput',
  twelveRouters: 'the picture of pathDropForward',
  unshownRouters: KERNEL,
};

/** Captures that a scene must have: what our own side keeps back is seen at the client alone. */
function wantedOf(scene: string): string[] {
  const places = scene.startsWith('own') ? ['client'] : ['client', 'router', 'target'];
  return places.flatMap((place) => [4, 6].map((family) => `${scene}.${place}.${family}`));
}

function lackingOf(scene: string): string[] {
  return wantedOf(scene).filter((name) => !CAPTURES.includes(name));
}

const pathName = (name: string): string => `path${name[0]!.toUpperCase()}${name.slice(1)}`;

describe('captures', () => {
  const scenarios = loadScenarios().map(({ name }) => name);
  const traces = loadTraceScenarios().map(({ name }) => name);

  it('of every scenario, or a reason', () => {
    const lacking = scenarios.filter((name) => !Object.hasOwn(WITHOUT, name)).flatMap(lackingOf);
    expect(lacking).toEqual([]);
  });

  it('of every trace scene, or a reason', () => {
    const paths = traces.filter((name) => !Object.hasOwn(TRACES_WITHOUT, name));
    const lacking = paths.flatMap((name) => {
      const ofTrace = `trace${pathName(name).slice('path'.length)}`;
      return lackingOf(ofTrace).length === 0 ? [] : lackingOf(pathName(name));
    });
    expect(lacking).toEqual([]);
  });

  it('no reason for what is not there, nor for what has captures', () => {
    expect(Object.keys(WITHOUT).filter((name) => !scenarios.includes(name))).toEqual([]);
    expect(Object.keys(TRACES_WITHOUT).filter((name) => !traces.includes(name))).toEqual([]);
    const needless = Object.keys(WITHOUT).filter((name) => lackingOf(name).length === 0);
    expect(needless).toEqual([]);
  });
});
