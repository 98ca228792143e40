// What is measured: the same question to both programs, and the truth that both must find.
import { SCENE } from './lab.mjs';

const udp = (open, silent, closed) =>
  new Map([
    ...open.map((port) => [`${port}/udp`, 'open']),
    ...silent.map((port) => [`${port}/udp`, 'open|filtered']),
    ...closed.map((port) => [`${port}/udp`, 'closed']),
  ]);
const tcp = (ports) => new Map(ports.map((port) => [`${port}/tcp`, 'open']));

const TWO_UDP = '-sU -p 53,123';
const FOUR_UDP = '-sU -p 53,123,514,9999';

/**
 * `must` and `aim` bound the ratio to the peer, or our own time in seconds. `restMs` comes before every run: the target's
 * kernel sends one ICMP error a second to one source (icmp_ratelimit), after six at once, and neither side may find it
 * spent by the other.
 */
export const ROWS = [
  {
    name: 'udp2',
    what: 'two answering UDP ports, as nobody',
    user: 'nobody',
    ours: TWO_UDP,
    peer: { user: 'root', args: `-n -Pn ${TWO_UDP}` },
    truth: udp([53, 123], [], []),
    must: { ratio: 0.65 },
    aim: { ratio: 0.5 },
    restMs: 20,
  },
  {
    name: 'udp2-root',
    what: 'two answering UDP ports, as root',
    user: 'root',
    ours: TWO_UDP,
    peer: { user: 'root', args: `-n -Pn ${TWO_UDP}` },
    truth: udp([53, 123], [], []),
    must: { ratio: 0.65 },
    aim: { ratio: 0.5 },
    restMs: 20,
  },
  {
    name: 'silent',
    what: 'one silent UDP port among four, as nobody',
    user: 'nobody',
    ours: FOUR_UDP,
    peer: { user: 'root', args: `-n -Pn ${FOUR_UDP}` },
    truth: udp([53, 123], [514], [9999]),
    must: { seconds: 0.5 },
    restMs: 1100,
  },
  {
    name: 'tcp-all',
    what: '65,535 TCP ports, 100 open, as nobody',
    user: 'nobody',
    ours: '-sT -p-',
    peer: { user: 'nobody', args: '-n -Pn -sT -T4 -p-' },
    truth: tcp(SCENE.tcpOpen),
    closed: 65_535 - SCENE.tcpOpen.length,
    must: { ratio: 1 },
    aim: { ratio: 0.8 },
    restMs: 1100,
  },
  {
    name: 'tcp2',
    what: 'two open TCP ports, as nobody',
    user: 'nobody',
    ours: '-sT -p 80,443',
    peer: { user: 'nobody', args: '-n -Pn -sT -p 80,443' },
    truth: tcp([80, 443]),
    restMs: 20,
  },
];

/** The report of either program as text: its table of ports, and how many closed ones it left out. */
export function readReport(text) {
  const ports = new Map();
  for (const [, port, state] of text.matchAll(/^(\d+\/(?:tcp|udp))\s+(\S+)/gm)) {
    ports.set(port, state);
  }
  const [, hidden = '0'] = /^Not shown: ([\d,]+) closed tcp ports/m.exec(text) ?? [];
  return { ports, closed: Number(hidden.replaceAll(',', '')) };
}

/** Our `--json` in the same form. */
export function readJson(text) {
  const { verdicts, complete } = JSON.parse(text);
  if (!complete) throw new Error('complete: false');
  const ports = new Map(
    verdicts.map(({ port, protocol, state }) => [`${port}/${protocol}`, state]),
  );
  return { ports, closed: 0 };
}

/** What differs from the truth, in words; an empty list is a right answer. */
export function findErrors({ truth, closed = 0 }, report) {
  const errors = [];
  for (const [port, state] of truth) {
    const said = report.ports.get(port) ?? 'not listed';
    if (said !== state) errors.push(`${port} is ${state}, not ${said}`);
  }
  const others = [...report.ports].filter(([port]) => !truth.has(port));
  for (const [port, state] of others) {
    if (state !== 'closed') errors.push(`${port} is closed, not ${state}`);
  }
  const counted = report.closed + others.length;
  if (counted !== closed) errors.push(`${counted} closed ports besides, not ${closed}`);
  return errors;
}
