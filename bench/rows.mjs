// What is measured on sockets: the same question to both programs, and the truth that both must find.
import { SCENE, TARGET } from './lab.mjs';
import { nmap } from './peers.mjs';

/** A truth about ports of one address. */
const truthOf = (ports, closed = 0) => ({ ports: new Map(ports), others: { closed } });
const udp = (state, ports) => ports.map((port) => [`${port}/udp`, state]);
const tcp = (ports) => ports.map((port) => [`${port}/tcp`, 'open']);

const TWO_UDP = '-sU -p 53,123';
const FOUR_UDP = '-sU -p 53,123,514,9999';

/**
 * `must` and `aim` bound the ratio to a peer (`of`), or our own number in the unit of the row. `restMs` comes before every
 * run: the target's kernel sends one ICMP error a second to one source (icmp_ratelimit), after six at once, and neither
 * side may find it spent by the other.
 */
export const SOCKET_ROWS = [
  {
    name: 'udp2',
    what: 'two answering UDP ports, as nobody',
    target: TARGET,
    user: 'nobody',
    ours: TWO_UDP,
    peers: [nmap('root', TWO_UDP)],
    truth: truthOf(udp('open', [53, 123])),
    must: [{ of: 'nmap', atMost: 0.65 }],
    aim: [{ of: 'nmap', atMost: 0.5 }],
    restMs: 20,
  },
  {
    name: 'udp2-root',
    what: 'two answering UDP ports, as root',
    target: TARGET,
    user: 'root',
    ours: TWO_UDP,
    peers: [nmap('root', TWO_UDP)],
    truth: truthOf(udp('open', [53, 123])),
    must: [{ of: 'nmap', atMost: 0.65 }],
    aim: [{ of: 'nmap', atMost: 0.55 }],
    restMs: 20,
  },
  {
    name: 'silent',
    what: 'one silent UDP port among four, as nobody',
    target: TARGET,
    user: 'nobody',
    ours: FOUR_UDP,
    peers: [nmap('root', FOUR_UDP)],
    truth: truthOf([
      ...udp('open', [53, 123]),
      ...udp('open|filtered', [514]),
      ...udp('closed', [9999]),
    ]),
    must: [{ atMost: 0.5 }],
    restMs: 1100,
  },
  {
    name: 'tcp-all',
    what: '65,535 TCP ports, 100 open, as nobody',
    target: TARGET,
    user: 'nobody',
    ours: '-sT -p-',
    peers: [nmap('nobody', '-sT -T4 -p-')],
    truth: truthOf(tcp(SCENE.tcpOpen), 65_535 - SCENE.tcpOpen.length),
    must: [{ of: 'nmap', atMost: 1 }],
    aim: [{ of: 'nmap', atMost: 0.8 }],
    restMs: 1100,
  },
  {
    name: 'tcp2',
    what: 'two open TCP ports, as nobody',
    target: TARGET,
    user: 'nobody',
    ours: '-sT -p 80,443',
    peers: [nmap('nobody', '-sT -p 80,443')],
    truth: truthOf(tcp([80, 443])),
    restMs: 20,
  },
];
