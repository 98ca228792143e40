/**
 * A network as a JSON file: `--wire sim:FILE` scans it instead of the real one, and tests run on it.
 *
 * Everything stands in a line: scanner - router 1 - … - router N - targets; only routers may stand beside a
 * router. Everything has a default, so `{}` is a scanner with one target on its link, and
 *
 *     { "routers": [{}, { "rules": [{ "hook": "forward", "protocol": "udp", "dport": 123, "verdict": "drop" }] }],
 *       "targets": [{ "udp": { "53": "dns" }, "tcp": { "22": "accept", "8000-8999": "silent" } }] }
 *
 * is a name server behind two routers, the second of which drops NTP. Defaults: link i (0 = the scanner's) has the
 * networks 10.90.i.0/24 and fd90:0:0:i::/64, the node nearer to the scanner address 1, the router behind it 2, the
 * targets of the last link 10, 11, … (fd90:0:0:i::a, ::b, …); TTLs start at 64; ICMP limits are those of Linux.
 */
import { ERROR_KEYS, type ErrorShape, parseErrorShape } from './errorShape.ts';
import { type Limiter, parseLimiter } from './limiter.ts';
import { type Limits, parseLimits } from './limits.ts';
import {
  defaultAddresses,
  linkAddresses,
  type PerFamily,
  type Prefix,
  parseAddresses,
  refusePrefix,
} from './prefix.ts';
import { HOOKS, type Hook, isDeviceHook, parseRules, type Rule } from './rules.ts';
import {
  parseServices,
  type Service,
  TCP_SERVICES,
  type TcpServiceKind,
  UDP_SERVICES,
  type UdpServiceKind,
} from './services.ts';
import {
  failAt,
  type JsonPlace,
  openArray,
  openObject,
  readBoolean,
  readNumber,
  readText,
  readWord,
} from './strictJson.ts';

/**
 * What a node's route towards the targets is; `loop` sends back to where the packet came from, `blocked` is the scanner's
 * way forward with an IPsec policy that blocks it.
 */
export const ROUTES = [
  'forward',
  'unreachable',
  'prohibit',
  'blackhole',
  'none',
  'loop',
  'blocked',
] as const;
/** One of {@link ROUTES}. */
export type Route = (typeof ROUTES)[number];
/** Those of a router. */
export type RouterRoute = Exclude<Route, 'blocked'>;
const ROUTER_ROUTES = ROUTES.filter((route): route is RouterRoute => route !== 'blocked');

/** What every node has. */
export interface WorldNode {
  /** TTL or hop limit of what it sends: TCP, UDP, echo. */
  readonly ttl: number;
  /** TTL of its ICMP errors. */
  readonly icmpTtl: number;
  readonly rules: readonly Rule[];
  readonly limiter: PerFamily<Limiter>;
  readonly tcp: readonly Service<TcpServiceKind>[];
  readonly udp: readonly Service<UdpServiceKind>[];
  /** Whether it answers echo requests (net.ipv4.icmp_echo_ignore_all, net.ipv6.icmp.echo_ignore_all). */
  readonly echo: boolean;
}

/** The machine that the tool runs on. */
export interface Scanner extends WorldNode {
  readonly address: PerFamily<Prefix>;
  /** Its own route towards the targets; never `loop`. */
  readonly route: Route;
  /** False: the next hop does not answer ARP or neighbour solicitations. */
  readonly gatewayAnswers: boolean;
  /** Whether ordinary processes may send echo requests (net.ipv4.ping_group_range); a fresh Linux says no. */
  readonly pingSockets: boolean;
  readonly limits: Limits;
}

/** A router between scanner and targets. */
export interface Router extends WorldNode {
  /** Address towards the scanner: the source of its ICMP errors. */
  readonly near: PerFamily<Prefix>;
  /** Address towards the targets. */
  readonly far: PerFamily<Prefix>;
  readonly route: RouterRoute;
  readonly errors: ErrorShape;
  /** Further routers at the same hop, each between the same two links; the hop before shares out flows among them. */
  readonly beside: readonly Router[];
}

