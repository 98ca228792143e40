// What is measured on the packet wire, as root: the rows of issue 3.
import {
  CLOSED_NET,
  DELAYED,
  FIREWALLED,
  MIXED_NET,
  MIXED_PORT,
  mixedStateOf,
  SCENE,
  TARGET,
} from './lab.mjs';
import { bareLoop, itself, masscan, nmap, RECORDING, zmap } from './peers.mjs';
import { readGrepable, readNetText } from './reports.mjs';

const ALL_PORTS = 65_535;
const open = new Map(SCENE.tcpOpen.map((port) => [`${port}/tcp`, 'open']));
const others = ALL_PORTS - open.size;
const ALL_CLOSED = { ports: open, others: { closed: others } };
const ALL_FILTERED = { ports: open, others: { filtered: others } };

/** One closed port of as many addresses; zmap asks one port only. */
const CLOSED_PORT = 9;
const CLOSED_ADDRESSES = 262_144;

const diagonal = Array.from({ length: 256 }, (_, i) => `10.80.${i}.${i} ${MIXED_PORT}/tcp`);
const MIXED = {
  ports: new Map(diagonal.map((port) => [port, 'open'])),
  others: { closed: 32_640, filtered: 32_640 },
  stateOf(port) {
    const [third, last] = port.split(' ')[0].split('.').slice(2).map(Number);
    return mixedStateOf(third, last);
  },
};

/** Of the same /14: all listeners but dnsmasq's, which has an address of its own. */
const TEN_CLOSED = '10.96.0.1-10';
const tenOpen = new Map(
  Array.from({ length: 10 }, (_, i) => `10.96.0.${i + 1}`).flatMap((ip) =>
    SCENE.tcpOpen.filter((port) => port !== 53).map((port) => [`${ip} ${port}/tcp`, 'open']),
  ),
);

/** Its own congestion control crawls where most is silent; a rate must be given, and this is the highest that it keeps. */
const FAST = '--min-rate 100000';

/** What recording costs: the same scan with and without it. Runs are fast or slow by chance, so that few rounds say little. */
const RECORDED = {
  target: TARGET,
  ours: `-sS -p- --pcap ${RECORDING}`,
  peers: [itself('without', '-sS -p-')],
  truth: ALL_CLOSED,
  must: [{ of: 'without', atMost: 1.2 }],
};

