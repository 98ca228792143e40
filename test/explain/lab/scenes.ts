/** The scenes whose captures are fixtures: those of truth.md by their scenario files, and further ones. */
import type { Family } from '../../../src/model.ts';
import { parseWorld, type World } from '../../../src/sim/world.ts';
import type { Lab } from '../../netns/lab.ts';
import { run } from '../../netns/namespaces.ts';
import { loadScenarios, type Scenario } from '../../scenarios/scenario.ts';
import { livingBlackHole, pathScenes } from './pathScenes.ts';
import { runScenes } from './runScenes.ts';

/** What the client does; ask.py has the fields. */
export interface Ask {
  readonly kind: 'tcp' | 'udp' | 'burst' | 'ping';
  readonly port?: number;
  readonly [field: string]: unknown;
}

/** A network, what is changed in it, and who asks what. */
export interface Scene {
  readonly name: string;
  readonly world: World;
  readonly asks: readonly Ask[];
  /** Commands after the network stands. */
  readonly prepare?: (lab: Lab, family: Family) => void;
  /** Arguments of serve.py on the target; TARGET stands for the address that is asked. */
  readonly serve?: readonly string[];
  /** Command lines of ours that the client runs then; TARGET stands for the address. */
  readonly runs?: readonly (readonly string[])[];
  /** Which router captures, 0 = the first. */
  readonly router?: number;
  /** Where the router's packets are captured: `in` is its link towards the client. */
  readonly routerDevice?: 'in' | 'any';
}

/** Scenario files that a capture shows nothing of: what is short lies in our own machine. */
const NOT_CAPTURED =
  /Few|own.*None$|Held|Ladder|Overflow|ownSelf|ownDescriptors|ownFlows|ownCarrier|lossyPath|ownInterfaceDown|OnLink/;

function scenarioScenes(): Scene[] {
  return loadScenarios()
    .filter(({ name, namespaces }) => namespaces === true && !NOT_CAPTURED.test(name))
    .filter(({ command }) => command[0] === 'scan')
    .map((scenario) => ({
      name: scenario.name,
      world: scenario.world,
      asks: asksOf(scenario),
      // A loop runs between two routers: only both links of one show it.
      ...(scenario.name.endsWith('Loop') ? { routerDevice: 'any' as const } : {}),
    }));
}

/** Each port that the scenario expects something of, as ordinary clients ask. */
function asksOf({ expect, name }: Scenario): Ask[] {
  const ports = [...new Map(expect.P.map((one) => [`${one.protocol}/${one.port}`, one])).values()];
  if (name === 'udpLimiter') {
    const closed = ports.map(({ port }) => port).filter((port) => port !== 53);
    return [
      { kind: 'udp', port: 53 },
      { kind: 'burst', ports: closed, rounds: 4, gapS: 1.1 },
    ];
  }
  return ports
    .slice(0, MAX_ASKS)
    .map(({ protocol, port }) => ({ kind: protocol, port, connected: !name.includes('Other') }));
}

const MAX_ASKS = 4;

const world = (json: unknown): World => parseWorld(json, 'scene');

const nft = (lab: Lab, node: 'r1' | 'r2' | 'target' | 'scanner', rules: string): void => {
  const index = node === 'r1' ? 0 : 1;
  const ns =
    node === 'target' ? lab.target : node === 'scanner' ? lab.scanner : lab.routers[index]!;
  run(ns, ['nft', '-f', '-'], { input: `${rules}\n` });
};

const TWO_ROUTERS = {
  routers: [{}, {}],
  targets: [{ tcp: { '22': 'accept' }, udp: { '53': 'dns' } }],
};