/** A target, or a prefix of equal ones. */
export interface Host extends WorldNode {
  /** Its address, or a prefix of addresses that are all alike. */
  readonly address: PerFamily<Prefix>;
  /** From where `other-address` services answer. */
  readonly second: PerFamily<Prefix>;
  /** Share of its addresses that somebody has; 0 = nobody answers ARP or neighbour solicitations for them. */
  readonly present: number;
}

/** A link between two neighbours of the line. */
export interface Link {
  /** One way. */
  readonly delayMs: number;
  /** Share of packets lost, each way. */
  readonly loss: number;
  /** Largest IP packet, bytes. */
  readonly mtu: number;
  /** False: the interface nearer to the scanner is down. */
  readonly up: boolean;
  /** False: it is up, and nobody is at the other end of the cable; the scanner's own link only. */
  readonly carrier: boolean;
}

/** A checked world with all defaults filled in. */
export interface World {
  readonly scanner: Scanner;
  readonly routers: readonly Router[];
  readonly targets: readonly Host[];
  /** `routers.length + 1` of them, the scanner's first. */
  readonly links: readonly Link[];
}

/** A path longer than any TTL would end nowhere. */
const MAX_ROUTERS = 250;
/** What the addresses of a link have room for (2 to 9). */
const MAX_BESIDE = 7;
/** Each is a record to look through for every packet; more hosts than that are a prefix. */
const MAX_TARGETS = 64;
/** A veth link and its two stacks take about this long one way. */
const DEFAULT_DELAY_MS = 0.015;
/**
 * Checks a world and fills in its defaults.
 *
 * `source` names the file in messages. Throws UsageError: one line with the source, the place and the offending text.
 */
export function parseWorld(json: unknown, source: string): World {
  return parseWorldAt({ source, path: '', value: json });
}

/** Checks a world that stands inside another document. */
export function parseWorldAt(place: JsonPlace): World {
  const at = openObject(place, ['scanner', 'routers', 'targets', 'links', 'title']);
  const routerPlaces = openArray(at('routers'));
  if (routerPlaces.length > MAX_ROUTERS) failAt(at('routers')!, `at most ${MAX_ROUTERS} routers`);
  const routers = routerPlaces.map(parseHop);
  const targetPlaces =
    at('targets') === undefined
      ? [{ ...place, path: 'targets[0]', value: {} }]
      : openArray(at('targets'));
  if (targetPlaces.length < 1 || targetPlaces.length > MAX_TARGETS) {
    failAt(at('targets')!, `from 1 to ${MAX_TARGETS} targets are wanted here`);
  }
  const targets = targetPlaces.map((item, index) => parseHost(item, index, routers.length));
  const linkPlaces = openArray(at('links'));
  if (linkPlaces.length > routers.length + 1) {
    failAt(at('links')!, `${routers.length} routers make ${routers.length + 1} links`);
  }
  const links = Array.from({ length: routers.length + 1 }, (_, index) =>
    parseLink(linkPlaces[index] ?? { ...place, path: `links[${index}]`, value: {} }),
  );
  linkPlaces.forEach((item, index) => {
    if (index > 0 && !links[index]!.carrier)
      failAt(item, "a carrier is the scanner's link's alone");
  });
  const scanner = parseScanner(at('scanner') ?? { ...place, path: 'scanner', value: {} });
  return { scanner, routers, targets, links };
}

const NODE_KEYS = ['ttl', 'icmpTtl', 'rules', 'limiter', 'tcp', 'udp', 'echo', 'name'] as const;
const ROUTER_KEYS = [...NODE_KEYS, 'v4', 'v6', 'route', 'beside', ...ERROR_KEYS] as const;
const ROUTER_HOOKS = HOOKS.filter((hook) => !isDeviceHook(hook));
const SCANNER_HOOKS = HOOKS.filter((hook) => hook !== 'forward' && hook !== 'raw');
const HOST_HOOKS = ROUTER_HOOKS.filter((hook) => hook !== 'forward');