/** The order of fields is that of rows.mjs; `measure` names a way of measuring (measures.mjs), whole seconds without one. */
export const PACKET_ROWS = [
  {
    name: 'syn-all',
    what: '65,535 TCP ports by SYN, refused',
    target: TARGET,
    ours: '-sS -p-',
    peers: [nmap('root', '-sS -T4 -p-'), bareLoop(1)],
    truth: ALL_CLOSED,
    must: [{ of: 'nmap', atMost: 0.8 }],
    aim: [{ of: 'nmap', atMost: 0.55 }],
  },
  {
    name: 'syn-firewalled',
    what: '65,535 TCP ports by SYN, dropped by the target (nmap with --min-rate 100000)',
    target: { 4: FIREWALLED },
    ours: '-sS -p-',
    peers: [nmap('root', `-sS ${FAST} -p-`)],
    truth: ALL_FILTERED,
    must: [{ atMost: 2.5 }],
    aim: [{ atMost: 1.2 }],
  },
  {
    name: 'syn-delayed',
    what: '65,535 TCP ports by SYN, refused, 20 ms away',
    target: { 4: DELAYED },
    ours: '-sS -p-',
    peers: [nmap('root', '-sS -T4 -p-')],
    truth: ALL_CLOSED,
    must: [{ atMost: 3 }],
    aim: [{ atMost: 1.2 }],
    usesLine: true,
  },
  {
    name: 'net16',
    what: 'one port of a /16, half dropped (nmap with --min-rate 100000)',
    target: { 4: MIXED_NET },
    isNet: true,
    ours: `-sS -p ${MIXED_PORT} --rate max`,
    read: readNetText,
    peers: [
      zmap(MIXED_PORT),
      masscan(MIXED_PORT, 100_000),
      nmap('root', `-sS ${FAST} -p ${MIXED_PORT} -oG -`, { read: readGrepable }),
    ],
    truth: MIXED,
    must: [{ atMost: 3 }],
    aim: [{ atMost: 2 }],
  },
  {
    name: 'net16-open',
    what: 'the same, until the last open one is printed',
    target: { 4: MIXED_NET },
    isNet: true,
    ours: `-sS -p ${MIXED_PORT} --rate max --jsonl`,
    measure: 'lastOpen',
    peers: [zmap(MIXED_PORT)],
    truth: MIXED,
    must: [{ of: 'zmap', atMost: 1 }],
  },
  {
    name: 'answered',
    what: 'answered probes, one closed port of a /14',
    target: { 4: CLOSED_NET },
    isNet: true,
    // Control ports would be asked besides, which no peer does.
    ours: `-sS -p ${CLOSED_PORT} --rate max --no-control`,
    read: readNetText,
    measure: 'answered',
    peers: [masscan(CLOSED_PORT, 10_000_000), zmap(CLOSED_PORT)],
    truth: { ports: new Map(), others: { closed: CLOSED_ADDRESSES }, stateOf: () => 'closed' },
    must: [
      { of: 'masscan', atLeast: 1.5 },
      { of: 'zmap', atLeast: 0.9 },
    ],
    aim: [
      { of: 'masscan', atLeast: 1.9 },
      { of: 'zmap', atLeast: 1.15 },
    ],
  },
  {
    name: 'syn-cpu',
    what: "user CPU of one probe, V8's compiling included: 65,535 ports less one port's run",
    target: TARGET,
    ours: '-sS -p-',
    less: '-sS -p 1',
    probes: ALL_PORTS - 1,
    measure: 'userCpu',
    peers: [
      nmap('root', '-sS -T4 -p-', {
        less: nmap('root', '-sS -T4 -p 1'),
      }),
    ],
    truth: ALL_CLOSED,
    must: [{ atMost: 1.2 }],
    aim: [{ atMost: 0.6 }],
  },
  {
    name: 'syn-cpu-further',
    what: 'user CPU of one further probe: ten addresses with 65,535 ports less one of them',
    target: { 4: TEN_CLOSED },
    lessTarget: { 4: TEN_CLOSED.replace(/-.*/, '') },
    isNet: true,
    ours: '-sS -p- --rate max --no-control',
    less: '-sS -p- --rate max --no-control',
    read: readNetText,
    probes: 9 * ALL_PORTS,
    lessProbes: ALL_PORTS,
    measure: 'furtherCpu',
    // Half a gigabyte of records: the text is checked alone, which names what is open and counts the others.
    isTextOnly: true,
    peers: [
      nmap('root', '-sS -T4 -p-', {
        read: undefined,
        less: nmap('root', '-sS -T4 -p-'),
      }),
      bareLoop(10, { less: bareLoop(1) }),
    ],
    truth: { ports: tenOpen, others: { closed: 10 * ALL_PORTS - tenOpen.size } },
    must: [{ atMost: 1.2 }],
    aim: [{ atMost: 0.6 }],
  },
  { name: 'record', what: '65,535 TCP ports by SYN, refused, with `--pcap`', ...RECORDED },
  {
    name: 'record-cpu',
    what: 'the same in CPU time, user and system',
    ...RECORDED,
    measure: 'cpu',
  },
  {
    name: 'syn2',
    what: 'two open TCP ports by SYN',
    target: TARGET,
    ours: '-sS -p 80,443',
    peers: [nmap('root', '-sS -p 80,443')],
    truth: {
      ports: new Map([
        ['80/tcp', 'open'],
        ['443/tcp', 'open'],
      ]),
      others: {},
    },
    must: [{ of: 'nmap', atMost: 0.8 }],
    aim: [{ of: 'nmap', atMost: 0.6 }],
  },
].map((row) => ({ user: 'root', restMs: 100, ...row }));
