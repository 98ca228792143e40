/** The raw-socket wire over a package that a test plays: what is kept of what comes, and what a failed send means. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import {
  createProbeBatch,
  PROTO_OWN_SIDE,
  PROTO_TCP,
  SIGNAL,
  type SignalBatch,
} from '../../src/batch.ts';
import { ERRNO } from '../../src/errno.ts';
import { ANSWER } from '../../src/match/facts.ts';
import { createMatchingEngine } from '../../src/match/matchingEngine.ts';
import type { Family, Plan, Wire } from '../../src/model.ts';
import { read16, write16 } from '../../src/packet/bytes.ts';
import { fold, sumIp, sumPseudoHeader } from '../../src/packet/checksum.ts';
import { createIpView, emitIp, IP_PROTOCOL, readIp } from '../../src/packet/ip.ts';
import {
  createTcpView,
  emitTcp,
  readTcp,
  TCP_FLAG,
  TCP_HEADER_BYTES,
} from '../../src/packet/tcp.ts';
import { createPlan } from '../../src/plan/plan.ts';
import { errnoOf } from '../../src/wire/rawSocketPackage.ts';
import { openRawSocketWire } from '../../src/wire/rawSocketWire.ts';
import { type PlayedPackage, playRawSocket } from './rawSocketPackage.ts';

const TARGETS: Readonly<Record<Family, string>> = { 4: '127.0.0.1', 6: '::1' };
const SYN_ACK = TCP_FLAG.SYN | TCP_FLAG.ACK;
const RESET = TCP_FLAG.RST | TCP_FLAG.ACK;
const PORT = 22;

let opened: Wire[] = [];
afterEach(() => {
  for (const wire of opened) wire.close();
  opened = [];
});

const planOf = (ports: string): Promise<Plan> =>
  createPlan(
    { targets: [TARGETS[4], TARGETS[6]], ports, tcp: true, udp: false },
    { resolve: async () => [], interfaces: [], seed: [3, 4] },
  );

async function open(played: PlayedPackage, ports = String(PORT)) {
  const plan = await planOf(ports);
  const one = openRawSocketWire(played.raw, plan, 'test');
  if ('unavailable' in one) throw new Error(one.unavailable);
  const { wire, srcPort } = one;
  opened.push(wire);
  const matching = createMatchingEngine({ plan, srcPort, controlAt: () => 0 });
  const read = (signals: SignalBatch) =>
    Array.from({ length: signals.count }, (_, row) => {
      const result = matching.read(signals, row);
      const { answer, errno, ttl } = matching.match;
      return { kind: signals.kind[row], result, answer, errno, ttl };
    });
  return {
    wire,
    srcPort,
    /** Sends one SYN to the target of this family; returns the packet, where one left. */
    syn(family: Family, port = PORT): Buffer | undefined {
      const before = played.sent.length;
      wire.send(rowOf(plan, family, PROTO_TCP, port));
      return played.sent[before]?.packet;
    },
    inquire: () => wire.send(rowOf(plan, 4, PROTO_OWN_SIDE, 0)),
    next: async () => read(await wire.next(wire.nowMs() + 5)),
    take: () => wire.next(wire.nowMs() + 5),
  };
}

function rowOf({ space }: Plan, family: Family, protocol: number, port: number) {
  const batch = createProbeBatch(1);
  const target = family === 4 ? 0 : 1;
  batch.count = 1;
  batch.probe[0] = space.indexOf(target, protocol, port) >>> 0;
  batch.attempt[0] = 1;
  batch.protocol[0] = protocol;
  batch.target[0] = target;
  batch.port[0] = port;
  return batch;
}

/** What the target answers to a SYN. */
function answerTo(syn: Uint8Array, flags: number): Uint8Array {
  const ip = createIpView();
  const tcp = createTcpView();
  readIp(syn, 0, syn.length, ip);
  readTcp(syn, ip.payloadAt, ip.payloadEnd, tcp);
  const out = new Uint8Array(ip.payloadAt + TCP_HEADER_BYTES);
  emitIp(out, 0, ip.family, {
    ...{ tos: 0, id: 1, dontFragment: true, flowLabel: 0, ttl: 60, protocol: PROTO_TCP },
    ...{ src: syn, srcAt: ip.dstAt, dst: syn, dstAt: ip.srcAt, payloadLength: TCP_HEADER_BYTES },
  });
  emitTcp(out, ip.payloadAt, {
    ...{ srcPort: tcp.dstPort, dstPort: tcp.srcPort, seq: 7, ack: tcp.seq + 1, flags },
    ...{ window: 1000, options: new Uint8Array(0), payload: out, payloadAt: 0, payloadLength: 0 },
    addressSum: sumIp(syn, ip.srcAt, ip.family) + sumIp(syn, ip.dstAt, ip.family),
  });
  return out;
}

