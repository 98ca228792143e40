// The rows of limits.mjs: what stands there, what is asked, and what must be true.
import { REFUSED, SOURCES, TARGET } from './limitsLab.mjs';

const FIRST = 20_001;
const range = (count, from = FIRST) => Array.from({ length: count }, (_, i) => from + i);
const text = (ports) => `${ports[0]}-${ports.at(-1)}`;

/** Takes ports out of a list at even distances, so that no part of it is of one kind; returns the lists asked for. */
function deal(ports, counts) {
  const left = new Set(ports);
  return counts.map((count) => {
    const rest = [...left];
    const taken = range(count, 0).map((i) => rest[Math.floor(((i + 0.5) * rest.length) / count)]);
    for (const port of taken) left.delete(port);
    return taken;
  });
}

/** UDP ports of which so many answer, are bound and silent, and are dropped; all others are closed. */
function udpScene(count, open, silent, dropped) {
  const ports = range(count);
  const [udpOpen, udpSilent, udpDropped] = deal(ports, [open, silent, dropped]);
  const truth = new Map(ports.map((port) => [`${port}/udp`, 'closed']));
  for (const port of udpOpen) truth.set(`${port}/udp`, 'open');
  for (const port of [...udpSilent, ...udpDropped]) truth.set(`${port}/udp`, 'open|filtered');
  return { ports, scene: { udpOpen, udpSilent, udpDropped }, truth };
}

/** UDP ports of which some ranges are dropped; all others are closed. */
function rangeScene(count, ranges) {
  const ports = range(count);
  const truth = new Map(ports.map((port) => [`${port}/udp`, 'closed']));
  for (const port of ranges.flat()) truth.set(`${port}/udp`, 'open|filtered');
  return { ports, scene: { udpDropped: ranges.flat() }, truth };
}

function tcpScene(count, open, dropped) {
  const ports = range(count);
  const [tcpOpen, tcpDropped] = deal(ports, [open, dropped]);
  const truth = new Map(ports.map((port) => [`${port}/tcp`, 'closed']));
  for (const port of tcpOpen) truth.set(`${port}/tcp`, 'open');
  for (const port of tcpDropped) truth.set(`${port}/tcp`, 'filtered');
  return { ports, scene: { tcpOpen, tcpDropped }, truth };
}

/** Where closed ports cost tokens: so many from each address, but for those that are there to begin with. */
const boundS = (closed, gapS, { burst = 6, sources = 1 } = {}) =>
  Math.max(0, closed / sources - burst) * gapS;

const NO_GLOBAL = { 'net.ipv4.icmp_msgs_per_sec': 1e9, 'net.ipv4.icmp_msgs_burst': 1e9 };
const NO_LIMIT = { 'net.ipv4.icmp_ratelimit': 0, 'net.ipv6.icmp.ratelimit': 0, ...NO_GLOBAL };
/** A limiter that the whole host shares, in place of the kernel's. */
const hostWide = (perS, burst) => ({
  sysctls: NO_LIMIT,
  output: [
    `icmp type destination-unreachable limit rate over ${perS}/second burst ${burst} packets drop`,
  ],
});

const udpRow = (name, what, scene, more) => ({
  name,
  what,
  target: TARGET[4],
  ask: `-sU -p ${text(scene.ports)}`,
  scene: scene.scene,
  truth: scene.truth,
  peers: ['-sU'],
  ...more,
});

const UDP_100 = udpScene(100, 5, 5, 10);
const UDP_300 = udpScene(300, 5, 5, 10);
const UDP_1000 = udpScene(1000, 5, 5, 10);
const UDP_200 = udpScene(200, 10, 5, 15);
const TCP_1000 = tcpScene(1000, 101, 100);

/** Ten in a row, begun at no port that is asked first. */
const RANGES_1000 = rangeScene(1000, [range(10, FIRST + 394)]);

/** Twenty ports that are named before the whole range. */
const NAMED = range(20).map((i) => FIRST + 49 * (i - FIRST) + 7);

/** Rows under loss are run so often: a rare mistake would not be seen in three. */
const LOSS_ROUNDS = 20;
const lossRow = (protocol, percent, mustS) => ({
  ...(protocol === 'tcp'
    ? {
        what: `1,000 TCP ports, ${percent} % lost each way`,
        ask: `-p ${text(TCP_1000.ports)}`,
        scene: TCP_1000.scene,
        truth: TCP_1000.truth,
        peers: ['-sS'],
      }
    : udpRow('', `200 UDP ports, ${percent} % lost each way, no limiter`, UDP_200)),
  name: `${protocol}-loss${percent}`,
  target: TARGET[4],
  sysctls: NO_LIMIT,
  lossPermille: 10 * percent,
  rounds: LOSS_ROUNDS,
  mustS,
  aimS: mustS / 2,
});

