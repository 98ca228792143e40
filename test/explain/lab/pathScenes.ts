/** Scenes on six routers with the fault at the third (methods, B2), as ordinary clients see them. */
import { loadTraceScenarios, type TraceScenario } from '../../scenarios/traceScenario.ts';
import type { Ask, Scene } from './scenes.ts';

/** Trace scenes whose network is captured: every row of the table of paths, and those that look like one of its rows. */
const TRACE_SCENES: readonly string[] = [
  'blackholePort',
  'blackholeRoute',
  'closed',
  'dnat',
  'dnatClosed',
  'dropForward',
  'dropForwardLast',
  'dropForwardSilentRouter',
  'dropInput',
  'dropPostrouting',
  'dropPrerouting',
  'dropRaw',
  'dropReturn',
  'dropTargetPrerouting',
  'ecmpDrop',
  'mtu',
  'noRoute',
  'prohibitRoute',
  'proxy',
  'rejectForward',
  'rejectForwardHost',
  'rejectForwardNet',
  'rejectForwardPort',
  'rejectInput',
  'rejectPort',
  'resetForward',
  'snat',
  'snatDrop',
  'ttlRewrite',
  'unreachableRoute',
];

/** The control first: its answers tell how far the target is. */
const PORTS: readonly Ask[] = [
  { kind: 'tcp', port: 22 },
  { kind: 'tcp', port: 443 },
  { kind: 'udp', port: 53 },
];

/** Where an ordinary client must do something of its own for the fault to show. */
const FURTHER: Readonly<Record<string, Pick<Scene, 'asks' | 'serve'>>> = {
  // Each connection has a source port of its own, and with it one of the two ways.
  pathEcmpDrop: { asks: Array.from({ length: 8 }, () => ({ kind: 'tcp', port: 443, waitS: 1.5 })) },
  pathMtu: {
    asks: [
      { kind: 'udp', port: 53, size: 1400, times: 1 },
      { kind: 'tcp', port: 8081, send: 20_000, holdS: 1 },
    ],
    serve: ['sink', '8081'],
  },
};

/** Router 3, where the fault is. */
const FAULTY = 2;

/** `dropForward` -> `pathDropForward`. */
export function prefixed(prefix: string, name: string): string {
  return `${prefix}${name[0]!.toUpperCase()}${name.slice(1)}`;
}

/** The worlds of these trace scenes, by name. */
export function traceWorlds(names: readonly string[]): readonly TraceScenario[] {
  const scenarios = new Map(loadTraceScenarios().map((scenario) => [scenario.name, scenario]));
  return names.map((name) => {
    const scenario = scenarios.get(name);
    if (scenario === undefined) throw new Error(`no trace scene ${name}`);
    return scenario;
  });
}

/** The scenes. */
export function pathScenes(): readonly Scene[] {
  return traceWorlds(TRACE_SCENES).map((scenario) => {
    const name = prefixed('path', scenario.name);
    return { name, world: scenario.world, router: FAULTY, asks: PORTS, ...FURTHER[name] };
  });
}

/** A black hole under a connection that lives: small packets of the server still come. */
export function livingBlackHole(): Scene {
  const [{ world }] = traceWorlds(['mtuBlackHole']) as [TraceScenario];
  return {
    name: 'pathMtuBlackHole',
    world,
    router: FAULTY,
    asks: [{ kind: 'tcp', port: 8085, send: 6000, holdS: 6 }],
    serve: ['chatter', '8085'],
  };
}
