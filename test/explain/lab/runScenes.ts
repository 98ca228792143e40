/** Our own scans and traces as captures: what a stranger reads of them must be true. */
import { loadScenarios } from '../../scenarios/scenario.ts';
import { prefixed, traceWorlds } from './pathScenes.ts';
import type { Scene } from './scenes.ts';

/** Command lines, by the scenario that they run in. */
const SCANS: Readonly<Record<string, readonly string[]>> = {
  tcpNoListener: ['-p 22,81'],
  tcpForgedReset: ['-p 22,81'],
  tcpDropInput: ['-p 22,81'],
  tcpSynProxy: ['-p 22,443,444'],
  tcpRouterReject: ['-p 81-84'],
  udpAnswers: ['-sU -p 53,123,161,9'],
  udpLimiter: ['-sU -p 53,2000-2011'],
  udpHostRejectOther: ['-sU -p 53,123'],
};

const TRACES: readonly string[] = [
  'closed',
  'dropForward',
  'dropInput',
  'rejectForward',
  'resetForward',
  'dnat',
  'loop',
  'ttlRewrite',
];

/** The scenes. */
export function runScenes(): readonly Scene[] {
  const scans = loadScenarios()
    .filter(({ name }) => Object.hasOwn(SCANS, name))
    .flatMap(({ name, world }) =>
      (['packet', 'errqueue'] as const).map((wire) => ({
        name: prefixed(wire === 'packet' ? 'scanPacket' : 'scanSocket', name),
        world,
        asks: [],
        runs: SCANS[name]!.map((words) => [
          'scan',
          'TARGET',
          ...words.split(' '),
          '-n',
          '--wire',
          wire,
        ]),
      })),
    );
  const traces = traceWorlds(TRACES).map(({ name, world, traces: [first] }) => ({
    name: prefixed('trace', name),
    world,
    router: 2,
    asks: [],
    runs: [
      ['trace', 'TARGET', '-p', '443', '-n'],
      ...(first!.protocol === 'udp' ? [['trace', 'TARGET', '-p', '53', '-sU', '-n']] : []),
    ],
  }));
  return [...scans, ...traces];
}
