// `pu-probe explain` beside `tshark -Y icmp` over one capture of a million packets, made here with a seed:
//   node bench/explain.mjs [PACKETS] [ROUNDS]
// Connections with data, DNS with and without answers, refusals, port unreachables, a scan: 1 % of the flows fail.
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const count = Number(process.argv[2] ?? 1_000_000);
const rounds = Number(process.argv[3] ?? 5);
const cli = fileURLToPath(new URL('../bin/pu-probe.cjs', import.meta.url));

/** A small generator (mulberry32): the same file each time. */
let state = 7;
const random = (below) => {
  state = (state + 0x6d2b79f5) | 0;
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
};

const address = (net, host) => [10, net, host >> 8, host & 255];
const word = (value) => [value >> 8, value & 255];

const ip = (protocol, src, dst, ttl, payload) => [
  ...[0x45, 0, ...word(20 + payload.length), ...word(random(65_536)), 0x40, 0, ttl, protocol, 0, 0],
  ...[...src, ...dst, ...payload],
];
const tcp = (src, dst, srcPort, dstPort, seq, ack, flags, length) =>
  ip(6, src, dst, 64, [
    ...[...word(srcPort), ...word(dstPort), 0, 0, ...word(seq), 0, 0, ...word(ack)],
    ...[0x50, flags, 0xff, 0xff, 0, 0, 0, 0, ...new Array(length).fill(0x61)],
  ]);
const udp = (src, dst, srcPort, dstPort, payload) =>
  ip(17, src, dst, 64, [
    ...word(srcPort),
    ...word(dstPort),
    ...word(8 + payload.length),
    0,
    0,
    ...payload,
  ]);
const unreachable = (from, to, quoted) => ip(1, from, to, 60, [3, 3, 0, 0, 0, 0, 0, 0, ...quoted]);
const dns = (id, flags) => [
  ...[...word(id), ...word(flags), 0, 1, 0, 0, 0, 0, 0, 0, 3, 0x77, 0x77, 0x77, 7],
  ...[...'example'].map((letter) => letter.charCodeAt(0)),
  ...[3, 0x63, 0x6f, 0x6d, 0, 0, 1, 0, 1],
];

/** The packets of one flow. */
function flow() {
  const client = address(1, random(4000));
  const server = address(2, random(400));
  const port = 32_768 + random(28_000);
  const kind = random(100);
  if (kind < 60) {
    const packets = [
      tcp(client, server, port, 443, 0, 0, 2, 0),
      tcp(server, client, 443, port, 0, 1, 18, 0),
      tcp(client, server, port, 443, 1, 1, 16, 0),
    ];
    for (let n = 0; n < 15; n++) {
      packets.push(tcp(server, client, 443, port, 1 + n * 1000, 1, 16, 1000));
      packets.push(tcp(client, server, port, 443, 1, 1001 + n * 1000, 16, 0));
    }
    return packets;
  }
  const asked = udp(client, server, port, 53, dns(port, 0x0100));
  if (kind < 98) return [asked, udp(server, client, 53, port, dns(port, 0x8180))];
  if (kind === 98) return [asked, unreachable(server, client, asked)];
  const syn = tcp(client, server, port, 1 + random(1000), 0, 0, 2, 0);
  return random(2) === 0
    ? [syn]
    : [syn, tcp(server, client, syn[22] * 256 + syn[23], port, 0, 1, 20, 0)];
}

function makeCapture(path) {
  const file = openSync(path, 'w');
  const head = Buffer.alloc(24);
  head.writeUInt32LE(0xa1b2c3d4, 0);
  head.writeUInt16LE(2, 4);
  head.writeUInt16LE(4, 6);
  head.writeUInt32LE(65_535, 16);
  head.writeUInt32LE(101, 20);
  let pieces = [head];
  let held = 0;
  for (let n = 0; n < count; ) {
    for (const packet of flow()) {
      const record = Buffer.alloc(16 + packet.length);
      record.writeUInt32LE(1_700_000_000 + Math.floor(n / 10_000), 0);
      record.writeUInt32LE((n % 10_000) * 100, 4);
      record.writeUInt32LE(packet.length, 8);
      record.writeUInt32LE(packet.length, 12);
      record.set(packet, 16);
      pieces.push(record);
      held += record.length;
      if (++n === count) break;
    }
    if (held > 4e6) {
      writeSync(file, Buffer.concat(pieces));
      pieces = [];
      held = 0;
    }
  }
  writeSync(file, Buffer.concat(pieces));
  closeSync(file);
}

/** Seconds of wall time, and the largest resident set in MB. */
function measure(argv) {
  const started = performance.now();
  const { status, stderr } = spawnSync('/usr/bin/env', ['time', '-f', '%M', ...argv], {
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  if (status !== 0) throw new Error(`${argv.join(' ')}: ${stderr}`);
  const seconds = (performance.now() - started) / 1000;
  return { seconds, megabytes: Number(stderr.trim().split('\n').at(-1)) / 1024 };
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

const folder = mkdtempSync(join(tmpdir(), 'pu-probe-bench-'));
try {
  const path = join(folder, 'capture.pcap');
  makeCapture(path);
  const ours = [];
  const theirs = [];
  for (let round = 0; round < rounds; round++) {
    ours.push(measure([process.execPath, cli, 'explain', path, '--json']));
    theirs.push(measure(['tshark', '-n', '-r', path, '-Y', 'icmp']));
  }
  const ratios = ours.map(({ seconds }, round) => seconds / theirs[round].seconds);
  const [least, most] = [Math.min(...ratios), Math.max(...ratios)].map((ratio) => ratio.toFixed(2));
  console.log(
    `explain, ${count} packets: ${median(ratios).toFixed(2)} (${least}-${most}) of tshark -Y icmp`,
  );
  console.log(
    `  ${median(ours.map(({ seconds }) => seconds)).toFixed(1)} s, ${Math.round(median(ours.map(({ megabytes }) => megabytes)))} MB`,
  );
  console.log(
    `  tshark ${median(theirs.map(({ seconds }) => seconds)).toFixed(1)} s, ${Math.round(median(theirs.map(({ megabytes }) => megabytes)))} MB`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
