/** Sends packets through namespaces and through the simulator, and tells what came back in words that can be compared. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { formatIp } from '../../src/packet/address.ts';
import { read16 } from '../../src/packet/bytes.ts';
import { createIcmpView, readIcmp } from '../../src/packet/icmp.ts';
import { createIpView, IP_PROTOCOL, type IpView, readIp } from '../../src/packet/ip.ts';
import { createTcpView, readTcp } from '../../src/packet/tcp.ts';
import { checkTransport } from '../../src/packet/transport.ts';
import type { Network } from '../../src/sim/network.ts';

/** Sends the packets from a namespace and listens for so long; the answers are sorted. */
export function sendInLab(
  namespace: string,
  packets: readonly Uint8Array[],
  seconds: number,
): readonly string[] {
  const script = fileURLToPath(new URL('./sendAndSee.py', import.meta.url));
  const argv = ['netns', 'exec', namespace, 'python3', script, 'out', String(seconds)];
  const input = packets.map((packet) => Buffer.from(packet).toString('hex')).join('\n');
  const done = spawnSync('ip', argv, { encoding: 'utf8', input: `${input}\n` });
  if (done.status !== 0 || done.stderr !== '') throw new Error(`sendAndSee.py: ${done.stderr}`);
  return describeAll(done.stdout.split('\n').map((line) => Buffer.from(line, 'hex')));
}

/** The same on a simulated network. */
export function sendInSim(
  network: Network,
  packets: readonly Uint8Array[],
  untilMs: number,
): readonly string[] {
  packets.forEach((packet, index) => {
    network.send(packet, index * 0.05);
  });
  const answers: Uint8Array[] = [];
  for (;;) {
    const arrival = network.receive(untilMs);
    if (arrival === null) return describeAll(answers);
    answers.push(arrival.bytes);
  }
}

function describeAll(packets: readonly Uint8Array[]): readonly string[] {
  return packets
    .map(describePacket)
    .filter((text) => text !== null)
    .sort();
}

/** What must agree; null for what only a real link has (neighbour discovery, redirects). */
function describePacket(bytes: Uint8Array): string | null {
  const ip = createIpView();
  if (!readIp(bytes, 0, bytes.length, ip)) return null;
  const head = `${formatIp(bytes, ip.srcAt, ip.family)} ttl ${ip.ttl} tos ${ip.tos}`;
  if (ip.protocol === IP_PROTOCOL.TCP) {
    const tcp = createTcpView();
    if (!readTcp(bytes, ip.payloadAt, ip.payloadEnd, tcp)) return null;
    const ports = `${tcp.srcPort} to ${tcp.dstPort}`;
    return `${head} tcp ${ports} flags ${tcp.flags} window ${tcp.window} ack ${tcp.ack}`;
  }
  if (ip.protocol === IP_PROTOCOL.UDP) {
    const ports = `${read16(bytes, ip.payloadAt)} to ${read16(bytes, ip.payloadAt + 2)}`;
    return `${head} udp ${ports}`;
  }
  return describeIcmp(bytes, ip, head);
}

function describeIcmp(bytes: Uint8Array, ip: IpView, head: string): string | null {
  const icmp = createIcmpView();
  if (!readIcmp(bytes, ip.payloadAt, ip.payloadEnd, ip.family, icmp) || icmp.gatewayAt >= 0) {
    return null;
  }
  const kind = `${head} icmp ${icmp.type}/${icmp.code}`;
  if (icmp.echoId >= 0) return `${kind} of ${icmp.echoId} ${icmp.echoSeq}`;
  if (!icmp.isError) return null;
  const quote = Buffer.from(bytes.subarray(icmp.quoteAt, icmp.quoteEnd)).toString('hex');
  return `${kind} mtu ${icmp.mtu} checksum ${checkTransport(bytes, ip)} quote ${quote}`;
}