/** Scenes without a scenario file. */
const FURTHER: readonly Scene[] = [
  {
    name: 'articleUdpClosed',
    world: world({ routers: [{}], targets: [{}] }),
    asks: [{ kind: 'udp', port: 53, times: 3 }],
  },
  {
    name: 'dnatDeadBackend',
    world: world(TWO_ROUTERS),
    asks: [
      { kind: 'tcp', port: 8080, waitS: 4 },
      { kind: 'udp', port: 8080, times: 1, waitS: 4 },
    ],
    prepare: (lab, family) =>
      nft(
        lab,
        'r1',
        `table inet pp { chain pre { type nat hook prerouting priority dstnat;
meta nfproto ipv${family} meta l4proto { tcp, udp } th dport 8080 dnat ${family === 4 ? 'ip' : 'ip6'} to ${family === 4 ? '10.90.2.77' : '[fd90:0:0:2::77]'}:80
}
}`,
      ),
  },
  {
    name: 'dnatTraceroute',
    world: world(TWO_ROUTERS),
    asks: [2, 3].map((ttl) => ({ kind: 'udp', port: 5353, ttl, times: 1 })),
    prepare: (lab, family) =>
      nft(
        lab,
        'r1',
        `table inet pp { chain pre { type nat hook prerouting priority dstnat;
meta nfproto ipv${family} udp dport 5353 dnat ${family === 4 ? 'ip' : 'ip6'} to ${family === 4 ? '10.90.2.77' : '[fd90:0:0:2::77]'}:5353
}
}`,
      ),
  },
  {
    name: 'tracerouteUdp',
    world: world(TWO_ROUTERS),
    asks: [1, 2, 3].map((ttl) => ({ kind: 'udp', port: 33433 + ttl, ttl, times: 1 })),
  },
  {
    name: 'mtuTooBig',
    world: world({ ...TWO_ROUTERS, links: [{}, { mtu: 1280 }] }),
    asks: [
      { kind: 'udp', port: 53, size: 1400, times: 1 },
      { kind: 'udp', port: 4000, size: 1400, times: 1 },
    ],
  },
  {
    name: 'mtuBlackHole',
    world: world({ ...TWO_ROUTERS, links: [{}, { mtu: 1280 }] }),
    serve: ['sink', '8081'],
    asks: [{ kind: 'tcp', port: 8081, send: 20_000, holdS: 6 }],
    prepare: (lab) =>
      nft(
        lab,
        'r1',
        `table inet pp { chain out { type filter hook output priority 0;
icmp type destination-unreachable drop
icmpv6 type packet-too-big drop
}
}`,
      ),
  },
  {
    name: 'dockerProxyReset',
    world: world(TWO_ROUTERS),
    serve: ['accept-reset', '8082'],
    asks: [{ kind: 'tcp', port: 8082, send: 20, holdS: 1 }],
  },
  {
    name: 'dockerProxyClose',
    world: world(TWO_ROUTERS),
    serve: ['accept-close', '8083'],
    asks: [{ kind: 'tcp', port: 8083, holdS: 1 }],
  },
  {
    name: 'lateAnswer',
    world: world(TWO_ROUTERS),
    serve: ['late', '5300', '1.2', 'TARGET'],
    asks: [{ kind: 'udp', port: 5300, times: 1 }, { kind: 'ping' }, { kind: 'ping' }],
  },
  {
    name: 'lateAnswerTaken',
    world: world(TWO_ROUTERS),
    serve: ['late', '5301', '2.3', 'TARGET'],
    asks: [{ kind: 'udp', port: 5301, times: 1, waitS: 4 }],
  },
  {
    name: 'resetMidwayForged',
    world: world(TWO_ROUTERS),
    serve: ['sink', '8084'],
    asks: [{ kind: 'tcp', port: 8084, send: 50, holdS: 1 }],
    prepare: (lab) =>
      nft(
        lab,
        'r1',
        `table inet pp { chain forwarded { type filter hook forward priority 0;
tcp dport 8084 tcp flags & (psh|ack) == (psh|ack) reject with tcp reset
}
}`,
      ),
  },
  {
    name: 'pingSilent',
    world: world({
      routers: [{}],
      targets: [
        { rules: [{ hook: 'input', protocol: 'icmp', icmp: 'echo-request', verdict: 'drop' }] },
      ],
    }),
    asks: [{ kind: 'ping' }, { kind: 'tcp', port: 81 }],
  },
  {
    name: 'windowsStealth',
    world: world({
      routers: [{}],
      targets: [
        {
          ttl: 128,
          tcp: { '3389': 'accept' },
          rules: [{ hook: 'input', protocol: 'tcp', dport: 445, verdict: 'drop' }],
        },
      ],
    }),
    asks: [
      { kind: 'tcp', port: 3389 },
      { kind: 'tcp', port: 445 },
    ],
  },
  {
    name: 'udpSilentServices',
    world: world({
      routers: [{}],
      targets: [{ udp: { '53': 'silent', '161': 'silent', '51820': 'silent' } }],
    }),
    asks: [53, 161, 51820].map((port) => ({ kind: 'udp', port })),
  },
  {
    name: 'multihomedLate',
    world: world(TWO_ROUTERS),
    serve: ['late', '5302', '1.2', '::'],
    asks: [{ kind: 'udp', port: 5302, times: 1 }, { kind: 'ping' }, { kind: 'ping' }],
  },
  {
    name: 'pingUnreachable',
    world: world({ routers: [{}, { route: 'unreachable' }], targets: [{}] }),
    asks: [{ kind: 'ping' }],
  },
];

/** All scenes. */
export function loadScenes(): readonly Scene[] {
  return [...scenarioScenes(), ...FURTHER, ...pathScenes(), livingBlackHole(), ...runScenes()];
}
