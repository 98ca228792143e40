/**
 * No bytes from the network make a reader throw, loop, point outside of its span, or depend on what lies around it.
 *
 * Plain loops over a seeded generator: the point is the number of cases. The seed is in every failure message.
 */
import { expect, it } from 'vitest';
import { checkExtensions, readExtensions } from '../../src/packet/extensions.ts';
import { createIcmpView, readIcmp } from '../../src/packet/icmp.ts';
import { createIpView, readIp } from '../../src/packet/ip.ts';
import { createQuoteView, readQuote } from '../../src/packet/quote.ts';
import { createTcpView, readTcp } from '../../src/packet/tcp.ts';
import { createTcpOptionsView, readTcpOptions } from '../../src/packet/tcpOptions.ts';
import { checkTransport } from '../../src/packet/transport.ts';
import { createUdpView, readUdp } from '../../src/packet/udp.ts';
import { goldenPackets, hex } from './golden.ts';

const SEED = 20_260_101;
const CASES = 200_000;
const MARGIN = 16;

/** Golden packets, and shapes that no kernel was asked for: extension headers, options, RFC 4884 structures. */
const corpus: readonly Uint8Array[] = [
  ...Object.values(goldenPackets).map((packet) => packet.slice(0, 240)),
  hex(
    '60000000 0048 00 40',
    '20'.repeat(16),
    '21'.repeat(16),
    '2b00050200000000 3c02040100000000 2222222222222222 2222222222222222',
    '3300010400000000 2c02000000000001 00000002aabbccdd 11000001cafef00d 0009003500080000',
  ),
  hex('4f00003c 00012000 4006 0000 0a090101 0a090201', '94040000'.repeat(10), '0050'.repeat(10)),
  hex(
    '450000bc 00010000 4001 0000 0a090102 0a090101',
    '0b00f4ff 00200000',
    '45000021 a0574000 3f118461 0a090101 0a090201 d03d0009 000dd4a7',
    '00'.repeat(100),
    '2000 0000 000801010003e841 001c020f 00000007 00010000 0a090102 08657468302f3100 000005dc',
  ),
];

it(`reads ${CASES} hostile packets without harm (seed ${SEED})`, () => {
  const random = createRandom(SEED);
  for (let index = 0; index < CASES; index++) {
    const packet = hostilePacket(random);
    const first = surrounded(packet, random);
    const second = surrounded(packet, random);
    const one = readAll(first, MARGIN, MARGIN + packet.length);
    const other = readAll(second, MARGIN, MARGIN + packet.length);
    if (one.some((value, i) => value !== other[i])) {
      throw new Error(
        `case ${index} of seed ${SEED} depends on its surroundings: ${toHex(packet)}`,
      );
    }
  }
});

it('reads every golden packet cut at every length, at every reader', () => {
  let count = 0;
  for (const packet of corpus) {
    for (let end = 0; end <= packet.length; end++) {
      const bytes = surrounded(packet.subarray(0, end), () => 0x45);
      count += readAll(bytes, MARGIN, MARGIN + end).length;
    }
  }
  expect(count).toBeGreaterThan(corpus.length * 240);
});

const ipView = createIpView();
const quoteView = createQuoteView();
const icmpView = createIcmpView();
const innerView = createQuoteView();
const tcpView = createTcpView();
const udpView = createUdpView();
const optionsView = createTcpOptionsView();