const tcpOf = (packet: Uint8Array) => {
  const ip = createIpView();
  const tcp = createTcpView();
  readIp(packet, 0, packet.length, ip);
  readTcp(packet, ip.payloadAt, ip.payloadEnd, tcp);
  return { ip, tcp };
};

describe.each([4, 6] as const)('IPv%i', (family) => {
  const source = TARGETS[family];

  it('a SYN-ACK is an answer, and is reset; the TTL of IPv6 is not known', async () => {
    const played = playRawSocket();
    const { syn, next, srcPort } = await open(played);
    const packet = syn(family)!;
    expect(tcpOf(packet).tcp.srcPort).toBe(srcPort);
    played.deliver(family, PROTO_TCP, answerTo(packet, SYN_ACK), source);
    const ttl = family === 4 ? 60 : 0;
    expect(await next()).toMatchObject([
      { kind: SIGNAL.PACKET, result: 'matched', answer: ANSWER.ESTABLISHED, ttl },
    ]);
    expect(played.sent.map(({ address }) => address)).toEqual([source, source]);
    const { tcp } = tcpOf(played.sent[1]!.packet);
    expect(tcp.flags).toBe(TCP_FLAG.RST);
    expect(tcp.seq).toBe(tcpOf(packet).tcp.seq + 1);
  });

  it('a damaged segment is counted and left, one whose checksum is for hardware is kept', async () => {
    const played = playRawSocket();
    const { syn, next, wire } = await open(played);
    const answer = answerTo(syn(family)!, RESET);
    const { ip } = tcpOf(answer);
    const checksumAt = ip.payloadAt + 16;
    const damaged = answer.slice();
    write16(damaged, checksumAt, read16(answer, checksumAt) ^ 1);
    played.deliver(family, PROTO_TCP, damaged, source);
    expect(await next()).toEqual([]);
    expect(wire.counters()).toMatchObject({ badChecksums: 1 });
    const addressSum = sumIp(answer, ip.srcAt, family) + sumIp(answer, ip.dstAt, family);
    write16(answer, checksumAt, fold(sumPseudoHeader(addressSum, PROTO_TCP, TCP_HEADER_BYTES)));
    played.deliver(family, PROTO_TCP, answer, source);
    expect(await next()).toMatchObject([{ result: 'matched', answer: ANSWER.RESET }]);
  });

  it('packets to other ports, cut ones and echo requests are counted and left', async () => {
    const played = playRawSocket();
    const { syn, next, wire } = await open(played);
    const packet = syn(family)!;
    const headerBytes = tcpOf(packet).ip.payloadAt;
    const icmp = family === 4 ? IP_PROTOCOL.ICMP : IP_PROTOCOL.ICMPV6;
    const echo = packet.slice(0, headerBytes + 8).fill(0, headerBytes);
    echo[headerBytes] = family === 4 ? 8 : 128;
    played.deliver(family, PROTO_TCP, packet, source);
    played.deliver(family, PROTO_TCP, packet.subarray(0, headerBytes + 3), source);
    played.deliver(family, icmp, echo, source);
    expect(await next()).toEqual([]);
    expect(wire.counters()).toMatchObject({ otherTraffic: 3, badChecksums: 0 });
  });

  it('what our own OUTPUT hook kept back has no answer: its reset is our own', async () => {
    const played = playRawSocket();
    const { syn, next, wire } = await open(played, '22,23');
    const answer = answerTo(syn(family)!, RESET);
    const other = answerTo(syn(family, 23)!, RESET);
    played.failure = 'Operation not permitted';
    expect(syn(family)).toBeUndefined();
    played.deliver(family, PROTO_TCP, answer, source);
    played.deliver(family, PROTO_TCP, other, source);
    const seen = [...(await next()), ...(await next())];
    expect(seen.map(({ answer: given, errno }) => [given, errno])).toEqual([
      [ANSWER.RESET, 0],
      [ANSWER.SEND_FAILED, ERRNO.EPERM],
    ]);
    expect(wire.counters()).toMatchObject({ ownResets: 1 });
    played.failure = null;
    syn(family);
    played.deliver(family, PROTO_TCP, answer, source);
    expect(await next()).toMatchObject([{ answer: ANSWER.RESET }]);
  });
});