const refusedRow = (route) => ({
  name: `route-${route}`,
  what: `10 ports behind a route that is ${route}`,
  target: REFUSED,
  ask: `-sU -p ${text(range(10))}`,
  scene: {},
  route,
  peers: ['-sU'],
  /** One verdict for all ten. */
  truth: new Map(range(10).map((port) => [`${port}/udp`, 'filtered'])),
});

/**
 * `boundS` is what the tokens of the limiter take; `must` and `aim` are shares of it, `mustS` and `aimS` seconds. `waits` says
 * that the run mostly waits, so that several may go at once. `kind` is the limiter that the report has to tell of.
 */
export const ROWS = [
  udpRow('udp100', '100 ports, 80 closed, one address', UDP_100, {
    boundS: boundS(80, 1),
    must: 1.12,
    aim: 1.05,
    waits: true,
    peers: ['-sU', '-sU -T4'],
    kind: 'per-source',
  }),
  udpRow('udp300', '300 ports, 280 closed, one address', UDP_300, {
    boundS: boundS(280, 1),
    must: 1.04,
    aim: 1.01,
    waits: true,
    kind: 'per-source',
  }),
  udpRow('udp300x8', '300 ports, 280 closed, eight addresses', UDP_300, {
    ask: `-sU -p ${text(UDP_300.ports)} -S ${SOURCES.join(',')}`,
    boundS: boundS(280, 1, { sources: 8 }),
    must: 1.15,
    aim: 1.06,
    waits: true,
    peers: [],
    kind: 'per-source',
  }),
  udpRow('udp300v6', '300 ports of IPv6, 280 closed', UDP_300, {
    target: TARGET[6],
    boundS: boundS(280, 0.1),
    must: 1.12,
    aim: 1.03,
    waits: true,
    peers: ['-6 -sU'],
    kind: 'per-source',
  }),
  udpRow('first20', 'the 20 ports named first, out of 1,000', UDP_1000, {
    ask: `-sU -p ${NAMED.join(',')},${text(UDP_1000.ports)}`,
    only: new Set(NAMED.map((port) => `${port}/udp`)),
    mustS: 25,
    aimS: 20,
    waits: true,
    peers: [],
  }),
  ...[4, 6].map((family) =>
    udpRow(
      `ranges-v${family}`,
      `1,000 ports of IPv${family}, ten in a row dropped, --infer-ranges`,
      RANGES_1000,
      {
        target: TARGET[family],
        ask: `-sU -p ${text(RANGES_1000.ports)} --infer-ranges`,
        // What asking all of them takes.
        boundS: boundS(990, family === 4 ? 1 : 0.1),
        waits: true,
        peers: [],
      },
    ),
  ),
  udpRow('none', '1,000 ports, no limiter', UDP_1000, {
    sysctls: NO_LIMIT,
    peers: ['-sU', '-sU --min-rate 5000'],
    mustS: 0.6,
    aimS: 0.3,
    kind: 'none',
  }),
  udpRow('global', '1,000 ports, the global bucket alone (1,000/s, burst 50)', UDP_1000, {
    sysctls: { 'net.ipv4.icmp_ratelimit': 0 },
    mustS: 1.5,
    aimS: 1.1,
    kind: 'host-wide',
  }),
  ...[
    [1, 3],
    [5, 5],
    [10, 8],
  ].map(([percent, mustS]) => lossRow('tcp', percent, mustS)),
  ...[
    [1, 2],
    [5, 3],
    [10, 4],
  ].map(([percent, mustS]) => lossRow('udp', percent, mustS)),
  refusedRow('unreachable'),
  refusedRow('prohibit'),
  udpRow('host200', '1,000 ports, 200/s for the whole host', UDP_1000, {
    ...hostWide(200, 200),
    boundS: boundS(980, 1 / 200, { burst: 200 }),
    kind: 'host-wide',
  }),
  udpRow('host2', '100 ports, 2/s for the whole host, burst 1, eight addresses', UDP_100, {
    ask: `-sU -p ${text(UDP_100.ports)} -S ${SOURCES.join(',')}`,
    ...hostWide(2, 1),
    boundS: boundS(80, 0.5, { burst: 1 }),
    waits: true,
    kind: 'host-wide',
  }),
  udpRow('oldv6', '100 ports of IPv6, 250 ms (kernels before 2026, a /64)', UDP_100, {
    target: TARGET[6],
    sysctls: { 'net.ipv6.icmp.ratelimit': 250 },
    boundS: boundS(80, 0.25),
    waits: true,
    peers: ['-6 -sU'],
    kind: 'per-source',
  }),
];