/** Lets every reader at the span and at what the outer ones found in it; returns all that they said. */
function readAll(bytes: Uint8Array, at: number, end: number): (number | string | boolean)[] {
  const said: (number | string | boolean)[] = [];
  const inside = (...offsets: readonly number[]) => {
    let last = at;
    for (const offset of offsets) {
      if (offset < last || offset > end) {
        throw new Error(`offset ${offset} of ${offsets} is outside of [${at}, ${end})`);
      }
      last = offset;
    }
  };
  const keep = (view: object) => {
    for (const value of Object.values(view)) said.push(value);
  };
  let payloadAt = at;
  let payloadEnd = end;
  if (readIp(bytes, at, end, ipView)) {
    inside(ipView.headerAt, ipView.srcAt, ipView.dstAt, ipView.payloadAt, ipView.payloadEnd);
    keep(ipView);
    said.push(checkTransport(bytes, ipView));
    ({ payloadAt, payloadEnd } = ipView);
  }
  if (readQuote(bytes, at, end, quoteView)) {
    inside(quoteView.srcAt, quoteView.dstAt, quoteView.transportAt);
    inside(quoteView.transportAt, quoteView.payloadAt, quoteView.payloadEnd);
    keep(quoteView);
  }
  if (readTcp(bytes, payloadAt, payloadEnd, tcpView)) {
    inside(tcpView.optionsAt, tcpView.optionsEnd, tcpView.payloadAt, tcpView.payloadEnd);
    readTcpOptions(bytes, tcpView.optionsAt, tcpView.optionsEnd, optionsView);
    keep(tcpView);
    keep(optionsView);
  }
  if (readUdp(bytes, payloadAt, payloadEnd, udpView)) {
    inside(payloadAt, udpView.payloadAt, udpView.payloadEnd, payloadEnd);
    keep(udpView);
  }
  for (const family of [4, 6] as const) {
    if (!readIcmp(bytes, payloadAt, payloadEnd, family, icmpView)) continue;
    inside(icmpView.payloadAt, icmpView.payloadEnd);
    keep(icmpView);
    if (!icmpView.isError) continue;
    inside(icmpView.quoteAt, icmpView.quoteEnd);
    if (readQuote(bytes, icmpView.quoteAt, icmpView.quoteEnd, innerView)) keep(innerView);
    if (icmpView.extensionsAt >= 0) {
      inside(icmpView.quoteEnd, icmpView.extensionsAt, icmpView.extensionsEnd);
      keepExtensions(bytes, icmpView.extensionsAt, icmpView.extensionsEnd);
    }
  }
  said.push(checkExtensions(bytes, payloadAt, payloadEnd));
  keepExtensions(bytes, payloadAt, payloadEnd);
  return said;

  function keepExtensions(source: Uint8Array, from: number, to: number): void {
    const { objects, complete } = readExtensions(source, from, to);
    said.push(complete, objects.length);
    for (const object of objects) said.push(JSON.stringify(object));
  }
}

/** Random bytes, or a golden packet that was mutated and cut. */
function hostilePacket(random: () => number): Uint8Array {
  if (random() % 8 === 0) {
    const bytes = new Uint8Array(random() % 120);
    for (let i = 0; i < bytes.length; i++) bytes[i] = random();
    // A version that is known, or nothing behind the first byte would be looked at.
    if (bytes.length > 0 && random() % 4 > 0) bytes[0] = random() % 2 ? 0x45 : 0x60;
    return bytes;
  }
  const packet = corpus[random() % corpus.length]!.slice();
  for (let mutations = random() % 6; mutations > 0; mutations--) {
    // Headers are what readers look at: most mutations fall into the first 80 bytes.
    const at = random() % (random() % 4 > 0 ? Math.min(80, packet.length) : packet.length);
    packet[at] = random() % 4 > 0 ? random() : boundaries[random() % boundaries.length]!;
  }
  return random() % 2 ? packet : packet.subarray(0, random() % (packet.length + 1));
}

const boundaries: readonly number[] = [0, 1, 4, 5, 6, 7, 8, 17, 43, 44, 51, 58, 60, 0x7f, 0xff];

/** The packet between margins that are different every time. */
function surrounded(packet: Uint8Array, random: () => number): Uint8Array {
  const bytes = new Uint8Array(packet.length + 2 * MARGIN).fill(random());
  bytes.set(packet, MARGIN);
  return bytes;
}

/** xorshift32 (Marsaglia 2003). */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

function toHex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