it('an IPv6 error of a router comes to the address that the quoted packet left from', async () => {
  const played = playRawSocket();
  const { syn, take } = await open(played);
  const packet = syn(6)!;
  const message = Buffer.alloc(48 + packet.length);
  // Behind a header that the package does not show: time exceeded (RFC 4443 section 3.3).
  message[40] = 3;
  message.set(packet, 48);
  played.deliver(6, IP_PROTOCOL.ICMPV6, message, 'fd00::1');
  const { bytes, offset, count } = await take();
  expect(count).toBe(1);
  const to = bytes.slice(offset[0]! + 24, offset[0]! + 40);
  expect(to).toEqual(new Uint8Array(packet.subarray(8, 24)));
});

it('a full send buffer is told, and nothing waits here', async () => {
  const played = playRawSocket();
  const { syn, next } = await open(played);
  played.failure = 'Resource temporarily unavailable';
  syn(4);
  expect(await next()).toMatchObject([{ answer: ANSWER.SEND_FAILED, errno: ERRNO.EAGAIN }]);
  expect(played.sent).toEqual([]);
});

it('a full batch pauses the sockets until it is taken, and nothing is lost', async () => {
  const played = playRawSocket();
  const { syn, take, wire } = await open(played);
  const answer = answerTo(syn(4)!, RESET);
  const receivers = played.sockets.filter(({ protocol }) => protocol !== 255);
  const total = 1030;
  for (let packet = 0; packet < total; packet++) {
    played.deliver(4, PROTO_TCP, answer, TARGETS[4]);
  }
  expect(receivers.map(({ isPaused }) => isPaused)).toEqual(receivers.map(() => true));
  const first = (await take()).count;
  const pending = take();
  expect(receivers.map(({ isPaused }) => isPaused)).toEqual(receivers.map(() => false));
  // The real socket is readable still; the next packet shows it.
  played.deliver(4, PROTO_TCP, answer, TARGETS[4]);
  expect(first + (await pending).count).toBe(total + 1);
  expect(wire.counters()).toMatchObject({ lostSignals: 0 });
});

it('packets that the kernel dropped make silence doubtful, and are counted to the end', async () => {
  const played = playRawSocket();
  const { inquire, take, wire } = await open(played);
  inquire();
  expect((await take()).ownSide[0]).toMatchObject({ overflow: false });
  played.drops = 2;
  inquire();
  expect((await take()).ownSide[0]).toMatchObject({ overflow: true });
  wire.close();
  expect(wire.counters()).toMatchObject({ ringDrops: 12 });
  expect(played.sockets.every(({ isClosed }) => isClosed)).toBe(true);
});

it('without the privilege it says so, and keeps nothing', async () => {
  const plan = await planOf(String(PORT));
  const played = playRawSocket();
  const { srcPort } = await open(played);
  for (const wire of opened.splice(0)) wire.close();
  const { raw } = playRawSocket();
  const forbidden = {
    ...raw,
    createSocket: () => {
      throw new Error('Operation not permitted');
    },
  };
  expect(openRawSocketWire(forbidden, plan, 'test')).toEqual({
    unavailable: 'it needs CAP_NET_RAW',
  });
  const socket = createSocket('udp4');
  socket.bind(srcPort, '0.0.0.0');
  await once(socket, 'listening');
  socket.close();
});

it('the words of two C libraries are errnos, unknown ones EPROTO', () => {
  const errnos = [
    'Network is unreachable',
    'Network unreachable',
    'No buffer space available',
    'Something new',
  ].map((words) => errnoOf(new Error(words)));
  expect(errnos).toEqual([ERRNO.ENETUNREACH, ERRNO.ENETUNREACH, ERRNO.ENOBUFS, ERRNO.EPROTO]);
});
