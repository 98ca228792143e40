import { describe, expect, it } from 'vitest';
import { createQuoteView, type QuoteView, readQuote } from '../../src/packet/quote.ts';
import {
  adminProhibited6,
  fragmentationNeeded4,
  hex,
  packetTooBig6,
  portUnreachable4,
  portUnreachable6,
  portUnreachableTcp4,
  syn6,
  timeExceeded4,
} from './golden.ts';

function read(bytes: Uint8Array, at = 0, end: number = bytes.length): QuoteView | null {
  const view = createQuoteView();
  return readQuote(bytes, at, end, view) ? view : null;
}

const unknown = {
  srcPort: -1,
  dstPort: -1,
  tcpSeq: -1,
  udpLength: -1,
  udpChecksum: -1,
  icmpId: -1,
  icmpSeq: -1,
};

const udpQuote4 = portUnreachable4.slice(28);
const tcpQuote4 = portUnreachableTcp4.slice(28);
const udpQuote6 = portUnreachable6.slice(48);

describe('readQuote', () => {
  it('reads a whole datagram', () => {
    expect(read(portUnreachable4, 28)).toEqual({
      family: 4,
      headerAt: 28,
      payloadAt: 56,
      payloadEnd: 61,
      truncated: false,
      totalLength: 33,
      protocol: 17,
      ttl: 63,
      tos: 0,
      id: 0xa057,
      flowLabel: 0,
      dontFragment: true,
      fragmentOffset: 0,
      moreFragments: false,
      segmentsLeft: 0,
      srcAt: 40,
      dstAt: 44,
      transportAt: 48,
      srcPort: 53309,
      dstPort: 9,
      tcpSeq: -1,
      udpLength: 13,
      udpChecksum: 0xd4a7,
      icmpId: -1,
      icmpSeq: -1,
    });
    expect(read(portUnreachable6, 48)).toMatchObject({
      family: 6,
      ttl: 63,
      flowLabel: 0x21528,
      id: -1,
      srcPort: 54918,
      dstPort: 9,
      udpLength: 13,
      udpChecksum: 0xeb6b,
      payloadAt: 96,
      payloadEnd: 101,
      truncated: false,
    });
    expect(read(adminProhibited6, 48)).toMatchObject({ dstPort: 7777, ttl: 63 });
    expect(read(timeExceeded4, 28)).toMatchObject({ dstPort: 33434, ttl: 1 });
  });

  it('reads a whole SYN', () => {
    expect(read(portUnreachableTcp4, 28)).toMatchObject({
      ...unknown,
      protocol: 6,
      srcPort: 44640,
      dstPort: 7778,
      tcpSeq: 0x4037ba28,
      transportAt: 48,
      payloadAt: 88,
      payloadEnd: 88,
    });
  });

  it('reads a datagram that is quoted in part', () => {
    expect(read(fragmentationNeeded4, 28)).toMatchObject({
      truncated: true,
      totalLength: 1408,
      udpLength: 1388,
      payloadAt: 56,
      payloadEnd: 576,
    });
    expect(read(packetTooBig6, 48)).toMatchObject({
      truncated: true,
      udpLength: 1388,
      payloadAt: 96,
      payloadEnd: 1280,
    });
  });

  it('is content with 28 bytes', () => {
    expect(read(udpQuote4.slice(0, 28))).toMatchObject({
      ...unknown,
      truncated: true,
      srcPort: 53309,
      dstPort: 9,
      udpLength: 13,
      udpChecksum: 0xd4a7,
      payloadAt: 28,
      payloadEnd: 28,
    });
    expect(read(tcpQuote4.slice(0, 28))).toMatchObject({
      ...unknown,
      srcPort: 44640,
      dstPort: 7778,
      tcpSeq: 0x4037ba28,
      payloadAt: 28,
      payloadEnd: 28,
    });
  });

  it.each([
    [20, unknown],
    [21, unknown],
    [22, { ...unknown, srcPort: 53309 }],
    [23, { ...unknown, srcPort: 53309 }],
    [24, { ...unknown, srcPort: 53309, dstPort: 9 }],
    [25, { ...unknown, srcPort: 53309, dstPort: 9 }],
    [26, { ...unknown, srcPort: 53309, dstPort: 9, udpLength: 13 }],
    [27, { ...unknown, srcPort: 53309, dstPort: 9, udpLength: 13 }],
  ])('knows of %i bytes only what they hold', (length, expected) => {
    expect(read(udpQuote4.slice(0, length))).toMatchObject({
      ...expected,
      protocol: 17,
      payloadAt: length,
      payloadEnd: length,
    });
    const length6 = length + 20;
    const { srcPort, udpLength } = expected;
    const moved = { ...expected, srcPort: srcPort < 0 ? -1 : 54918, udpLength };
    expect(read(udpQuote6.slice(0, length6))).toMatchObject({ ...moved, payloadAt: length6 });
  });

  it.each([
    [0, 4],
    [19, 4],
    [0, 6],
    [39, 6],
  ])('refuses %i bytes of IPv%i', (length, family) => {
    expect(read((family === 4 ? udpQuote4 : udpQuote6).slice(0, length))).toBeNull();
  });

  it('refuses another version, and a header length under 20', () => {
    expect(read(hex('35', '00'.repeat(40)))).toBeNull();
    expect(read(hex('44', '00'.repeat(40)))).toBeNull();
  });

  it('looks at nothing but the port fields for the flow when all else was changed', () => {
    const changed = udpQuote4.slice();
    changed[1] = 0xfc; // type of service
    changed[8] = 0; // TTL
    changed.set([0xbe, 0xef], 10); // header checksum
    changed.set([0x40, 0x00], 6);
    expect(read(changed)).toMatchObject({
      ttl: 0,
      tos: 0xfc,
      srcPort: 53309,
      dstPort: 9,
    });
  });

  it.each([
    ['in host order', '2100'],
    ['0', '0000'],
    ['of the payload alone', '000d'],
    ['too large', 'ffff'],
  ])('does not believe a total length %s', (_, length) => {
    const changed = udpQuote4.slice();
    changed.set(hex(length), 2);
    expect(read(changed)).toMatchObject({ dstPort: 9, payloadAt: 28, payloadEnd: 33 });
    const tcp = tcpQuote4.slice();
    tcp.set(hex(length), 2);
    expect(read(tcp)).toMatchObject({ tcpSeq: 0x4037ba28, payloadAt: 60, payloadEnd: 60 });
  });

  it('leaves out the zeros that pad a quote before extensions', () => {
    const padded = new Uint8Array(128);
    padded.set(udpQuote4);
    expect(read(padded)).toMatchObject({ payloadAt: 28, payloadEnd: 33, truncated: false });
    padded.fill(0);
    padded.set(tcpQuote4);
    expect(read(padded)).toMatchObject({ payloadAt: 60, payloadEnd: 60 });
    padded.fill(0);
    padded.set(udpQuote6);
    expect(read(padded)).toMatchObject({ payloadAt: 48, payloadEnd: 53 });
    // The length of a SYN without options is that of an empty IPv6 packet: 40.
    padded.fill(0);
    padded.set(hex('45000028 00000000 40060000 0a090101 0a090201'));
    padded.set(hex('00010050 00000001 00000000 50020000 00000000'), 20);
    expect(read(padded)).toMatchObject({ payloadAt: 40, payloadEnd: 40 });
  });

  it('ends a first fragment by its IP length, the UDP length being that of the whole', () => {
    const padded = new Uint8Array(128);
    padded.set(hex('45000024 00012000 4011 0000 0a090101 0a090201', 'd03d0035 03e80000 6162'));
    expect(read(padded)).toMatchObject({ udpLength: 1000, payloadAt: 28, payloadEnd: 36 });
  });

  it('shows all that is quoted where the IP length cannot be true', () => {
    const segment = 'ae601e62 4037ba28 00000000 50180400 00000000 70617961';
    const quote = hex('45000000 00010000 4006 0000 0a090101 0a090201', segment);
    expect(read(quote)).toMatchObject({ payloadAt: 40, payloadEnd: 44 });
  });

  it('steps over IPv4 options, whole or cut', () => {
    const header = '4700002c 00010000 4011 0000 0a090101 0a090201';
    const options = '94040000 01010100';
    expect(read(hex(header, options, 'd03d0035 00100000'))).toMatchObject({
      transportAt: 28,
      srcPort: 0xd03d,
      dstPort: 53,
      udpLength: 16,
      payloadAt: 36,
    });
    expect(read(hex(header, '94040000'))).toMatchObject({
      ...unknown,
      protocol: 17,
      transportAt: 24,
      payloadAt: 24,
      payloadEnd: 24,
    });
  });

  it('steps over IPv6 extension headers, and names the one that is cut', () => {
    const header = `60000000 0030 00 01 ${'20'.repeat(16)} ${'21'.repeat(16)}`;
    const chain = '3c00 010400000000 1101 0104000000000000000000000000';
    const datagram = 'd03d0035 00080000';
    const whole = hex(header, chain, datagram);
    expect(read(whole)).toMatchObject({ protocol: 17, transportAt: 64, dstPort: 53 });
    expect(read(whole.slice(0, 63))).toMatchObject({ ...unknown, protocol: 60, transportAt: 48 });
    expect(read(whole.slice(0, 47))).toMatchObject({ ...unknown, protocol: 0, transportAt: 40 });
    expect(read(whole.slice(0, 68))).toMatchObject({ srcPort: 0xd03d, dstPort: 53, udpLength: -1 });
  });

  it('reads no ports of a later fragment, but those of the first', () => {
    const later = udpQuote4.slice();
    later.set([0x00, 0x01], 6);
    expect(read(later)).toMatchObject({ ...unknown, protocol: 17, fragmentOffset: 8 });
    const first = udpQuote4.slice();
    first.set([0x20, 0x00], 6);
    expect(read(first)).toMatchObject({ srcPort: 53309, moreFragments: true });
    const ipv6 = `60000000 0010 2c 01 ${'20'.repeat(16)} ${'21'.repeat(16)}`;
    const fragment6 = hex(ipv6, '11000008 00000001', 'd03d003500080000');
    expect(read(fragment6)).toMatchObject({ ...unknown, protocol: 17, fragmentOffset: 8, id: 1 });
  });

  it('reads echo messages, and nothing of other ICMP', () => {
    const ipv4 = '4500001c 00010000 4001 0000 0a090101 0a090201';
    expect(read(hex(ipv4, '0800f7fd 00010002'))).toMatchObject({ icmpId: 1, icmpSeq: 2 });
    expect(read(hex(ipv4, '0800f7fd 0001'))).toMatchObject({ icmpId: 1, icmpSeq: -1 });
    expect(read(hex(ipv4, '0d00f7fd 00010002'))).toMatchObject(unknown);
    const ipv6 = `60000000 0008 3a 01 ${'20'.repeat(16)} ${'21'.repeat(16)}`;
    expect(read(hex(ipv6, '8000f7fd 00010002'))).toMatchObject({ icmpId: 1, icmpSeq: 2 });
    expect(read(hex(ipv6, '0800f7fd 00010002'))).toMatchObject(unknown);
  });

  it('reads the ports of SCTP, DCCP and UDP-Lite', () => {
    for (const protocol of ['84', '21', '88']) {
      const ipv4 = `4500001c 00010000 40${protocol} 0000 0a090101 0a090201`;
      const expected = { ...unknown, srcPort: 0xd03d, dstPort: 53 };
      expect(read(hex(ipv4, 'd03d0035 00000000'))).toMatchObject(expected);
    }
    const ospf = hex('4500001c 00010000 4059 0000 0a090101 0a090201', 'd03d0035 00000000');
    expect(read(ospf)).toMatchObject(unknown);
  });

  it('forgets what the view held', () => {
    const view = createQuoteView();
    readQuote(tcpQuote4, 0, tcpQuote4.length, view);
    readQuote(udpQuote6, 0, 40, view);
    expect(view).toMatchObject({ ...unknown, family: 6, id: -1, dontFragment: false });
    readQuote(syn6, 0, syn6.length, view);
    expect(view).toMatchObject({ tcpSeq: 0x515e9614, udpLength: -1 });
  });
});