function parseScanner(place: JsonPlace): Scanner {
  const at = openObject(place, [
    ...NODE_KEYS,
    'v4',
    'v6',
    'route',
    'gatewayAnswers',
    'pingSockets',
    'limits',
  ]);
  const route = at('route');
  const scanner: Scanner = {
    ...parseNode(at, SCANNER_HOOKS),
    address: parseAddresses(at, { 4: '10.90.0.1', 6: 'fd90::1' }),
    route: route === undefined ? 'forward' : readWord(route, ROUTES),
    gatewayAnswers: readBoolean(at('gatewayAnswers'), true),
    pingSockets: readBoolean(at('pingSockets'), false),
    limits: parseLimits(at('limits')),
  };
  if (scanner.route === 'loop') failAt(route!, 'a loop needs a router');
  refusePrefix(at, scanner.address);
  return scanner;
}

function parseHop(place: JsonPlace, index: number): Router {
  const beside = openObject(place, ROUTER_KEYS)('beside');
  const places = openArray(beside);
  if (places.length > MAX_BESIDE) failAt(beside!, `at most ${MAX_BESIDE} routers stand beside one`);
  const others = places.map((item, number) => {
    if (openObject(item, ROUTER_KEYS)('beside'))
      failAt(item, 'a router beside one has none itself');
    return parseRouter(item, index, number + 1);
  });
  return { ...parseRouter(place, index, 0), beside: others };
}

/** Router `number` of a hop: 0 is the one that answers come back through. */
function parseRouter(place: JsonPlace, index: number, number: number): Router {
  const at = openObject(place, ROUTER_KEYS);
  const route = at('route');
  const router: Router = {
    ...parseNode(at, ROUTER_HOOKS),
    near: parseAddresses(at, linkAddresses(index, 2 + number)),
    far: defaultAddresses(linkAddresses(index + 1, number === 0 ? 1 : 240 + number)),
    route: route === undefined ? 'forward' : readWord(route, ROUTER_ROUTES),
    errors: parseErrorShape(at),
    beside: [],
  };
  if (router.route === 'loop' && index === 0) failAt(route!, 'a loop begins at the second router');
  refusePrefix(at, router.near);
  return router;
}

function parseHost(place: JsonPlace, index: number, routerCount: number): Host {
  const at = openObject(place, [...NODE_KEYS, 'v4', 'v6', 'present']);
  const present = at('present');
  return {
    ...parseNode(at, HOST_HOOKS),
    address: parseAddresses(at, linkAddresses(routerCount, 10 + index)),
    second: defaultAddresses(linkAddresses(routerCount, 110 + index)),
    present:
      typeof present?.value === 'boolean'
        ? Number(present.value)
        : readNumber(present, { min: 0, max: 1 }, 1),
  };
}

type LookUp = (key: (typeof NODE_KEYS)[number]) => JsonPlace | undefined;

function parseNode(at: LookUp, hooks: readonly Hook[]): WorldNode {
  const name = at('name');
  if (name !== undefined) readText(name);
  const ttl = readNumber(at('ttl'), { min: 1, max: 255, whole: true }, 64);
  return {
    ttl,
    icmpTtl: readNumber(at('icmpTtl'), { min: 1, max: 255, whole: true }, ttl),
    rules: parseRules(at('rules'), hooks),
    limiter: parseLimiter(at('limiter')),
    tcp: parseServices(at('tcp'), TCP_SERVICES),
    udp: parseServices(at('udp'), UDP_SERVICES),
    echo: readBoolean(at('echo'), true),
  };
}

function parseLink(place: JsonPlace): Link {
  const at = openObject(place, ['delayMs', 'loss', 'mtu', 'up', 'carrier']);
  return {
    delayMs: readNumber(at('delayMs'), { min: 0, max: 60_000 }, DEFAULT_DELAY_MS),
    loss: readNumber(at('loss'), { min: 0, max: 1 }, 0),
    // RFC 8200 section 5: IPv6 needs 1280 bytes on every link.
    mtu: readNumber(at('mtu'), { min: 1280, max: 65_535, whole: true }, 1500),
    up: readBoolean(at('up'), true),
    carrier: readBoolean(at('carrier'), true),
  };
}
